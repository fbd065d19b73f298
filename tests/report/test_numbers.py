"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap.quantity import PREFIXES, engineering
from polymap.report.numbers import count, objective, percent, scientific, share


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1 J"),
        (0.99999, "1 J"),
        (999.96, "1 kJ"),
        (1e-3, "1 mJ"),
        (6.5625e-9, "6.563 nJ"),
        (-2e-6, "-2 uJ"),
        (0.0, "0 J"),
        (math.inf, "inf J"),
        (math.nan, "nan J"),
        (1e-30, "1e-12 aJ"),
        (1e21, "1e+06 PJ"),
    ],
)
def test_engineering_notation_keeps_four_digits(value: float, text: str) -> None:
    assert engineering(value, "J") == text


@given(st.floats(min_value=1e-17, max_value=1e17))
def test_engineering_notation_reads_back_to_four_digits(value: float) -> None:
    number, unit = engineering(value, "J").split()
    exponent = {prefix: power for power, prefix in PREFIXES.items()}[unit[:-1]]
    assert float(number) * 10.0**exponent == pytest.approx(value, rel=6e-4)
    assert 1 <= float(number) < 1000


def test_only_a_gap_of_exactly_zero_is_shown_as_zero() -> None:
    assert percent(0.0) == "0 %"
    assert percent(1e-9) == "1e-07 %"


def test_what_is_absent_is_a_dash() -> None:
    assert (percent(None), scientific(None, "J*s"), objective("edp", None)) == ("-", "-", "-")


def test_a_share_of_nothing_says_nothing() -> None:
    assert share(1.0, 0.0) is None
    assert share(1.0, math.inf) is None


def test_thousands_are_set_apart() -> None:
    assert count(118013952) == "118,013,952"


@pytest.mark.parametrize(("name", "text"), [("energy", "1 nJ"), ("latency", "1 ns"), ("edp", "1.000e-09 J*s")])
def test_an_objective_is_shown_in_its_own_unit(name: str, text: str) -> None:
    assert objective(name, 1e-9) == text
