"""How many pairs of iterations of two tied ranks have a point `low <= i - j <= high` in common with their tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np

from polymap.model.band import MOST_TILES, Ints, too_many


@dataclass(frozen=True)
class Line:
    """A rank with its loops, outermost first: (trip, step, whether its values count apart); and its tiles inside."""

    digits: tuple[tuple[int, int, bool], ...]
    size: int
    tile: int


@dataclass(frozen=True)
class Contexts:
    """Values of the loops of a line that count apart, in order, those with points; between `first` and `last` each has
    tiles, by the other loops. `is_solid`: there are no gaps in between.
    """

    first: Ints
    last: Ints
    is_solid: bool
    line: Line

    def of_points(self) -> Ints:
        """The context of every point of the rank, as a number."""
        points: Ints = np.arange(self.line.size, dtype=np.int64)
        found: Ints = np.zeros_like(points)
        for trip, step, apart in self.line.digits:
            if apart:
                found = found * trip + points // step % trip
        return np.asarray(found)


def contexts(line: Line) -> Contexts:
    """The contexts of a line. Raises `PolymapError` for too many."""
    first = _sums([(trip, step) for trip, step, apart in line.digits if apart])
    first = first[first < line.size]
    inside = _sums([(trip, step) for trip, step, apart in line.digits if not apart])
    reached = inside[np.searchsorted(inside, line.size - first) - 1]
    last = np.minimum(first + reached + line.tile, line.size) - 1
    return Contexts(first, last, bool(np.all(np.diff(inside) <= line.tile)), line)


def _sums(loops: Sequence[tuple[int, int]]) -> Ints:
    if prod(trip for trip, _ in loops) > MOST_TILES:
        raise too_many(prod(trip for trip, _ in loops))
    total = np.zeros(1, dtype=np.int64)
    for trip, step in loops:
        total = np.add.outer(total, step * np.arange(trip, dtype=np.int64)).ravel()
    return total


@lru_cache(maxsize=1024)
def meeting(first: Line, second: Line, low: int | None, high: int | None) -> int:
    """Pairs of contexts with points in the band.

    With one limit the ends of the contexts decide, with two only if there are no gaps in them; else points are tried.
    """
    i, j = contexts(first), contexts(second)
    if low is not None and high is not None and not (i.is_solid and j.is_solid):
        return _tried(i, j, low, high)
    total = len(i.first) * len(j.first)
    if low is not None:  # too far up: even the last i with the first j
        total -= _pairs_above(j.first, i.last - low)
    if high is not None:  # too far down: even the first i with the last j
        total -= _pairs_above(i.first, j.last + high)
    return total


def _pairs_above(values: Ints, limits: Ints) -> int:
    """Pairs of a value and a limit below it."""
    return int((len(values) - np.searchsorted(np.sort(values), limits, side="right")).sum())


def _tried(i: Contexts, j: Contexts, low: int, high: int) -> int:
    points = np.arange(i.line.size, dtype=np.int64)
    first, last = np.maximum(points - high, 0), np.minimum(points - low, j.line.size - 1)
    counts = np.maximum(last - first + 1, 0)
    if int(counts.sum()) > MOST_TILES:
        raise too_many(int(counts.sum()))
    rows = np.repeat(points, counts)
    columns = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    rank, columns_of = i.of_points(), j.of_points()
    width = int(columns_of.max()) + 1
    pairs = rank[rows] * width + columns_of[columns]
    if (int(rank.max()) + 1) * width > MOST_TILES:
        return len(np.unique(pairs))
    met = np.zeros((int(rank.max()) + 1) * width, dtype=np.bool_)
    met[pairs] = True
    return int(met.sum())
