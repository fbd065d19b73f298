"""A mapping counted once more, by a route that did not make its counts.

What closed forms or sums over tiles gave is counted by integer sets; what integer sets gave, point by point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.nest import Mapping
from polymap.model.conventions import Conventions
from polymap.model.counting import Engines
from polymap.model.evaluate import prepared
from polymap.model.neighbours import Pair, stops
from polymap.model.nest import Access, Skeleton, nest, skeleton
from polymap.model.nest import Nest as Walked
from polymap.model.network import Haul, carried
from polymap.model.quantities import Quantities, actions
from polymap.polyhedral.counts import IntegerSets, integer_sets
from polymap.polyhedral.crossings import PointsOnly
from polymap.polyhedral.nest import Nest
from polymap.polyhedral.pointwise import MOST_POINTS, Pointwise
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
        access = self._access(tensor)
        if isinstance(self._own.of(access), IntegerSets):
            return POINTS
        return POINTS if self.einsum.computes <= MOST_POINTS and self._is_passed_by_sets(access) else SETS

    def _is_passed_by_sets(self, access: Access) -> bool:
        """Whether integer sets count what networks do with a tensor that another engine counts otherwise."""
        pairs = [Pair(access, self._own.nest, *pair) for pair in stops(access, self._homes(access), self._own.nest)]
        asked = [self._own.networks(pair) for pair in pairs] + [self._own.links(pair) for pair in pairs if pair.linked]
        return any(isinstance(engine, IntegerSets) for engine in asked)

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
        nodes, _ = self._counted(access)
        rules = self.conventions
        rows = actions(tensor, access.tensor.is_output, nodes, rules.drains_are_read, rules.all_write_first)
        return {(row.level, what): int(getattr(row, what)) for row in rows for what in QUANTITIES}

    def crossings(self, tensor: str) -> Found:
        """Words, deliveries, hops and words over links of a tensor on every network between its levels."""
        access = self._access(tensor)
        _, found = self._counted(access)
        return {
            (f"{haul.array.name}.{tensor}.to_{haul.child}", what): int(value)
            for haul in found
            for what in CROSSINGS
            if (value := getattr(haul, what)) is not None
        }

    def _counted(self, access: Access) -> tuple[tuple[Quantities, ...], tuple[Haul, ...]]:
        return self._by_points(access) if self.route(access.tensor.name) == POINTS else self._by_sets(access)

    def _by_sets(self, access: Access) -> tuple[tuple[Quantities, ...], tuple[Haul, ...]]:
        engines = self._sets
        return carried(self.architecture, access, self._homes(access), engines, engines.run.computes())

    def _by_points(self, access: Access) -> tuple[tuple[Quantities, ...], tuple[Haul, ...]]:
        own = self._own
        engines = PointsOnly(own.einsum, own.conventions, own.nest, points=self._points)
        return carried(self.architecture, access, self._homes(access), engines, self._points.computes())

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
