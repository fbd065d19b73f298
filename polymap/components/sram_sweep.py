"""The sweep of CACTI 7, point by point, and what it lacks put together from what it has.

Devices and ports that were not swept in full: HP devices with several banks cost more than with one by what LSTP ones
do; a second port multiplies by what it does at 45 nm, at the edges of its rows by the edge's; LOP devices are a median
ratio to LSTP ones. All places are logarithms to base 2: of banks, of capacity and width in bits.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import median, pstdev
from typing import TypeAlias

from polymap.components.records import records

QUANTITIES = {"read": "read_pj", "write": "write_pj", "leakage": "leakage_uw", "area": "area_um2", "delay": "access_ns"}
NODES_NM = {"lstp": (22.0, 32.0, 45.0, 65.0, 90.0), "hp": (22.0, 32.0, 45.0, 65.0, 90.0), "lop": (22.0, 45.0, 90.0)}

Key: TypeAlias = tuple[str, float, int]  # device, node in nm, ports
At: TypeAlias = tuple[int, int, int]  # log2 of banks, capacity in bits, width in bits
BASE_KEY: Key = ("lstp", 45.0, 1)
PORTS_KEY: Key = ("lstp", 45.0, 2)


@cache
def _rows() -> dict[Key, dict[At, dict[str, str]]]:
    found: dict[Key, dict[At, dict[str, str]]] = {}
    for row in records("cacti_sram"):
        key = row["device"], float(row["node_nm"]), int(row["ports"])
        banks, size, width = (int(row[name]).bit_length() - 1 for name in ("banks", "capacity_bytes", "width_bits"))
        found.setdefault(key, {})[banks, size + 3, width] = row
    return found


def points(key: Key) -> tuple[At, ...]:
    """Where CACTI was run and gave an answer."""
    return tuple(_rows()[key])


def entry(key: Key, quantity: str, at: At) -> float | None:
    """CACTI's own number."""
    row = _rows().get(key, {}).get(at)
    return float(row[QUANTITIES[quantity]]) if row else None


def amount(key: Key, quantity: str, at: At) -> float | None:
    """CACTI's number, or what is put together for it; None where a bank is too small for CACTI."""
    device, node_nm, ports = key
    found = _of_one_port(device, node_nm, quantity, at)
    if found is None or ports == 1:
        return found
    return found * _port_ratio(quantity, at[1], at[2])


def _of_one_port(device: str, node_nm: float, quantity: str, at: At) -> float | None:
    key, base = (device, node_nm, 1), ("lstp", node_nm, 1)
    banks, capacity, width = at
    if device != "hp" or not banks:
        return entry(key, quantity, at)
    one, several, alone = (
        entry(key, quantity, (0, capacity, width)),
        entry(base, quantity, at),
        entry(base, quantity, (0, capacity, width)),
    )
    return one * several / alone if one and several and alone else None


def _port_ratio(quantity: str, capacity: int, width: int) -> float:
    """Two ports over one."""
    ratios, capacities, widths = _port_ratios(quantity)
    within = min(max(capacity, capacities[0]), capacities[-1])
    weight = min(max((width - widths[0]) / (widths[-1] - widths[0]), 0.0), 1.0)
    return math.exp((1 - weight) * ratios[within, widths[0]] + weight * ratios[within, widths[-1]])


@cache
def _port_ratios(quantity: str) -> tuple[dict[tuple[int, int], float], list[int], list[int]]:
    """Logarithms by capacity and width, and the capacities and widths there are."""
    known = points(PORTS_KEY)
    ratios = {at[1:]: math.log(_ratio(PORTS_KEY, BASE_KEY, quantity, at)) for at in known}
    return ratios, sorted({at[1] for at in known}), sorted({at[2] for at in known})


def _ratio(key: Key, base: Key, quantity: str, at: At) -> float:
    over, under = entry(key, quantity, at), entry(base, quantity, at)
    assert over
    assert under
    return over / under


@cache
def low_operating_power(node_nm: float, quantity: str) -> tuple[float, float]:
    """LOP devices over LSTP ones at one node: median of the logarithm, and its standard deviation."""
    own, base = ("lop", node_nm, 1), ("lstp", node_nm, 1)
    ratios = [math.log(_ratio(own, base, quantity, at)) for at in points(own)]
    return median(ratios), pstdev(ratios)


@cache
def doubling(node_nm: float, quantity: str) -> tuple[float, float]:
    """What twice the banks of one size cost, 8 over 4: median of the logarithm and its standard deviation."""
    key = ("lstp", node_nm, 1)
    eights = (at for at in points(key) if at[0] == 3)
    pairs = ((entry(key, quantity, at), entry(key, quantity, (2, at[1] - 1, at[2]))) for at in eights)
    ratios = [math.log(whole / half) for whole, half in pairs if whole and half]
    return median(ratios), pstdev(ratios)
