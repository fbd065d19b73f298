"""Transistors and wires as loads: capacitance per width and length, leakage per width.

From the roadmaps' device tables as CACTI 7 carries them (`specs/components/transistors.csv`), interpolated between
nodes in logarithms. Wires have 0.2 fF per um at every node: their cross-sections shrink alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from polymap.components import cmos, itrs
from polymap.components.estimate import Origin
from polymap.components.logarithmic import along
from polymap.components.model import CannotPrice
from polymap.components.records import records
from polymap.components.technology import Technology

SOURCE = "CACTI 7, tech_params (ITRS)"
WIRE_FF_UM = 0.2


@dataclass(frozen=True)
class Transistors:
    """Per um of width: fF of a gate, fF of a drain, nA that leak through one that is off; the supply in V."""

    gate_ff_um: float
    drain_ff_um: float
    off_na_um: float
    supply_v: float
    origin: Origin


@lru_cache(maxsize=1024)
def transistors(technology: Technology) -> Transistors:
    """The transistors of a technology. Raises CannotPrice outside of the table, unless it may be left: nearest node."""
    nodes = _column(technology.family, "node_nm")
    outside = not nodes[0] <= technology.node_nm <= nodes[-1]
    if outside and not technology.extrapolate:
        covers = f"{nodes[0]:g} to {nodes[-1]:g} nm for {technology.family}"
        mend = "state `extrapolate: true` for those of the nearest node"
        raise CannotPrice(f"transistors are known from {covers}, not in {technology}", mend)
    node_nm = min(max(technology.node_nm, nodes[0]), nodes[-1])
    names = ("gate_ff_um", "drain_ff_um", "off_na_um")
    gate_ff_um, drain_ff_um, off_na_um = (along(nodes, _column(technology.family, name), node_nm) for name in names)
    off_na_um *= itrs.leakage_ratio(itrs.OF_FAMILY[technology.family], technology)
    origin = Origin(f"transistors in {technology}", SOURCE, gate_ff_um, "fF/um of gate", outside=outside)
    return Transistors(gate_ff_um, drain_ff_um, off_na_um, cmos.supply_v(technology), origin)


@cache
def _column(family: str, name: str) -> tuple[float, ...]:
    """A column of the table, from the smallest node."""
    rows = sorted(
        (float(row["node_nm"]), float(row[name])) for row in records("transistors") if row["family"] == family
    )
    return tuple(amount for _, amount in rows)
