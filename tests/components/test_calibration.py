"""Calibration: a factor changes what it is for, leaves the raw number in sight, and says why it is there."""

from __future__ import annotations

import pytest

import polymap as pm
from polymap.components.calibration import Calibrated
from polymap.report import text

ADC = {"resolution": 8, "sample_rate": "10 MHz", "technology": {"node": "65 nm"}}
MEASURED = {"factor": 0.275, "reason": "measured at 0.85 V", "source": "Jia et al., JSSC 55(9), 2020"}


def test_a_factor_is_put_on_its_quantity_alone() -> None:
    raw, found = pm.component("adc", **ADC), pm.component("adc", **ADC, calibrate={"energy": MEASURED})
    assert found.action("convert").energy_pj == pytest.approx(0.275 * raw.action("convert").energy_pj, rel=1e-12)
    assert (found.area_um2, found.leakage_uw) == (raw.area_um2, raw.leakage_uw)
    assert found.action("convert").delay_ns == raw.action("convert").delay_ns


def test_the_raw_number_the_reason_and_the_source_stay_in_sight() -> None:
    raw, found = pm.component("adc", **ADC), pm.component("adc", **ADC, calibrate={"energy": MEASURED})
    origin = found.action("convert").energy.origin
    assert [part.value for part in origin.parts] == [raw.action("convert").energy_pj, 0.275]
    assert "calibrated: measured at 0.85 V" in found.explain("convert")
    assert MEASURED["source"] in origin.citations
    assert isinstance(found.model, Calibrated)
    assert found.model.raw == raw.model


def test_the_error_that_is_left_is_the_stated_one_or_the_models() -> None:
    raw, found = pm.component("adc", **ADC), pm.component("adc", **ADC, calibrate={"energy": MEASURED})
    assert found.action("convert").energy.sigma == raw.action("convert").energy.sigma
    surer = pm.component("adc", **ADC, calibrate={"energy": {**MEASURED, "sigma": 0.1}})
    assert surer.action("convert").energy.sigma == pytest.approx(0.1)


def test_a_factor_may_be_for_some_actions_and_counts_under_arguments() -> None:
    asked = {"rows": 64, "columns": 64, "cell": "rram_isaac", "technology": {"node": "32 nm"}}
    raw = pm.component("cim_array", **asked)
    found = pm.component("cim_array", **asked, calibrate={"energy": {**MEASURED, "actions": ["cell"]}})
    assert found.action("row").energy_pj == raw.action("row").energy_pj
    at = {"input": 0.1, "weight": [1, 2, 1]}
    assert found.action("cell", **at).energy_pj == pytest.approx(0.275 * raw.action("cell", **at).energy_pj)


def test_area_and_leakage_are_calibrated_too() -> None:
    raw = pm.component("adc", **ADC)
    found = pm.component("adc", **ADC, calibrate={name: {**MEASURED, "factor": 2} for name in ("area", "leakage")})
    assert (found.area_um2, found.leakage_uw) == (2 * raw.area_um2, 2 * raw.leakage_uw)


@pytest.mark.parametrize(
    ("calibrate", "message"),
    [
        ({"energy": {"factor": 0.5, "source": "somebody"}}, "`reason` of `energy` is missing"),
        ({"energy": {"factor": 0.5, "reason": "it looks better"}}, "`source` of `energy` is missing"),
        ({"energy": {**MEASURED, "factor": 0}}, "`0` is no factor"),
        ({"energy": {**MEASURED, "factor": -1}}, "`-1` is no factor"),
        ({"enrgy": MEASURED}, "`enrgy` is not a key here\n.*did you mean `energy`"),
        ({"energy": {**MEASURED, "actions": ["convrt"]}}, "no action `convrt`\n.*did you mean `convert`"),
    ],
    ids=["reason", "source", "zero", "negative", "quantity", "action"],
)
def test_a_factor_without_reason_or_object_is_refused(calibrate: dict[str, object], message: str) -> None:
    with pytest.raises(pm.SpecError, match=message):
        pm.component("adc", **ADC, calibrate=calibrate)


def test_a_factor_on_what_is_not_there_is_refused() -> None:
    asked = {"resolution": 8, "unit_resistance": "5 kohm", "sample_rate": "1 MHz", "technology": {"node": "32 nm"}}
    with pytest.raises(pm.SpecError, match="has no leakage that a factor could be put on"):
        pm.component("dac", **asked, calibrate={"leakage": MEASURED})


def test_a_calibrated_component_reaches_the_machine() -> None:
    machine = """
polymap: architecture/1
name: machine
clock: 100 MHz
technology: {node: 65 nm}
hierarchy:
  - {memory: DRAM, width: 64 b, energy: {read: 100 pJ, write: 100 pJ}}
  - compute: MAC
    energy: 1 pJ
    leakage: 0 W
    component:
      adc: {resolution: 8, sample_rate: 100 MHz}
      calibrate: {area: {factor: 0.5, reason: die photograph, source: a paper}}
"""
    raw = pm.component("adc", resolution=8, sample_rate="100 MHz", technology={"node": "65 nm"})
    assert pm.architecture(machine).compute.area_um2 == pytest.approx(raw.area_um2 / 2, rel=1e-5)


def test_results_name_the_factors_in_them_and_what_left_its_table() -> None:
    result = pm.optimize("gemm_64", "sram_cim_like", objective="energy")
    rows = [row for row in result.to_dict()["estimates"] if (row["level"], row["of"]) == ("outputs", "update")]
    reasons = [each["reason"] for each in rows[0]["calibrated"]]
    assert reasons == ["9.7 pJ of a column and step at 0.85 V", "1.79 pJ of a conversion at 0.85 V"]
    assert "models       calibrated: inputs, outputs, weights, MAC\n" in text(result)
    assert "models" not in text(pm.optimize("gemm_64", "simba_16nm", objective="energy"))


def test_results_of_networks_name_them_too() -> None:
    work = {
        "polymap": "workload/1",
        "name": "two",
        "einsum": "C[m,n] += A[m,k] * B[k,n]",
        "layers": [{"name": n, "ranks": {"m": 4, "n": 4, "k": size}} for n, size in (("a", 4), ("b", 8))],
    }
    said = text(pm.optimize(work, "sram_cim_like", objective="energy"))
    assert said.endswith("\n  models  calibrated: inputs, outputs, weights, MAC")
    assert "models" not in text(pm.optimize(work, "simba_16nm", objective="energy"))


def test_a_result_says_which_levels_left_their_tables() -> None:
    machine = {
        "name": "far",
        "technology": {"node": "5 nm", "extrapolate": True},
        "clock": "1 GHz",
        "hierarchy": [
            {"memory": "DRAM", "width": "64 b", "component": "lpddr4", "area": "0 um2", "leakage": "0 W"},
            {"compute": "MAC", "component": {"int_mac": {"bits": 8}}},
        ],
    }
    assert "models       extrapolated: MAC\n" in text(pm.optimize("gemm_64", machine, objective="energy"))
