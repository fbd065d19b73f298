"""What a tensor with one of two tied ranks fetches, while tiles of the other rank pass by.

`own` is the tensor's rank, i in `low <= i - j <= high`; `passing` the other one. A step is a tile of each that have
points in common; it touches `max(a, c + low) .. min(b, d + high)` of the own tile [a, b], [c, d] being the other one.
As [c, d] moves on, both ends do. See docs/design/exact.md, "Engine 3, in formulas".
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np

from polymap.model.band import Window
from polymap.model.digits import Digit
from polymap.model.lines import CHUNK, MOST_WORK, Family, Ints, Kind, Line, different, refuse
from polymap.model.sums import sums


@lru_cache(maxsize=1024)
def arriving(own: Line, passing: Line, window: Window) -> int:
    """Elements fetched when every context starts anew: of each tile what the one before it did not touch.

    Tiles that the SHARED loops lead to at one step are served together: equal sets among them count once. The sets
    of two that follow one another are equal where both are the whole own tile, and only there.
    """
    total = 0
    for numbers in passing.numbers():
        start = numbers * passing.tile
        moved, beside = (passing.back(numbers, kind) for kind in (Kind.MOVING, Kind.SHARED))
        touched = start + np.where(moved > 0, (1 - moved) * passing.tile + window.high, window.low)
        first = np.maximum(0, np.maximum(touched, start + window.low))
        last = np.minimum(np.minimum(start + passing.tile, passing.size) + window.high, own.size)
        total += int(np.maximum(0, last - first).sum())
        shared = np.flatnonzero(beside)
        if len(shared):
            reach = start[shared] + (1 - beside[shared]) * passing.tile + window.high
            total -= _in_whole_tiles(own, first[shared], reach)
    return total


def _in_whole_tiles(own: Line, first: Ints, end: Ints) -> int:
    """Points of the tiles that lie in `first <= point < end` as a whole, summed."""
    begin = -(-first // own.tile) * own.tile
    stop = np.where(end >= own.size, own.size, end // own.tile * own.tile)
    return int(np.maximum(0, stop - begin).sum())


@lru_cache(maxsize=1024)
def staying(own: Line, passing: Line, window: Window) -> int:
    """Elements that every tile of a context touches, summed over own tiles and contexts.

    When the tiles of a context pass by once more, this is what the last one left of what the first one needs.
    """
    unit = gcd(own.tile, passing.tile)
    whole, rest = divmod(own.size, own.tile)
    total = 0
    for family in passing.families():
        if whole:
            values, times = sums(-family.begins, [Digit(whole, own.tile)], 0, whole, unit)
            total += int((_common(family, values, own.tile, window) * times).sum())
        if rest:
            total += int(_common(family, whole * own.tile - family.begins, rest, window).sum())
    return total


def _common(family: Family, begin: Ints, length: int, window: Window) -> Ints:
    """Elements of own tiles, relative to their context, that the first and the last tile to meet them touch."""
    first = np.searchsorted(family.ends, begin - window.high)
    last = np.searchsorted(family.starts, begin + length - window.low) - 1
    met = first <= last
    first, last = np.where(met, first, 0), np.where(met, last, 0)
    end = np.minimum(begin + length - 1, family.ends[first] + window.high)
    return np.where(met, np.maximum(0, end - np.maximum(begin, family.starts[last] + window.low) + 1), 0)


@lru_cache(maxsize=1024)
def coinciding(own: Line, passing: Line, window: Window) -> int:
    """Elements that SHARED tiles have in common as equal sets, when the tiles of a context pass by once more.

    Each keeps what its last tile touched. Two sets at one step are equal only if both begin with the own tile, one
    ends with what its first tile touches and the other before what its last one did: the distance of these tiles
    is the width of the band, so mostly there are none. The others are looked at, own tile by own tile.
    """
    if (window.width - 1) % passing.tile or window.width >= passing.size:
        return 0
    steps, contexts = passing.starts(Kind.MOVING), passing.starts(Kind.APART)
    begins: Ints = np.add.outer(contexts, passing.starts(Kind.SHARED)).ravel()
    context = np.repeat(np.arange(len(contexts)), len(begins) // len(contexts))[begins < passing.size]
    begins = begins[begins < passing.size]
    refuse(own.count * len(begins), MOST_WORK)
    at_once = max(1, CHUNK // len(begins))
    parts = (np.arange(begin, min(begin + at_once, own.count)) for begin in range(0, own.count, at_once))
    return sum(_repeated(_again(own, numbers, steps, begins, passing, window), context) for numbers in parts)


def _again(own: Line, numbers: Ints, steps: Ints, begins: Ints, passing: Line, window: Window) -> tuple[Ints, Ints]:
    """By own tile and instance: the step of its first tile, and how many points from the own tile's first on are new.

    0 where the set does not begin there, or is empty.
    """
    own_begin = own.tile * numbers[:, None]
    begin = own_begin - begins
    length = np.minimum(own.tile, own.size - own_begin)
    first = np.searchsorted(steps + passing.tile - 1, begin - window.high)
    last = np.minimum(
        np.searchsorted(steps, begin + length - window.low), np.searchsorted(steps, passing.size - begins)
    )
    several = first < last - 1
    first, last = np.where(several, first, 0), np.where(several, last - 1, 0)
    end = np.minimum(steps[first] + passing.tile + window.high, steps[last] + window.low)
    return first, np.where(several & (steps[first] + window.low <= begin), np.maximum(0, end - begin), 0)


def _repeated(sets: tuple[Ints, Ints], context: Ints) -> int:
    """Points of the sets that are equal to another one of the same own tile, context and step."""
    step, size = sets
    rows, columns = np.nonzero(size)
    found = size[rows, columns]
    return int(found.sum() - found[different([rows, context[columns], step[rows, columns], found])].sum())
