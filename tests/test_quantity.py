"""Quantities: decimal numbers with units, read exactly."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap import quantity
from polymap.quantity import UNITS, Misread


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("16 b", 16),
        ("16b", 16),
        ("448 B", 3584),
        ("64 KiB", 64 * 1024 * 8),
        ("108 KB", 108 * 1000 * 8),
        ("108 kB", 108 * 1000 * 8),
        ("0.5 MiB", 512 * 1024 * 8),
        ("2 Kib", 2048),
        ("192 GiB", 192 * 1024**3 * 8),
        ("1e3 bytes", 8000),
    ],
)
def test_a_capacity_is_whole_bits_with_binary_and_decimal_prefixes_apart(text: str, bits: int) -> None:
    assert quantity.capacity_bits(text) == bits


def test_words_are_as_wide_as_the_memory_says() -> None:
    assert quantity.capacity_bits("12 words", 16) == 192
    assert quantity.width_bits("1 word", 24) == 24


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (quantity.energy_pj, "3.2 pJ", Fraction(16, 5)),
        (quantity.energy_pj, "0.1 nJ", Fraction(100)),
        (quantity.energy_pj, "0 pJ", Fraction(0)),
        (quantity.energy_pj, "7 fJ", Fraction(7, 1000)),
        (quantity.frequency_hz, "200 MHz", Fraction(200_000_000)),
        (quantity.power_w, "1 mW", Fraction(1, 1000)),
        (quantity.power_w, "0.86 uW", Fraction(86, 10**8)),
        (quantity.power_w, "0.86 µW", Fraction(86, 10**8)),
        (quantity.area_um2, "120 um2", Fraction(120)),
        (quantity.area_um2, "0.1 mm2", Fraction(100_000)),
        (quantity.area_um2, "0.1 mm^2", Fraction(100_000)),
        (quantity.area_um2, "3 μm²", Fraction(3)),
        (quantity.time_s, "2 ms", Fraction(1, 500)),
        (quantity.edp_js, "2 nJ*s", Fraction(1, 500_000_000)),
    ],
)
def test_a_measure_is_an_exact_rational(read: Callable[[object], Fraction], text: str, value: Fraction) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("text", "clock_hz", "per_cycle", "in_words"),
    [
        ("16 words/cycle", 1, Fraction(16), True),
        ("128 b/cycle", 1, Fraction(128), False),
        ("4 B / cycle", 1, Fraction(32), False),
        ("3.2 GB/s", 200_000_000, Fraction(128), False),
        ("1 GiB/s", 10**9, Fraction(8 * 1024**3, 10**9), False),
        ("100 words/s", 50, Fraction(2), True),
    ],
)
def test_a_rate_is_per_clock_cycle_in_bits_or_words(
    text: str, clock_hz: int, per_cycle: Fraction, in_words: bool
) -> None:
    assert quantity.rate(text, Fraction(clock_hz)) == (per_cycle, in_words)


def _rate(value: object) -> tuple[Fraction, bool]:
    return quantity.rate(value, Fraction(1))


@pytest.mark.parametrize(
    ("read", "value", "message", "mend"),
    [
        (quantity.capacity_bits, 64, "`64` has no unit (capacity)", "write `64 KiB`, `64 B` or `64 words`"),
        (quantity.capacity_bits, "64", "`64` has no unit (capacity)", "write `64 KiB`, `64 B` or `64 words`"),
        (quantity.capacity_bits, "lots", "`lots` is not a quantity (capacity)", "write `64 KiB`, `64 B` or `64 words`"),
        (quantity.capacity_bits, "12 words", "`12 words` does not say how wide", "give `word:` as well"),
        (quantity.capacity_bits, "0 B", "`0 B` is not more than 0", "give a positive amount"),
        (quantity.capacity_bits, "0.3 B", "`0.3 B` is not a whole number of bits", "round it"),
        (quantity.capacity_bits, "1 kib", "`kib` is not a unit of capacity", "write `1 KiB`"),
        (quantity.capacity_bits, "1 pJ", "`pJ` is not a unit of capacity", "known units: b, bit, bits, B"),
        (quantity.capacity_bits, "200 TB", "`200 TB` is too much", "less than 2^50 bits"),
        (quantity.width_bits, "1 TB", "`1 TB` is too much", "less than 2^40 bits"),
        (quantity.energy_pj, Decimal("0.5"), "`0.5` has no unit (energy)", "write `0.5 pJ`"),
        (quantity.energy_pj, "-1 pJ", "`-1 pJ` is negative", "0 or more"),
        (quantity.energy_pj, True, "`true` is not a quantity (energy)", "write `64 pJ`"),
        (quantity.energy_pj, None, "`None` is not a quantity (energy)", "write `64 pJ`"),
        (quantity.energy_pj, "3 ppJ", "`ppJ` is not a unit of energy", "write `3 pJ`"),
        (quantity.energy_pj, "1e300 pJ", "`1e300 pJ` is out of range", "1e30"),
        (quantity.energy_pj, "1e99999999 pJ", "is not a unit of energy", "write"),
        (quantity.energy_pj, "9" * 90 + " pJ", "is not a quantity", "write `64 pJ`"),
        (quantity.frequency_hz, "0 Hz", "`0 Hz` is not more than 0", "positive"),
        (quantity.frequency_hz, "200 mhz", "`mhz` is not a unit of frequency", "write `200 MHz`"),
        (quantity.area_um2, "3 mm", "`mm` is not a unit of area", "write `3 mm2`"),
        (_rate, "3.2 GB", "`GB` is not a unit of rate", "write `3.2 GB/s`, `3.2 b/cycle` or `3.2 words/cycle`"),
        (_rate, "3.2 GB/h", "`GB/h` is not a unit of rate", "write `3.2 GB/s`"),
        (_rate, "2 foo/s", "`foo` is not a unit of rate", "write `2 GB/s`"),
        (_rate, "0 b/cycle", "`0 b/cycle` is not more than 0", "positive"),
        (quantity.number, "x", "`x` is not a number", "write a decimal number"),
        (quantity.number, False, "`false` is not a number", "write a decimal number"),
        (quantity.count, "2.5", "`2.5` is not a whole number", "write a whole number"),
        (quantity.count, 0, "`0` is out of range", "from 1 to"),
        (quantity.count, 2**40, f"`{2**40}` is out of range", f"from 1 to {2**40 - 1}"),
    ],
)
def test_a_misread_quantity_says_what_is_wrong_and_how_to_mend_it(
    read: Callable[[object], object], value: object, message: str, mend: str
) -> None:
    with pytest.raises(Misread) as caught:
        read(value)
    assert message in caught.value.message
    assert mend in caught.value.mend


_DECIMALS = st.decimals(min_value=Decimal("0.000001"), max_value=10**9, allow_nan=False, places=6)
_ALL_UNITS = [(dimension, unit) for dimension, units in UNITS.items() for unit in units]


@given(_DECIMALS, st.sampled_from(_ALL_UNITS), st.sampled_from(["", " ", "  "]))
def test_number_times_unit_is_never_rounded(number: Decimal, unit: tuple[str, str], space: str) -> None:
    dimension, name = unit
    amount = quantity.measure(f"{number}{space}{name}", dimension)
    assert amount == Fraction(str(number)) * UNITS[dimension][name]


@given(st.integers(min_value=1, max_value=2**50 - 1))
def test_a_capacity_that_is_written_is_read_back(bits: int) -> None:
    assert quantity.capacity_bits(quantity.capacity_text(bits)) == bits


@given(st.fractions(min_value=0, max_value=10**6))
def test_an_exact_number_stays_itself(value: Fraction) -> None:
    if value > Fraction(1, 10**30) or not value:
        assert quantity.number(value) == value


@given(st.text(max_size=30))
def test_any_text_is_read_or_misread_but_never_breaks(text: str) -> None:
    for dimension in UNITS:
        with suppress(Misread):
            assert quantity.measure(text, dimension) >= 0
