"""What is made least: a product of powers of energy and latency. Mappings are ranked by its value, then by ties."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any

from polymap.errors import NOWHERE, Mistake, SpecError

TOLERANCE = 1e-9  # relative; what a bound may lack to a value that attains it
ROUNDING = 1e-11  # relative; a bound this close to a value is taken for equal
MOST_POWER = 9

NAMED = {"energy": (1, 0), "latency": (0, 1), "edp": (1, 1), "ed2p": (1, 2)}
FACTOR = re.compile(r"\s*(energy|latency)\s*(?:\^\s*([1-9]))?\s*")


@dataclass(frozen=True)
class Objective:
    """`energy ** energy_power * latency ** latency_power`, searched in pJ and cycles, given in J and s."""

    name: str
    energy_power: int
    latency_power: int

    @property
    def unit(self) -> str:
        powers = (("J", self.energy_power), ("s", self.latency_power))
        return "*".join(unit if power == 1 else f"{unit}^{power}" for unit, power in powers if power)

    def value(self, energy: Any, cycles: Any) -> Any:
        return energy**self.energy_power * cycles**self.latency_power

    def rank(self, energy: Any, cycles: Any) -> tuple[Any, ...]:
        """The value, then energy, then cycles (cycles first where only they count)."""
        ties = (energy, cycles) if self.energy_power else (cycles, energy)
        return (self.value(energy, cycles), *ties)

    def si(self, value: Any, clock_hz: Fraction) -> Any:
        """A value in units of `unit`."""
        return value / 10 ** (12 * self.energy_power) / clock_hz**self.latency_power

    def most_energy(self, value: float, cycles: float) -> float:
        """pJ beyond which the value is missed, for at least so many cycles."""
        return _root(value, cycles**self.latency_power, self.energy_power)

    def most_cycles(self, value: float, energy: float) -> float:
        """Cycles beyond which the value is missed, for at least so many pJ."""
        return _root(value, energy**self.energy_power, self.latency_power)


def _root(value: float, rest: float, power: int) -> float:
    return (value / rest) ** (1 / power) if power and rest > 0 else inf


def objective(name: str) -> Objective:
    """`energy`, `latency`, `edp`, `ed2p`, or a product of powers such as `energy^2*latency`. Raises `SpecError`."""
    if name in NAMED:
        return Objective(name, *NAMED[name])
    factors = [FACTOR.fullmatch(part) for part in name.split("*")]
    powers = {"energy": 0, "latency": 0}
    for factor in factors:
        if factor is None:
            mend = f"use one of {', '.join(NAMED)}, or a product of powers such as energy^2*latency"
            raise SpecError(Mistake(NOWHERE, f"unknown objective '{name}'", mend))
        powers[factor[1]] += int(factor[2] or 1)
    if max(powers.values()) > MOST_POWER:
        raise SpecError(Mistake(NOWHERE, f"'{name}' has a power above {MOST_POWER}", "use smaller powers"))
    return Objective(name, powers["energy"], powers["latency"])


def may_reach(bound: tuple[Any, ...], rank: tuple[Any, ...]) -> bool:
    """Whether something bounded from below by `bound` can be better than `rank`, rounding errors forgiven."""
    for low, value in zip(bound, rank):
        if low > value * (1 + ROUNDING):
            return False
        if low < value * (1 - ROUNDING):
            return True
    return False


def exceeds(bound: tuple[Any, ...], rank: tuple[Any, ...]) -> bool:
    """Whether the objective itself is out of reach."""
    return bool(bound[0] > rank[0] * (1 + ROUNDING))
