"""Arithmetic and small logic: the numbers of the tables, each operand counted, two sources side by side."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polymap as pm
from polymap.components.logic import MODELS
from polymap.components.model import CannotPrice, Given, Model
from polymap.components.technology import Technology
from polymap.errors import SpecError

AT_40, AT_45 = Technology(40), Technology(45, "hp", 0.9)
BY_NAME = {model.name: model for model in MODELS}
FORMATS = {"fp16": (5, 10), "bf16": (8, 7), "fp32": (8, 23), "fp64": (11, 52), "fp8": (4, 3)}


def asked(model: Model, technology: Technology, **values: object) -> Given:
    return Given({**{a.name: a.default for a in model.attributes if not a.is_required}, **values}, technology)


def energy(name: str, technology: Technology = AT_40, **values: object) -> float:
    model = BY_NAME[name]
    return model.energy("compute", asked(model, technology, **values)).value


def floating(name: str, format_name: str, technology: Technology = AT_40) -> float:
    exponent, mantissa = FORMATS[format_name]
    return energy(name, technology, exponent=exponent, mantissa=mantissa)


# the tables


@pytest.mark.parametrize(
    ("name", "bits", "energy_pj"),
    [
        ("horowitz_int_adder", 8, 0.03),
        ("horowitz_int_adder", 16, 0.05),
        ("horowitz_int_adder", 32, 0.1),
        ("horowitz_int_multiplier", 8, 0.2),
        ("horowitz_int_multiplier", 32, 3.1),
    ],
)
def test_integers_of_horowitz_are_his(name: str, bits: int, energy_pj: float) -> None:
    assert energy(name, AT_45, bits=bits) == pytest.approx(energy_pj)


@pytest.mark.parametrize(
    ("name", "format_name", "energy_pj"),
    [
        ("horowitz_fp_adder", "fp16", 0.4),
        ("horowitz_fp_adder", "fp32", 0.9),
        ("horowitz_fp_multiplier", "fp16", 1.1),
        ("horowitz_fp_multiplier", "fp32", 3.7),
        ("aladdin_fp_adder", "fp32", 16.679),
        ("aladdin_fp_adder", "fp64", 43.754),
        ("aladdin_fp_multiplier", "fp32", 35.3),
        ("aladdin_fp_multiplier", "fp64", 113.763),
    ],
)
def test_formats_of_the_tables_are_theirs_and_not_scaled(name: str, format_name: str, energy_pj: float) -> None:
    """Elsewhere single precision is taken at (31/32)^2 of itself, for its bits without the sign."""
    technology = AT_45 if name.startswith("horowitz") else AT_40
    assert floating(name, format_name, technology) == pytest.approx(energy_pj)


@pytest.mark.parametrize(
    ("name", "energy_pj"),
    [("aladdin_int_adder", 0.21), ("aladdin_int_multiplier", 12.68), ("aladdin_comparator", 0.02947)],
)
def test_32_bits_of_aladdin_are_the_units_as_synthesised(name: str, energy_pj: float) -> None:
    assert energy(name, bits=32) == pytest.approx(energy_pj)


def test_a_slower_clock_has_a_unit_of_its_own() -> None:
    assert energy("aladdin_int_multiplier", bits=32, clock=6.0) == pytest.approx(8.63)
    with pytest.raises(CannotPrice, match=r"from 1 to 10 ns, not 0\.5 ns"):
        energy("aladdin_fp_adder", exponent=8, mantissa=23, clock=0.5)


# what others get wrong


def test_bitwise_logic_costs_per_bit() -> None:
    """Elsewhere the 32-bit unit is multiplied by the bits."""
    assert energy("aladdin_bitwise", bits=32) == pytest.approx(0.0181)
    assert energy("aladdin_bitwise", bits=8) == pytest.approx(0.0181 / 4)


@pytest.mark.parametrize("unit", ["fp_adder", "fp_multiplier", "fp_mac"])
@pytest.mark.parametrize("source", ["horowitz", "aladdin"])
def test_formats_of_equal_size_are_not_the_same(source: str, unit: str) -> None:
    """bfloat16 multiplies 8 by 8 bits, half precision 11 by 11."""
    name = f"{source}_{unit}"
    assert floating(name, "bf16") < floating(name, "fp16") < floating(name, "fp32") < floating(name, "fp64")
    assert floating(name, "fp8") < floating(name, "bf16")


def test_the_sources_disagree_and_each_is_told() -> None:
    ratios = {
        "int32 add": energy("aladdin_int_adder", AT_45, bits=32) / energy("horowitz_int_adder", AT_45, bits=32),
        "int32 multiply": energy("aladdin_int_multiplier", AT_45, bits=32) / 3.1,
        "fp32 add": floating("aladdin_fp_adder", "fp32", AT_45) / 0.9,
    }
    assert 1.5 < ratios["int32 add"] < 2.5
    assert 3 < ratios["int32 multiply"] < 4.5
    assert 12 < ratios["fp32 add"] < 20
    models = [BY_NAME["horowitz_int_multiplier"], BY_NAME["aladdin_int_multiplier"]]
    spread = [model.energy("compute", asked(model, AT_45, bits=32)).sigma for model in models]
    assert spread[0] < spread[1]


# laws


@given(st.sampled_from(["int_adder", "int_multiplier", "int_mac"]), st.integers(1, 64), st.integers(1, 64))
def test_more_bits_cost_no_less(unit: str, one: int, other: int) -> None:
    for source in ("horowitz", "aladdin"):
        few, many = (energy(f"{source}_{unit}", bits=bits) for bits in sorted((one, other)))
        assert few <= many


@given(st.integers(1, 11), st.integers(0, 52), st.integers(0, 52), st.sampled_from(["fp_adder", "fp_multiplier"]))
def test_more_mantissa_or_exponent_costs_more(exponent: int, one: int, other: int, unit: str) -> None:
    for source in ("horowitz", "aladdin"):
        name, (few, many) = f"{source}_{unit}", sorted((one, other))
        assert energy(name, exponent=exponent, mantissa=few) <= energy(name, exponent=exponent, mantissa=many)
        less, more = (energy(name, exponent=exponent + extra, mantissa=few) for extra in (0, 1))
        assert less < more


def test_a_mac_is_a_multiplier_and_an_adder_of_the_sums_width() -> None:
    for source in ("horowitz", "aladdin"):
        parts = energy(f"{source}_int_multiplier", bits=8) + energy(f"{source}_int_adder", bits=24)
        assert energy(f"{source}_int_mac", bits=8, accumulator=24) == pytest.approx(parts)
        halves = floating(f"{source}_fp_multiplier", "bf16") + floating(f"{source}_fp_adder", "fp32")
        sums = {"accumulator_exponent": 8, "accumulator_mantissa": 23}
        assert energy(f"{source}_fp_mac", exponent=8, mantissa=7, **sums) == pytest.approx(halves)


def test_beyond_the_bits_of_the_table_the_error_grows() -> None:
    model = BY_NAME["horowitz_int_multiplier"]
    inside, beyond = (model.energy("compute", asked(model, AT_45, bits=bits)) for bits in (16, 4))
    assert "horowitz_bits" not in dict(inside.errors)
    assert dict(beyond.errors)["horowitz_bits"] > 0.1


def test_a_wider_multiplexer_costs_more_and_two_inputs_are_one() -> None:
    two = energy("aladdin_mux", inputs=2, bits=16)
    assert two == pytest.approx(energy("aladdin_bitwise", bits=16))
    assert two < energy("aladdin_mux", inputs=3, bits=16) < energy("aladdin_mux", inputs=8, bits=16)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_number_has_a_source_and_an_error(model: Model) -> None:
    values = {"bits": 8, "inputs": 4, "exponent": 8, "mantissa": 7}
    given = asked(model, Technology(16), **{a.name: values[a.name] for a in model.attributes if a.is_required})
    priced = [model.energy("compute", given)]
    for ask in (model.area, model.leakage, lambda given: model.delay("compute", given)):
        with suppress(CannotPrice):
            priced.append(ask(given))
    for amount in priced:
        assert amount.value > 0
        assert amount.sigma >= 0.5
        assert any("Aladdin" in source or "Horowitz" in source for source in amount.origin.citations)
        assert amount.origin.value == pytest.approx(amount.value)


def test_a_mac_that_horowitz_prices_leaks() -> None:
    model = BY_NAME["horowitz_int_mac"]
    assert 1 < model.leakage(asked(model, AT_45, bits=8)).value < 10


# as users write them


def test_the_surest_model_answers_and_a_pin_wins() -> None:
    technology = {"node": "45 nm", "voltage": "0.9 V"}
    assert pm.component("int_mac", bits=8, technology=technology).model.name == "horowitz_int_mac"
    pinned = pm.component("int_mac", bits="8 b", technology=technology, model="aladdin_int_mac")
    assert (
        pinned.action("compute").energy_pj
        > pm.component("int_mac", bits=8, technology=technology).action("compute").energy_pj
    )


@pytest.mark.parametrize("bits", ["0", "-3", "eight", "2000", "1.5"])
def test_bits_that_are_none_are_told(bits: str) -> None:
    with pytest.raises(SpecError):
        pm.component("int_adder", bits=bits, technology={"node": "45 nm"})
