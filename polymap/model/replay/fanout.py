"""What crosses an array when the tile of its first child changes: multicast groups, hops, and links between neighbours.

All children of one parent see the change of the first child, shifted; who shares depends on the shifts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from polymap.model.replay.boxes import Region, Vector, added

Shifts: TypeAlias = Mapping[int, Vector]
Key: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Grid:
    """Where the children of one parent stand: child `c` in column `c mod width` and row `c div width`."""

    width: int
    height: int

    def neighbours(self, child: int) -> Iterable[int]:
        row, column = divmod(child, self.width)
        for r, c in ((row, column - 1), (row, column + 1), (row - 1, column), (row + 1, column)):
            if 0 <= r < self.height and 0 <= c < self.width:
                yield r * self.width + c

    def half_hops(self, children: Iterable[int]) -> int:
        """Twice the links that one word travels: along to the last column, and up and down from the middle.

        The middle lies between two rows if their number is even.
        """
        columns: dict[int, list[int]] = {}
        for child in children:
            columns.setdefault(child % self.width, []).append(child // self.width)
        twice_middle = self.height - 1
        up_and_down = (
            max(0, twice_middle - 2 * min(rows)) + max(0, 2 * max(rows) - twice_middle) for rows in columns.values()
        )
        return 2 * max(columns) + sum(up_and_down)


@dataclass(frozen=True)
class Record:
    """Groups of children that receive the same words: how many groups, and twice the hops of all of them, per word.

    `half_alone` are twice the hops if every child were served alone.
    """

    multicast: int
    groups: int
    half_hops: int
    half_alone: int


def records(shifts: Shifts, grid: Grid, shares: bool) -> tuple[Record, ...]:
    """Children with equal shifts form a group, and groups of equal size a record; without sharing each stands alone."""
    groups: dict[object, list[int]] = {}
    for child, shift in shifts.items():
        groups.setdefault(shift if shares else child, []).append(child)
    sizes = sorted({len(group) for group in groups.values()})
    return tuple(_record(size, [group for group in groups.values() if len(group) == size], grid) for size in sizes)


def _record(size: int, groups: list[list[int]], grid: Grid) -> Record:
    alone = sum(grid.half_hops([child]) for group in groups for child in group)
    return Record(size, len(groups), sum(grid.half_hops(group) for group in groups), alone)


def unlinked(now: Region, shifts: Shifts, before: Region, shifts_before: Shifts, grid: Grid) -> Shifts:
    """The children whose change no neighbour held at the previous step."""
    move = _move(now, before)
    if move is None:
        return shifts
    return {
        child: shift
        for child, shift in shifts.items()
        if not any(shifts_before.get(other) == added(shift, move) for other in grid.neighbours(child))
    }


def _move(now: Region, before: Region) -> Vector | None:
    """The offset of `now` against `before` if they are of one shape, else None."""
    if not now or len(now) != len(before):
        return None
    first, second = sorted(now, key=lambda box: box.low), sorted(before, key=lambda box: box.low)
    move = tuple(a - b for a, b in zip(first[0].low, second[0].low, strict=True))
    return move if all(box.moved(move) == other for box, other in zip(second, first, strict=True)) else None
