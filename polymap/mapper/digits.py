"""What cells touch on two ranks with a limited difference, when it is known at which tiles their arrays stand.

The loops of a rank are the digits of its values: from the inside, temporal ones up to the tile at an array, those of
the array, temporal ones up to the next. A cell fixes some digits and moves the others, so its values are a first one
and the *reach* of the moving digits, the same for all cells. Two cells have a point in common if the distance of their
first values is in a set that depends on the reaches alone: a few intervals, and one search for each value counts all.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from polymap.model.band import Window

Whole: TypeAlias = NDArray[np.int64]
Digits: TypeAlias = tuple[tuple[int, int], ...]  # (trip, stride), innermost first
Split: TypeAlias = tuple[Digits, Digits]  # the fixed digits and the moving ones
Along: TypeAlias = tuple[tuple[int, int, bool], ...]  # of each array, innermost first: trip, tile inside, if it moves
MOST_INTERVALS = 4_096


def split(temporal: int, arrays: Along, tile: int) -> Split | None:
    """The digits of a rank, of temporal loops of so many steps and of arrays, in cells within which temporal loops up
    to a tile move, and the loops of some arrays. None where tiles do not divide each other: there is no such cell."""
    fixed, moving = list[tuple[int, int]](), list[tuple[int, int]]()
    inside = stride = 1
    for trip, at, moves in (*arrays, (1, temporal, True)):
        inner = min(max(tile, inside), at)
        if at % inner or inner % inside or max(tile, inner) % min(tile, inner):
            return None
        moving.append((inner // inside, stride))
        fixed.append((at // inner, stride * inner // inside))
        stride *= at // inside
        (moving if moves else fixed).append((trip, stride))
        inside, stride = at, stride * trip
    return _longer(fixed), _longer(moving)


def _longer(digits: Iterable[tuple[int, int]]) -> Digits:
    return tuple(digit for digit in digits if digit[0] > 1)


@lru_cache(maxsize=16)
def values(digits: Digits) -> Whole:
    """All values of some digits, least first: each digit's stride is more than all inside it reach."""
    found = np.zeros(1, dtype=np.int64)
    for trip, stride in digits:
        found = (np.arange(trip, dtype=np.int64)[:, None] * stride + found[None, :]).reshape(-1)
    return found


@lru_cache(maxsize=65536)
def met(window: Window, first: Split, second: Split) -> int | None:
    """Pairs of cells of two ranks with a point in common; None if that takes too long to tell."""
    pieces = intervals(window, first[1], second[1])
    if pieces is None:
        return None
    begin, other = values(first[0]), values(second[0])
    return sum(
        int((np.searchsorted(other, begin - low, "right") - np.searchsorted(other, begin - high, "left")).sum())
        for low, high in pieces
    )


def intervals(window: Window, first: Digits, second: Digits) -> list[tuple[int, int]] | None:
    """Distances x - y of the first values of two cells that have a point in common: `x + a - (y + b)` is in the window
    for some a and b that the moving digits reach. None if there are too many."""
    width, steps = 1, list[tuple[int, int]]()
    for trip, stride in sorted((*first, *second), key=lambda digit: digit[1]):
        if stride <= width + window.width - 1:  # neighbours meet or touch, whatever lies between
            width += (trip - 1) * stride
        else:
            steps.append((trip, stride))
    begins = {0}
    for trip, stride in steps:
        if len(begins) * trip > MOST_INTERVALS:
            return None
        begins = {begin + n * stride for begin in begins for n in range(trip)}
    # Differences a - b are those of a + b, less the most that b can be.
    most = sum((trip - 1) * stride for trip, stride in second)
    return merged((window.low - (b + width - 1 - most), window.high - (b - most)) for b in begins)


def merged(pieces: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for low, high in sorted(pieces):
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], high)
        else:
            found.append((low, high))
    return found
