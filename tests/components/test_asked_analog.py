"""Analog components as a user asks for them: attributes as text, the model chosen, values as arguments."""

from __future__ import annotations

import pytest

import polymap as pm

ISAAC = {"rows": 128, "columns": 128, "cell": "rram_isaac"}


def test_the_typical_adc_answers_unless_the_best_is_pinned() -> None:
    asked = {"resolution": 8, "sample_rate": "1 GHz"}
    typical = pm.component("adc", **asked, technology={"node": "32 nm"})
    best = pm.component("adc", **asked, technology={"node": "32 nm"}, model="adc_survey_best")
    assert typical.model.name == "adc_survey_typical"
    assert best.action("convert").energy_pj == pytest.approx(0.8 * 1.7137119697683674)
    assert "2404.06553" in typical.explain("convert")


def test_values_are_arguments_of_actions() -> None:
    array = pm.component("cim_array", **ISAAC, technology={"node": "32 nm"})
    dark = array.action("cell", input=0.1, weight=[1, 0, 0, 0]).energy_pj
    assert 0 < dark < array.action("cell").energy_pj
    assert array.action("cell", input=[1, 1], weight=0.5).energy_pj == array.action("cell").energy_pj


def test_a_misspelt_cell_is_told_with_the_nearest() -> None:
    with pytest.raises(pm.SpecError, match=r"`rram_isac` is not known here\n.*did you mean `rram_isaac`"):
        pm.component("cim_array", rows=8, columns=8, cell="rram_isac", technology={"node": "32 nm"})
