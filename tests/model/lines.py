"""Random lines of tiles, and what is in each of their tiles, point by point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import TypeAlias

from hypothesis import strategies as st

from polymap.model.band import Window
from polymap.model.lines import Kind, Line, Loop

Index: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Tile:
    """A tile of a line: the values of the loops by kind, and its points."""

    apart: Index
    moving: Index
    shared: Index
    points: range


@st.composite
def lines(draw: st.DrawFn, kinds: tuple[Kind, ...] = tuple(Kind), parity: int = 0, least_loops: int = 0) -> Line:
    """A rank with a few loops that cover it; their positions in the nest are even or odd, as `parity` is."""
    tile = draw(st.sampled_from((1, 2, 1, 3, 5)))
    trips = draw(st.lists(st.sampled_from((2, 3, 2, 4)), min_size=least_loops, max_size=4))
    loops = tuple(
        Loop(2 * at + parity, trip, tile * prod(trips[at + 1 :]), draw(st.sampled_from(kinds)))
        for at, trip in enumerate(trips)
    )
    most = tile * prod(trips)
    return Line(loops, draw(st.integers(max(1, most // 2), most)), tile)


@st.composite
def windows(draw: st.DrawFn, first: Line, second: Line) -> Window:
    """Limits that leave points; often narrow, or without one limit."""
    low = draw(st.integers(1 - second.size, first.size - 1))
    width = draw(st.integers(1, 7) | st.integers(1, first.size + second.size))
    window = draw(st.sampled_from((Window(low, low + width - 1), Window(low, low + width - 1), Window(low, 10**4))))
    return draw(st.sampled_from((window, window, replace(window, low=-(10**4)))))


def tiles(line: Line) -> Iterator[Tile]:
    """The tiles of a line, in the order of their points."""
    for start in range(0, line.size, line.tile):
        apart, moving, shared = (index(line, kind, start) for kind in (Kind.APART, Kind.MOVING, Kind.SHARED))
        yield Tile(apart, moving, shared, range(start, min(start + line.tile, line.size)))


def index(line: Line, kind: Kind, point: int) -> Index:
    return tuple(point // loop.step % loop.trip for loop in line.loops if loop.kind is kind)


def touched(first: range, second: range, window: Window) -> frozenset[int]:
    """Points of the first tile that have one in the second: `low <= i - j <= high` for a j of an interval."""
    return frozenset(i for i in first if i - second[0] >= window.low and i - second[-1] <= window.high)
