"""What crosses networks, point by point: docs/design/exact.md, Networks, step by step."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from polymap.model.counting import Engines
from polymap.model.neighbours import Pair
from polymap.model.nest import Access
from polymap.model.quantities import Quantities
from polymap.model.trees import Trees
from polymap.polyhedral.pointwise import Pointwise, Tiles, Vector

# An instance, a step, and what it fetches there.
Fetch: TypeAlias = tuple[Vector, Vector, frozenset[Vector]]


@dataclass(frozen=True)
class PointEngine:
    """Counts tensors, trees, shared halos and links of a nest of few points."""

    points: Pointwise

    def quantities(self, access: Access, homes: Sequence[tuple[str, int]]) -> tuple[Quantities, ...]:
        return self.points.quantities(access.tensor, homes)

    def cycles(self) -> int:
        return self.points.cycles()

    def used(self, hierarchy_index: int) -> int:
        return self.points.used(hierarchy_index)

    def computes(self) -> int:
        return self.points.computes()

    def trees(self, pair: Pair, array: int) -> Trees:
        return Siblings(self.points, pair).trees(array)

    def halo_reads(self, pair: Pair) -> int:
        return Siblings(self.points, pair).crossing()

    def passed(self, pair: Pair) -> tuple[int, int]:
        siblings = Siblings(self.points, pair)
        return siblings.crossing(), siblings.linked()


@dataclass(frozen=True)
class PointsOnly(Engines):
    """The walk over all points for everything."""

    points: Pointwise = field(kw_only=True)

    def of(self, access: Access) -> PointEngine:
        return self.run

    def networks(self, pair: Pair) -> PointEngine:
        return self.run

    def links(self, pair: Pair) -> PointEngine:
        return self.run

    @property
    def run(self) -> PointEngine:
        return PointEngine(self.points)


@dataclass(frozen=True)
class Siblings:
    """The instances below those of a parent: what each fetches at its steps, and what a neighbour hands it."""

    points: Pointwise
    pair: Pair

    def crossing(self) -> int:
        """What passes the parent: equal sets of instances that share count once, those that share halos together."""
        haloed = self.pair.haloed
        alone = [loop for loop in self._loops if loop not in haloed]
        apart = [loop for loop in alone if loop not in self.pair.near or not self.pair.shares(loop)]
        joint: dict[tuple[Vector, Vector, Vector], set[Vector]] = defaultdict(set)
        for instance, time, new in self._asked:
            joint[time, self._pick(instance, apart), self._pick(instance, alone)] |= new
        return sum(len(new) for _, _, new in {(time, at, frozenset(new)) for (time, at, _), new in joint.items()})

    def linked(self) -> int:
        """Elements that come from neighbours."""
        return sum(len(new) for _, _, new in self._fetched) - sum(len(new) for _, _, new in self._asked)

    def trees(self, array: int) -> Trees:
        """Packets on one array: equal sets at one time, of instances that share and stand alike on arrays around it."""
        near, slots = self.pair.near, self.pair.nest.slots
        apart = [n for n in self._loops if n not in near or slots[n].array < array or not self.pair.shares(n)]
        packets: dict[tuple[Vector, Vector, frozenset[Vector]], set[Vector]] = defaultdict(set)
        for instance, time, new in self._asked:
            packets[time, self._pick(instance, apart), new].add(self._place(instance, array))
        sent = [(len(new), places) for (_, _, new), places in packets.items()]
        return Trees(
            sum(size for size, _ in sent),
            sum(size * len(places) for size, places in sent),
            sum(size * len(_links(places)) for size, places in sent),
        )

    @cached_property
    def _loops(self) -> list[int]:
        """The spatial loops above the children; an instance is an index of each."""
        return self.pair.nest.spatial_between(0, self.pair.child.position)

    @cached_property
    def _tiles(self) -> Tiles:
        return self.points.tiles(self.pair.access.tensor, self.pair.child.position, self.pair.child.keeps)

    @cached_property
    def _fetched(self) -> list[Fetch]:
        child = self.pair.child
        found = self.points.fetches(self.pair.access.tensor, self._tiles, child.position, child.keeps)
        return [fetch for fetch in found if fetch[2]]

    @cached_property
    def _asked(self) -> list[Fetch]:
        """What no neighbour hands over."""
        return [fetch for fetch in self._fetched if not self._is_served(fetch[0], fetch[1])]

    def _is_served(self, instance: Vector, time: Vector) -> bool:
        """Whether a neighbour held, at its last step before, the tile that an instance needs."""
        needed = self._tiles[instance][time]
        return any(self._held(other, time) == needed for other in self._beside(instance))

    def _held(self, instance: Vector, time: Vector) -> frozenset[Vector] | None:
        times = self._times[instance]
        before = bisect_left(times, time)
        return self._tiles[instance][times[before - 1]] if before else None

    @cached_property
    def _times(self) -> dict[Vector, list[Vector]]:
        return {instance: sorted(steps) for instance, steps in self._tiles.items()}

    def _beside(self, instance: Vector) -> Iterator[Vector]:
        """The instances one position away along one dimension of an array with links."""
        slots = self.pair.nest.slots
        around, places = self._position(instance)
        for n, line in enumerate(self._lines):
            if any((slots[loop].array, slots[loop].dim) == line for loop in self.pair.linked):
                for step in (-1, 1):
                    other = (around, (*places[:n], places[n] + step, *places[n + 1 :]))
                    yield from [self._standing[other]] if other in self._standing else []

    @cached_property
    def _standing(self) -> dict[tuple[Vector, Vector], Vector]:
        return {self._position(instance): instance for instance in self._tiles}

    def _position(self, instance: Vector) -> tuple[Vector, Vector]:
        """The parent, and where below it an instance stands along every dimension of every array."""
        around = self._pick(instance, [loop for loop in self._loops if loop not in self.pair.near])
        return around, tuple(self._along(instance, *line) for line in self._lines)

    @cached_property
    def _lines(self) -> list[tuple[int, int]]:
        slots = self.pair.nest.slots
        return sorted({(slots[loop].array, slots[loop].dim) for loop in self.pair.near})

    def _place(self, instance: Vector, array: int) -> Vector:
        return tuple(self._along(instance, array, dim) for dim in self.pair.dims(array))

    def _along(self, instance: Vector, array: int, dim: int) -> int:
        slots, indices = self.pair.nest.slots, dict(zip(self._loops, instance, strict=True))
        loops = (loop for loop in self.pair.near if (slots[loop].array, slots[loop].dim) == (array, dim))
        return sum(int(self.pair.place(loop)) * indices[loop] for loop in loops)

    def _pick(self, instance: Vector, loops: Collection[int]) -> Vector:
        return tuple(x for loop, x in zip(self._loops, instance, strict=True) if loop in loops)


def _links(places: Collection[Vector]) -> set[tuple[Vector, int, int]]:
    """The links of a mesh from its corner to some places, along the first dimension, then along the second, ..."""
    return {(at[:d], d, x) for at in places for d, end in enumerate(at) for x in range(1, end + 1)}
