"""Machines made of components: mapped and priced end to end, and their numbers are those of their parts."""

from __future__ import annotations

from pathlib import Path

import pytest

import polymap as pm
from polymap.architecture.hierarchy import Architecture, Array
from polymap.spec import specs_folder

ROLES = {"input": "I", "weight": "W", "output": "O"}
GEMM = pm.einsum("O[m,n] += I[m,k] * W[k,n]", m=16, k=64, n=32, roles=ROLES)
CONV = pm.einsum("O[k,p,q] += I[c,p+r,q+s] * W[k,c,r,s]", k=16, c=8, p=8, q=8, r=3, s=3, roles=ROLES)
OTHER_NODES = {
    "eyeriss_65nm": ("65 nm", "45 nm"),
    "simba_16nm": ("16 nm", "22 nm"),
    "tpu_v4i_like": ("7 nm", "10 nm"),
    "isaac_like": ("32 nm", "45 nm"),
    "sram_cim_like": ("65 nm", "45 nm"),
    "albireo_like": ("7 nm", "16 nm"),
}
AT_32 = {"node": "32 nm"}


def text_of(name: str) -> str:
    return (Path(specs_folder()) / "architectures" / f"{name}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", OTHER_NODES)
@pytest.mark.parametrize("work", [GEMM, CONV], ids=["gemm", "conv"])
def test_a_layer_is_mapped_with_proof_and_its_numbers_say_where_they_come_from(name: str, work: object) -> None:
    result = pm.optimize(work, name)
    assert result.status == "optimal"
    assert result.value == result.lower_bound
    priced = [level for level in result.architecture.hierarchy if not isinstance(level, Array) and level.component]
    assert priced
    for level in priced:
        assert level.estimates
        assert all(estimate.origin.citations for action, estimate in level.estimates if estimate.value)


@pytest.mark.parametrize("name", OTHER_NODES)
def test_a_change_of_the_technology_changes_the_result(name: str) -> None:
    here, there = OTHER_NODES[name]
    changed = pm.architecture(text_of(name).replace(f"node: {here}", f"node: {there}"))
    nest = pm.optimize(GEMM, name).mapping
    assert pm.evaluate(GEMM, changed, nest).energy_pj != pm.evaluate(GEMM, name, nest).energy_pj


def by_parts_pj(machine: Architecture) -> dict[str, float]:
    """What one input of all 128 rows costs in one crossbar of 16 weights, from its parts."""
    array = pm.component("cim_array", rows=128, columns=128, cell="rram_isaac", technology=AT_32)
    cell, column = (array.action(action).energy_pj for action in ("cell", "column"))
    adc = pm.component("adc", design="isaac", resolution=8, technology=AT_32).action("convert").energy_pj
    adder = pm.component("shift_add", design="isaac", resolution=16, technology=AT_32).action("add").energy_pj
    dac = pm.component("dac", design="isaac", resolution=1, technology=AT_32).action("convert").energy_pj
    registers = {
        name: pm.component("sram", capacity=f"{memory.capacity_bits} b", width="16 b", technology=AT_32)
        for name, memory in (("inputs", machine.memory("inputs")), ("outputs", machine.memory("outputs")))
    }
    return {
        "inputs": 128 * (registers["inputs"].action("read").energy_pj + 16 * dac),
        "outputs": 16 * (registers["outputs"].action("write").energy_pj + 16 * 8 * (column + adc + adder)),
        "MAC": 16 * 128 * 128 * cell,
    }


def test_a_step_of_a_crossbar_costs_what_its_converters_lines_and_cells_do() -> None:
    """16 steps of one bit; 8 columns of 2 bits for each of 16 weights; the weights are there already."""
    machine = pm.architecture("isaac_like")
    work = pm.einsum("O[m,n] += I[m,k] * W[k,n]", m=4, k=128, n=16, roles=ROLES)
    nest = """
chip holds I W O
buffer holds I O
for m in 4
inputs holds I
outputs holds O
parallel n in 16 on weight
parallel k in 128 on row
weights holds W
compute
"""
    cost = pm.evaluate(work, machine, nest)
    parts = by_parts_pj(machine)
    inputs = sum(each.reads for each in cost.traffic if each.level == "inputs")
    outputs = sum(each.updates for each in cost.traffic if each.level == "outputs")
    assert inputs * float(machine.memory("inputs").read_pj) == pytest.approx(4 * parts["inputs"], rel=1e-5)
    assert outputs * float(machine.memory("outputs").update_pj) == pytest.approx(4 * parts["outputs"], rel=1e-5)
    assert float(cost.compute_energy) == pytest.approx(4 * parts["MAC"], rel=1e-5)


def test_weights_stay_where_they_are_because_programming_is_dear() -> None:
    result = pm.optimize(GEMM, "isaac_like")
    weights = next(each for each in result.cost.traffic if each.level == "weights")
    assert weights.fills == 64 * 32


# Rings, modulators and lasers; the laser of the last is given at 8 GHz, taken to 5 GHz there.
LIT_W = {"conservative": (7.52, 3.45, 2.36), "moderate": (0.94, 0.43, 0.09), "aggressive": (0.38, 0.17, 0.12 * 5 / 8)}


@pytest.mark.parametrize("scenario", LIT_W)
def test_albireos_light_takes_the_published_power(scenario: str) -> None:
    """Of the whole machine, and published with two digits."""
    text = text_of("albireo_like")
    for part in ("albireo_inputs", "albireo_weights", "albireo_outputs", "albireo_mac"):
        text = text.replace(f"component: {part}", f"component: {{{part}: {{design: albireo_{scenario}}}}}")
    machine = pm.architecture(text)
    lit = [machine.memory("inputs"), machine.memory("weights"), machine.compute]
    watts = sum(float(level.leakage_w) * machine.instances(level.name) for level in lit)
    assert watts == pytest.approx(sum(LIT_W[scenario]), rel=0.03)


def test_factors_of_the_sram_macro_stay_in_sight() -> None:
    outputs = pm.architecture("sram_cim_like").memory("outputs")
    update = dict(outputs.estimates)["update"]
    assert "calibrated: 1.79 pJ of a conversion at 0.85 V" in str(update.origin)
    assert any("Jia et al." in citation for citation in update.origin.citations)
