"""Compounds of macros that compute in place: their numbers are those of array, converters and registers."""

from __future__ import annotations

import pytest

import polymap as pm

AT_32 = {"node": "32 nm"}
SHAPE = {"rows": 64, "columns": 32, "cell": "rram_isaac"}
MACRO = {**SHAPE, "weight_bits": "4 b", "cell_bits": "2 b", "input_bits": "8 b", "adc_bits": "6 b", "adc_rate": "1 GHz"}


def macro(**changed: object) -> pm.Component:
    return pm.component("cim_macro", **{**MACRO, **changed}, technology=AT_32)


def pj(component: pm.Component, action: str, **arguments: object) -> float:
    return component.action(action, **arguments).energy_pj


@pytest.mark.parametrize("values", [{}, {"input": 0.1, "weight": 0.3}], ids=["random", "sparse"])
def test_a_product_takes_all_steps_of_rows_columns_and_cells(values: dict[str, float]) -> None:
    """8 steps; 2 cells in a weight, so 16 weights in a row; each column is converted and added in each step."""
    array = pm.component("cim_array", **SHAPE, technology=AT_32)
    inputs = pm.component("sram", capacity="512 b", width="8 b", technology=AT_32)
    outputs = pm.component("sram", capacity="256 b", width="16 b", technology=AT_32)
    adc = pm.component("adc", resolution=6, sample_rate="1 GHz", technology=AT_32)
    adder = pm.component("int_adder", bits=16, technology=AT_32)
    expected = 8 * pj(array, "step", **values)
    expected += 8 * 32 * (pj(adc, "convert") + pj(adder, "compute"))
    expected += 64 * pj(inputs, "read") + 16 * pj(outputs, "write")
    assert pj(macro(), "multiply", **values) == pytest.approx(expected, rel=1e-9)


def test_its_area_is_that_of_the_array_once_and_of_what_stands_at_its_edges() -> None:
    parts = [
        pm.component("cim_array", **SHAPE, technology=AT_32),
        pm.component("sram", capacity="512 b", width="8 b", technology=AT_32),
        pm.component("sram", capacity="256 b", width="16 b", technology=AT_32),
        *(2 * [pm.component("adc", resolution=6, sample_rate="1 GHz", technology=AT_32)]),
        *(2 * [pm.component("int_adder", bits=16, technology=AT_32)]),
    ]
    found = macro(adcs=2)
    assert found.area_um2 == pytest.approx(sum(part.area_um2 for part in parts), rel=1e-9)
    assert found.leakage_uw == pytest.approx(sum(part.leakage_uw for part in parts), rel=1e-9)


def test_fewer_steps_take_fewer_conversions() -> None:
    assert pj(macro(step_bits="2 b"), "multiply") < pj(macro(), "multiply")


def test_the_cells_of_a_weight_work_at_the_same_time() -> None:
    """2 cells of 1 ns each, in 8 steps: 16 times the energy of one, 8 times its time."""
    one = pm.component("cim_array", **SHAPE, technology=AT_32).action("cell")
    weight = {**SHAPE, "weight_bits": "4 b", "cell_bits": "2 b", "input_bits": "8 b"}
    found = pm.component("cim_cells", **weight, technology=AT_32).action("compute")
    assert found.energy_pj == pytest.approx(16 * one.energy_pj, rel=1e-12)
    assert found.delay_ns == pytest.approx(8 * one.delay_ns, rel=1e-12)


def test_values_reach_the_machine_as_arguments() -> None:
    text = """
polymap: architecture/1
name: macro
technology: {node: 32 nm}
clock: 1 MHz
hierarchy:
  - {memory: DRAM, width: 64 b, energy: {read: 100 pJ, write: 100 pJ}}
  - compute: MAC
    component: {cim_cells: {rows: 64, columns: 32, cell: rram_isaac, weight_bits: 8 b, input_bits: 8 b}}
    arguments: {compute: {input: DENSITY, weight: 0.5}}
"""
    full, sparse = (pm.architecture(text.replace("DENSITY", density)).compute for density in ("1", "[3, 1]"))
    assert float(sparse.energy_pj) == pytest.approx(float(full.energy_pj) / 4, rel=1e-5)
