"""Laws of analog components, on any attributes: more costs more, supplies count in squares, light has no node."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polymap as pm
from polymap.components.memory_cells import cells

NODES = st.floats(22, 180)
SIZES = st.integers(1, 512)
CELLS = st.sampled_from(sorted(cells()))
SHARES = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


def array(cell: str, rows: int, columns: int, node_nm: float, **technology: object) -> pm.Component:
    asked = {"rows": rows, "columns": columns, "cell": cell, "read_voltage": "0.2 V", "read_time": "5 ns"}
    return pm.component("cim_array", **asked, technology={"node": f"{node_nm} nm", **technology})


@given(CELLS, SIZES, SIZES, NODES)
@settings(max_examples=60, deadline=None)
def test_an_array_of_twice_the_rows_or_columns_costs_more(cell: str, rows: int, columns: int, node_nm: float) -> None:
    small = array(cell, rows, columns, node_nm)
    for large in (array(cell, 2 * rows, columns, node_nm), array(cell, rows, 2 * columns, node_nm)):
        assert large.action("step").energy_pj > small.action("step").energy_pj
        assert large.area_um2 > small.area_um2
        assert large.leakage_uw > small.leakage_uw


@given(CELLS, SHARES, SHARES, SHARES)
@settings(max_examples=60, deadline=None)
def test_more_ones_never_cost_less(cell: str, low: float, high: float, weight: float) -> None:
    found = array(cell, 16, 16, 45)
    low, high = sorted((low, high))
    energies = [found.action("step", input=ones, weight=weight).energy_pj for ones in (low, high)]
    assert energies[0] <= energies[1] * (1 + 1e-12)
    energies = [found.action("cell", input=weight, weight=ones).energy_pj for ones in (low, high)]
    assert energies[0] <= energies[1] * (1 + 1e-12)


@given(st.integers(4, 14), st.floats(1e6, 5e9), st.floats(7, 130))
@settings(max_examples=60, deadline=None)
def test_a_better_or_older_converter_takes_more(bits: int, rate_hz: float, node_nm: float) -> None:
    def pj(bits: int, node_nm: float) -> float:
        asked = {"resolution": bits, "sample_rate": f"{rate_hz} Hz", "model": "adc_survey_best"}
        return pm.component("adc", **asked, technology={"node": f"{node_nm} nm"}).action("convert").energy_pj

    assert pj(bits + 1, node_nm) > pj(bits, node_nm)
    assert pj(bits, 1.2 * node_nm) > pj(bits, node_nm)


@given(st.floats(0.7, 1.1), st.floats(0.7, 1.1))
@settings(max_examples=40, deadline=None)
def test_charge_goes_with_the_square_of_the_supply(low: float, high: float) -> None:
    steps = []
    for volts in (low, high):
        at = {"node": "45 nm", "voltage": f"{volts} V"}
        steps.append(pm.component("cim_array", rows=64, columns=64, cell="sram_jia", technology=at).action("step"))
    ratio = steps[1].energy_pj / steps[0].energy_pj
    assert ratio == pytest.approx((high / low) ** 2, rel=1e-9)


@given(CELLS, st.floats(0.8, 1.1))
@settings(max_examples=30, deadline=None)
def test_no_area_depends_on_a_supply(cell: str, share: float) -> None:
    nominal, other = array(cell, 16, 16, 45), array(cell, 16, 16, 45, voltage=f"{1.1 * share} V")
    assert other.area_um2 == nominal.area_um2
    adc = {"resolution": 8, "sample_rate": "100 MHz"}
    areas = [
        pm.component("adc", **adc, technology={"node": "45 nm", "voltage": f"{volts} V"}).area_um2
        for volts in (1.1, 1.1 * share)
    ]
    assert areas[0] == areas[1]
