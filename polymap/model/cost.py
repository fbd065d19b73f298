"""What a mapping costs: exact counts, exact energy (rational pJ), cycles."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

Cycles: TypeAlias = int | Fraction  # whole, or with a fraction where conventions say so


def told(cycles: Cycles) -> int | float:
    """Cycles as documents have them."""
    return int(cycles) if cycles.denominator == 1 else float(cycles)


def shown(cycles: Cycles) -> str:
    """Cycles as they are read: thousands apart, of a fraction three digits.

    >>> shown(262144), shown(Fraction(1064960, 3))
    ('262,144', '354,986.667')
    """
    return f"{round(told(cycles), 3):,}"


@dataclass(frozen=True)
class Traffic:
    """One tensor at one memory: totals over all used instances, in elements; `tile_elements` and bits per instance."""

    level: str
    tensor: str
    tile_elements: int
    instances: int
    reads: int
    fills: int
    updates: int
    energy: Fraction

    @property
    def energy_pj(self) -> float:
        return float(self.energy)


@dataclass(frozen=True)
class Component:
    """Leakage, use and time of one level: cycles it needs at its bandwidth, instances used, leakage energy in pJ."""

    level: str
    instances: int
    cycles: Cycles
    leakage: Fraction
    occupied_bits: int = 0
    capacity_bits: int | None = None


@dataclass(frozen=True)
class Transport:
    """One tensor over the network of one array, between two memories or a memory and the computes: totals, in words.

    A word is an element. `words` enter the network on the parent's side (an output's leave it there), `delivered`
    arrive at instances of the array (an output's leave them). `word_hops` are words times the links each travels,
    `link_words` what neighbours pass on. Counts that are not modelled are None, and so is `energy` where the network
    has no energies.
    """

    array: str
    tensor: str
    parent: str
    child: str
    words: int | None
    delivered: int | None
    word_hops: int | None
    link_words: int | None
    energy: Fraction | None

    @property
    def multicast(self) -> float | None:
        """Instances that share one word, on average (an output: partial sums that become one)."""
        return None if self.delivered is None or not self.words else self.delivered / self.words

    @property
    def energy_pj(self) -> float | None:
        return None if self.energy is None else float(self.energy)


@dataclass(frozen=True)
class Cost:
    """Counts, energy and time of one mapping of one einsum on one architecture."""

    traffic: tuple[Traffic, ...]
    components: tuple[Component, ...]
    compute_level: str
    compute_instances: int
    physical_compute_instances: int
    computes: int
    compute_cycles: int
    compute_energy: Fraction
    cycles: Cycles
    clock_hz: Fraction
    area_um2: float
    networks: tuple[Transport, ...] = ()

    @property
    def energy(self) -> Fraction:
        """Total energy in pJ, exact: every access, every compute, leakage, and the networks that have energies.

        Equation 12.
        """
        accesses = sum((row.energy for row in self.traffic), Fraction(0))
        leakage = sum((row.leakage for row in self.components), Fraction(0))
        networks = sum((row.energy for row in self.networks if row.energy is not None), Fraction(0))
        return accesses + leakage + networks + self.compute_energy

    @property
    def energy_pj(self) -> float:
        return float(self.energy)

    @property
    def latency(self) -> Fraction:
        """Seconds, exact. Equation 16."""
        return self.cycles / self.clock_hz

    @property
    def latency_s(self) -> float:
        return float(self.latency)

    @property
    def edp(self) -> Fraction:
        """Energy-delay product in J*s, exact. Equation 17."""
        return self.energy * self.latency / 10**12

    @property
    def edp_js(self) -> float:
        return float(self.edp)

    @property
    def utilization(self) -> float:
        """Computes performed over computes that all physical units could have performed in `cycles`. Equation 19."""
        return float(self.computes / (self.physical_compute_instances * self.cycles))

    def row(self, level: str, tensor: str) -> Traffic | None:
        return next((row for row in self.traffic if (row.level, row.tensor) == (level, tensor)), None)

    def component(self, level: str) -> Component:
        """The row of a level, which must be one of the architecture's memories or its computes."""
        return next(row for row in self.components if row.level == level)
