"""Photonic devices: published powers, a loss budget, a charge; and no technology changes them."""

from __future__ import annotations

import pytest

import polymap as pm
from polymap.components.photonics import MODELS
from polymap.components.records import records

SCENARIOS = {"conservative": (11.3, 3.1, 1.94, 0.6), "moderate": (1.41, 0.388, 0.0713, 0.3)}
SCENARIOS["aggressive"] = (0.565, 0.155, 0.0713, 0.0375)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_albireos_scenarios_are_designs(scenario: str) -> None:
    mzm, mrr, laser, tia = (pm.component(name, design=f"albireo_{scenario}") for name in ("mzm", "mrr", "laser", "tia"))
    in_mw = (mzm.leakage_uw / 1e3, mrr.leakage_uw / 1e3, laser.leakage_uw / 1e3)
    assert (*in_mw, tia.action("convert").energy_pj) == pytest.approx(SCENARIOS[scenario])


@pytest.mark.parametrize("row", records("photonics"), ids=lambda row: f"{row['class']} {row['design']}")
def test_a_technology_changes_nothing_and_is_told_so(row: dict[str, str]) -> None:
    free = pm.component(row["class"], design=row["design"])
    at_7, at_65 = (
        pm.component(row["class"], design=row["design"], technology={"node": node}) for node in ("7 nm", "65 nm")
    )
    for found in (at_7, at_65):
        assert (found.area_um2, found.leakage_uw) == (free.area_um2, free.leakage_uw)
        assert found.action(row["action"]).energy_pj == free.action(row["action"]).energy_pj
    assert "not scaled: 65 nm HP, 300 K changes nothing of a photonic device" in at_65.explain()


def test_a_passive_device_takes_nothing_and_says_that_it_is_passive() -> None:
    awg = pm.component("awg", design="albireo")
    assert (awg.action("route").energy_pj, awg.leakage_uw) == (0, 0)
    assert "passive" in awg.explain("route")


def test_a_laser_makes_up_for_what_is_lost() -> None:
    """10 uW behind 20 dB are 1 mW of light, 5 mW of power at 20 %."""
    laser = pm.component("laser", receiver_power="10 uW", loss="20 dB", wall_plug_efficiency=0.2)
    assert laser.leakage_uw == pytest.approx(5000)
    lossless = pm.component("laser", receiver_power="10 uW", loss=0, wall_plug_efficiency=1)
    assert lossless.leakage_uw == pytest.approx(10)


def test_a_modulator_takes_a_quarter_of_c_v_squared() -> None:
    ring = pm.component("mrr", capacitance="20 fF", drive_voltage="2 V", tuning_power="100 uW")
    assert ring.action("modulate").energy_pj == pytest.approx(0.02)
    assert ring.leakage_uw == pytest.approx(100)


def test_a_design_that_does_not_exist_is_told() -> None:
    with pytest.raises(pm.SpecError, match=r"`albireo` is not known here"):
        pm.component("mzm", design="albireo")


@pytest.mark.parametrize(("loss", "efficiency"), [("-3 dB", 0.2), (3, 0), (3, 2), ("much", 0.5)])
def test_impossible_budgets_are_refused(loss: object, efficiency: object) -> None:
    with pytest.raises(pm.SpecError):
        pm.component("laser", receiver_power="10 uW", loss=loss, wall_plug_efficiency=efficiency)


def test_every_device_is_in_a_model() -> None:
    assert sum(len(getattr(model, "devices", ())) for model in MODELS) == len(records("photonics"))
