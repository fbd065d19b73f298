"""A mapping counted once more, by a route that did not make its counts.

What closed forms or sums over tiles gave is counted by integer sets; what integer sets gave, point by point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture
from polymap.errors import NOWHERE, Mistake
from polymap.mapping.nest import Mapping
from polymap.model.conventions import Conventions
from polymap.model.counting import Engines
from polymap.model.evaluate import prepared
from polymap.model.nest import Access, Skeleton, nest, skeleton
from polymap.model.nest import Nest as Walked
from polymap.model.network import Haul, Way, carried, hauls
from polymap.model.quantities import Quantities, actions
from polymap.polyhedral.counts import IntegerSets, integer_sets
from polymap.polyhedral.nest import Nest
from polymap.polyhedral.pointwise import Pointwise
from polymap.workload.counting import TooLarge
from polymap.workload.einsum import Einsum

SETS, POINTS = "integer sets", "point by point"
# Counts by quantity and by what they are of: a level, or an array and a way over it.
Found: TypeAlias = dict[tuple[str, str], int]


@dataclass(frozen=True)
class Recount:
    """The other routes for one mapping. Every count raises `TooLarge` where it is beyond its budget."""

    einsum: Einsum
    architecture: Architecture
    mapping: Mapping
    conventions: Conventions

    def route(self, tensor: str) -> str:
        """How the counts of a tensor are made again."""
        return POINTS if isinstance(self._own.of(self._access(tensor)), IntegerSets) else SETS

    @property
    def run_route(self) -> str:
        """How cycles, instances and computes are counted again."""
        return POINTS if isinstance(self._own.run, IntegerSets) else SETS

    def run(self) -> Iterator[tuple[str, Callable[[], int]]]:
        """Cycles, computes and the instances of every level that ever run, by name."""
        route = self._points if self.run_route == POINTS else self._sets.run
        yield "computes", route.computes
        yield "compute_cycles", route.cycles
        for level in (*(memory.name for memory in self.architecture.memories), self.architecture.compute.name):
            yield f"{level}.instances", partial(route.used, self.architecture.index(level))

    def counts(self, tensor: str) -> Found:
        """Tile, instances, reads, fills and updates of a tensor at every memory."""
        access = self._access(tensor)
        nodes = self._by_points(access) if self.route(tensor) == POINTS else self._by_sets(access)[0]
        rules = self.conventions
        rows = actions(tensor, access.tensor.is_output, nodes, rules.drains_are_read, rules.all_write_first)
        return {(row.level, what): int(getattr(row, what)) for row in rows for what in QUANTITIES}

    def crossings(self, tensor: str) -> Found:
        """Words, deliveries, hops and words over links of a tensor on every network between its levels."""
        access = self._access(tensor)
        found = self._hauls_by_points(access) if self.route(tensor) == POINTS else self._by_sets(access)[1]
        return {
            (f"{haul.array.name}.{tensor}.to_{haul.child}", what): int(value)
            for haul in found
            for what in CROSSINGS
            if (value := getattr(haul, what)) is not None
        }

    def _by_sets(self, access: Access) -> tuple[tuple[Quantities, ...], tuple[Haul, ...]]:
        engines = self._sets
        return carried(self.architecture, access, self._homes(access), engines, engines.run.computes())

    def _by_points(self, access: Access) -> tuple[Quantities, ...]:
        tensor, arrays = access.tensor, self.architecture.arrays
        if not tensor.is_output and any(array.links_of(tensor) or array.shares_halo(tensor) for array in arrays):
            raise _no_route("links and shared halos")
        return self._points.quantities(tensor, self._homes(access))

    def _hauls_by_points(self, access: Access) -> list[Haul]:
        """What crosses networks that only share equal tiles."""
        if any(array.wiring for array in self.architecture.arrays):
            raise _no_route("hops")
        nodes, machine, found = self._by_points(access), self.architecture, list[Haul]()
        for n, node in enumerate(nodes):
            child = nodes[n + 1].level if n + 1 < len(nodes) else machine.compute.name
            delivered = nodes[n + 1].fetched if n + 1 < len(nodes) else self._points.computes()
            found += hauls(machine, Way(node, child, delivered, access.tensor, 0, None))
        return found

    def _access(self, tensor: str) -> Access:
        return Access.of(self.einsum.tensor(tensor))

    def _homes(self, access: Access) -> tuple[tuple[str, int], ...]:
        return self._skeleton.homes[access.tensor.name]

    @cached_property
    def _skeleton(self) -> Skeleton:
        setting = prepared(self.einsum, self.architecture, self.conventions)
        return skeleton(self.mapping.without_unit_loops().nodes, self.einsum.tensors, setting.dimensions)

    @cached_property
    def _own(self) -> Engines:
        """The engines that the model asks."""
        walked = nest(self._skeleton.slots, [loop.trip for loop in self.mapping.without_unit_loops().loops])
        return Engines(self.einsum, self.conventions, walked, integer_sets)

    @cached_property
    def _sets(self) -> SetsOnly:
        return SetsOnly(self.einsum, self.conventions, self._own.nest, _sweeping_sets)

    @cached_property
    def _points(self) -> Pointwise:
        found = Nest.of(self.einsum, self._own.nest.slots, self._own.nest.trips)
        return Pointwise(found, self.conventions.holes == "hull", self.conventions.tiles_stay)


QUANTITIES = ("tile", "instances", "reads", "fills", "updates")
CROSSINGS = ("words", "delivered", "word_hops", "link_words")


@dataclass(frozen=True)
class SetsOnly(Engines):
    """Integer sets for everything."""

    def of(self, access: Access) -> IntegerSets:
        return self.run

    def networks(self, pair: object) -> IntegerSets:
        return self.run

    @property
    def run(self) -> IntegerSets:
        found = self.general
        assert isinstance(found, IntegerSets)
        return found


def _sweeping_sets(einsum: Einsum, conventions: Conventions, walked: Walked) -> IntegerSets:
    """Integer sets that follow `continuing_sweep` where closed forms do."""
    found = integer_sets(einsum, conventions, walked)
    return replace(found, sweeps=conventions.continuing_sweep and found.nest.is_perfect)


def _no_route(what: str) -> TooLarge:
    message = f"integer sets counted {what} on this domain, and there is no second route"
    return TooLarge(Mistake(NOWHERE, message))
