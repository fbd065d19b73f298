"""DACs: closed forms against circuits that are solved code by code."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import polymap as pm
from polymap.components.dac import MODELS
from polymap.components.ladder import mean_supplied
from polymap.components.model import CannotPrice, Given
from polymap.components.technology import Technology
from polymap.components.values import Values

R2R, C2C, ARRAY = MODELS
HISTOGRAM = Values(histogram=(0.3, 0.05, 0.1, 0.0, 0.25, 0.1, 0.05, 0.15))
SPREADS = [Values(0.5), Values(0.1), Values(1.0), HISTOGRAM]


def probability(values: Values, bits: tuple[int, ...]) -> float:
    if values.histogram:
        return values.histogram[sum(bit << i for i, bit in enumerate(bits))]
    return float(np.prod([values.density if bit else 1 - values.density for bit in bits]))


def ladder_nodes(bits: tuple[int, ...]) -> tuple[np.ndarray, list[tuple[int, int, float]]]:
    """Voltages of all nodes (ground, reference, then the ladder's) and its branches (from, to, admittance)."""
    n = len(bits)
    branches = [(1 if bit else 0, i + 2, 1.0) for i, bit in enumerate(bits)]
    branches += [(i + 2, i + 3, 2.0) for i in range(n - 1)] + [(0, 2, 1.0)]
    admittances = np.zeros((n + 2, n + 2))
    for a, b, y in branches:
        admittances[[a, b], [a, b]] += y
        admittances[[a, b], [b, a]] -= y
    known = np.array([0.0, 1.0])
    inner = np.linalg.solve(admittances[2:, 2:], -admittances[2:, :2] @ known)
    return np.concatenate([known, inner]), branches


def dissipated(bits: tuple[int, ...]) -> float:
    """What all branches take, by their own voltages: Tellegen's theorem says that it is what the source supplies."""
    volts, branches = ladder_nodes(bits)
    return sum(y * (volts[a] - volts[b]) ** 2 for a, b, y in branches)


@pytest.mark.parametrize("values", SPREADS, ids=str)
def test_a_ladder_takes_what_its_branches_take_on_average(values: Values) -> None:
    expected = sum(probability(values, bits) * dissipated(bits) for bits in product((0, 1), repeat=3))
    assert mean_supplied(3, values) == pytest.approx(expected, rel=1e-12)


def test_a_ladder_puts_out_its_code() -> None:
    for bits in product((0, 1), repeat=5):
        volts, _ = ladder_nodes(bits)
        assert volts[-1] == pytest.approx(sum(bit << i for i, bit in enumerate(bits)) / 32, rel=1e-9)


@pytest.mark.parametrize("values", SPREADS, ids=str)
def test_an_array_takes_what_each_of_its_capacitors_is_charged_with(values: Values) -> None:
    expected = 0.0
    for bits in product((0, 1), repeat=3):
        capacitors = [1, *(1 << i for i in range(3))]  # the first one always at ground
        tied = [0, *bits]
        floating = sum(c * t for c, t in zip(capacitors, tied)) / 8
        charge = sum(c * t * (1 - floating) for c, t in zip(capacitors, tied))
        expected += probability(values, bits) * charge
    given = asked(unit_capacitance=2.0, input=values)
    assert ARRAY.energy("convert", given).value == pytest.approx(2.0 * 0.9**2 * expected * 1e-3, rel=1e-12)


def asked(resolution: int = 3, **written: object) -> Given:
    own = {"resolution": resolution, "sample_rate": None, "reference": 0.9, "input": Values()}
    return Given({**own, **written}, Technology(45))


def test_a_single_resistor_follows_ohms_law() -> None:
    """One bit: 2R to the reference and 2R to ground in series, for a period."""
    given = asked(1, unit_resistance=5e3, sample_rate=1e8, input=Values(1.0))
    assert R2R.energy("convert", given).value == pytest.approx(0.9**2 / 20e3 / 1e8 * 1e12, rel=1e-12)


def test_the_supply_is_the_reference_unless_one_is_given() -> None:
    at_supply = Given({**asked(unit_capacitance=1.0).values, "reference": None}, Technology(45, voltage_v=0.9))
    assert C2C.energy("convert", at_supply).value == C2C.energy("convert", asked(unit_capacitance=1.0)).value


def test_noise_sets_the_least_capacitors() -> None:
    """At 10 bits noise needs 12 k T 4^10 / V^2 = 64 fF, less than 1024 of 0.5 fF; at 14 bits it needs more."""
    ten, fourteen = (ARRAY.area(asked(n, unit_capacitance=None)).value * 2.3 for n in (10, 14))
    assert ten == pytest.approx(512)
    assert fourteen == pytest.approx(12 * 1.380649e-23 * 300 * 4**14 / 0.81 * 1e15, rel=1e-9)


@pytest.mark.parametrize("model", [R2R, C2C], ids=lambda model: model.name)
def test_more_bits_cost_more(model: object) -> None:
    written = {"unit_resistance": 5e3, "sample_rate": 1e8, "unit_capacitance": 1.0}
    energies = [model.energy("convert", asked(bits, **written)).value for bits in range(1, 13)]
    assert energies == sorted(energies)


def test_the_rate_is_the_delay() -> None:
    assert C2C.delay("convert", asked(unit_capacitance=1.0, sample_rate=1e8)).value == 10
    with pytest.raises(CannotPrice, match="no rate is stated"):
        C2C.delay("convert", asked(unit_capacitance=1.0))


def test_who_answers_follows_from_what_is_stated() -> None:
    at = {"technology": {"node": "45 nm"}}
    ladder = pm.component("dac", resolution=8, unit_resistance="5 kohm", sample_rate="100 MHz", **at)
    assert ladder.model.name == "r2r_ladder_dac"
    assert pm.component("dac", resolution=8, design="brahms", **at).model.name == "brahms_dac"
    with pytest.raises(pm.SpecError, match="give at most 16"):
        pm.component("dac", resolution=20, unit_resistance="5 kohm", sample_rate="100 MHz", **at)
