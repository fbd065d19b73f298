"""Published designs: as published where they are named, with the spread of designs where they are not."""

from __future__ import annotations

from math import sqrt

import pytest

import polymap as pm
from polymap.components.adc_regression import coefficients
from polymap.components.published import MODELS
from polymap.components.records import records

AT_32 = {"node": "32 nm"}


def test_a_named_design_answers_as_it_was_published() -> None:
    adc = pm.component("adc", design="isaac", resolution=8, technology=AT_32)
    assert adc.action("convert").energy_pj == pytest.approx(16 / (8 * 1.2))
    assert adc.action("convert").energy.sigma == 0
    assert adc.area_um2 == 1200
    assert "ISCA 2016" in adc.explain("convert")


def test_without_a_name_it_has_the_spread_of_two_designs_and_the_typical_one_answers() -> None:
    asked = {"resolution": 8, "sample_rate": "1 GHz", "technology": AT_32}
    assert pm.component("adc", **asked).model.name == "adc_survey_typical"
    other = pm.component("adc", **asked, model="isaac_adc")
    pinned = other.action("convert")
    assert pinned.energy_pj == pytest.approx(1.666666667)
    assert pinned.energy.sigma == pytest.approx(sqrt(2) * coefficients()["energy_ratio_sigma_near"])
    assert other.area is not None
    assert other.area.sigma == pytest.approx(sqrt(2) * coefficients()["area_ratio_sigma_near"])


def test_at_another_node_it_is_scaled_and_says_so() -> None:
    there = pm.component("adc", design="isaac", resolution=8, technology={"node": "65 nm"}).action("convert")
    assert there.energy_pj == pytest.approx(1.666666667 * (65 / 32) ** coefficients()["e_ln_t"])
    assert there.energy.sigma > 0


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"resolution": 12}, "is published for 4, 5, 6, 7, 8, 9, 10 bits, not for 12"),
        ({"resolution": 8, "sample_rate": "2 GHz"}, "runs at up to 1200 MHz, not 2000 MHz"),
    ],
)
def test_what_was_not_published_is_refused(asked: dict[str, object], reason: str) -> None:
    with pytest.raises(pm.SpecError, match=reason):
        pm.component("adc", **asked, design="isaac", technology=AT_32)


def test_leakage_is_told_to_be_in_the_energy_of_actions() -> None:
    adc = pm.component("adc", design="isaac", resolution=8, technology=AT_32)
    assert adc.leakage_uw == 0
    assert "held in the energy of actions" in adc.explain()


def test_every_row_is_in_a_model() -> None:
    assert sum(len(model.rows) for model in MODELS) == len(records("published_converters"))
