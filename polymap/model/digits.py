"""The loops of one rank as digits of a mixed-radix number: which tiles of a rank hold points, counted without a walk.

The tiles of a rank stand at `sum(step * digit)`. Those at or beyond the rank's size are empty, the last one before it
may be short. Every count here takes time in the number of loops, not in the number of tiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import TypeAlias


class Role(Enum):
    """What a count does with a loop: every value apart, all values together, the value 0 only, all others apart."""

    EACH = "each"
    TOGETHER = "together"
    FIRST = "first"
    LATER = "later"


@dataclass(frozen=True)
class Digit:
    """A loop of the rank: its trip, and how many points it moves on per iteration."""

    trip: int
    step: int
    role: Role = Role.EACH


# How many tiles of a group hold points (the first so many, in order), and the size of the last of these.
Group: TypeAlias = tuple[int, int]
Groups: TypeAlias = dict[Group, int]


def groups(digits: Sequence[Digit], room: int, tile: int) -> Groups:
    """How often each group of tiles occurs. A group are the tiles that differ in TOGETHER loops only.

    `digits` outermost first, `room` points of the rank, `tile` points per tile. Empty groups are left out.

    >>> groups([Digit(3, 4), Digit(2, 2)], 9, 2)
    {(1, 2): 4, (1, 1): 1}
    >>> groups([Digit(3, 4), Digit(2, 2, Role.TOGETHER)], 9, 2)
    {(2, 2): 2, (1, 1): 1}
    """
    if not digits:
        return {(1, min(tile, room)): 1}
    outer, inner = digits[0], digits[1:]
    if outer.role is Role.FIRST:
        return groups(inner, min(room, outer.step), tile)
    whole = min(outer.trip, room // outer.step)
    rest = room - whole * outer.step if whole < outer.trip else 0
    cut = groups(inner, rest, tile) if rest else {}
    full, often = (members(inner), tile), _often(inner)
    if outer.role is Role.TOGETHER:
        return _joined(whole, full, often, cut)
    if outer.role is Role.LATER:
        return _added({full: (whole - 1) * often}, cut) if whole else {}
    return _added({full: whole * often}, cut)


def _joined(whole: int, full: Group, often: int, cut: Groups) -> Groups:
    """Each group gains `whole` full copies of its tiles; the groups that are cut away altogether are those copies."""
    if not whole:
        return cut
    longer = {(whole * full[0] + count, last): times for (count, last), times in cut.items()}
    return _added({(whole * full[0], full[1]): often - sum(cut.values())}, longer)


def _added(one: Groups, other: Groups) -> Groups:
    total = dict(one)
    for group, times in other.items():
        total[group] = total.get(group, 0) + times
    return {group: times for group, times in total.items() if times}


def members(digits: Sequence[Digit]) -> int:
    """Tiles of a group of which none is empty."""
    return prod(digit.trip for digit in digits if digit.role is Role.TOGETHER)


def _often(digits: Sequence[Digit]) -> int:
    """Groups, where none is empty."""
    return prod(digit.trip - (digit.role is Role.LATER) for digit in digits if digit.role in (Role.EACH, Role.LATER))


@dataclass(frozen=True)
class Block:
    """Tiles that stand at `start + sum(step * x)`, `x` below the trips of all its digits."""

    start: int
    digits: tuple[Digit, ...]

    @property
    def span(self) -> int:
        """From its first tile's start to its last tile's."""
        return sum(digit.step * (digit.trip - 1) for digit in self.digits)


def blocks(digits: Sequence[Digit], count: int) -> Iterator[Block]:
    """The first `count` tiles that the digits number, as full blocks: at most one per digit and one tile at the end.

    >>> [(block.start, block.span) for block in blocks([Digit(3, 4), Digit(2, 2)], 5)]
    [(0, 6), (8, 0)]
    """
    start, inner = 0, list(digits)
    while count:
        if not inner:
            yield Block(start, ())
            return
        outer, inner = inner[0], inner[1:]
        whole, count = divmod(count, prod(digit.trip for digit in inner))
        if whole:
            yield Block(start, (Digit(whole, outer.step), *inner))
        start += whole * outer.step


def start(digits: Sequence[Digit], number: int) -> int:
    """Where the tile of this number, counted from 0, stands."""
    at = 0
    for digit in reversed(digits):
        number, x = divmod(number, digit.trip)
        at += x * digit.step
    return at


def starts(digits: Sequence[Digit], count: int) -> list[int]:
    """Where the first `count` tiles that the digits number stand."""
    found = [0]
    for digit in reversed(digits):
        found = [x * digit.step + start for x in range(digit.trip) for start in found]
    return found[:count]


def run_length(digits: Sequence[Digit], group: Group, tile: int) -> int | None:
    """Points of a group whose tiles follow one another without a gap; None where there are gaps."""
    count, last = group
    reach = tile
    for digit in reversed(digits):
        if count > 1 and digit.step != reach:
            # A gap between tiles matters only if tiles beyond it hold points.
            return None if reach < count * tile else (count - 1) * tile + last
        reach *= digit.trip
    return (count - 1) * tile + last
