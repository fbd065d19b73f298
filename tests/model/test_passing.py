"""What is fetched while tiles of a tied rank pass by: against instances that hold sets of points."""

from __future__ import annotations

from collections import defaultdict
from math import prod
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polymap.model.band import Window
from polymap.model.lines import Kind, Line, Loop
from polymap.model.passing import arriving, coinciding, staying
from tests.model.lines import Index, Tile, lines, tiles, touched, windows

Case: TypeAlias = tuple[Line, Line, Window]
Points: TypeAlias = frozenset[int]

ROUNDS = 2


@st.composite
def cases(draw: st.DrawFn) -> Case:
    tile = draw(st.integers(1, 9))
    own = Line((), draw(st.integers(1, 3 * tile)), tile)
    passing = draw(lines())
    return own, passing, draw(windows(own, passing))


@st.composite
def narrow_bands(draw: st.DrawFn) -> Case:
    """Tiles side by side, as far from one another as the band is wide: the sets of two may be equal."""
    tile, trips = draw(st.integers(1, 2)), draw(st.lists(st.integers(2, 4), min_size=2, max_size=3))
    kinds = draw(st.permutations((Kind.MOVING, Kind.SHARED, Kind.MOVING)[: len(trips)]))
    loops = tuple(
        Loop(at, trip, tile * prod(trips[at + 1 :]), kind) for at, (trip, kind) in enumerate(zip(trips, kinds))
    )
    passing, own = Line(loops, tile * prod(trips), tile), draw(st.integers(3, 9))
    low, width = draw(st.integers(-3, 0)), 1 + tile * draw(st.integers(1, 3))
    return Line((), own, own), passing, Window(low, low + width - 1)


def fetched(own: Line, passing: Line, window: Window) -> list[int]:
    """Round by round: what all instances fetch, equal sets of those served together at one step counted once.

    An instance is an own tile with a value of the APART and of the SHARED loops; its steps are the MOVING ones.
    """
    passed: dict[tuple[int, Index, Index], list[Tile]] = defaultdict(list)
    for number, tile in enumerate(tiles(own)):
        for other in tiles(passing):
            if touched(tile.points, other.points, window):
                passed[number, other.apart, other.shared].append(other)
    served: list[set[tuple[int, Index, Index, Points]]] = [set() for _ in range(ROUNDS)]
    rows = list(tiles(own))
    for (number, apart, _), others in passed.items():
        held: Points = frozenset()
        for rounds in served:
            for other in sorted(others, key=lambda tile: tile.moving):
                now = touched(rows[number].points, other.points, window)
                rounds.add((number, apart, other.moving, now - held))
                held = now
    return [sum(len(new) for *_, new in rounds) for rounds in served]


@settings(max_examples=1200, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases() | narrow_bands())
def test_a_round_and_the_same_round_again_fetch_what_instances_that_hold_sets_do(case: Case) -> None:
    own, passing, window = case
    alone = passing.alone()
    again = arriving(own, alone, window) - staying(own, alone, window) - coinciding(own, passing, window)
    assert [arriving(own, passing, window), again] == fetched(own, passing, window)


def test_instances_side_by_side_that_keep_different_ends_may_need_the_same_points_again() -> None:
    """Both need points 0 and 1 again: one touches them only at first, the other has kept 2 and 3."""
    passing = Line((Loop(0, 3, 2, Kind.MOVING), Loop(1, 2, 1, Kind.SHARED)), 6, 1)
    own, window = Line((), 4, 4), Window(-1, 1)
    assert coinciding(own, passing, window) == 2
    assert fetched(own, passing, window) == [8, 5]


def test_so_may_instances_with_tiles_of_two_points() -> None:
    passing = Line((Loop(0, 3, 4, Kind.MOVING), Loop(1, 2, 2, Kind.SHARED)), 12, 2)
    own, window = Line((), 8, 8), Window(-2, 2)
    assert coinciding(own, passing, window) == 4
    assert fetched(own, passing, window) == [16, 10]
