"""The ITRS devices of CACTI 7: their supply, and their leakage by temperature from 300 to 400 K.

The ratio of two currents (off and gate) is the ratio of leakages. Between temperatures logarithms of current are
interpolated linearly, between nodes linearly in the logarithm of the node; below 22 and above 90 nm the ratio is that
of the end, and the supply follows the nominal ones of the scaling table.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from statistics import geometric_mean

from polymap.components import cmos
from polymap.components.logarithmic import along, blend, bracket
from polymap.components.model import CannotPrice
from polymap.components.records import records
from polymap.components.technology import ROOM_K, Technology

SOURCE = "ITRS devices of HP CACTI 7 (tech_params)"
DEVICES = ("lstp", "hp", "lop")
OF_FAMILY = {"hp": "hp", "lp": "lstp"}


@cache
def supplies_v(device: str) -> dict[float, float]:
    """Supply by node in nm that CACTI gives the device."""
    return {float(row["node_nm"]): float(row["vdd_v"]) for row in records("device_leakage") if row["device"] == device}


def own_supply_v(device: str, technology: Technology) -> float:
    """The supply the device is made for at a node, whatever supply the technology states."""
    supplies = supplies_v(device)
    nodes = sorted(supplies)
    start = min(max(technology.node_nm, nodes[0]), nodes[-1])
    own = along(nodes, [supplies[node] for node in nodes], start)
    return own * cmos.nominal_v(Technology(technology.node_nm)) / cmos.nominal_v(Technology(start))


def supply_share(device: str, technology: Technology) -> tuple[float, bool]:
    """The stated supply over the device's own, and whether that is too far from 1 for what is known.

    Raises CannotPrice if it is and the technology does not extrapolate.
    """
    if technology.voltage_v is None:
        return 1.0, False
    own = own_supply_v(device, technology)
    share = technology.voltage_v / own
    outside = not cmos.LEAST_SUPPLY - cmos.SLACK <= share <= cmos.MOST_SUPPLY + cmos.SLACK
    if outside and not technology.extrapolate:
        where = f"{device} devices at {technology.node_nm:g} nm"
        least, most = cmos.LEAST_SUPPLY * own, cmos.MOST_SUPPLY * own
        mend = f"state a voltage from {least:.2f} to {most:.2f} V, or add `extrapolate: true` to the technology"
        raise CannotPrice(f"{technology.voltage_v:g} V is too far from the {own:.2f} V of {where}", mend)
    return share, outside


def of_supply(law: str, share: float) -> float:
    """What energy (with the square of the supply) or leakage (with the supply) is multiplied by."""
    return share**2 if law == "energy" else share


@cache
def _currents(device: str, node_nm: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Temperatures in K, and off plus gate current in A per um."""
    rows = [row for row in records("device_leakage") if row["device"] == device and float(row["node_nm"]) == node_nm]
    totals = tuple(float(row["off_a_per_um"]) + float(row["gate_a_per_um"]) for row in rows)
    return tuple(float(row["temperature_k"]) for row in rows), totals


@cache
def typical_leakage(device: str) -> float:
    """Off plus gate current at 300 K in A per um of width: geometric mean over the nodes, between which it scatters."""
    return geometric_mean(_currents(device, node)[1][0] for node in _nodes())


@cache
def _nodes() -> tuple[float, ...]:
    return tuple(sorted({float(row["node_nm"]) for row in records("device_leakage")}))


def leakage_ratio(device: str, technology: Technology) -> float:
    """Leakage at the technology's temperature over that at 300 K.

    Raises CannotPrice outside of 300 to 400 K unless the technology extrapolates.
    """
    if technology.temperature_k == ROOM_K:
        return 1.0
    is_outside(technology)
    known = _nodes()
    i, weight = bracket(known, min(max(technology.node_nm, known[0]), known[-1]))
    low, high = (_at(device, known[j], technology.temperature_k) for j in (i, i + 1))
    return blend(low, high, weight)


def _at(device: str, node_nm: float, temperature_k: float) -> float:
    """Over 300 K, at one node of the table."""
    temperatures, currents = _currents(device, node_nm)
    i = min(max(bisect_right(temperatures, temperature_k) - 1, 0), len(temperatures) - 2)
    weight = (temperature_k - temperatures[i]) / (temperatures[i + 1] - temperatures[i])
    return blend(currents[i], currents[i + 1], weight) / currents[temperatures.index(ROOM_K)]


def is_outside(technology: Technology) -> bool:
    """Whether the temperature lies outside of the table. Raises CannotPrice if it does and does not extrapolate."""
    outside = not ROOM_K <= technology.temperature_k <= 400
    if outside and not technology.extrapolate:
        what = f"leakage is known from 300 to 400 K, not at {technology.temperature_k:g} K"
        raise CannotPrice(what, "state a temperature in that range, or add `extrapolate: true` to the technology")
    return outside
