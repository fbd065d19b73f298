"""Estimates: sums and products of amounts, of their errors and of where they come from."""

from __future__ import annotations

import pickle
from math import exp, hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap.components.estimate import Estimate, Origin, total

DEVIATIONS = st.floats(0, 2)


def amount(value: float, **errors: float) -> Estimate:
    return Estimate(value, "pJ", Origin("a table", "a paper", value, "pJ"), tuple(sorted(errors.items())))


def test_an_origin_is_built_when_it_is_read_and_only_once() -> None:
    built: list[Origin] = []

    def told() -> Origin:
        built.append(Origin("late"))
        return built[-1]

    late = Estimate(1.0, "pJ", told).times(2.0, "two").named("both")
    assert not built
    assert [part.what for part in late.origin.parts[0].parts] == ["late", "two"]
    assert late.origin is late.origin
    assert len(built) == 1


def test_estimates_told_late_and_at_once_are_the_same_value() -> None:
    at_once, late = Estimate(1.0, "pJ", Origin("a")), Estimate(1.0, "pJ", lambda: Origin("a"))
    assert at_once == late
    assert hash(at_once) == hash(late)
    assert late != Estimate(1.0, "pJ", Origin("b"))
    assert late != 1.0


def test_an_estimate_travels_to_other_processes_with_its_origin() -> None:
    sent = amount(2.0, table=0.1).times(3.0, "three", scaling=0.2)
    assert pickle.loads(pickle.dumps(sent)) == sent


@given(DEVIATIONS, DEVIATIONS, DEVIATIONS)
def test_errors_of_one_source_add_up_and_others_add_in_quadrature(one: float, same: float, other: float) -> None:
    assert amount(1.0, a=one).times(1.0, "x", a=same).sigma == pytest.approx(one + same)
    assert amount(1.0, a=one).times(1.0, "x", b=other).sigma == pytest.approx(hypot(one, other))


@given(st.floats(0.1, 10), st.floats(0.1, 10), DEVIATIONS)
def test_a_sum_of_what_shares_a_source_is_as_uncertain_as_its_parts(first: float, second: float, sigma: float) -> None:
    both = total("both", [(1, amount(first, a=sigma)), (2, amount(second, a=sigma))], "pJ")
    assert both.value == pytest.approx(first + 2 * second)
    assert both.sigma == pytest.approx(sigma)


def test_a_sum_of_independent_parts_is_surer_than_they_are() -> None:
    both = total("both", [(1, amount(1.0, a=0.2)), (1, amount(1.0, b=0.2))], "pJ")
    assert both.sigma == pytest.approx(0.2 / 2**0.5)
    assert both.interval == pytest.approx((2 * exp(-both.sigma), 2 * exp(both.sigma)))


def test_a_sum_in_another_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot hold um2"):
        total("both", [(1, Estimate.given(1.0, "um2", "an area"))], "pJ")
