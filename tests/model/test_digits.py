"""Tiles of a rank that hold points, counted from the loops' digits, against plain enumeration."""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import prod

from hypothesis import given, settings
from hypothesis import strategies as st

from polymap.model.digits import Block, Digit, Group, Role, blocks, groups, run_length, start, starts


@st.composite
def ranks(draw: st.DrawFn) -> tuple[tuple[Digit, ...], int, int]:
    """Loops of a rank, some size that they cover, and the points of a tile; at most one loop is LATER."""
    tile, trips = draw(st.integers(1, 3)), draw(st.lists(st.integers(1, 4), max_size=4))
    roles = draw(st.lists(st.sampled_from(list(Role)), min_size=len(trips), max_size=len(trips)))
    digits = tuple(Digit(trip, tile * prod(trips[i + 1 :]), role) for i, (trip, role) in enumerate(zip(trips, roles)))
    return digits, draw(st.integers(1, tile * prod(trips))), tile


def enumerated(digits: tuple[Digit, ...], room: int, tile: int) -> dict[Group, int]:
    """Every index, kept or not by the roles, sorted into groups."""
    found: dict[tuple[int, ...], list[int]] = {}
    for index in product(*(range(digit.trip) for digit in digits)):
        at = sum(x * digit.step for x, digit in zip(index, digits))
        if at < room and all(_is_kept(x, digit) for x, digit in zip(index, digits)):
            context = tuple(x for x, digit in zip(index, digits) if digit.role is not Role.TOGETHER)
            found.setdefault(context, []).append(min(tile, room - at))
    return Counter((len(sizes), sizes[-1]) for sizes in found.values())


def _is_kept(x: int, digit: Digit) -> bool:
    return {Role.FIRST: x == 0, Role.LATER: x > 0}.get(digit.role, True)


@settings(max_examples=400, deadline=None)
@given(rank=ranks())
def test_groups_are_those_of_the_enumerated_tiles(rank: tuple[tuple[Digit, ...], int, int]) -> None:
    assert groups(*rank) == enumerated(*rank)


@settings(max_examples=200, deadline=None)
@given(rank=ranks(), data=st.data())
def test_blocks_hold_the_first_tiles_each_once(rank: tuple[tuple[Digit, ...], int, int], data: st.DataObject) -> None:
    digits = rank[0]
    count = data.draw(st.integers(1, prod(digit.trip for digit in digits)))
    assert sorted(at for block in blocks(digits, count) for at in _tiles(block)) == starts(digits, count)
    assert start(digits, count - 1) == starts(digits, count)[-1]


def _tiles(block: Block) -> list[int]:
    indices = product(*(range(digit.trip) for digit in block.digits))
    return [block.start + sum(x * digit.step for x, digit in zip(index, block.digits)) for index in indices]


@settings(max_examples=200, deadline=None)
@given(
    trips=st.lists(st.tuples(st.integers(1, 3), st.sampled_from((1, 1, 2))), max_size=3),
    tile=st.integers(1, 3),
    data=st.data(),
)
def test_a_run_has_the_length_of_its_tiles_or_a_gap(
    trips: list[tuple[int, int]], tile: int, data: st.DataObject
) -> None:
    digits, step = list[Digit](), tile
    for trip, gap in trips:
        digits.insert(0, Digit(trip, step * gap))
        step *= gap * trip
    count = data.draw(st.integers(1, prod(digit.trip for digit in digits)))
    last = data.draw(st.integers(1, tile))
    sizes = [tile] * (count - 1) + [last]
    points = {at + x for at, size in zip(starts(digits, count), sizes) for x in range(size)}
    gapless = len(points) == max(points) + 1
    assert run_length(digits, (count, last), tile) == (len(points) if gapless else None)


def test_groups_of_a_huge_rank_are_counted_at_once() -> None:
    digits = (Digit(2**30, 2**30), Digit(2**30, 1, Role.TOGETHER))
    assert groups(digits, 2**60 - 1, 1) == {(2**30, 1): 2**30 - 1, (2**30 - 1, 1): 1}
