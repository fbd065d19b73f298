"""Bounds where energy and the traffic of a memory pull apart, from a price on traffic.

For any price `w >= 0` per bit, a nest that moves at most `M` bits has at least `least(energy + w * traffic) - w * M` of
energy, and one of at most `E` pJ moves at least `(least(energy + w * traffic) - E) / w` bits (Lagrange multipliers, for
paths Handler and Zang, 1980). The best price is found by secants: between the nest of least energy and the one of least
traffic, then between those on both sides of the limit, until no nest lies below the line through both.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from math import inf

from polymap.errors import PolymapError
from polymap.mapper.incumbent import Candidate, Incumbent
from polymap.mapper.labels import TooManyLabels
from polymap.mapper.objective import TOLERANCE
from polymap.mapper.pricing import Functional, blended
from polymap.mapper.problem import FLOAT, Part

STEPS = 16  # secants


def weighed(blend: float, weight: float, most: float) -> float:
    """The least energy of nests that move at most so many bits, given the least of `energy + weight * traffic`."""
    return blend - weight * most - FLOAT / 10 * (blend + weight * most) if most < inf else -inf


@dataclass
class Weighing:
    """The first memory of `incumbent.levels` in a part. Energies are without what leaks (`leaked`)."""

    part: Part
    incumbent: Incumbent
    leaked: float
    energy: float = 0.0
    moved: float = 0.0
    weight: float = 0.0
    empty: bool = False  # no nest of the part can keep to the limits
    found: list[Candidate] = field(default_factory=list)

    def run(self) -> None:
        """Raise the bounds `energy` and `moved`; `found` are all nests that were offered on the way."""
        self.energy, first = self._least(self.part.energy)
        self.moved, last = self._least(self.traffic)
        if self.energy == inf:
            self.empty = True
        if first is None or last is None:
            return
        goal, conditions = self.incumbent.objective.level, self.incumbent.conditions
        most = dict(conditions.traffic).get(self.incumbent.levels[0], inf)
        most_energy = float(conditions.most_energy) - self.leaked
        if goal and self._energy(last) > most_energy:
            self._secants(first, last, inf, most_energy)
        elif goal or first.moved[0] > most:
            self._secants(first, last, min(most, last.moved[0]) if goal else most, inf)

    @property
    def traffic(self) -> Functional:
        return self.part.traffic(self.incumbent.levels[0])

    def _secants(self, light: Candidate, small: Candidate, most: float, most_energy: float) -> None:
        """Raise the bounds between a nest of little energy and one of little traffic."""
        for _ in range(STEPS):
            bits, energy = light.moved[0] - small.moved[0], self._energy(small) - self._energy(light)
            if bits <= 0 or energy <= 0:
                return
            self.weight = energy / bits
            blend, found = self._least(blended(self.part.energy, self.weight, self.traffic))
            self.energy = max(self.energy, weighed(blend, self.weight, most))
            if most_energy < inf:
                self.moved = max(self.moved, weighed(blend, 1.0, most_energy) / self.weight)
            line = self._energy(light) + self.weight * light.moved[0]
            if found is None or blend >= line * (1 - TOLERANCE / 100):
                return
            if found.moved[0] <= most and self._energy(found) > most_energy * (most == inf):
                small = found
            else:
                light = found

    def _least(self, quantity: Functional) -> tuple[float, Candidate | None]:
        """The least of a quantity, and a nest that has it."""
        try:
            least, gaps = self.part.least_nest(quantity)
        except TooManyLabels as many:
            return many.bound[0], None
        if gaps is None:
            return inf, None
        with suppress(PolymapError):  # its counts are out of reach
            self.found.append(self.incumbent.offer(self.part, gaps))
            return least, self.found[-1]
        return least, None

    def _energy(self, found: Candidate) -> float:
        return float(found.cost.energy - self.part.leakage * found.cost.cycles)
