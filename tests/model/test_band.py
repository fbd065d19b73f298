"""Boxes, iterations and rounds of two tied ranks, against enumeration of the points."""

from __future__ import annotations

from itertools import product
from typing import TypeAlias

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polymap.model.band import Window
from polymap.model.digits import Digit, starts
from polymap.model.lines import Kind, Line
from polymap.model.meeting import meeting
from polymap.model.onsets import onsets
from polymap.model.sums import sums_by_difference, sums_of_pairs
from tests.model.lines import Index, Tile, lines, tiles, touched, windows

Case: TypeAlias = tuple[Line, Line, Window]

law = settings(deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def cases(draw: st.DrawFn, kinds: tuple[Kind, ...], least_loops: int = 0) -> Case:
    first, second = draw(lines(kinds, 0, least_loops)), draw(lines(kinds, 1, least_loops))
    return first, second, draw(windows(first, second))


def met(first: Line, second: Line, window: Window) -> list[tuple[Tile, Tile]]:
    """Pairs of tiles that have a point in common with the band."""
    return [pair for pair in product(tiles(first), tiles(second)) if touched(pair[0].points, pair[1].points, window)]


@settings(law, max_examples=500)
@given(case=cases(tuple(Kind)))
def test_iterations_meet_where_some_of_their_tiles_do(case: Case) -> None:
    assert meeting(*case) == len({(one.apart, other.apart) for one, other in met(*case)})


@settings(law, max_examples=300)
@given(case=cases(tuple(Kind), least_loops=2))
def test_instances_begin_a_round_with_their_first_tile_that_holds_points(case: Case) -> None:
    first, second, _ = case
    order = [loop.position for line in (first, second) for loop in line.loops if loop.kind is Kind.MOVING]
    begun: dict[tuple[Index, ...], Index] = {}
    for one, other in met(*case):
        time = tuple(x for _, x in sorted(zip(order, one.moving + other.moving)))
        instance = (one.apart, other.apart, one.shared, other.shared)
        begun[instance] = min(time, begun.get(instance, time))
    assert onsets(*case) == len({(instance[:2], time) for instance, time in begun.items()})


@settings(law, max_examples=300)
@given(case=cases((Kind.APART,)))
def test_the_largest_tile_is_found_near_the_middle_of_the_band(case: Case) -> None:
    first, second, window = case
    boxes = [
        [(i, j) for i in one.points for j in other.points if window.low <= i - j <= window.high]
        for one, other in met(*case)
    ]
    assert window.largest(first, second, window.points) == max(map(len, boxes))
    assert window.largest(first, second, window.touched) == max(len({i for i, _ in points}) for points in boxes)
    assert window.points(0, first.size, second.size) == sum(map(len, boxes))


@settings(law, max_examples=200)
@given(some=st.lists(st.integers(0, 12), min_size=1), digits=st.lists(st.integers(1, 4), max_size=3), data=st.data())
def test_sums_occur_as_often_as_pairs_make_them(some: list[int], digits: list[int], data: st.DataObject) -> None:
    unit, step, walked = data.draw(st.integers(1, 3)), 1, list[Digit]()
    for trip in digits:
        walked.insert(0, Digit(trip, step * unit))
        step *= trip + data.draw(st.integers(0, 1))
    last = data.draw(st.integers(1, int(np.prod(digits, initial=1))))
    first = data.draw(st.integers(0, last - 1))
    added = [unit * x + y for x in some for y in starts(walked, last)[first:]]
    for made in (sums_of_pairs, sums_by_difference):
        values, times = made(unit * np.array(some), walked, first, last, unit)
        assert dict(zip(values.tolist(), times.tolist())) == {value: added.count(value) for value in added}
