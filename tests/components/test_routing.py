"""Wires, links, crossbars and routers: the sources' numbers, sums of parts, and laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polymap as pm
from polymap.components import aladdin, registers, routing, wires
from polymap.components.component import Component
from polymap.components.logic import multiplexer
from polymap.components.model import CannotPrice
from polymap.components.records import records
from polymap.components.registers import File
from polymap.components.technology import Technology
from polymap.components.wires import KINDS, per_mm
from polymap.errors import SpecError

AT_45 = {"node": "45 nm"}


def wire(length: str = "1 mm", bits: str = "1 b", **rest: object) -> Component:
    return pm.component("wire", length=length, bits=bits, model="cacti7_wire", **{"technology": AT_45, **rest})


# wires


@pytest.mark.parametrize(
    "row", records("cacti_wires"), ids=lambda row: f"{row['device']} {row['node_nm']} {row['kind']}"
)
def test_wires_are_cactis_at_its_nodes(row: dict[str, str]) -> None:
    asked = Technology(float(row["node_nm"]))
    for unit, column in wires.COLUMNS.items():
        assert per_mm(unit, row["device"], row["kind"], asked).value == pytest.approx(float(row[column]), rel=1e-12)


def test_a_transfer_is_bits_that_change_times_length() -> None:
    one = wire().action("transfer", activity=1).energy_pj
    assert one == pytest.approx(0.375659)
    assert wire("250 um", "64 b").action("transfer").energy_pj == pytest.approx(one * 0.25 * 64 / 2)
    assert wire("2 mm").action("transfer", activity=0).energy_pj == 0
    assert wire("2 mm").action("transfer").delay_ns == pytest.approx(2 * 0.43133)
    assert wire("2 mm", "8 b").leakage_uw == pytest.approx(16 * 9.25384e-5)


@given(st.floats(7, 178), st.sampled_from(KINDS), st.sampled_from(["lstp", "hp"]))
def test_energies_of_wires_grow_with_the_node_without_steps(node: float, kind: str, device: str) -> None:
    here, next_to_it, larger = (per_mm("pJ", device, kind, Technology(node * f)).value for f in (1, 1 + 1e-9, 1.01))
    assert here == pytest.approx(next_to_it, rel=1e-6)
    assert here <= larger


def test_more_delay_takes_less_energy() -> None:
    for unit, order in (("pJ", 1), ("ns", -1)):
        found = [per_mm(unit, "lstp", kind, Technology(45)).value for kind in KINDS[:5]]
        assert found == sorted(found, reverse=order < 0)


def test_sources_of_wires_disagree() -> None:
    """Constants in use for a millimetre of wire are up to 17 times apart."""
    by_capacitance = pm.component("wire", length="1 mm", bits="1 b", technology=AT_45, model="capacitive_wire")
    assert by_capacitance.action("transfer", activity=1).energy_pj == pytest.approx(0.2 * 1.1**2 / 2)
    assert wire().action("transfer", activity=1).energy_pj > 2 * by_capacitance.action("transfer", activity=1).energy_pj


def test_the_supply_shows_and_delay_is_not_told_at_another_one() -> None:
    low = wire(technology={"node": "45 nm", "voltage": "1 V"})
    assert low.action("transfer").energy_pj == pytest.approx(wire().action("transfer").energy_pj / 1.1**2)
    assert low.action("transfer").delay_ns is None
    with pytest.raises(SpecError, match=r"too far from the 1\.10 V"):
        wire(technology={"node": "45 nm", "voltage": "0.5 V"})


@pytest.mark.parametrize("node", ["5 nm", "250 nm"])
def test_nodes_outside_of_all_tables_are_refused(node: str) -> None:
    with pytest.raises(SpecError, match="outside of the scaling table"):
        wire(technology={"node": node})
    found = wire(technology={"node": node, "extrapolate": True})
    assert found.action("transfer").energy.origin.extrapolated


def test_an_unknown_kind_is_told() -> None:
    with pytest.raises(SpecError, match="did you mean `overhead_30`"):
        wire(kind="overhead30")


# links


def test_a_link_is_a_wire_and_a_register() -> None:
    link = pm.component("link", length="1 mm", bits="64 b", technology=AT_45)
    register = registers.priced(File(1, 64), "write", Technology(45)).value
    assert link.action("transfer").energy_pj == pytest.approx(wire(bits="64 b").action("transfer").energy_pj + register)
    assert link.area_um2 == registers.priced(File(1, 64), "area", Technology(45)).value
    assert link.leakage_uw > wire(bits="64 b").leakage_uw
    quiet = link.action("transfer", activity=0).energy_pj
    assert quiet == pytest.approx(register)


# crossbars


def test_a_crossbar_of_one_input_and_four_outputs_is_aladdins() -> None:
    found = pm.component("crossbar", inputs=1, outputs=4, bits="32 b", technology={"node": "40 nm"})
    assert found.action("transfer").energy_pj == pytest.approx(0.6804)
    assert found.area_um2 == pytest.approx(569.5)
    assert found.leakage is None


def test_crossbars_grow_with_inputs_outputs_and_bits() -> None:
    def cost(inputs: int, outputs: int, bits: int) -> tuple[float, float]:
        found = pm.component("crossbar", inputs=inputs, outputs=outputs, bits=f"{bits} b", technology=AT_45)
        return found.action("transfer").energy_pj, found.area_um2

    start = cost(4, 4, 32)
    for larger in (cost(8, 4, 32), cost(4, 8, 32), cost(4, 4, 64)):
        assert larger[0] > start[0]
        assert larger[1] > start[1]
    extra = multiplexer("energy", 4, 32, Technology(45)).value
    assert start[0] == pytest.approx(cost(1, 4, 32)[0] + extra)


# routers


def router(**attributes: object) -> Component:
    return pm.component("router", technology={"node": "32 nm"}, **attributes)


def test_a_router_is_the_sum_of_its_parts() -> None:
    found = router(bits="128 b", model="parts_router").action("hop").energy
    parts = found.origin.parts
    assert len(parts) == 5
    assert sum((part.weight or 0) * (part.value or 0) for part in parts) == pytest.approx(found.value)


def test_routers_grow_with_flits_ports_and_buffers() -> None:
    start = router(bits="128 b", model="parts_router")
    for more in ({"ports": 8}, {"depth": 8}):
        larger = router(bits="128 b", **more)
        assert larger.action("hop").energy_pj > start.action("hop").energy_pj
        assert larger.area_um2 > start.area_um2
        assert larger.leakage_uw > start.leakage_uw
    assert router(bits="256 b", model="parts_router").area_um2 == pytest.approx(2 * start.area_um2)


def test_the_router_of_isaac_is_its_own_and_the_parts_are_within_a_factor_of_three() -> None:
    isaac, parts = (router(bits="256 b", model=name) for name in ("isaac_router", "parts_router"))
    assert isaac.action("hop").energy_pj == pytest.approx(20.74)
    assert isaac.area_um2 == pytest.approx(150_000)
    assert 1 / 3 < parts.action("hop").energy_pj / isaac.action("hop").energy_pj < 3
    assert router(bits="128 b", model="isaac_router").action("hop").energy_pj == pytest.approx(10.37)


def test_attributes_that_only_one_router_knows_choose_it() -> None:
    assert router(bits="64 b", depth=2).model.name == "parts_router"


@pytest.mark.parametrize("model", [*wires.MODELS, *routing.MODELS], ids=lambda model: model.name)
def test_what_a_model_does_not_know_it_refuses(model: object) -> None:
    values = {"length": "1 mm", "bits": "64 b", "inputs": 2, "outputs": 2}
    needed = {a.name: values[a.name] for a in model.attributes if a.is_required}  # type: ignore[attr-defined]
    found = pm.component(model.prices, technology=AT_45, model=model.name, **needed)  # type: ignore[attr-defined]
    for amount in (found.area, found.leakage, *(action.energy for action in found.priced)):
        assert amount is None or (amount.value > 0 and amount.sigma > 0.3 and amount.origin.citations)


def test_the_crossbar_of_the_table_begins_at_two_nanoseconds() -> None:
    with pytest.raises(CannotPrice, match="from 2 to 10 ns"):
        aladdin.unit(routing.CROSSBAR)


@pytest.mark.parametrize("name", ["wire", "link", "crossbar", "router", "mux", "int_adder"])
def test_bits_are_written_with_or_without_their_unit(name: str) -> None:
    rest = {
        "wire": {"length": "1 mm"},
        "link": {"length": "1 mm"},
        "crossbar": {"inputs": 2, "outputs": 2},
        "mux": {"inputs": 2},
    }
    with_unit, without = (
        pm.component(name, bits=bits, technology="45 nm", **rest.get(name, {})) for bits in ("32 b", 32)
    )
    assert with_unit == without


def test_operands_are_as_wide_as_the_table_goes_however_they_are_written() -> None:
    for bits in ("2000 b", 2000):
        with pytest.raises(SpecError, match="out of range"):
            pm.component("int_adder", bits=bits, technology="45 nm")
