"""Transistors and wires as loads: capacitance per width and length, leakage per width, the nominal supply.

From the roadmaps' device tables as CACTI 7 carries them (`specs/components/transistors.csv`), interpolated between
nodes in logarithms. Wires have 0.2 fF per um at every node: their cross-sections shrink alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import exp, log

from polymap.components.estimate import Origin
from polymap.components.model import CannotPrice
from polymap.components.records import records
from polymap.components.technology import Technology

SOURCE = "CACTI 7, tech_params (ITRS)"
WIRE_FF_UM = 0.2
_COLDEST_K, _STEP_K, _HOTTEST_K = 300.0, 50.0, 400.0


@dataclass(frozen=True)
class Transistors:
    """Per um of width: fF of a gate, fF of a drain, nA that leak through one that is off; the supply in V."""

    gate_ff_um: float
    drain_ff_um: float
    off_na_um: float
    supply_v: float
    origin: Origin


def transistors(technology: Technology) -> Transistors:
    """The transistors of a technology. Raises CannotPrice outside of the table, unless it may be left: nearest node."""
    rows = _rows(technology.family)
    inside = rows[0][0] <= technology.node_nm <= rows[-1][0]
    hot = not _COLDEST_K <= technology.temperature_k <= _HOTTEST_K
    if (not inside or hot) and not technology.extrapolate:
        covers = f"{rows[0][0]:g} to {rows[-1][0]:g} nm for {technology.family}, 300 to 400 K"
        raise CannotPrice(f"transistors are known at {covers}, not in {technology}", "state `extrapolate: true`")
    columns = _between(rows, technology.node_nm)
    nominal_v, gate_ff_um, drain_ff_um, *off = columns
    off_na_um = _at_temperature(off, technology.temperature_k)
    supply_v = nominal_v if technology.voltage_v is None else technology.voltage_v
    origin = Origin(f"transistors in {technology}", SOURCE, gate_ff_um, "fF/um of gate", outside=not inside or hot)
    return Transistors(gate_ff_um, drain_ff_um, off_na_um, supply_v, origin)


@cache
def _rows(family: str) -> tuple[tuple[float, ...], ...]:
    """Node and the logarithms of all columns, from the smallest node."""
    found = [row for row in records("transistors") if row["family"] == family]
    names = [name for name in found[0] if name not in ("family", "node_nm")]
    return tuple(sorted((float(row["node_nm"]), *(log(float(row[name])) for name in names)) for row in found))


def _between(rows: tuple[tuple[float, ...], ...], node_nm: float) -> list[float]:
    """All columns at a node, linear in logarithms; beyond the ends those of the nearest node."""
    node_nm = min(max(node_nm, rows[0][0]), rows[-1][0])
    above = next(i for i, row in enumerate(rows) if row[0] >= node_nm)
    low, high = rows[max(above - 1, 0)], rows[above]
    weight = log(node_nm / low[0]) / log(high[0] / low[0]) if high is not low else 1.0
    return [exp(a + weight * (b - a)) for a, b in zip(low[1:], high[1:])]


def _at_temperature(off: list[float], kelvin: float) -> float:
    """Leakage grows exponentially between the temperatures of the table."""
    at = (min(max(kelvin, _COLDEST_K), _HOTTEST_K) - _COLDEST_K) / _STEP_K
    step = min(int(at), len(off) - 2)
    return off[step] * exp((at - step) * log(off[step + 1] / off[step]))
