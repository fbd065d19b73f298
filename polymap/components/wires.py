"""Wires on a chip: CACTI's, with repeaters or low swing, and as a bare capacitance.

A transfer moves `bits` over `length`; a share `activity` of them differs from the one before, and each that does is a
transition of its wire. Published constants for a wire of one millimetre differ by more than ten: both are offered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from polymap.components import cmos, itrs
from polymap.components.attributes import one_of, positive, share, side_by_side
from polymap.components.estimate import Estimate, Origin
from polymap.components.logarithmic import blend, bracket
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model
from polymap.components.records import records
from polymap.components.scaling import USUAL, scaled
from polymap.components.technology import Technology

SOURCE = "HP CACTI 7 wires (cacti_wires.csv)"
CACTI_SIGMA, LEAKAGE_SIGMA, CAPACITANCE_SIGMA = 0.5, 1.0, 0.7
CAPACITANCE_PF_MM, CAPACITANCE_SOURCE = 0.2, "0.2 pF/mm, as hwcomponents' Wire has it"
COLUMNS = {"pJ": "energy_pj_per_mm", "ns": "delay_ns_per_mm", "uW": "leakage_uw_per_mm"}
KINDS = ("overhead_30", "overhead_20", "overhead_10", "overhead_5", "delay_optimal", "low_swing")

LENGTH = Attribute("length", positive("length", 1e-3), "mm", what="of the wire")
BITS = Attribute("bits", side_by_side, "b", what="wires side by side")
KIND = Attribute("kind", one_of(*KINDS), default=KINDS[0], what="repeaters: for the least delay or percents more of it")
DEVICE = Attribute("device", one_of("lstp", "hp"), default="lstp", what="ITRS device of the repeaters")
ACTIVITY = Attribute("activity", share, default=0.5, what="share of the bits that differ from the transfer before")
TRANSFER = Action("transfer", (ACTIVITY,), what="all bits once over the length")


@cache
def _table(device: str, kind: str, column: str) -> Mapping[float, float]:
    """Amount per mm by node in nm."""
    rows = [row for row in records("cacti_wires") if row["device"] == device and row["kind"] == kind]
    return {float(row["node_nm"]): float(row[column]) for row in rows}


def per_mm(unit: str, device: str, kind: str, asked: Technology) -> Estimate:
    """Energy of a transition (pJ), delay (ns) or leakage (uW) of one wire per mm, at the devices' own supply."""
    table = _table(device, kind, COLUMNS[unit])
    nodes = sorted(table)
    start = min(max(asked.node_nm, nodes[0]), nodes[-1])
    i, weight = bracket(nodes, start)
    value = blend(table[nodes[i]], table[nodes[i + 1]], weight)
    rows = ((nodes[i], 1 - weight), (nodes[i + 1], weight))
    parts = tuple(Origin(f"{kind}, {n:g} nm {device.upper()}", SOURCE, table[n], unit, w) for n, w in rows if w)
    origin = Origin(f"1 mm of wire, {kind}, {start:g} nm {device.upper()}", "", value, unit, parts=parts)
    sigma = LEAKAGE_SIGMA if unit == "uW" else CACTI_SIGMA
    found = Estimate(value, unit, origin, (("cacti7_wire", sigma),))
    family = "hp" if device == "hp" else "lp"
    there = Technology(asked.node_nm, family, None, asked.temperature_k, asked.extrapolate)
    return _at_supply(scaled(found, "wire", Technology(start, family), there), device, asked)


def _at_supply(found: Estimate, device: str, asked: Technology) -> Estimate:
    """Energy and leakage at the supply that is asked for; delay is not told at another one."""
    supply, outside = itrs.supply_share(device, asked)
    if supply == 1:
        return found
    if found.unit == "ns":
        raise CannotPrice("delays of wires are known at the devices' own supply only", "leave the voltage out")
    law, what = "energy" if found.unit == "pJ" else "leakage", f"{supply:.2f} of the devices' own supply"
    return found.times(
        itrs.of_supply(law, supply), what, cmos.SOURCE, outside, **{f"scaling_{law}": USUAL * abs(math.log(supply))}
    )


class CactiWire(Model):
    """A global wire of CACTI 7."""

    name = "cacti7_wire"
    prices = "wire"
    source = SOURCE
    attributes = (LENGTH, BITS, KIND, DEVICE)
    actions = (TRANSFER,)

    def check(self, given: Given) -> None:
        cmos.is_outside(Technology(given.technology.node_nm, extrapolate=given.technology.extrapolate))

    def energy(self, action: str, given: Given) -> Estimate:
        changes = given["activity"] * given["bits"]
        return self._per_mm("pJ", given).times(changes * given["length"], f"{changes:g} bits change{_over(given)}")

    def delay(self, action: str, given: Given) -> Estimate:
        return self._per_mm("ns", given).times(given["length"], f"{given['length']:g} mm")

    def leakage(self, given: Given) -> Estimate:
        return self._per_mm("uW", given).times(given["bits"] * given["length"], f"{given['bits']} wires{_over(given)}")

    def area(self, given: Given) -> Estimate:
        raise CannotPrice("wires run above the devices: CACTI gives no area of their repeaters")

    def _per_mm(self, unit: str, given: Given) -> Estimate:
        return per_mm(unit, given["device"], given["kind"], given.technology)


def _over(given: Given) -> str:
    return f" over {given['length']:g} mm"


class CapacitiveWire(Model):
    """A bare capacitance that is charged to the supply and discharged: half of C V^2 for a change of a bit."""

    name = "capacitive_wire"
    prices = "wire"
    source = CAPACITANCE_SOURCE
    attributes = (LENGTH, BITS)
    actions = (TRANSFER,)

    def energy(self, action: str, given: Given) -> Estimate:
        asked, changes = given.technology, given["activity"] * given["bits"]
        outside = cmos.is_outside(asked)
        supply = cmos.supply_v(asked)
        value = CAPACITANCE_PF_MM * supply**2 / 2
        parts = (
            Origin("capacitance per mm", CAPACITANCE_SOURCE, CAPACITANCE_PF_MM, "pF"),
            Origin("supply", "" if asked.voltage_v else cmos.SOURCE, supply, "V", outside=outside),
        )
        one = Estimate(value, "pJ", Origin("half of C V^2 of 1 mm", "", value, "pJ", parts=parts))
        what = f"{changes:g} bits change{_over(given)}"
        return one.times(changes * given["length"], what, "", False, wire_capacitance=CAPACITANCE_SIGMA)

    def area(self, given: Given) -> Estimate:
        raise CannotPrice("a bare wire takes no area of devices")

    def leakage(self, given: Given) -> Estimate:
        raise CannotPrice("a bare wire has no devices that leak")


MODELS: tuple[Model, ...] = (CactiWire(), CapacitiveWire())
