"""The engine for boxes cut by `low <= i - j <= high`: causal and banded attention, triangles.

The two tied ranks are looked at tile by tile, all at once as arrays; every other rank is a factor. A step of an
instance is a tile of the two ranks that holds points, times steps of the others. What an instance fetches follows
from the loop that has moved since its step before: see docs/design/exact.md, "Residency, sharing, first writes".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingOf
from collections.abc import Set as SetOf
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from polymap.model.band import Band, Bools, Ints, Loop, Side, Spread, spread
from polymap.model.digits import Role
from polymap.model.meeting import Line, meeting
from polymap.model.nest import Access, Nest
from polymap.model.quantities import Quantities
from polymap.model.uneven import NONE, Roles, Uneven

MOST_PACKED = 1 << 62


@dataclass(frozen=True)
class Tied:
    """A nest of integer trips over a box that `band` cuts; every coordinate of the tensors is of one rank."""

    nest: Nest
    sizes: MappingOf[str, int]
    band: Band

    @staticmethod
    def can(access: Access) -> bool:
        """Whether the engine counts this tensor: no coordinate mixes ranks, no rank occurs twice."""
        return not access.shares_ranks and all(len(terms) <= 1 for terms in access.coefficients)

    def quantities(self, access: Access, homes: Sequence[tuple[str, int]]) -> tuple[Quantities, ...]:
        """Quantities at every memory that keeps the tensor, outermost first."""
        inner = [*(position for _, position in homes[1:]), None]
        return tuple(self._node(access, level, here, below) for (level, here), below in zip(homes, inner))

    def _node(self, access: Access, level: str, here: int, inner: int | None) -> Quantities:
        below = len(self.nest.slots) if inner is None else inner
        near = self.nest.spatial_between(here, below)
        shared = frozenset(loop for loop in near if self.nest.slots[loop].shares(access.tensor))
        fetch = self._computed if inner is None else self._fetched
        held = self._held(access, here) if access.tensor.is_output else 0
        tile, instances = self._tile(access, here), self._instances(here)
        return Quantities(
            level, tile, instances, self._fetched(access, here, NONE), fetch(access, below, shared), held, held
        )

    def cycles(self) -> int:
        return self._runs(len(self.nest.slots), lambda loop: not self.nest.slots[loop].is_spatial)

    def used(self, hierarchy_index: int) -> int:
        return self._runs(len(self.nest.slots), lambda loop: 0 <= self.nest.slots[loop].array < hierarchy_index)

    def computes(self) -> int:
        points = spread((), (), (Side(self._size(0), self._size(0)), Side(self._size(1), self._size(1))), *self._cut)
        return int(points.points.sum()) * prod(self.sizes[rank] for rank in self._free)

    def _instances(self, position: int) -> int:
        return self._runs(position, lambda loop: self.nest.slots[loop].is_spatial)

    def _runs(self, position: int, counted: Callable[[int], bool]) -> int:
        """Values of the counted loops above a position for which some values of the others run."""

        def role(loop: int) -> Role:
            return Role.EACH if counted(loop) else Role.FIRST

        return self._meeting(position, counted) * prod(self._share(rank, False, position, role) for rank in self._free)

    def _meeting(self, position: int, apart: Callable[[int], bool]) -> int:
        """Values of the loops of the tied ranks that count apart for which the others have a tile with points."""
        return meeting(self._line(0, position, apart), self._line(1, position, apart), *self._cut)

    def _line(self, side: int, position: int, apart: Callable[[int], bool]) -> Line:
        rank = self._ranks[side]
        loops = [loop for loop in range(position) if self.nest.slots[loop].rank == rank]
        digits = tuple((self.nest.trips[loop], self.nest.steps[loop], apart(loop)) for loop in loops)
        return Line(digits, self._size(side), self.nest.tiles[position].get(rank, 1))

    def _computed(self, access: Access, position: int, shared: SetOf[int]) -> int:
        """What the computes take: their point at every step, equal points of shared instances once."""

        def apart(loop: int) -> bool:
            return loop not in shared or self.nest.slots[loop].rank in access.ranks

        def role(loop: int) -> Role:
            return Role.EACH if apart(loop) else Role.FIRST

        return self._meeting(position, apart) * self._factor(access, position, role)

    def _fetched(self, access: Access, position: int, shared: SetOf[int]) -> int:
        """What all instances at a position fetch, step by step; equal sets along the shared loops count once.

        `last` is the innermost loop over the other ranks whose index is not 0: with it and the row of the tied ranks
        it is known which loop has moved.
        """
        others = [loop for loop in self.nest.temporal_above(position) if self.nest.slots[loop].rank not in self._ranks]
        return sum(
            self._rows(access, position, shared, last) * self._weight(access, position, shared, last)
            for last in (-1, *others)
        )

    def _weight(self, access: Access, position: int, shared: SetOf[int], last: int) -> int:
        def role(loop: int) -> Role:
            if self.nest.slots[loop].is_spatial:
                return Role.FIRST if loop in shared and self.nest.slots[loop].rank not in access.ranks else Role.EACH
            return Role.EACH if loop < last else Role.LATER if loop == last else Role.FIRST

        return self._factor(access, position, role)

    def _rows(self, access: Access, position: int, shared: SetOf[int], last: int) -> int:
        """The tied ranks' part of what is fetched while `last` is the innermost other loop beyond its first value."""
        closing = self._closing(access, position)
        tied = [loop for loop in range(position) if self.nest.slots[loop].rank in self._ranks]
        if last < closing and all(last < loop for loop in tied):
            last = -1  # around everything that counts here, it starts every instance anew
        idle = frozenset(loop for loop in tied if loop in shared and self.nest.slots[loop].rank not in access.ranks)
        key = (access.ranks.intersection(self._ranks), position, idle, closing, last)
        if key not in self._known:
            self._known[key] = self._counted(access, position, shared, closing, last)
        return self._known[key]

    def _counted(self, access: Access, position: int, shared: SetOf[int], closing: int, last: int) -> int:
        grid = self._grid(position)
        moved = np.maximum(grid.turn, last)
        before = grid.before(last) if last >= 0 else np.arange(len(grid.turn)) - 1
        whole = (moved < closing) | (moved < 0)
        if last == closing and last >= 0:
            whole |= moved == closing  # the other coordinate has moved past its tile
        return self._new(access, grid, np.where(whole, -1, before), self._merged(access, grid, shared))

    def _merged(self, access: Access, grid: Spread, shared: SetOf[int]) -> Ints | None:
        """Instances with the indices of shared loops that do not move the tensor taken out; None if there are none."""
        merged = [
            loop for loop in grid.spatial if loop.position in shared and self._ranks[loop.is_second] not in access.ranks
        ]
        if not merged:
            return None
        kept, weight = np.zeros_like(grid.instance), 1
        for loop in reversed(grid.spatial):
            if loop not in merged:
                kept += grid.instance // weight % loop.trip * (prod(other.trip for other in grid.spatial) // weight)
            weight *= loop.trip
        return kept

    def _new(self, access: Access, grid: Spread, before: Ints, merged: Ints | None) -> int:
        """Elements of each row's tile that the tile of the row `before` (-1: none) does not have, summed."""
        used = [second for second in (False, True) if self._ranks[second] in access.ranks]
        if len(used) == 2:
            return int(grid.points[before != np.arange(len(before))].sum())
        if not used:
            fresh = np.flatnonzero(before < 0)
            return _distinct([merged[fresh], grid.time[fresh]]) if merged is not None else len(fresh)
        first, last = grid.firsts[used[0]], grid.lasts[used[0]]
        was_first, was_last, whole = first[before], last[before], before < 0
        rows = np.flatnonzero(whole | (first != was_first) | (last != was_last))
        pieces = _pieces(first[rows], last[rows], was_first[rows], was_last[rows], whole[rows])
        if merged is None:
            return int(sum((piece[1] - piece[0] + 1).sum() for piece in pieces))
        return _different(merged[rows], grid.time[rows], pieces)

    def _held(self, access: Access, position: int) -> int:
        """Distinct elements of the tiles of each instance, summed."""

        def role(loop: int) -> Role:
            if self.nest.slots[loop].is_spatial:
                return Role.EACH
            return Role.TOGETHER if self.nest.slots[loop].rank in access.ranks else Role.FIRST

        grid = self._grid(position)
        used = [second for second in (False, True) if self._ranks[second] in access.ranks]
        if len(used) == 2:
            tied = int(grid.points.sum())
        elif used:
            tied = _union(grid.instance, grid.firsts[used[0]], grid.lasts[used[0]])
        else:
            tied = len(np.unique(grid.instance))
        return tied * self._factor(access, position, role)

    def _tile(self, access: Access, position: int) -> int:
        grid, tiles = self._grid(position), self.nest.tiles[position]
        used = [second for second in (False, True) if self._ranks[second] in access.ranks]
        largest = 1 if not used else int((grid.points if len(used) == 2 else grid.lengths(used[0])).max())
        return largest * prod(min(self.sizes[rank], tiles.get(rank, 1)) for rank in self._free if rank in access.ranks)

    def _factor(self, access: Access, position: int, role: Roles) -> int:
        """The other ranks' part: elements of the ranks that the tensor depends on, repetitions of those it does not."""
        return prod(self._share(rank, rank in access.ranks, position, role) for rank in self._free)

    def _share(self, rank: str, is_relevant: bool, position: int, role: Roles) -> int:
        tile = self.nest.tiles[position].get(rank, 1)
        found = self._box.groups(rank, position, role).items()
        if not is_relevant:
            return sum(times for _, times in found)
        return sum(times * ((count - 1) * tile + last) for (count, last), times in found)

    def _closing(self, access: Access, position: int) -> int:
        above = (loop for loop in self.nest.temporal_above(position) if self.nest.slots[loop].rank in access.ranks)
        return max(above, default=-1)

    def _grid(self, position: int) -> Spread:
        tied = [loop for loop in range(position) if self.nest.slots[loop].rank in self._ranks]
        loops = [
            Loop(self.nest.slots[at].rank == self.band.second, at, self.nest.trips[at], self.nest.steps[at])
            for at in tied
        ]
        spatial = tuple(loop for loop in loops if self.nest.slots[loop.position].is_spatial)
        temporal = tuple(loop for loop in loops if not self.nest.slots[loop.position].is_spatial)
        tiles = self.nest.tiles[position]
        first, second = (Side(self._size(i), tiles.get(rank, 1)) for i, rank in enumerate(self._ranks))
        return spread(spatial, temporal, (first, second), *self._cut)

    def _size(self, side: int) -> int:
        return self.sizes[self._ranks[side]]

    @property
    def _cut(self) -> tuple[int | None, int | None]:
        return self.band.low, self.band.high

    @cached_property
    def _known(self) -> dict[tuple[object, ...], int]:
        """Sums over rows that were already made: a tensor fetches and crosses the same, and tensors are alike."""
        return {}

    @cached_property
    def _ranks(self) -> tuple[str, str]:
        return self.band.first, self.band.second

    @cached_property
    def _free(self) -> tuple[str, ...]:
        return tuple(rank for rank in self.sizes if rank not in self._ranks)

    @cached_property
    def _box(self) -> Uneven:
        return Uneven(self.nest, self.sizes, True)


def _pieces(first: Ints, last: Ints, was_first: Ints, was_last: Ints, whole: Bools) -> list[tuple[Ints, Ints]]:
    """Intervals without what was there before, each as at most two; a piece that is empty is (0, -1)."""
    below = first, np.where(whole, last, np.minimum(last, was_first - 1))
    above = np.where(whole, last + 1, np.maximum(first, was_last + 1)), last
    pieces = []
    for start, end in (below, above):
        empty = start > end
        pieces.append((np.where(empty, 0, start), np.where(empty, -1, end)))
    return pieces


def _different(merged: Ints, time: Ints, pieces: list[tuple[Ints, Ints]]) -> int:
    """Elements of the different sets that merged instances fetch at a time; a lone piece is put first."""
    (a, b), (c, d) = pieces
    alone = a > b
    ends = [np.where(alone, c, a), np.where(alone, d, b), np.where(alone, 0, c), np.where(alone, -1, d)]
    sizes = ends[1] - ends[0] + 1 + ends[3] - ends[2] + 1
    return _distinct([*ends, merged, time], sizes)


def _distinct(keys: list[Ints], sizes: Ints | None = None) -> int:
    """Sizes (1, if not given) of the rows that differ in any key, summed."""
    if not len(keys[0]):
        return 0
    packed = _packed(keys)
    order = np.argsort(packed[0]) if len(packed) == 1 else np.lexsort(packed)
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = np.any([key[order][1:] != key[order][:-1] for key in packed], axis=0)
    return int(new.sum()) if sizes is None else int(sizes[order][new].sum())


def _packed(keys: list[Ints]) -> list[Ints]:
    """The same distinctions in fewer keys: several in one, as digits, while 62 bits are enough."""
    packed, span = list[Ints](), MOST_PACKED
    for key in keys:
        least = int(key.min())
        width = int(key.max()) - least + 1
        if span * width < MOST_PACKED:
            packed[-1] = packed[-1] * width + (key - least)
        else:
            packed.append(key - least)
            span = 1
        span *= width
    return packed


def _union(instance: Ints, first: Ints, last: Ints) -> int:
    """Points of the union of intervals, instance by instance, summed."""
    apart = instance * (int(last.max()) + 2)
    order = np.argsort(apart + first, kind="stable")
    start, end = (first + apart)[order], (last + apart)[order]
    covered = np.append(-1, np.maximum.accumulate(end)[:-1])
    return int(np.maximum(0, end - np.maximum(start - 1, covered)).sum())
