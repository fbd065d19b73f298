"""What is made least: a product of powers of energy and latency, or what a memory moves; then ties."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any

from polymap.architecture.hierarchy import Architecture
from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.model.cost import Cost
from polymap.quantity import choose
from polymap.workload.einsum import Einsum

Rank = tuple[float, ...]  # value and tie-breakers, or lower bounds of them

TOLERANCE = 1e-9  # relative; what a bound may lack to a value that attains it
ROUNDING = 1e-11  # relative; a bound this close to a value is taken for equal
MOST_POWER = 9

NAMED = {"energy": (1, 0), "latency": (0, 1), "edp": (1, 1), "ed2p": (1, 2)}
FACTOR = re.compile(r"\s*(energy|latency)\s*(?:\^\s*([1-9]))?\s*")
TRAFFIC = "traffic:"


@dataclass(frozen=True)
class Objective:
    """`energy ** energy_power * latency ** latency_power`, searched in pJ and cycles, given in J and s; or, with a
    `level`, the bits that this memory reads, is filled with and updates."""

    name: str
    energy_power: int
    latency_power: int
    level: str = ""

    @property
    def unit(self) -> str:
        if self.level:
            return "b"
        powers = (("J", self.energy_power), ("s", self.latency_power))
        return "*".join(unit if power == 1 else f"{unit}^{power}" for unit, power in powers if power)

    def value(self, energy: Any, cycles: Any) -> Any:
        """The product of powers."""
        return energy**self.energy_power * cycles**self.latency_power

    def rank(self, energy: Any, cycles: Any, moved: Any = 0) -> tuple[Any, ...]:
        """The value, then energy, then cycles (cycles first where only they count). `moved` are the bits at `level`."""
        ties = (energy, cycles) if self.energy_first else (cycles, energy)
        return (moved if self.level else self.value(energy, cycles), *ties)

    @property
    def energy_first(self) -> bool:
        """Whether energy breaks ties before cycles."""
        return bool(self.energy_power or self.level)

    def si(self, value: Any, clock_hz: Fraction) -> Any:
        """A value in units of `unit`."""
        return value / 10 ** (12 * self.energy_power) / clock_hz**self.latency_power

    def rank_of(self, cost: Cost, einsum: Einsum, architecture: Architecture) -> tuple[Fraction, ...]:
        """The rank of a mapping, exact."""
        moved = moved_bits(cost, einsum, architecture, self.level) if self.level else 0
        return self.rank(cost.energy, Fraction(cost.cycles), Fraction(moved))

    def of(self, cost: Cost, einsum: Einsum, architecture: Architecture) -> Fraction:
        """The value of a mapping in units of `unit`, exact."""
        return Fraction(self.si(self.rank_of(cost, einsum, architecture)[0], cost.clock_hz))

    def most_energy(self, value: float, cycles: float) -> float:
        """pJ beyond which the value is missed, for at least so many cycles."""
        return _root(value, cycles**self.latency_power, self.energy_power)

    def most_cycles(self, value: float, energy: float) -> float:
        """Cycles beyond which the value is missed, for at least so many pJ."""
        return _root(value, energy**self.energy_power, self.latency_power)


def _root(value: float, rest: float, power: int) -> float:
    return (value / rest) ** (1 / power) if power and rest > 0 else inf


def moved_bits(cost: Cost, einsum: Einsum, architecture: Architecture, level: str) -> int:
    """Bits that a memory reads, is filled with and updates, over all instances."""
    memory = architecture.memory(level)
    rows = (row for row in cost.traffic if row.level == level)
    return sum((row.reads + row.fills + row.updates) * memory.element_bits(einsum.tensor(row.tensor)) for row in rows)


def objective(name: str) -> Objective:
    """`energy`, `latency`, `edp`, `ed2p`, a product of powers such as `energy^2*latency`, or `traffic:MEMORY`. Raises
    `SpecError`."""
    if name in NAMED:
        return Objective(name, *NAMED[name])
    if name.startswith(TRAFFIC):
        return Objective(name, 0, 0, name.removeprefix(TRAFFIC))
    factors = [FACTOR.fullmatch(part) for part in name.split("*")]
    powers = {"energy": 0, "latency": 0}
    for factor in factors:
        if factor is None:
            listed = f"use {', '.join(NAMED)}, a product of powers such as energy^2*latency, or traffic:MEMORY"
            raise SpecError(Mistake(NOWHERE, f"unknown objective '{name}'", choose(name, NAMED, listed)))
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
