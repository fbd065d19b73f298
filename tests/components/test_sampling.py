"""Sample-and-hold: a capacitor, as large as noise has it."""

from __future__ import annotations

from math import log

import pytest

import polymap as pm
from polymap.components.sampling import SIGMA_LEAST

AT_130 = {"node": "130 nm", "voltage": "1.8 V", "extrapolate": True}


def hold(**attributes: object) -> pm.Component:
    return pm.component("sample_hold", **attributes, model="hold_capacitor", technology={"node": "45 nm"})


def test_it_charges_a_capacitor_to_the_value() -> None:
    found = hold(resolution=8, capacitance="10 fF", reference="0.5 V")
    assert found.action("sample", input=1).energy_pj == pytest.approx(10e-15 * 0.25 * 1e12)
    assert found.action("sample", input=[1, 1, 2]).energy_pj == pytest.approx(10e-15 * 0.25 * 1e12 * 0.625)


def test_noise_makes_it_independent_of_the_reference() -> None:
    """12 k T 4^N, whatever the voltage."""
    energies = [hold(resolution=12, reference=f"{volts} V").action("sample", input=1).energy_pj for volts in (0.5, 1.0)]
    assert energies[0] == pytest.approx(energies[1])
    assert energies[0] == pytest.approx(12 * 1.380649e-23 * 300 * 4**12 * 1e12)


def test_its_error_is_how_far_a_published_one_lies_above() -> None:
    published = pm.component("sample_hold", design="neurram", resolution=8, technology={"node": "130 nm"})
    least = pm.component("sample_hold", resolution=8, model="hold_capacitor", technology=AT_130)
    ratio = published.action("sample").energy_pj / least.action("sample").energy_pj
    assert log(ratio) == pytest.approx(SIGMA_LEAST, abs=0.1)


def test_the_published_one_answers_where_it_is_named() -> None:
    found = pm.component("sample_hold", design="neurram", resolution=8, technology={"node": "130 nm"})
    assert found.model.name == "neurram_sample_hold"
    assert found.action("sample").energy_pj == pytest.approx(1.2)
