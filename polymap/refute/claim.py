"""A claim that no mapping is better, in the units of the model."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import floor

from polymap.architecture.hierarchy import Architecture
from polymap.model.cost import Cost, Cycles
from polymap.workload.einsum import Einsum

TOLERANCE = Fraction(1, 10**9)  # values so close are ties


@dataclass(frozen=True)
class Claim:
    """No mapping with at most `most_energy` pJ and `most_cycles` has a value below `least`.

    The value is `energy_pj ** energy_power * cycles ** latency_power` or, with a `level`, the bits that this memory
    reads, is filled with and updates (to the power of `energy_power`, 1). `least` None claims that there is no such
    mapping at all.
    """

    energy_power: int
    latency_power: int
    least: Fraction | None
    most_energy: Fraction | None = None
    most_cycles: Fraction | None = None
    level: str = ""

    @property
    def below(self) -> Fraction | None:
        """What a counterexample's value must be less than: ties are none."""
        return None if self.least is None else self.least * (1 - TOLERANCE)

    def is_broken_by(self, cost: Cost, einsum: Einsum, architecture: Architecture) -> bool:
        """Whether a mapping of such cost is a counterexample."""
        if self.most_energy is not None and cost.energy > self.most_energy:
            return False
        if self.most_cycles is not None and cost.cycles > self.most_cycles:
            return False
        paid = _moved(cost, einsum, architecture, self.level) if self.level else cost.energy
        value = paid**self.energy_power * Fraction(cost.cycles) ** self.latency_power
        return self.below is None or value < self.below

    @property
    def needs_cycles(self) -> bool:
        """Whether more than the energy counts."""
        return self.latency_power > 0 or self.most_cycles is not None

    def most_quanta(self, cycles: Cycles, quanta: Fraction) -> int | None:
        """The most quanta of energy that a counterexample of so many cycles can have, -1 if there is none; None if
        any will do."""
        return _most_quanta(self, cycles, quanta)


def _moved(cost: Cost, einsum: Einsum, architecture: Architecture, level: str) -> Fraction:
    rows = (row for row in cost.traffic if row.level == level)
    bits = architecture.memory(level).element_bits
    return Fraction(sum((row.reads + row.fills + row.updates) * bits(einsum.tensor(row.tensor)) for row in rows))


@lru_cache(maxsize=100_000)
def _most_quanta(claim: Claim, cycles: Cycles, quanta: Fraction) -> int | None:
    if claim.most_cycles is not None and cycles > claim.most_cycles:
        return -1
    most = None if claim.most_energy is None else floor(claim.most_energy * quanta)
    if claim.below is None:
        return most
    left = claim.below / Fraction(cycles) ** claim.latency_power
    if not claim.energy_power:
        return most if left > 1 else -1
    root = _root_below(left * quanta**claim.energy_power, claim.energy_power)
    return root if most is None else min(root, most)


def _root_below(value: Fraction, power: int) -> int:
    """The largest integer whose power is below a value; -1 if that of 0 is not.

    >>> _root_below(Fraction(9), 2), _root_below(Fraction(19, 2), 2), _root_below(Fraction(0), 1)
    (2, 3, -1)
    """
    if value <= 0:
        return -1
    low, high = 0, 1
    while Fraction(high) ** power < value:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if Fraction(middle) ** power < value else (low, middle)
    return low
