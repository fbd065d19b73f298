"""One rank of a loop nest as a line of tiles: which of them are apart, follow one another, or are served together.

The tiles above a position are numbered from 0 without gaps: the loops over the rank are the digits of the number, and
tile `n` begins at point `n * tile`. The last tile may be short.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from math import prod
from typing import Any, TypeAlias

import numpy as np

from polymap.errors import NOWHERE, Mistake, PolymapError
from polymap.model.digits import Digit

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
Bools: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"

MOST = 1 << 23
MOST_WORK = 8 * MOST  # of what is looked at a part at a time
CHUNK = 1 << 16


class Kind(Enum):
    """What a count does with the values of a loop: all apart, one after the other, or side by side as one."""

    APART = "apart"
    MOVING = "moving"
    SHARED = "shared"


@dataclass(frozen=True)
class Loop:
    """A loop over the rank: its position in the nest, trip, points per iteration."""

    position: int
    trip: int
    step: int
    kind: Kind


@dataclass(frozen=True)
class Family:
    """Contexts that have the same tiles, relative to where each begins.

    Contexts `first` to `last` of those that `digits` number begin at `begins`; their tiles reach from `starts` to
    `ends`.
    """

    digits: tuple[Digit, ...]
    first: int
    last: int
    begins: Ints
    starts: Ints
    ends: Ints


@dataclass(frozen=True)
class Line:
    """The loops over a rank above a position, outermost first; points of the rank, and of a tile."""

    loops: tuple[Loop, ...]
    size: int
    tile: int

    @property
    def count(self) -> int:
        """Tiles that hold points of the rank."""
        return -(-self.size // self.tile)

    def has(self, kind: Kind) -> bool:
        return any(loop.kind is kind for loop in self.loops)

    def alone(self) -> Line:
        """The same tiles, none served together with others."""
        loops = (replace(loop, kind=Kind.APART) if loop.kind is Kind.SHARED else loop for loop in self.loops)
        return replace(self, loops=tuple(loops))

    def digits(self, *kinds: Kind) -> tuple[Digit, ...]:
        return tuple(Digit(loop.trip, loop.step) for loop in self.loops if loop.kind in kinds)

    def starts(self, *kinds: Kind) -> Ints:
        """Where the tiles begin that the loops of these kinds lead to, the others at 0; in order.

        Raises `PolymapError` for too many.
        """
        digits = self.digits(*kinds)
        refuse(prod(digit.trip for digit in digits))
        total: Ints = np.zeros(1, dtype=np.int64)
        for digit in digits:
            total = np.add.outer(total, digit.step * np.arange(digit.trip, dtype=np.int64)).ravel()
        return total[total < self.size]

    def numbers(self) -> Iterator[Ints]:
        """All tiles, a part of them at a time. Raises `PolymapError` for too many."""
        refuse(self.count)
        for begin in range(0, self.count, CHUNK):
            yield np.arange(begin, min(begin + CHUNK, self.count), dtype=np.int64)

    def back(self, numbers: Ints, kind: Kind) -> Ints:
        """How many tiles back the one stands that the loops of a kind came to before; 0 for their first."""
        found, wrapped = np.zeros_like(numbers), 0
        for digit in reversed(self.digits(kind)):
            weight = digit.step // self.tile
            stepped = (found == 0) & (numbers // weight % digit.trip > 0)
            found[stepped] = weight - wrapped
            wrapped += (digit.trip - 1) * weight
        return found

    def families(self) -> list[Family]:
        """The values of the loops that count apart, by the tiles that the other loops reach from there.

        There are few: a context lacks tiles only where the rank ends.
        """
        digits, begins = self.digits(Kind.APART), self.starts(Kind.APART)
        steps, room = self.starts(Kind.MOVING, Kind.SHARED), self.size - begins
        counts = np.searchsorted(steps, room)
        ends = np.minimum(steps[counts - 1] + self.tile, room)
        same = (counts[1:] == counts[:-1]) & (ends[1:] == ends[:-1])
        borders = [0, *(np.flatnonzero(~same) + 1).tolist(), len(begins)]
        return [
            Family(digits, first, last, begins[first:last], starts, np.minimum(starts + self.tile, ends[first]) - 1)
            for first, last in pairwise(borders)
            for starts in (steps[: counts[first]],)
        ]


def different(keys: Sequence[Ints]) -> Ints:
    """Numbers of rows of equally long columns, one of each kind of row."""
    order = np.lexsort(keys)
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
    found: Ints = order[new]
    return found


def refuse(count: int, most: int = MOST) -> None:
    """Raises `PolymapError` for more tiles or differences than are looked at."""
    if count > most:
        message = f"counting two ranks tied to each other takes {count} differences or tiles of one (limit {most})"
        mend = "make the innermost tiles of the two ranks larger, or multiples of a common size"
        raise PolymapError(Mistake(NOWHERE, message, mend))
