"""How many pairs of iterations of two tied ranks have a point of the band in common with their tiles."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np

from polymap.model.band import Window
from polymap.model.lines import Bools, Family, Ints, Kind, Line
from polymap.model.sums import sums


@lru_cache(maxsize=1024)
def meeting(first: Line, second: Line, window: Window) -> int:
    """Pairs of values of the APART loops for which some values of the others have a tile with points.

    Where the band is wide enough to reach across every gap between the tiles of a context, the ends of the contexts
    decide; else the pairs of contexts are summed by their difference.
    """
    if max(_gap(first), _gap(second)) < window.width:
        (i, after), (j, beyond) = _ends(first), _ends(second)
        too_low = _pairs_above(j, after - 1 - window.low)
        return len(i) * len(j) - too_low - _pairs_above(i, beyond - 1 + window.high)
    unit = gcd(first.tile, second.tile)
    return sum(_met(i, j, window, unit) for i in first.families() for j in second.families())


def _gap(line: Line) -> int:
    """Most points between two tiles of a context that follow one another."""
    steps = line.starts(Kind.MOVING, Kind.SHARED)
    return int(np.diff(steps).max()) - line.tile if len(steps) > 1 else 0


def _ends(line: Line) -> tuple[Ints, Ints]:
    """Where each context begins, and where its last tile ends."""
    begins, steps = line.starts(Kind.APART), line.starts(Kind.MOVING, Kind.SHARED)
    reached = steps[np.searchsorted(steps, line.size - begins) - 1]
    return begins, np.minimum(begins + reached + line.tile, line.size)


def _pairs_above(values: Ints, limits: Ints) -> int:
    """Pairs of a value and a limit below it; the values are sorted."""
    return int((len(values) - np.searchsorted(values, limits, side="right")).sum())


def _met(first: Family, second: Family, window: Window, unit: int) -> int:
    """Pairs of contexts of two families of which some tiles meet; the fewer tiles are tried one by one."""
    if len(first.starts) > len(second.starts):
        return _met(second, first, window.turned(), unit)
    values, times = sums(-first.begins, second.digits, second.first, second.last, unit)
    met = np.zeros(len(values), dtype=np.bool_)
    for start, end in np.stack([first.starts, first.ends], axis=1):
        met |= _reached(second, int(start) - values, int(end) - values, window)
    return int(times[met].sum())


def _reached(family: Family, begin: Ints, end: Ints, window: Window) -> Bools:
    """Whether tiles [begin, end] of the other rank, relative to a context of the family, meet one of its tiles."""
    nearest = np.searchsorted(family.ends, begin - window.high)
    there = nearest < len(family.ends)
    return np.asarray(there & (family.starts[np.where(there, nearest, 0)] <= end - window.low))
