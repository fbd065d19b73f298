"""Scaling laws: the tables' own numbers, there and back, no matter which way, without steps at the tables' nodes."""

from __future__ import annotations

from itertools import pairwise
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap.components import cmos, itrs
from polymap.components.estimate import Estimate
from polymap.components.model import CannotPrice
from polymap.components.scaling import LAWS, QUANTITIES, bitcell_um2, scaled, step
from polymap.components.technology import Technology

KINDS = st.sampled_from(sorted(LAWS))
AMOUNTS = st.sampled_from(sorted(QUANTITIES.values()))
TABLE_NODES = (7, 10, 14, 16, 20, 32, 45, 65, 90, 130, 180)


@st.composite
def technologies(draw: st.DrawFn) -> Technology:
    """Any technology inside of the tables."""
    node, family = draw(st.floats(7, 180)), draw(st.sampled_from(["hp", "lp"]))
    nominal = cmos.nominal_v(Technology(node, family))
    share = draw(st.none() | st.floats(0.7, 1.1))
    return Technology(node, family, share and share * nominal, draw(st.floats(300, 400)))


def made(node_nm: float, family: str = "hp", voltage_v: float | None = None) -> Technology:
    return Technology(node_nm, family, voltage_v)


# numbers of the sources


def test_the_authors_example_of_energy_is_met() -> None:
    assert cmos.energy(made(32, "hp", 0.9)) == pytest.approx(0.4571, abs=5e-5)
    assert cmos.energy(made(65, "hp", 1.3)) == pytest.approx(2.604, abs=5e-4)
    found = step("energy", "cmos_logic", Technology(65, voltage_v=1.3, extrapolate=True), made(32, "hp", 0.9))
    assert found.factor == pytest.approx(0.1755, abs=1e-4)


# Table 4 as printed; its entries have two digits.
@pytest.mark.parametrize(
    ("start", "end", "printed"),
    [(180, 7, 0.0032), (130, 65, 0.23), (90, 45, 0.35), (65, 32, 0.31), (45, 7, 0.059), (32, 180, 40), (16, 10, 0.54)],
)
def test_area_follows_the_printed_table(start: float, end: float, printed: float) -> None:
    assert step("area", "cmos_logic", made(start), made(end)).factor == pytest.approx(printed, rel=0.05)


# Table 2: delay in ps and energy in fJ of an inverter at the nominal supply; it differs by up to 1.7 from table 5.
@pytest.mark.parametrize(("node", "delay", "energy"), [(16, 6.12, 0.179), (14, 4.02, 0.144), (7, 2.47, 0.111)])
def test_ratios_to_45_nm_are_those_of_the_simulated_inverters(node: float, delay: float, energy: float) -> None:
    found = [step(quantity, "cmos_logic", made(45), made(node)).factor for quantity in ("delay", "energy")]
    assert found == pytest.approx([delay / 10.9, energy / 1.05], rel=0.45)
    stated = [step(quantity, "cmos_logic", made(45), made(node)).sigma for quantity in ("delay", "energy")]
    assert all(abs(log(f * t)) <= s for f, t, s in zip(found, (10.9 / delay, 1.05 / energy), stated))


def test_families_are_kept_apart_below_65_nm_and_share_the_bulk_rows_above() -> None:
    for node in (7, 20, 32, 45):
        assert cmos.energy(made(node, "hp")) != cmos.energy(made(node, "lp"))
        assert cmos.delay(made(node, "hp")) < cmos.delay(made(node, "lp"))
    for node in (65, 90, 130, 180):
        assert cmos.delay(made(node, "hp")) == cmos.delay(made(node, "lp"))


def test_each_node_is_taken_at_its_own_nominal_supply() -> None:
    stated = [Technology(32, "hp", 0.97), Technology(7, "hp", 0.8)]
    assert step("energy", "cmos_logic", made(32), made(7)).factor == step("energy", "cmos_logic", *stated).factor


# laws


@given(AMOUNTS, KINDS, technologies())
def test_scaling_to_where_one_is_changes_nothing(quantity: str, kind: str, here: Technology) -> None:
    assert step(quantity, kind, here, here).factor == 1
    assert step(quantity, kind, here, here).sigma == 0


@given(AMOUNTS, KINDS, technologies(), technologies())
def test_there_and_back_is_one(quantity: str, kind: str, here: Technology, there: Technology) -> None:
    back = step(quantity, kind, there, here).factor
    assert step(quantity, kind, here, there).factor * back == pytest.approx(1, rel=1e-12)


@given(AMOUNTS, KINDS, technologies(), technologies(), technologies())
def test_no_factor_depends_on_the_way(
    quantity: str, kind: str, here: Technology, by: Technology, there: Technology
) -> None:
    detour = step(quantity, kind, here, by).factor * step(quantity, kind, by, there).factor
    assert step(quantity, kind, here, there).factor == pytest.approx(detour, rel=1e-12)


@pytest.mark.parametrize("family", ["hp", "lp"])
@pytest.mark.parametrize("kind", sorted(LAWS))
@pytest.mark.parametrize("quantity", sorted(QUANTITIES.values()))
def test_laws_have_no_steps_at_the_nodes_of_their_tables(quantity: str, kind: str, family: str) -> None:
    for node in (22, *TABLE_NODES[1:-1]):
        below, at, above = (made(node * factor, family) for factor in (1 - 1e-9, 1, 1 + 1e-9))
        assert step(quantity, kind, below, at).factor == pytest.approx(1, rel=1e-6)
        assert step(quantity, kind, at, above).factor == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("family", ["hp", "lp"])
@pytest.mark.parametrize("kind", ["cmos_logic", "sram_macro"])
@pytest.mark.parametrize("quantity", ["energy", "area"])
def test_larger_nodes_cost_more_with_no_exception_at_90_nm(quantity: str, kind: str, family: str) -> None:
    nodes = [7 * (180 / 7) ** (i / 200) for i in range(201)]
    for small, large in pairwise(nodes):
        assert step(quantity, kind, made(small, family), made(large, family)).factor >= 1


@given(technologies(), st.floats(0.7, 1.1), st.floats(0.7, 1.1))
def test_a_higher_supply_costs_more_energy(at: Technology, one: float, other: float) -> None:
    nominal = cmos.nominal_v(at)
    low, high = (Technology(at.node_nm, at.family, share * nominal) for share in sorted((one, other)))
    assert step("energy", "cmos_logic", low, high).factor >= 1
    assert step("energy", "sram_macro", low, high).factor >= 1


@pytest.mark.parametrize("quantity", sorted(QUANTITIES.values()))
def test_photonic_devices_have_no_cmos_node(quantity: str) -> None:
    assert step(quantity, "photonic", made(45), made(7)).factor == 1


def test_a_resistive_cell_scales_its_area_with_f_squared_and_nothing_else() -> None:
    factors = {quantity: step(quantity, "rram_cell", made(40), made(20)).factor for quantity in QUANTITIES.values()}
    assert factors == {"energy": 1, "delay": 1, "area": 0.25, "leakage": 1}


def test_leakage_energy_delay_and_area_each_have_their_own_law() -> None:
    factors = {step(quantity, "cmos_logic", made(45), made(7)).factor for quantity in QUANTITIES.values()}
    assert len(factors) == 4


def test_low_power_devices_leak_less_as_roadmaps_say_with_a_wide_error() -> None:
    found = step("leakage", "cmos_logic", made(45), made(45, "lp"))
    assert 1 / 10_000 < found.factor < 1 / 500
    assert found.sigma > 2
    currents = [itrs.typical_leakage(device) for device in ("lstp", "lop", "hp")]
    assert currents == sorted(currents)


# temperature


@given(technologies(), st.floats(300, 400), st.floats(300, 400), st.sampled_from(itrs.DEVICES))
def test_leakage_grows_with_temperature(at: Technology, one: float, other: float, device: str) -> None:
    cool, hot = (Technology(at.node_nm, temperature_k=kelvin) for kelvin in sorted((one, other)))
    assert itrs.leakage_ratio(device, cool) <= itrs.leakage_ratio(device, hot) * (1 + 1e-12)
    assert itrs.leakage_ratio(device, Technology(at.node_nm)) == 1


def test_the_currents_of_the_source_are_met() -> None:
    assert itrs.leakage_ratio("hp", Technology(45, temperature_k=380)) == pytest.approx((8.03e-7 + 3.59e-8) / 3.159e-7)


def test_temperature_changes_leakage_alone() -> None:
    hot = Technology(45, temperature_k=380)
    assert [step(quantity, "cmos_logic", made(45), hot).factor for quantity in ("energy", "delay", "area")] == [1] * 3
    assert step("leakage", "cmos_logic", made(45), hot).factor > 2


# the ends of the tables


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Technology(5), "5 nm is outside of the scaling table (7 to 180 nm)"),
        (Technology(250), "250 nm is outside of the scaling table (7 to 180 nm)"),
        (
            Technology(45, voltage_v=0.5),
            "0.5 V is too far from the 1.10 V of 45 nm; state a voltage from 0.77 to 1.21 V",
        ),
        (Technology(45, voltage_v=2.5), "2.5 V is too far"),
    ],
)
def test_outside_of_the_tables_is_an_error_that_says_what_is_inside(asked: Technology, said: str) -> None:
    with pytest.raises(CannotPrice) as refusal:
        step("energy", "cmos_logic", made(45), asked)
    assert said in str(refusal.value)
    assert "extrapolate: true" in str(refusal.value)


@pytest.mark.parametrize("kelvin", [250, 420])
def test_leakage_outside_of_its_temperatures_is_an_error(kelvin: float) -> None:
    with pytest.raises(CannotPrice, match="from 300 to 400 K"):
        step("leakage", "cmos_logic", made(45), Technology(45, temperature_k=kelvin))


def test_who_extrapolates_is_told_so_in_every_number() -> None:
    gate = Estimate.given(1.0, "pJ", "a gate")
    inside = scaled(gate, "cmos_logic", made(45), made(7))
    beyond = scaled(gate, "cmos_logic", made(45), Technology(5, extrapolate=True))
    assert not inside.origin.extrapolated
    assert beyond.origin.extrapolated
    assert beyond.value < inside.value


def test_extrapolation_does_not_make_up_negative_amounts() -> None:
    with pytest.raises(CannotPrice, match="means nothing"):
        step("energy", "cmos_logic", made(180), Technology(180, voltage_v=0.5, extrapolate=True))


# errors


def test_a_step_names_its_error_and_where_it_comes_from() -> None:
    there = scaled(Estimate.given(1.0, "pJ", "a gate"), "cmos_logic", made(32), made(7))
    assert dict(there.errors).keys() == {"scaling_energy"}
    assert there.sigma == pytest.approx(0.46, abs=0.01)
    assert "Stillmaker" in " ".join(there.origin.citations)


@given(AMOUNTS, technologies(), technologies(), technologies())
def test_errors_grow_with_the_distance(quantity: str, here: Technology, by: Technology, there: Technology) -> None:
    direct = step(quantity, "cmos_logic", here, there).sigma
    detour = step(quantity, "cmos_logic", here, by).sigma + step(quantity, "cmos_logic", by, there).sigma
    assert direct <= detour + 1e-9


def test_the_cells_of_the_macro_law_shrink_less_than_logic_at_small_nodes() -> None:
    cells = bitcell_um2(made(7)) / bitcell_um2(made(16))
    assert cells > step("area", "cmos_logic", made(16), made(7)).factor
