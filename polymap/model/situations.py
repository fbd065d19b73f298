"""The kinds of steps of a nest over a box: steps of a kind are alike for every instance, and so are the steps before.

A loop's first iteration, its whole iterations after that and its cut one, where its rank ends, are three kinds. Where a
rank with loops between parent and child is cut, some siblings stand still and others do not; inside, one that runs may
meet what another has held since the last iteration of all loops there. A coordinate of one rank meets it at its own
last iteration only, so that this is one more kind; of several ranks, every iteration is a kind of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from polymap.model.neighbours import Pair
from polymap.model.nest import Nest


@dataclass(frozen=True)
class Situation:
    """One step of a kind: the index of every loop above the child (0 for those in between), and how many there are."""

    indices: tuple[int, ...]
    times: int


@dataclass(frozen=True)
class Kinds:
    """Situations of the children of a pair over a box with ranks of these sizes, at steps that fetch."""

    pair: Pair
    sizes: Mapping[str, int]

    def __iter__(self) -> Iterator[Situation]:
        return self._from(0, dict(self.sizes), frozenset())

    def _from(self, loop: int, rooms: Mapping[str, int], cut: frozenset[str]) -> Iterator[Situation]:
        """`rooms`: points of every rank that are left from this loop on; `cut`: ranks of which siblings stand still."""
        if loop == self.pair.child.position:
            yield Situation((), 1)
            return
        rank = self._nest.slots[loop].rank
        for x, times, room in self._chosen(loop, rooms[rank], cut):
            inside = cut | {rank} if self._cuts(loop, room) else cut
            for found in self._from(loop + 1, {**rooms, rank: room}, inside):
                yield Situation((x, *found.indices), times * found.times)

    def _chosen(self, loop: int, room: int, cut: frozenset[str]) -> Iterator[tuple[int, int, int]]:
        """Indices of a loop, each with how many it stands for, and the room inside it."""
        trip, step, slot = self._nest.trips[loop], self._nest.steps[loop], self._nest.slots[loop]
        if loop in self._near:
            yield 0, 1, min(room, trip * step)
        elif not slot.is_spatial and loop >= self.pair.fetching_end:
            yield 0, 1, min(room, step)
        elif slot.rank in cut or (cut and self._mixes(loop)) or self._parts(loop):
            yield from ((x, 1, min(step, room - x * step)) for x in range(trip) if x * step < room)
        else:
            yield from _alike(trip, step, room, not slot.is_spatial, bool(cut) and slot.rank in self.pair.access.ranks)

    def _mixes(self, loop: int) -> bool:
        """Whether tiles at different indices of a loop may be equal: other ranks, or siblings outside, move them."""
        rank = self._nest.slots[loop].rank
        alone = all(len(terms) == 1 for terms in self.pair.access.coefficients if rank in terms)
        return not alone or any(n < loop and self._nest.slots[n].rank == rank for n in self._near)

    def _parts(self, loop: int) -> bool:
        """Whether parents along a loop run at different steps of their rank: then none stands for the others."""
        slots, rank = self._nest.slots, self._nest.slots[loop].rank
        around = [n for n in range(loop) if slots[n].rank == rank and not slots[n].is_spatial]
        whole = self._nest.trips[loop] * self._nest.steps[loop]
        return slots[loop].is_spatial and bool(around) and self.sizes[rank] % whole != 0

    def _cuts(self, loop: int, room: int) -> bool:
        """Whether siblings stand still at different steps inside a loop that has so much room."""
        slots, steps = self._nest.slots, self._nest.steps
        beyond = [n for n in range(loop + 1, self.pair.child.position) if slots[n].rank == slots[loop].rank]
        if loop in self._near:
            return room < self._nest.trips[loop] * steps[loop] and any(not slots[n].is_spatial for n in beyond)
        farthest = sum((self._nest.trips[n] - 1) * steps[n] for n in beyond if n in self._near)
        return room <= farthest and not slots[loop].is_spatial

    @property
    def _nest(self) -> Nest:
        return self.pair.nest

    @cached_property
    def _near(self) -> frozenset[int]:
        return frozenset(self.pair.near)


def _alike(trip: int, step: int, room: int, is_ordered: bool, is_last_apart: bool) -> Iterator[tuple[int, int, int]]:
    """The first index of a loop, whole ones after it, the last of these if it is apart, and the one that is cut."""
    whole, rest = min(trip, room // step), room % step
    first = 1 if is_ordered else whole
    last = 1 if is_last_apart and whole > first else 0
    if whole:
        yield 0, first, step
    if whole > first + last:
        yield 1, whole - first - last, step
    if last:
        yield whole - 1, 1, step
    if whole < trip and rest:
        yield whole, 1, rest
