"""The CMOS table of Stillmaker and Baas: supply, energy, delay and area of gates at nodes from 180 to 7 nm, HP and LP.

Amounts are relative and mean something as ratios only. Between the nodes of the table they are interpolated in the
logarithms of node and amount, each node at the same share of its own nominal supply.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from polymap.components.logarithmic import blend, bracket
from polymap.components.model import CannotPrice
from polymap.components.records import records
from polymap.components.technology import FAMILIES, Technology

SOURCE = "Stillmaker and Baas, Integration 58 (2017) 74-81, tables 4 and 5"
# The polynomials are fits: further from the nominal supply some of those of delay turn, or cross zero.
LEAST_SUPPLY, MOST_SUPPLY = 0.7, 1.1
SLACK = 1e-9


@dataclass(frozen=True)
class Node:
    """One row: the nominal supply in V, area relative to 7 nm, polynomials in the supply, highest power first."""

    node_nm: float
    nominal_v: float
    area: float
    delays: tuple[float, ...]
    energies: tuple[float, ...]

    def delay(self, supply_share: float) -> float:
        return _polynomial(self.delays, supply_share * self.nominal_v)

    def energy(self, supply_share: float) -> float:
        return _polynomial(self.energies, supply_share * self.nominal_v)


def _polynomial(coefficients: tuple[float, ...], at: float) -> float:
    value = 0.0
    for coefficient in coefficients:
        value = value * at + coefficient
    return value


@cache
def nodes(family: str) -> tuple[Node, ...]:
    """The rows of a family, smallest node first; bulk rows belong to both families."""
    rows = (row for row in records("scaling_cmos") if row["family"] in (family, "both"))
    return tuple(sorted((_node(row) for row in rows), key=lambda node: node.node_nm))


def _node(row: dict[str, str]) -> Node:
    number = {name: float(value) for name, value in row.items() if name != "family"}
    delays = tuple(number[name] for name in ("d3", "d2", "d1", "d0"))
    energies = tuple(number[name] for name in ("e2", "e1", "e0"))
    return Node(number["node_nm"], number["nominal_v"], number["area"], delays, energies)


@cache
def positions(family: str) -> tuple[float, ...]:
    return tuple(node.node_nm for node in nodes(family))


def _around(technology: Technology) -> tuple[Node, Node, float]:
    rows = nodes(technology.family)
    i, weight = bracket(positions(technology.family), technology.node_nm)
    return rows[i], rows[i + 1], weight


def nominal_v(technology: Technology) -> float:
    """The supply that the node is made for, whatever supply the technology states."""
    low, high, weight = _around(technology)
    return blend(low.nominal_v, high.nominal_v, weight)


def supply_v(technology: Technology) -> float:
    """The supply in V: the stated one, or the node's nominal one."""
    return nominal_v(technology) if technology.voltage_v is None else technology.voltage_v


def supply_share(technology: Technology) -> float:
    """The supply over the node's nominal one."""
    return 1.0 if technology.voltage_v is None else technology.voltage_v / nominal_v(technology)


def energy(technology: Technology) -> float:
    """Energy of a gate's switching, relative."""
    low, high, weight = _around(technology)
    share = supply_share(technology)
    return blend(_positive(low.energy(share), technology), _positive(high.energy(share), technology), weight)


def delay(technology: Technology) -> float:
    """Delay of a gate, relative."""
    low, high, weight = _around(technology)
    share = supply_share(technology)
    return blend(_positive(low.delay(share), technology), _positive(high.delay(share), technology), weight)


def area(technology: Technology) -> float:
    """Area of a gate, relative to 7 nm."""
    low, high, weight = _around(technology)
    return blend(low.area, high.area, weight)


def _positive(value: float, technology: Technology) -> float:
    if value <= 0:
        raise CannotPrice(f"the scaling table means nothing at {technology}", _supplies(technology))
    return value


def _supplies(technology: Technology) -> str:
    nominal = nominal_v(technology)
    return f"state a voltage from {LEAST_SUPPLY * nominal:.2f} to {MOST_SUPPLY * nominal:.2f} V"


def is_outside(technology: Technology) -> bool:
    """Whether a technology lies outside of the table. Raises CannotPrice if it does and does not extrapolate."""
    refusal = _refusal(technology)
    if refusal and not technology.extrapolate:
        raise refusal
    return refusal is not None


def _refusal(technology: Technology) -> CannotPrice | None:
    assert technology.family in FAMILIES
    known = positions(technology.family)
    if not known[0] <= technology.node_nm <= known[-1]:
        what = f"{technology.node_nm:g} nm is outside of the scaling table ({known[0]:g} to {known[-1]:g} nm)"
        return CannotPrice(what, "choose a node in it, or add `extrapolate: true` to the technology")
    if not LEAST_SUPPLY - SLACK <= supply_share(technology) <= MOST_SUPPLY + SLACK:
        what = (
            f"{technology.voltage_v:g} V is too far from the {nominal_v(technology):.2f} V of {technology.node_nm:g} nm"
        )
        return CannotPrice(what, f"{_supplies(technology)}, or add `extrapolate: true` to the technology")
    return None
