"""Technologies as users write them."""

from __future__ import annotations

import pytest

import polymap as pm
from polymap import spec
from polymap.components.technology import Technology
from polymap.components.technology_read import technology
from polymap.errors import SpecError


def read(written: object, base: Technology | None = None) -> Technology:
    with spec.reading({"technology": written}, "components", "component/1") as top:
        return technology(top, "technology", base)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("45 nm", Technology(45)),
        ("0.09 um", Technology(90)),
        ({"node": "90 nm"}, Technology(90)),
        ({"node": "7 nm", "family": "lp", "voltage": "0.7 V"}, Technology(7, "lp", 0.7)),
        ({"node": "28 nm", "temperature": "350 K", "extrapolate": True}, Technology(28, "hp", None, 350, True)),
    ],
    ids=str,
)
def test_a_technology_is_a_node_or_a_mapping(written: object, meant: Technology) -> None:
    assert read(written) == meant


def test_what_is_left_out_is_as_around() -> None:
    around = Technology(45, "lp", 1.0, 350)
    assert read({"voltage": "0.9 V"}, around) == Technology(45, "lp", 0.9, 350)
    assert read("28 nm", around) == Technology(28, "lp", 1.0, 350)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("45", "has no unit"),
        ("0 nm", "is not more than 0"),
        ("-45 nm", "is negative"),
        ("old", "is not a quantity (length)"),
        (["45 nm"], "a list stands where one value belongs"),
        ({"node": "45 nm", "family": "hvt"}, "`hvt` is not a family of devices"),
        ({"node": "45 nm", "voltage": "0 V"}, "is not more than 0"),
        ({"node": "45 nm", "temperature": "80 C"}, "is not a unit of temperature"),
        ({"node": "45 nm", "extrapolate": "maybe"}, "is neither true nor false"),
        ({"node": "45 nm", "nodes": "45 nm"}, "nodes"),
        ({"family": "hp"}, "`node` of `technology` is missing"),
    ],
    ids=str,
)
def test_what_is_no_technology_is_told_once(written: object, said: str) -> None:
    with pytest.raises(SpecError) as error:
        read(written)
    assert len(error.value.mistakes) == 1
    assert said in str(error.value)


def test_a_component_and_a_file_take_a_node_alone() -> None:
    one = pm.component("sram", capacity="8 KiB", width="64 b", technology="45 nm")
    other = pm.component("sram", capacity="8 KiB", width="64 b", technology={"node": "45 nm"})
    assert one.action("read").energy == other.action("read").energy
    memory = {"memory": "DRAM", "width": "64 b", "component": "lpddr4", "area": "0 um2", "leakage": "0 W"}
    machine = {
        "name": "one",
        "technology": "16 nm",
        "clock": "1 GHz",
        "hierarchy": [memory, {"compute": "MAC", "component": {"int_mac": {"bits": 8}}}],
    }
    assert pm.architecture(machine).technology == (("node", "16 nm"),)
    named = pm.architecture({**machine, "technology": {"node": "16 nm"}})
    assert pm.architecture(machine).compute.energy_pj == named.compute.energy_pj


@pytest.mark.parametrize("written", ["old", {"node": "-45 nm"}, {"family": "lp"}, {"node": "45 nn"}], ids=str)
def test_no_model_is_asked_in_a_technology_that_is_not_understood(written: object) -> None:
    with pytest.raises(SpecError) as error:
        pm.component("sram", capacity="8 KiB", width="64 b", technology=written)  # type: ignore[arg-type]
    assert len(error.value.mistakes) == 1
    assert "1 nm" not in str(error.value)
    machine = {
        "name": "one",
        "technology": written,
        "clock": "1 GHz",
        "hierarchy": [
            {"memory": "DRAM", "width": "64 b", "component": "lpddr4", "area": "0 um2", "leakage": "0 W"},
            {"compute": "MAC", "component": {"int_mac": {"bits": 8}}},
        ],
    }
    with pytest.raises(SpecError) as error:
        pm.architecture(machine)
    assert len(error.value.mistakes) == 1
