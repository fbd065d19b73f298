"""Tiles of one data coordinate, apart or together, against sets of values."""

from __future__ import annotations

from itertools import product
from math import prod

from hypothesis import given, settings
from hypothesis import strategies as st

from polymap.model.digits import Digit, starts
from polymap.model.windows import Part, Slide, apart, together

COEFFICIENTS = (1, 2, 3, -1, -2, 4)


@st.composite
def parts(draw: st.DrawFn) -> Part:
    """A rank with up to two loops, gaps between them, and perhaps fewer tiles and a short last one."""
    tile, digits = draw(st.integers(1, 3)), list[Digit]()
    step = tile
    for trip in draw(st.lists(st.integers(1, 3), max_size=2)):
        step *= draw(st.sampled_from((1, 1, 2)))
        digits.insert(0, Digit(trip, step))
        step *= trip
    most = prod(digit.trip for digit in digits)
    count = draw(st.sampled_from((most, draw(st.integers(1, most)))))
    group = (count, draw(st.sampled_from((tile, draw(st.integers(1, tile))))))
    return Part(draw(st.sampled_from(COEFFICIENTS)), tile, tuple(digits), group)


coordinates = st.lists(parts(), min_size=1, max_size=3).map(tuple)


def tiles(part: Part) -> list[range]:
    """The points of every tile of the group."""
    sizes = [part.tile] * (part.count - 1) + [part.last]
    return [range(start, start + size) for start, size in zip(starts(part.digits, part.count), sizes)]


def held(members: tuple[Part, ...], points: tuple[range, ...], exact: bool) -> frozenset[int]:
    """The values that a tile touches, or all between the least and the greatest."""
    coefficients = [part.coefficient for part in members]
    values = {sum(c * x for c, x in zip(coefficients, point)) for point in product(*points)}
    return frozenset(values if exact else range(min(values), max(values) + 1))


@settings(max_examples=500, deadline=None)
@given(members=coordinates, exact=st.booleans())
def test_tiles_together_hold_the_union_of_their_values(members: tuple[Part, ...], exact: bool) -> None:
    union = frozenset[int]().union(*(held(members, points, exact) for points in product(*map(tiles, members))))
    assert together(members, exact) == len(union)


@settings(max_examples=500, deadline=None)
@given(members=coordinates, exact=st.booleans())
def test_equal_tiles_count_once(members: tuple[Part, ...], exact: bool) -> None:
    different = {held(members, points, exact) for points in product(*map(tiles, members))}
    assert apart(members, None, exact) == sum(map(len, different))


@settings(max_examples=500, deadline=None)
@given(members=coordinates, exact=st.booleans(), far=st.sampled_from((1, 1, 2)), data=st.data())
def test_what_is_new_after_a_slide_is_what_the_tile_before_did_not_hold(
    members: tuple[Part, ...], exact: bool, far: int, data: st.DataObject
) -> None:
    moving = data.draw(st.sampled_from(range(len(members))))
    turned = members if members[moving].coefficient > 0 else tuple(map(_turned, members))
    step = turned[moving].tile * far
    different = set()
    for points in product(*map(tiles, turned)):
        start = points[moving].start - step
        before = (*points[:moving], range(start, start + turned[moving].tile), *points[moving + 1 :])
        different.add(held(turned, points, exact) - held(turned, before, exact))
    assert apart(turned, Slide(moving, step), exact) == sum(map(len, different))


def _turned(part: Part) -> Part:
    return Part(-part.coefficient, part.tile, part.digits, part.group)
