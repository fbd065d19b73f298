"""What of a question to CACTI's table does not depend on capacity and width: tables, factors and errors.

A setting is found once for an amount, device, ports, banks and technology, so that questions that differ in capacity
and width alone take microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from polymap.components import cmos, itrs
from polymap.components.estimate import Origin, added
from polymap.components.logarithmic import bracket
from polymap.components.scaling import KELVIN_DISTANCE, LOOSE, USUAL, step
from polymap.components.sram_sweep import NODES_NM, doubling, low_operating_power
from polymap.components.sram_table import MOST_BANKS, Cube, cube
from polymap.components.technology import Technology

LAWS = {"read": "energy", "write": "energy", "area": "area", "leakage": "leakage", "delay": "delay"}
FAMILIES = {"lstp": "lp", "lop": "lp", "hp": "hp"}
# Root mean square of the logarithms at points and nodes that the table does not have (benchmarks/components).
INTERPOLATION = {"read": 0.07, "write": 0.05, "area": 0.05, "leakage": 0.04, "delay": 0.04}
BETWEEN_NODES = {"read": 0.055, "write": 0.045, "area": 0.035, "leakage": 0.0, "delay": 0.02}
# CACTI against silicon: energies by five published accesses in 45 and 7 nm (rms 0.53); the others are assumed.
AGAINST_SILICON = {"read": 0.55, "write": 0.55, "area": 0.5, "leakage": 1.0, "delay": 0.5}
OTHER_DEVICE_BANKS = OTHER_NODE_PORTS = 0.1


@dataclass(frozen=True)
class Factor:
    """What the table's number is multiplied by, with the error (log) that this brings under a name."""

    what: str
    source: str
    factor: float
    error: str
    sigma: float
    outside: bool = False

    @property
    def origin(self) -> Origin:
        return Origin(self.what, self.source, self.factor, "x", outside=self.outside)


@dataclass(frozen=True, eq=False)
class Term:
    """A cube whose logarithm counts with a weight, at so many banks (log2)."""

    weight: float
    cube: Cube
    banks: float
    what: str


@dataclass(frozen=True, eq=False)
class Setting:
    """The logarithm of an amount is `offset` and its terms; `shift` is taken off the logarithm of the capacity.

    `rival` are the terms of the node on the other side of a leakage's, and `rival_share` how far towards it one is.
    """

    terms: tuple[Term, ...]
    factors: tuple[Factor, ...]
    errors: tuple[tuple[str, float], ...]
    offset: float
    shift: float = 0.0
    rival: tuple[Term, ...] = ()
    rival_share: float = 0.0


@lru_cache(maxsize=4096)
def setting(amount: str, device: str, ports: int, banks: int, asked: Technology) -> Setting:
    """Raises CannotPrice for a technology that neither table nor scaling covers."""
    layers = _layers(amount, device, asked.node_nm)
    own, rival = (layers[:1], layers[1:]) if amount == "leakage" else (layers, [])
    if amount == "leakage":
        own = [(own[0][0], 1.0)]
    factors = tuple(_factors(amount, device, ports, banks, asked, own))
    return Setting(
        tuple(_terms(amount, device, ports, banks, own)),
        factors,
        added(_table_errors(amount, own), tuple((each.error, each.sigma) for each in factors)),
        sum(math.log(each.factor) for each in factors),
        math.log2(max(1.0, banks / MOST_BANKS)),
        tuple(_terms(amount, device, ports, banks, [(node, 1.0) for node, _ in rival])),
        rival[0][1] if rival else 0.0,
    )


def _layers(amount: str, device: str, node_nm: float) -> list[tuple[float, float]]:
    """The nodes of the table around one, with weights, the nearest first; only that where they are not mixed."""
    known = NODES_NM[device]
    i, weight = bracket(known, min(max(node_nm, known[0]), known[-1]))
    layers = [(known[i], 1 - weight), (known[i + 1], weight)]
    return sorted((layer for layer in layers if layer[1]), key=lambda layer: -layer[1])


def _terms(amount: str, device: str, ports: int, banks: int, layers: list[tuple[float, float]]) -> Iterator[Term]:
    """LOP devices are those of LSTP times a factor."""
    of = "lstp" if device == "lop" else device
    for node, weight in layers:
        what = f"{of.upper()}, {node:g} nm" + (", two ports" if ports > 1 else "")
        yield Term(weight, cube((of, node, ports), amount), math.log2(min(banks, MOST_BANKS)), what)


def _table_errors(amount: str, layers: list[tuple[float, float]]) -> tuple[tuple[str, float], ...]:
    mixed = [("cacti7_nodes", BETWEEN_NODES[amount])] if len(layers) > 1 else []
    return ("cacti7", AGAINST_SILICON[amount]), ("cacti7_interpolation", INTERPOLATION[amount]), *mixed


def _factors(
    amount: str, device: str, ports: int, banks: int, asked: Technology, layers: list[tuple[float, float]]
) -> Iterator[Factor]:
    if device == "lop":
        yield _lop(amount, layers)
    if device == "hp" and banks > 1:
        yield Factor("several banks as of LSTP devices", "", 1.0, "cacti7_device", OTHER_DEVICE_BANKS)
    if ports > 1:
        yield Factor("ports as at 45 nm", "", 1.0, "cacti7_ports", OTHER_NODE_PORTS)
    if banks > MOST_BANKS:
        yield _doublings(amount, banks, layers[0][0])
    yield from _node(amount, device, asked, layers)
    yield from _supply(amount, device, asked)
    if amount == "leakage" and (ratio := itrs.leakage_ratio(device, asked)) != 1:
        sigma = LOOSE * KELVIN_DISTANCE * abs(asked.temperature_k - 300)
        outside = itrs.is_outside(asked)
        yield Factor(f"at {asked.temperature_k:g} K", itrs.SOURCE, ratio, "scaling_leakage", sigma, outside)


def _lop(amount: str, layers: list[tuple[float, float]]) -> Factor:
    found = [(weight, *low_operating_power(node, amount)) for node, weight in layers]
    factor = math.exp(sum(weight * ratio for weight, ratio, _ in found))
    return Factor("LOP over LSTP devices", "median of the sweep", factor, "cacti7_device", max(f[2] for f in found))


def _doublings(amount: str, banks: int, node_nm: float) -> Factor:
    ratio, spread = doubling(node_nm, amount)
    doublings = math.log2(banks / MOST_BANKS)
    what = f"{banks} banks over 8 of their size, as 8 over 4"
    return Factor(what, "median of the sweep", math.exp(ratio * doublings), "cacti7_banks", spread * doublings)


def _node(amount: str, device: str, asked: Technology, layers: list[tuple[float, float]]) -> Iterator[Factor]:
    """From the node the table ends at; a leakage from the node it is of."""
    known, law, family = NODES_NM[device], LAWS[amount], FAMILIES[device]
    start = layers[0][0] if amount == "leakage" else min(max(asked.node_nm, known[0]), known[-1])
    there = Technology(asked.node_nm, family, extrapolate=asked.extrapolate)
    found = step(law, "sram_macro", Technology(start, family), there)
    if found.sigma:
        what = f"{law} of an SRAM macro from {start:g} to {asked.node_nm:g} nm"
        yield Factor(what, found.source, found.factor, f"scaling_{law}", found.sigma, found.outside)


def _supply(amount: str, device: str, asked: Technology) -> Iterator[Factor]:
    """Energy, leakage, and delay, which goes as that of gates, at the supply that is stated."""
    if asked.voltage_v is None or amount == "area":
        return
    share, outside = itrs.supply_share(device, asked)
    law = LAWS[amount]
    factor = _delay_at(share, device, asked) if law == "delay" else itrs.of_supply(law, share)
    what = f"{asked.voltage_v:g} V, {share:.2f} of the device's own"
    yield Factor(what, cmos.SOURCE, factor, f"scaling_{law}", USUAL * abs(math.log(share)), outside)


def _delay_at(share: float, device: str, asked: Technology) -> float:
    nominal = Technology(asked.node_nm, FAMILIES[device], extrapolate=True)
    stated = Technology(asked.node_nm, FAMILIES[device], share * cmos.nominal_v(nominal), extrapolate=True)
    return cmos.delay(stated) / cmos.delay(nominal)
