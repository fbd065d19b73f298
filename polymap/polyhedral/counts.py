"""All counts of a tensor by integer sets: what the cost model's closed forms must equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import islpy as isl

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.nest import Mapping, Storage
from polymap.model.conventions import Conventions
from polymap.model.conventions import conventions as preset
from polymap.model.neighbours import Pair
from polymap.model.nest import Access, Skeleton, array_places, skeleton
from polymap.model.nest import Nest as ModelNest
from polymap.model.nest import nest as walk
from polymap.model.quantities import Counts, Quantities, actions
from polymap.model.trees import Trees
from polymap.polyhedral.largest import largest
from polymap.polyhedral.nest import Line, Nest
from polymap.polyhedral.relations import Part, Relation
from polymap.workload.counting import count as points
from polymap.workload.counting import joined, within
from polymap.workload.einsum import Einsum, Tensor

if TYPE_CHECKING:
    from polymap.polyhedral.networks import Crossing


@dataclass(frozen=True)
class IntegerSets:
    """The engine that counts any mapping of any einsum; see `polymap.model.counting.Engine`.

    `stays` is the convention `tiles_stay`. `sweeps` is `continuing_sweep`, for boxes with perfect factors: what the
    model counts in closed form, so that only an audit asks for it here.
    """

    nest: Nest
    holes: str
    counted: Callable[[isl.Set], int] = points
    stays: bool = True
    sweeps: bool = False

    def quantities(self, access: Access, homes: Sequence[tuple[str, int]]) -> tuple[Quantities, ...]:
        """What every memory of a tensor holds and moves. Raises `TooLarge` where a set is beyond its budget."""
        return self.of(access.tensor).quantities(homes)

    def of(self, tensor: Tensor) -> TensorCount:
        """The counts of one tensor."""
        if not self.sweeps:
            return TensorCount(self.nest, tensor, self.holes == "hull", self.counted, self.stays)
        from polymap.polyhedral.sweeping import SweptCount

        return SweptCount(self.nest, tensor, self.holes == "hull", self.counted, self.stays)

    def trees(self, pair: Pair, array: int) -> Trees:
        """What travels on one array, by its index in the hierarchy. Raises `TooLarge`, as do all counts."""
        return self._crossing(pair).trees(array)

    def halo_reads(self, pair: Pair) -> int:
        """Elements that the parent sends where arrays share halos."""
        return self._crossing(pair).halo_reads()

    def passed(self, pair: Pair) -> tuple[int, int]:
        """Elements that the parent sends where neighbours pass tiles on, and those that they pass on."""
        return self._crossing(pair).passed()

    def _crossing(self, pair: Pair) -> Crossing:
        from polymap.polyhedral.networks import Crossing

        key = pair.access.tensor, pair.parent.position, pair.child.position, pair.child.keeps
        return self._crossings.setdefault(key, Crossing(self.of(pair.access.tensor), pair))

    @cached_property
    def _crossings(self) -> dict[tuple[Tensor, int, int, bool], Crossing]:
        """One for every pair: it keeps the relations that it has made."""
        return {}

    def cycles(self) -> int:
        """Values of all temporal loops for which any instance runs."""
        return self._values("the compute cycles", lambda line: not line.is_spatial)

    def used(self, hierarchy_index: int) -> int:
        """Instances of a level that ever run."""
        return self._values("the instances", lambda line: line.is_spatial and line.place < hierarchy_index)

    def computes(self) -> int:
        """Points of the iteration domain."""
        return within(f"the domain of {self.nest.einsum.name}", lambda: self.counted(self.nest.einsum.domain()))

    def _values(self, what: str, chosen: Callable[[Line], bool]) -> int:
        """How many values the chosen loops take while a point runs."""

        def values(ranks: frozenset[str]) -> int:
            part = Part(self.nest, NOTHING, self.nest.end, ranks, hull=False)
            rest = [line for line in part.lines if not chosen(line)]
            return self.counted(part.relation.without(rest).steps())

        return prod(within(what, partial(values, ranks)) for ranks in self.nest.tied)


NOTHING = Tensor("", (), 1, "")


def integer_sets(einsum: Einsum, conventions: Conventions, walked: ModelNest) -> IntegerSets:
    """The engine for a walked nest of the model: what `evaluate(..., sets=integer_sets)` asks for."""
    return IntegerSets(Nest.of(einsum, walked.slots, walked.trips), conventions.holes, stays=conventions.tiles_stay)


def count(
    einsum: Einsum,
    architecture: Architecture,
    mapping: Mapping,
    tensor: str,
    conventions: str | Conventions = "polymap",
) -> tuple[Counts, ...]:
    """The counts of a tensor at every memory that holds it, outermost first; see docs/design/exact.md.

    Raises `TooLarge` where a set cannot be counted within its budget.
    """
    chosen = preset(conventions)
    engine, shape = sets_of(einsum, architecture, mapping, chosen)
    access = Access.of(einsum.tensor(tensor))
    found = engine.quantities(access, shape.homes[tensor])
    return actions(tensor, access.tensor.is_output, found, chosen.drains_are_read, chosen.all_write_first)


def sets_of(
    einsum: Einsum, architecture: Architecture, mapping: Mapping, conventions: Conventions
) -> tuple[IntegerSets, Skeleton]:
    """The engine for a mapping, and where its tensors rest."""
    nodes = mapping.without_unit_loops().nodes
    shape = skeleton(nodes, einsum.tensors, array_places(architecture))
    trips = [node.trip for node in nodes if not isinstance(node, Storage)]
    return integer_sets(einsum, conventions, walk(shape.slots, trips)), shape


@dataclass(frozen=True)
class Stop:
    """Where a tensor rests: the position of a memory's node or, with no level, of the compute statement.

    `parts` are the ranks in groups that can be counted apart; `main` is the one whose tile may change while the rest
    keeps still, None if there is none; `innermost` is the index of loop j.
    """

    level: str
    position: int
    parts: tuple[frozenset[str], ...]
    main: frozenset[str] | None
    innermost: int


@dataclass(frozen=True)
class TensorCount:
    """One tensor in one nest; every quantity is a product over independent parts of the ranks."""

    nest: Nest
    tensor: Tensor
    hull: bool
    counted: Callable[[isl.Set], int] = points
    stays: bool = True

    def quantities(self, homes: Sequence[tuple[str, int]]) -> tuple[Quantities, ...]:
        return tuple(self.at(here, below) for here, below in self.stops(homes))

    def stops(self, homes: Sequence[tuple[str, int]]) -> Iterator[tuple[Stop, Stop]]:
        """Every memory with the next inner one, outermost first; the last of all is the compute statement."""
        found = [self.stop(level, position) for level, position in homes]
        return pairwise([*found, self.stop("", self.nest.end)])

    def at(self, here: Stop, below: Stop) -> Quantities:
        """All quantities of one node; `below` is the next inner one, or the compute statement."""
        tile, instances = self.tile(here), self.instances(here)
        flow, crossing = self.flow(here), self.crossing(here, below)
        if not self.tensor.is_output:
            return Quantities(here.level, tile, instances, flow, crossing)
        seen, arriving = self.seen(here, here.position), self.seen(below, here.position)
        return Quantities(here.level, tile, instances, flow, crossing, seen, arriving)

    # Which ranks can be counted apart.

    def stop(self, level: str, position: int) -> Stop:
        temporal = [line for line in self.nest.lines[:position] if not line.is_spatial]
        j = max((line.index for line in temporal if line.rank in self.tensor.ranks), default=-1)
        groups, main = list(self.nest.parts(self.tensor)), frozenset[str]()
        inside = [line for line in temporal if line.index >= j]
        for line in reversed(inside):
            if main or line.index == j or self.is_relevant(line.rank, groups):
                main |= {line.rank}
        groups = joined(groups, main) if main else groups
        return Stop(level, position, tuple(groups), next((g for g in groups if main & g), None), j)

    def is_relevant(self, rank: str, groups: Sequence[frozenset[str]]) -> bool:
        """Whether a loop of this rank may change the tile: the domain or a coordinate ties it to the tensor's ranks."""
        return any(rank in group and group & self.tensor.ranks for group in groups)

    def part(self, stop: Stop, ranks: frozenset[str]) -> Part:
        return Part(self.nest, self.tensor, stop.position, ranks, self.hull)

    # What is counted.

    def fetched(self, stop: Stop, part: Part) -> Relation:
        """What every step and instance fetches, of one part."""
        if not stop.level or not self.stays:
            return part.relation
        inside = [line for line in part.lines if not line.is_spatial and line.index >= stop.innermost]
        return Relation(part.fetched(inside) if part.ranks == stop.main else part.first(inside), part.lines)

    def flow(self, stop: Stop) -> int:
        """Elements fetched by all instances."""
        return self.product(stop, f"fills of {self.tensor.name} at {stop.level}", lambda part, found: found)

    def crossing(self, here: Stop, below: Stop) -> int:
        """Transfers at the port of `here`: equal sets under one parent count once where they are shared."""
        near = self.nest.lines[here.position : below.position]
        shared = [line for line in near if self.nest.shares(line, self.tensor)]

        def distinct(part: Part, found: Relation) -> Relation:
            mine = [line for line in found.lines if line in shared and line not in part.followed]
            if below.position == self.nest.end or not part.coordinates:
                return found.without(mine)
            return found.different(mine) if mine else found

        return self.product(below, f"traffic of {self.tensor.name} below {here.level}", distinct)

    def product(self, stop: Stop, what: str, change: Callable[[Part, Relation], Relation]) -> int:
        def related(part: Part) -> int:
            return self.counted(change(part, self.fetched(stop, part)).without(part.followed).points())

        return self.over(stop, what, related)

    def over(self, stop: Stop, what: str, counted: Callable[[Part], int]) -> int:
        """The product over all parts of what is counted of each, each within its own budget.

        Every attempt builds its part anew: nothing that a spent one left behind is used.
        """

        def attempt(ranks: frozenset[str]) -> int:
            return counted(self.part(stop, ranks))

        return prod(within(what, partial(attempt, ranks)) for ranks in stop.parts)

    def seen(self, stop: Stop, position: int) -> int:
        """Distinct elements of the tiles at `stop`, per instance at `position`, summed over these instances."""

        def elements(part: Part) -> int:
            gone = [line for line in part.lines if not line.is_spatial or line.index >= position]
            return self.counted(part.relation.without({*gone, *part.followed}).points())

        return self.over(stop, f"elements of {self.tensor.name} seen at {stop.level or 'compute'}", elements)

    def instances(self, stop: Stop) -> int:
        def running(part: Part) -> int:
            temporal = [line for line in part.lines if not line.is_spatial]
            return self.counted(part.relation.without(temporal).steps())

        return self.over(stop, f"instances of {stop.level}", running)

    def tile(self, stop: Stop) -> int:
        return prod(largest(self.part(stop, ranks)) for ranks in self.nest.parts(self.tensor))
