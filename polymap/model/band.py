"""Two ranks tied by `low <= i - j <= high`: the tiles of a loop nest over them that hold points, as arrays.

Causal attention has `0 <= i - j`, a sliding window `0 <= i - j < width`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

import numpy as np

from polymap.errors import NOWHERE, Mistake, PolymapError

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
Bools: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"

MOST_TILES = 1 << 24


@dataclass(frozen=True)
class Band:
    """`low <= first - second <= high`; None is no limit."""

    first: str
    second: str
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Loop:
    """A loop over one of the two ranks: is it over the second one, its position in the nest, trip and step."""

    is_second: bool
    position: int
    trip: int
    step: int


@dataclass(frozen=True)
class Side:
    """Points of a rank and of one of its tiles."""

    size: int
    tile: int


@dataclass(frozen=True)
class Spread:
    """Tiles that hold points, in the order in which every instance visits them, instance after instance.

    Row by row: instance and time as mixed-radix numbers of the spatial and the temporal indices, the interval of each
    rank that the tile's points span, and how many points there are; `turn`: the outermost temporal loop (its position)
    that has moved since the row before, -1 at the first row of an instance.
    """

    spatial: tuple[Loop, ...]
    temporal: tuple[Loop, ...]
    instance: Ints
    time: Ints
    turn: Ints
    firsts: tuple[Ints, Ints]
    lasts: tuple[Ints, Ints]
    points: Ints

    def lengths(self, second: bool) -> Ints:
        """Points of one rank that a tile touches."""
        return np.asarray(self.lasts[second] - self.firsts[second] + 1)

    def before(self, turn: int) -> Ints:
        """The row that an instance visited before each row, if a loop at position `turn` has moved or one further in.

        Where the loop at `turn` has moved, all loops inside it start again: the row before is the last of that round.
        """
        rows = np.arange(len(self.turn))
        begins = np.flatnonzero(self.turn < turn)
        ends = np.append(begins[1:], len(rows)) - 1
        found = rows - 1
        found[begins] = ends
        return np.asarray(found)


@lru_cache(maxsize=32)
def spread(
    spatial: tuple[Loop, ...], temporal: tuple[Loop, ...], sides: tuple[Side, Side], low: int | None, high: int | None
) -> Spread:
    """The tiles of a nest with these loops that hold points. Raises `PolymapError` for too many."""
    loops = (*spatial, *temporal)
    shape = tuple(loop.trip for loop in loops)
    if prod(shape) > MOST_TILES:
        raise too_many(prod(shape))
    firsts = [_starts(loops, shape, second) for second in (False, True)]
    lasts = [np.minimum(first + side.tile, side.size) - 1 for first, side in zip(firsts, sides)]
    runs = (firsts[0] <= lasts[0]) & (firsts[1] <= lasts[1]) & _meet(firsts, lasts, low, high)
    rows = np.flatnonzero(np.broadcast_to(runs, shape))
    (a, c), (b, d) = ([np.broadcast_to(x, shape).ravel()[rows] for x in ends] for ends in (firsts, lasts))
    i, j = _tightened(a, b, c, d, low, high)
    times = prod(loop.trip for loop in temporal)
    instance, time = rows // times, rows % times
    turn = _turns(temporal, instance, time)
    points = _points(i, j, low, high)
    return Spread(spatial, temporal, instance, time, turn, (i[0], j[0]), (i[1], j[1]), points)


def too_many(tiles: int) -> PolymapError:
    message = f"two ranks tied to each other have {tiles} tiles here, and each is looked at (limit {MOST_TILES})"
    return PolymapError(Mistake(NOWHERE, message, "make the innermost tiles of the two ranks larger"))


def _starts(loops: Sequence[Loop], shape: tuple[int, ...], second: bool) -> Ints:
    total = np.zeros((1,) * len(shape), dtype=np.int64)
    for axis, loop in enumerate(loops):
        if loop.is_second == second:
            along = [1] * len(shape)
            along[axis] = loop.trip
            total = total + loop.step * np.arange(loop.trip, dtype=np.int64).reshape(along)
    return total


def _meet(firsts: Sequence[Ints], lasts: Sequence[Ints], low: int | None, high: int | None) -> Bools:
    """Whether a box of two intervals holds a point of the band."""
    found: Any = np.ones((), dtype=np.bool_)
    if low is not None:
        found = found & (lasts[0] - firsts[1] >= low)
    if high is not None:
        found = found & (firsts[0] - lasts[1] <= high)
    return np.asarray(found)


def _tightened(
    a: Ints, b: Ints, c: Ints, d: Ints, low: int | None, high: int | None
) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
    """The intervals of i in [a, b] and of j in [c, d] that points of the band span."""
    i, j = (a, b), (c, d)
    if low is not None:
        i, j = (np.maximum(i[0], c + low), i[1]), (j[0], np.minimum(j[1], b - low))
    if high is not None:
        i, j = (i[0], np.minimum(i[1], d + high)), (np.maximum(j[0], a - high), j[1])
    return i, j


def _turns(temporal: Sequence[Loop], instance: Ints, time: Ints) -> Ints:
    turn = np.full(len(time), -1, dtype=np.int64)
    weight, moved = 1, instance[1:] == instance[:-1]
    for loop in reversed(temporal):
        stage = time // weight
        turn[1:][moved & (stage[1:] != stage[:-1])] = loop.position
        weight *= loop.trip
    return turn


def _points(i: tuple[Ints, Ints], j: tuple[Ints, Ints], low: int | None, high: int | None) -> Ints:
    """Points of the band in boxes: `sum over i of min(last j, i - low) - max(first j, i - high) + 1`."""
    total = (i[1] - i[0] + 1) * (j[1] - j[0] + 1)
    if low is not None:  # i - low < last j: that many are missing at the end of the row
        total = total - _falling(j[1] + low - i[0], j[1] + low - i[1])
    if high is not None:
        total = total - _falling(i[1] - high - j[0], i[0] - high - j[0])
    return np.asarray(total)


def _falling(most: Ints, least: Ints) -> Ints:
    """`most + (most - 1) + ... + least`, without what is not positive."""
    most, least = np.maximum(most, 0), np.maximum(least, 1)
    return np.where(most >= least, (most + least) * (most - least + 1) // 2, 0)
