"""Distributions of values: their moments are those of all codes, one by one."""

from __future__ import annotations

from itertools import product

import pytest

from polymap.components.model import CannotPrice
from polymap.components.values import Values, read_values
from polymap.quantity import Misread

BITS = 3
HISTOGRAM = (0.3, 0.05, 0.1, 0.0, 0.25, 0.1, 0.05, 0.15)


def codes(values: Values) -> list[tuple[tuple[int, ...], float]]:
    """All codes, bits from the least, each with its probability."""
    found = []
    for bits in product((0, 1), repeat=BITS):
        code, ones = sum(bit << i for i, bit in enumerate(bits)), sum(bits)
        random = values.density**ones * (1 - values.density) ** (BITS - ones)
        found.append((bits, values.histogram[code] if values.histogram else random))
    return found


@pytest.mark.parametrize(
    "values", [Values(0.5), Values(0.2), Values(0.0), Values(1.0), Values(histogram=HISTOGRAM)], ids=str
)
def test_moments_are_those_of_all_codes(values: Values) -> None:
    of_codes = [(sum(bit << i for i, bit in enumerate(bits)) / 7, p) for bits, p in codes(values)]
    assert values.mean(BITS) == pytest.approx(sum(x * p for x, p in of_codes), rel=1e-12)
    assert values.mean_square(BITS) == pytest.approx(sum(x * x * p for x, p in of_codes), rel=1e-12)
    assert values.above_zero(BITS) == pytest.approx(sum(p for x, p in of_codes if x), rel=1e-12)
    for i, j in product(range(BITS), repeat=2):
        both = sum(p for bits, p in codes(values) if bits[i] and bits[j])
        assert values.together(i, j, BITS) == pytest.approx(both, rel=1e-12)


def test_single_bits_have_one_moment() -> None:
    assert Values(0.3).mean(1) == Values(0.3).mean_square(1) == 0.3 == pytest.approx(Values(0.3).above_zero(1))


def test_a_histogram_is_read_from_weights() -> None:
    assert read_values([1, 0, 3]).histogram == (0.25, 0.0, 0.75)
    assert read_values("0.3") == Values(0.3)


@pytest.mark.parametrize("wrong", [1.5, -0.1, "much", [], [1], [0, 0], [1, -1], ["a", 1]], ids=str)
def test_what_is_no_distribution_is_refused(wrong: object) -> None:
    with pytest.raises(Misread):
        read_values(wrong)


def test_a_histogram_of_other_codes_says_nothing_of_bits() -> None:
    with pytest.raises(CannotPrice, match="give 16 probabilities"):
        Values(histogram=HISTOGRAM).together(0, 1, 4)
