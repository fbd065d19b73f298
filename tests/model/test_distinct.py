"""Distinct sums of indices, and tiles that move steadily on, against plain enumeration."""

from __future__ import annotations

from itertools import product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymap.errors import PolymapError
from polymap.model.distinct import distinct
from polymap.model.sweep import swept

Rows = tuple[tuple[int, ...], ...]


def rows(least_trip: int, most: int) -> st.SearchStrategy[Rows]:
    """A few loops, each its trip and its offsets in one to three coordinates."""
    row = st.integers(1, 3).flatmap(
        lambda width: st.lists(
            st.tuples(st.integers(least_trip, 4), *[st.integers(-7, 7)] * width), min_size=1, max_size=most
        )
    )
    return row.map(tuple)


def enumerated(loops: Rows) -> int:
    indices = product(*(range(loop[0]) for loop in loops))
    return len({_sum(loops, index) for index in indices})


def _sum(loops: Rows, index: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sum(x * loop[d] for x, loop in zip(index, loops)) for d in range(1, len(loops[0])))


@settings(deadline=None)
@given(loops=rows(1, 5))
def test_distinct_sums_are_what_a_set_of_them_holds(loops: Rows) -> None:
    assert distinct(loops) == enumerated(loops)


def test_dense_split_and_two_term_sums_need_no_set() -> None:
    huge = 10**12
    assert distinct(((huge, 1), (huge, huge))) == huge**2
    assert distinct(((huge, 1), (huge, 2))) == 3 * huge - 2
    assert distinct(((huge, 5), (huge, 7))) == huge**2 - (huge - 7) * (huge - 5)


def test_sums_too_wide_for_a_set_are_refused() -> None:
    with pytest.raises(PolymapError, match="limit"):
        distinct(((10**9, 5), (10**9, 7), (10**9, 11)))


def walked(extents: tuple[int, ...], loops: Rows) -> int:
    """The rule of `continuing_sweep` literally: every visit of indices 0 and 1, with its weight."""
    fetched, before, remembered = 0, None, None
    for index in product((0, 1), repeat=len(loops)):
        weight = prod(loop[0] - 1 for x, loop in zip(index, loops) if x)
        at = _sum(loops, index)
        move = None if before is None else tuple(a - b for a, b in zip(at, before))
        before = at
        if move is not None and not any(move):
            continue
        if move is not None and remembered in (None, move):
            fetched += weight * (prod(extents) - prod(max(0, e - abs(m)) for e, m in zip(extents, move)))
            remembered = move
        else:
            fetched += weight * prod(extents)
            remembered = None
    return fetched


@settings(deadline=None)
@given(loops=rows(2, 6), sizes=st.tuples(*[st.integers(1, 8)] * 3))
def test_a_continuing_sweep_is_counted_as_its_walk(loops: Rows, sizes: tuple[int, ...]) -> None:
    extents = sizes[: len(loops[0]) - 1]
    assert swept(((1, *extents), *loops)) == walked(extents, loops)


def test_a_sweep_over_many_loops_is_quick() -> None:
    loops = tuple((2, 2**k) for k in reversed(range(60)))
    assert swept(((1, 3), *loops)) == 3 + 2**60 - 1
