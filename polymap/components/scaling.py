"""From one technology to another: laws by kind of circuit, one for each of energy, delay, area and leakage.

A law is a function of the technology alone, and a factor is the ratio of its values at the two ends: no factor depends
on the way taken, and there and back is 1. Each step adds an error that grows with the distance; see
`docs/design/components_accuracy.md` for where the figures come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import log, sqrt

from polymap.components import cmos, itrs
from polymap.components.adc_regression import coefficients
from polymap.components.estimate import Estimate
from polymap.components.logarithmic import along
from polymap.components.records import records
from polymap.components.technology import Technology

QUANTITIES = {"pJ": "energy", "ns": "delay", "um2": "area", "uW": "leakage"}
BITCELLS = "published areas of 6T SRAM cells (scaling_bitcell.csv)"
# Standard deviation (log) per e-fold of the node. Of energy: from 45 to 7 nm tables 2 and 5 of the paper are 1.7 apart.
SURE, USUAL, OF_ENERGY, WIDE, LOOSE = 0.1, 0.2, 0.3, 0.35, 0.7
FAMILY_DISTANCE, KELVIN_DISTANCE = 1.0, 1 / 200
# Roadmaps have thousands between the leakage of the families, foundries tens to hundreds.
FAMILY_LEAKAGE_DISTANCE = 3.0


@dataclass(frozen=True)
class Law:
    """A relative amount as a function of the technology, its error (log) per e-fold of the node, and its source."""

    at: Callable[[Technology], float]
    sigma: float
    source: str


def _leakage(technology: Technology) -> float:
    """Width times supply at an off current per width that is the family's, at all nodes."""
    return technology.node_nm * cmos.supply_v(technology) * _current(technology)


def _macro_leakage(technology: Technology) -> float:
    return sqrt(bitcell_um2(technology)) * cmos.supply_v(technology) * _current(technology)


def _current(technology: Technology) -> float:
    device = itrs.OF_FAMILY[technology.family]
    return itrs.typical_leakage(device) * itrs.leakage_ratio(device, technology)


@cache
def _bitcells() -> tuple[tuple[float, ...], tuple[float, ...]]:
    rows = sorted((float(row["node_nm"]), float(row["area_um2"])) for row in records("scaling_bitcell"))
    return tuple(node for node, _ in rows), tuple(area for _, area in rows)


def bitcell_um2(technology: Technology) -> float:
    """Area of a 6T SRAM cell."""
    return along(*_bitcells(), technology.node_nm)


def _macro_energy(technology: Technology) -> float:
    """Bit and word lines as long as cells are wide, charged to the supply: sqrt(cell area) V^2."""
    return sqrt(bitcell_um2(technology)) * cmos.supply_v(technology) ** 2


def _supply_squared(technology: Technology) -> float:
    return cmos.supply_v(technology) ** 2


def _wire_delay(technology: Technology) -> float:
    return float(technology.node_nm**-0.5)


def _converter_energy(technology: Technology) -> float:
    return float(technology.node_nm ** coefficients()["e_ln_t"])


def _converter_area(technology: Technology) -> float:
    return float(technology.node_nm ** coefficients()["a_ln_t"])


_ADC = "node exponents of arXiv:2404.06553 (adc_regression.csv)"
_OFF = f"constant off current per width; temperature: {itrs.SOURCE}"
_GATES = {
    "energy": Law(cmos.energy, OF_ENERGY, cmos.SOURCE),
    "delay": Law(cmos.delay, USUAL, cmos.SOURCE),
    "area": Law(cmos.area, USUAL, cmos.SOURCE),
    "leakage": Law(_leakage, LOOSE, _OFF),
}
# None: the amount does not depend on the CMOS node.
LAWS: Mapping[str, Mapping[str, Law | None]] = {
    "cmos_logic": _GATES,
    "sram_macro": {
        "energy": Law(_macro_energy, WIDE, f"line length times V^2; {BITCELLS}"),
        "delay": Law(cmos.delay, WIDE, cmos.SOURCE),
        "area": Law(bitcell_um2, USUAL, BITCELLS),
        "leakage": Law(_macro_leakage, LOOSE, f"{_OFF}; {BITCELLS}"),
    },
    "analog": {
        "energy": Law(_supply_squared, WIDE, f"fixed capacitances charged to the supply: {cmos.SOURCE}"),
        "delay": _GATES["delay"],
        "area": None,
        "leakage": _GATES["leakage"],
    },
    "adc": {
        "energy": Law(_converter_energy, WIDE, _ADC),
        "delay": None,
        "area": Law(_converter_area, WIDE, _ADC),
        "leakage": Law(_converter_energy, LOOSE, _ADC),
    },
    "wire": {
        "energy": Law(_supply_squared, WIDE, f"the same capacitance charged to the supply: {cmos.SOURCE}"),
        "delay": Law(_wire_delay, WIDE, "repeated wires slow down with the root of the node, as in cacti_wires.csv"),
        "area": Law(lambda technology: technology.node_nm, WIDE, "pitch in proportion to the node"),
        "leakage": _GATES["leakage"],
    },
    "rram_cell": {
        "energy": None,
        "delay": None,
        "area": Law(lambda technology: technology.node_nm**2, SURE, "cell area in F^2"),
        "leakage": None,
    },
    "photonic": dict.fromkeys(QUANTITIES.values()),
}


@dataclass(frozen=True)
class Step:
    """The factor from one technology to another, its error (log), and whether an end lies outside of the tables."""

    factor: float
    sigma: float
    source: str
    outside: bool


SAME = Step(1.0, 0.0, "", False)


def step(quantity: str, kind: str, made: Technology, asked: Technology) -> Step:
    """From where an amount was measured to where it is asked for.

    Raises CannotPrice outside of the tables unless the end in question extrapolates.
    """
    law = LAWS[kind][quantity]
    distance = _distance(quantity, made, asked)
    if law is None or not distance:
        return SAME
    outside = _is_outside(quantity, made) | _is_outside(quantity, asked)
    return Step(law.at(asked) / law.at(made), law.sigma * distance, law.source, outside)


def _is_outside(quantity: str, technology: Technology) -> bool:
    return cmos.is_outside(technology) | (quantity == "leakage" and itrs.is_outside(technology))


def _distance(quantity: str, made: Technology, asked: Technology) -> float:
    """How far apart two technologies are, in e-folds of the node or the supply; temperature counts for leakage only."""
    supplies = log(cmos.supply_share(asked) / cmos.supply_share(made)) if quantity != "area" else 0.0
    kelvin = asked.temperature_k - made.temperature_k if quantity == "leakage" else 0.0
    families = {"area": 0.0, "leakage": FAMILY_LEAKAGE_DISTANCE}.get(quantity, FAMILY_DISTANCE)
    family = families if made.family != asked.family else 0.0
    return abs(log(asked.node_nm / made.node_nm)) + abs(supplies) + family + abs(kelvin) * KELVIN_DISTANCE


def scaled(amount: Estimate, kind: str, made: Technology, asked: Technology) -> Estimate:
    """An amount measured in one technology as another has it; its unit says by which law of the kind of circuit.

    >>> from polymap.components.estimate import Estimate
    >>> there = scaled(Estimate.given(1.0, "um2", "a gate"), "cmos_logic", Technology(45), Technology(7))
    >>> round(there.value, 3)
    0.059
    """
    quantity = QUANTITIES[amount.unit]
    found = step(quantity, kind, made, asked)
    if found is SAME:
        return amount
    what = f"{quantity} of {kind} from {made} to {asked}"
    return amount.times(found.factor, what, found.source, found.outside, **{f"scaling_{quantity}": found.sigma})
