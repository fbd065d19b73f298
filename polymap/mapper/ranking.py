"""What a nest of a part is worth at best, from the least values of its quantities, and whether that is good enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import inf

from polymap.mapper.incumbent import Incumbent
from polymap.mapper.objective import Rank, may_reach
from polymap.mapper.pricing import Functional, blended
from polymap.mapper.problem import Part, whole
from polymap.mapper.timing import cycles_at_least
from polymap.mapper.weighing import weighed


@dataclass(frozen=True)
class Ranking:
    """Ranks of nests that need at least so many cycles, with `weight` pJ on a bit of traffic (see `weighing`)."""

    part: Part
    incumbent: Incumbent
    cycles: float
    weight: float

    @cached_property
    def more(self) -> tuple[Functional, ...]:
        """Quantities beside energy and ports: traffic that is asked for, and energy with the weight on it."""
        moved = tuple(self.part.traffic(level) for level in self.incumbent.levels)
        return (*moved, blended(self.part.energy, self.weight, moved[0])) if self.weight else moved

    def __call__(self, values: Rank) -> Rank | None:
        """The rank for least values of energy, ports and `more`; None for what is no better than the best."""
        ports = 1 + len(self.part.ports)
        energy, busy, moved = values[0], values[1:ports], values[ports : ports + len(self.incumbent.levels)]
        if self.weight:
            energy = max(energy, weighed(values[-1], self.weight, self.incumbent.most_moved))
        cycles = max(self.cycles, *(cycles_at_least(port, self.part.conventions) for port in busy), 0)
        return self._rank(energy + float(self.part.leakage) * cycles, cycles, tuple(map(whole, moved)))

    def _rank(self, energy: float, cycles: float, moved: Rank) -> Rank | None:
        best = self.incumbent.best
        if not self.incumbent.may_keep(energy, cycles, moved):
            return None
        rank: Rank = self.incumbent.objective.rank(energy, cycles, *moved[:1])
        return rank if best is None or may_reach(rank, best.rank) else None


@dataclass
class Cutoff:
    """Lets energies pass that may still make the best mapping. `least` is the least of those that may not: if no nest
    is left in the end, a lower bound of all. What `reaches` says must not change from true to false and back as
    energies rise, nor while a search goes on."""

    reaches: Callable[[float], bool]
    least: float = inf
    passed: float = -inf

    def __call__(self, values: Rank) -> Rank | None:
        energy = values[0]
        if energy <= self.passed:
            return values
        if energy < self.least and self.reaches(energy):
            self.passed = energy
            return values
        self.least = min(self.least, energy)
        return None
