"""Tiles and iterations of two tied ranks that hold points, against enumeration of the points."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TypeAlias

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from polymap.model.band import Loop, Side, spread
from polymap.model.meeting import Line, meeting

Limits: TypeAlias = "tuple[int | None, int | None]"

limits = st.tuples(st.none() | st.integers(-4, 4), st.none() | st.integers(-4, 6)).filter(
    lambda pair: pair[0] is None or pair[1] is None or pair[0] <= pair[1]
)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """A rank with a few loops that cover it; some of them count apart."""
    tile, trips = draw(st.integers(1, 2)), draw(st.lists(st.integers(2, 3), max_size=3))
    digits = tuple((trip, tile * prod(trips[i + 1 :]), draw(st.booleans())) for i, trip in enumerate(trips))
    return Line(digits, draw(st.integers(1, tile * prod(trips))), tile)


def is_inside(i: int, j: int, low: int | None, high: int | None) -> bool:
    return (low is None or low <= i - j) and (high is None or i - j <= high)


def context(line: Line, point: int) -> tuple[int, ...]:
    return tuple(point // step % trip for trip, step, apart in line.digits if apart)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(first=lines(), second=lines(), band=limits)
def test_iterations_meet_where_their_points_do(first: Line, second: Line, band: Limits) -> None:
    pairs = product(range(first.size), range(second.size))
    met = {(context(first, i), context(second, j)) for i, j in pairs if is_inside(i, j, *band)}
    assert meeting(first, second, *band) == len(met)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(first=lines(), second=lines(), band=limits)
def test_tiles_span_the_points_they_hold_in_the_order_of_the_visits(first: Line, second: Line, band: Limits) -> None:
    spatial, temporal = (tuple(_loops(first, second, apart)) for apart in (True, False))
    tiles: dict[tuple[tuple[int, ...], ...], list[tuple[int, int]]] = {}
    for point in product(range(first.size), range(second.size)):
        if is_inside(*point, *band):
            visit = tuple(tuple(_index(point, loop) for loop in loops) for loops in (spatial, temporal))
            tiles.setdefault(visit, []).append(point)
    grid = spread(spatial, temporal, (Side(first.size, first.tile), Side(second.size, second.tile)), *band)
    ordered = [tiles[visit] for visit in sorted(tiles)]
    assert grid.points.tolist() == [len(points) for points in ordered]
    for rank in (0, 1):
        assert grid.firsts[rank].tolist() == [min(point[rank] for point in points) for points in ordered]
        assert grid.lasts[rank].tolist() == [max(point[rank] for point in points) for points in ordered]
    assert np.count_nonzero(grid.turn == -1) == len({visit[0] for visit in tiles})


def _loops(first: Line, second: Line, apart: bool) -> list[Loop]:
    """The loops of both ranks that do or do not count apart, taken as spatial and temporal ones."""
    both = ((is_second, *digit) for is_second, line in enumerate((first, second)) for digit in line.digits)
    chosen = (digit for digit in both if digit[3] == apart)
    return [Loop(bool(is_second), at, trip, step) for at, (is_second, trip, step, _) in enumerate(chosen)]


def _index(point: tuple[int, int], loop: Loop) -> int:
    return point[loop.is_second] // loop.step % loop.trip
