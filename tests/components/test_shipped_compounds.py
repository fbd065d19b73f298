"""The compounds that ship: each is found by its name, priced, and costs what its parts cost."""

from __future__ import annotations

import pytest

import polymap as pm
from polymap import spec
from polymap.components.amount import number
from polymap.components.component import Component
from polymap.components.compound import Compound
from polymap.components.plugins import registry
from polymap.components.shipped import COMPOUNDS, MODULES

NODE = {"node": "45 nm"}
SMART = {"capacity": "8 KiB", "width": "64 b"}


def part(whole: Component, name: str) -> Component:
    """The part as the compound asks for it."""
    assert isinstance(whole.model, Compound)
    found = next(each for each in whole.model.parts if each.name == name)
    return whole.model._component(found, whole.given)


@pytest.mark.parametrize("name", spec.shipped(COMPOUNDS))
def test_every_compound_is_called_as_its_file_and_says_what_it_is(name: str) -> None:
    (model,) = (model for model in registry().models(name) if isinstance(model, Compound))
    assert model.prices == model.name == name
    assert model.what
    assert model.source
    assert name not in {prices for classes in MODULES.values() for prices in classes}


def test_a_smart_buffer_is_an_sram_with_two_addresses_and_an_adder() -> None:
    whole = pm.component("smart_buffer", **SMART, technology=NODE)
    sram = pm.component("sram", **SMART, technology=NODE)
    address = pm.component("register", width="10 b", technology=NODE)
    adder = pm.component("int_adder", bits=10, technology=NODE)
    beside = address.action("read").energy_pj + adder.action("compute").energy_pj + address.action("write").energy_pj
    assert whole.action("read").energy_pj == pytest.approx(sram.action("read").energy_pj + beside, rel=1e-12)
    assert whole.action("write").energy_pj == pytest.approx(sram.action("write").energy_pj + beside, rel=1e-12)
    assert whole.area_um2 == pytest.approx(sram.area_um2 + 2 * address.area_um2 + adder.area_um2, rel=1e-12)
    assert whole.action("read").delay_ns == sram.action("read").delay_ns
    assert whole.leakage_uw == pytest.approx(sram.leakage_uw + 2 * address.leakage_uw + adder.leakage_uw, rel=1e-12)


def test_a_smart_buffer_of_one_word_has_an_address_of_one_bit() -> None:
    one = pm.component("smart_buffer", capacity="64 b", width="64 b", technology={**NODE, "extrapolate": True})
    assert part(one, "address").width_bits == 1


def test_a_register_mac_loads_as_many_operands_as_it_is_told() -> None:
    whole = pm.component("register_mac", technology=NODE)
    once = part(whole, "operand").action("write").energy_pj
    both, none = (whole.action("compute", loads=loads).energy_pj for loads in (2, 0))
    assert whole.action("compute").energy_pj == both
    assert both - none == pytest.approx(2 * once)
    assert whole.attributes == (("bits", number(8)), ("accumulator", number(32)))


def test_a_systolic_pe_holds_two_weights_and_one_activation() -> None:
    pe = pm.component("systolic_pe", bits=8, accumulator=24, technology=NODE)
    assert pe.actions == ("compute", "load")
    assert pe.action("load").energy_pj == part(pe, "weight").action("write").energy_pj
    areas = {name: part(pe, name).area_um2 for name in ("unit", "operand", "sum", "weight")}
    expected = areas["unit"] + areas["operand"] + areas["sum"] + 2 * areas["weight"]
    assert pe.area_um2 == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["smart_buffer", "register_mac", "systolic_pe"])
def test_a_smaller_node_costs_less(name: str) -> None:
    attributes = SMART if name == "smart_buffer" else {}
    new, old = (pm.component(name, **attributes, technology={"node": node}) for node in ("32 nm", "65 nm"))
    action = new.actions[0]
    assert new.action(action).energy_pj < old.action(action).energy_pj
    assert new.area_um2 < old.area_um2
