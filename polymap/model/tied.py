"""The engine for boxes cut by `low <= i - j <= high`: causal and banded attention, triangles.

The two tied ranks are lines of tiles of which those that hold points meet; every other rank is a factor. No count
looks at pairs of tiles: see docs/design/exact.md, "Engine 3, in formulas".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as MappingOf
from collections.abc import Set as SetOf
from dataclasses import dataclass
from functools import cached_property
from math import prod

from polymap.model.band import Band, Window
from polymap.model.digits import Role
from polymap.model.lines import Kind, Line, Loop
from polymap.model.meeting import meeting
from polymap.model.nest import Access, Nest
from polymap.model.onsets import onsets
from polymap.model.passing import arriving, coinciding, staying
from polymap.model.quantities import Quantities
from polymap.model.uneven import NONE, Roles, Uneven


@dataclass(frozen=True)
class Rounds:
    """What rounds of tiles of the two tied ranks fetch, `tied`, times the free ranks' part.

    A round is run inside the loop at position `turn` (-1: the whole run). It starts with nothing or, `again`, with what
    its last tile left the time before.
    """

    turn: int
    again: bool
    tied: int
    free: int


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
        return self._points * prod(self.sizes[rank] for rank in self._free)

    def tiles(self, position: int) -> int:
        """Tiles of the two tied ranks above a position that hold points."""
        return self._met(position, lambda loop: Kind.APART)

    def _instances(self, position: int) -> int:
        return self._runs(position, lambda loop: self.nest.slots[loop].is_spatial)

    def _runs(self, position: int, counted: Callable[[int], bool]) -> int:
        """Values of the counted loops above a position for which some values of the others run."""

        def role(loop: int) -> Role:
            return Role.EACH if counted(loop) else Role.FIRST

        met = self._met(position, lambda loop: Kind.APART if counted(loop) else Kind.MOVING)
        return met * prod(self._share(rank, False, position, role) for rank in self._free)

    def _computed(self, access: Access, position: int, shared: SetOf[int]) -> int:
        """What the computes take: their point at every step, equal points of shared instances once."""
        idle = self._idle(access, shared)

        def role(loop: int) -> Role:
            return Role.FIRST if loop in idle else Role.EACH

        def kind(loop: int) -> Kind:
            return Kind.SHARED if loop in idle else Kind.APART

        return self._round(access, position, kind) * self._factor(access, position, role)

    def _fetched(self, access: Access, position: int, shared: SetOf[int]) -> int:
        return sum(found.tied * found.free for found in self.rounds(access, position, shared))

    def rounds(self, access: Access, position: int, shared: SetOf[int]) -> Iterator[Rounds]:
        """What all instances at a position fetch, step by step; equal sets along the shared loops count once.

        Inside the closing loop `j` only loops of other ranks than the tensor's move. Those of the other tied rank make
        a round of tiles; a loop `last` of a free rank around them makes the same round begin again, with what its
        last tile left.
        """
        closing, idle = self._closing(access, position), self._idle(access, shared)
        free = [loop for loop in self.nest.temporal_above(position) if self.nest.slots[loop].rank not in self._ranks]

        def kind(turn: int) -> Callable[[int], Kind]:
            return lambda loop: self._kind(loop, idle, turn)

        yield Rounds(
            closing,
            False,
            self._round(access, position, kind(closing)),
            self._often(access, position, idle, closing, False),
        )
        for last in free:
            if last > closing and (again := self._again(access, position, kind(last))):
                yield Rounds(last, True, again, self._often(access, position, idle, last, True))

    def _kind(self, loop: int, idle: SetOf[int], turn: int) -> Kind:
        """The loops inside `turn` move on within a round; idle ones are served together."""
        if self.nest.slots[loop].is_spatial:
            return Kind.SHARED if loop in idle else Kind.APART
        return Kind.MOVING if loop > turn else Kind.APART

    def _often(self, access: Access, position: int, idle: SetOf[int], turn: int, later: bool) -> int:
        """The free ranks' part where no loop inside `turn` has moved; `later`: where `turn` itself has."""

        def role(loop: int) -> Role:
            if self.nest.slots[loop].is_spatial:
                return Role.FIRST if loop in idle else Role.EACH
            return Role.LATER if later and loop == turn else Role.EACH if loop <= turn else Role.FIRST

        return self._factor(access, position, role)

    def _round(self, access: Access, position: int, kind: Callable[[int], Kind]) -> int:
        """The tied ranks' part of what is fetched where every round starts with nothing."""
        used = self._used(access)
        if len(used) == 2:
            return self._points
        lines = [self._line(side, position, kind) for side in (0, 1)]
        if used:
            return arriving(lines[used[0]], lines[1 - used[0]], self._window(used[0]))
        shared = any(line.has(Kind.SHARED) for line in lines)
        return (onsets if shared else meeting)(lines[0], lines[1], self._window(0))

    def _again(self, access: Access, position: int, kind: Callable[[int], Kind]) -> int:
        """The same where a round of the other tied rank begins with what it ended with the time before."""
        used = self._used(access)
        if len(used) != 1:
            return 0
        own, passing = (self._line(side, position, kind) for side in (used[0], 1 - used[0]))
        if not passing.has(Kind.MOVING):
            return 0
        window, alone = self._window(used[0]), passing.alone()
        return arriving(own, alone, window) - staying(own, alone, window) - coinciding(own, passing, window)

    def _held(self, access: Access, position: int) -> int:
        """Distinct elements of the tiles of each instance, summed."""

        def role(loop: int) -> Role:
            if self.nest.slots[loop].is_spatial:
                return Role.EACH
            return Role.TOGETHER if self.nest.slots[loop].rank in access.ranks else Role.FIRST

        tied = self._round(access, position, lambda loop: self._kind(loop, NONE, -1))
        return tied * self._factor(access, position, role)

    def _tile(self, access: Access, position: int) -> int:
        """Elements of the largest tile."""
        used, tiles = self._used(access), self.nest.tiles[position]
        largest = 1
        if used:
            own, other = (self._line(side, position, lambda _: Kind.APART) for side in (used[0], 1 - used[0]))
            window = self._window(used[0])
            largest = window.largest(own, other, window.points if len(used) == 2 else window.touched)
        return largest * prod(min(self.sizes[rank], tiles.get(rank, 1)) for rank in self._free if rank in access.ranks)

    def _factor(self, access: Access, position: int, role: Roles) -> int:
        """The free ranks' part: elements of the ranks that the tensor depends on, repetitions of those it does not."""
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

    def _idle(self, access: Access, shared: SetOf[int]) -> SetOf[int]:
        """The shared loops that do not move the tensor."""
        return frozenset(loop for loop in shared if self.nest.slots[loop].rank not in access.ranks)

    def _used(self, access: Access) -> list[int]:
        """Which of the two tied ranks the tensor has."""
        return [side for side, rank in enumerate(self._ranks) if rank in access.ranks]

    def _met(self, position: int, kind: Callable[[int], Kind]) -> int:
        return meeting(self._line(0, position, kind), self._line(1, position, kind), self._window(0))

    def _line(self, side: int, position: int, kind: Callable[[int], Kind]) -> Line:
        rank = self._ranks[side]
        loops = (loop for loop in range(position) if self.nest.slots[loop].rank == rank)
        walked = tuple(Loop(loop, self.nest.trips[loop], self.nest.steps[loop], kind(loop)) for loop in loops)
        return Line(walked, self.sizes[rank], self.nest.tiles[position].get(rank, 1))

    def _window(self, side: int) -> Window:
        """The band as it looks from a rank; a missing limit is one beyond all points."""
        beyond = 2 * sum(self.sizes[rank] for rank in self._ranks)
        low, high = self.band.low, self.band.high
        window = Window(-beyond if low is None else low, beyond if high is None else high)
        return window.turned() if side else window

    @cached_property
    def _points(self) -> int:
        first, second = (self.sizes[rank] for rank in self._ranks)
        return self._window(0).points(0, first, second)

    @cached_property
    def _ranks(self) -> tuple[str, str]:
        return self.band.first, self.band.second

    @cached_property
    def _free(self) -> tuple[str, ...]:
        return tuple(rank for rank in self.sizes if rank not in self._ranks)

    @cached_property
    def _box(self) -> Uneven:
        return Uneven(self.nest, self.sizes, True)
