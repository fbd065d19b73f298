"""Fronts of labels: few vectors are compared one by one, many as an array, and both keep the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from polymap.mapper.fronts import FEW, Fronts, no_more

Vector = tuple[float, ...]
START = [(3 * i, 3 * (2 * FEW - i), 1) for i in range(2 * FEW)]  # none makes another superfluous: an array from here on
trade_offs = st.tuples(st.integers(0, 6 * FEW), st.integers(0, 6 * FEW), st.integers(0, 2))


@given(drawn=st.lists(trade_offs, max_size=60))
def test_a_front_keeps_what_no_other_vector_makes_superfluous(drawn: list[tuple[int, int, int]]) -> None:
    fronts, expected = Fronts[int](), list[Vector]()
    for vector in (tuple(map(float, each)) for each in START + drawn):
        joins = not any(no_more(other, vector) for other in expected)
        assert fronts.joins(0, vector) == joins
        if joins:
            expected = [other for other in expected if not no_more(vector, other)] + [vector]
        assert fronts.of[0] == expected
        assert all(fronts.hold(0, each) for each in expected)
