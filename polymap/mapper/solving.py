"""Closing a part by the solver: its best mapping among all that can beat the best so far, or a proof that none can."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any

from polymap.errors import IllegalMapping
from polymap.mapper.enumerate import nests
from polymap.mapper.incumbent import Candidate, Incumbent
from polymap.mapper.kernel import Kernel, kernel
from polymap.mapper.objective import TOLERANCE
from polymap.mapper.pricing import Functional
from polymap.mapper.problem import Part
from polymap.mapper.proof import Model, Proven, Undecided

FREE = 1e300  # a limit that every mapping keeps


@dataclass(frozen=True)
class Floor:
    """Lower bounds of a part: energy in pJ, cycles, and the bits that memories move whose traffic is asked for."""

    energy: float
    cycles: float
    moved: tuple[float, ...] = ()


@dataclass(frozen=True)
class Solver:
    """Solves parts of ordered and even frames; `deadline` is on the monotonic clock."""

    incumbent: Incumbent
    seed: int
    deadline: float | None

    def close(self, part: Part, floor: Floor) -> None:
        """Offer the best mapping of a part if it can beat the best so far. Raises `KernelTooLarge`, `TooMany` or
        `Undecided`."""
        small = kernel(part.program(), self._limits(part, floor))
        if small.empty:
            return
        if not part.exact:  # where closings alone do not decide the counts, nests are priced one by one
            for gaps in nests(small):
                with suppress(IllegalMapping):  # partial nests do not know what room the others take
                    self.incumbent.offer(part, gaps)
        elif self.incumbent.objective.energy_power and self.incumbent.objective.latency_power:
            self._least_product(part, small, floor)
        else:
            model = self._model(part, small)
            self._offer(part, model.minimise(*self._in_turn(model)))

    def _limits(self, part: Part, floor: Floor) -> list[tuple[Functional, float]]:
        """What a mapping of this part must not exceed to be as good as the best."""
        conditions, best = self.incumbent.conditions, self.incumbent.best
        energy, cycles = float(conditions.most_energy), float(conditions.most_cycles)
        if best:
            worth_energy, worth_cycles = self._worth(floor, best)
            energy, cycles = min(energy, worth_energy), min(cycles, worth_cycles)
        limits = [(part.energy, energy - float(part.leakage) * floor.cycles)] if energy < inf else []
        limits += [(port, cycles) for port in part.ports.values() if cycles < inf]
        return [*limits, *self.incumbent.moving(part)] or [(part.energy, FREE)]

    def _worth(self, floor: Floor, best: Candidate) -> tuple[float, float]:
        """Energy and cycles beyond which a mapping of a part is no better than the best."""
        objective, value = self.incumbent.objective, float(best.rank[0])
        energy = objective.most_energy(value, floor.cycles)
        least = floor.moved[0] if objective.level else floor.cycles
        if not objective.energy_power and least >= value:  # only a tie is left
            energy = float(best.cost.energy)
        return energy, objective.most_cycles(value, floor.energy)

    def _in_turn(self, model: Model) -> tuple[Any, ...]:
        """The objective, then what breaks ties, in their order."""
        goal = self.incumbent.objective
        first = (model.moved[goal.level],) if goal.level else ()
        return (*first, *((model.energy, model.cycles) if goal.energy_first else (model.cycles, model.energy)))

    def _model(self, part: Part, small: Kernel) -> Model:
        seconds = None if self.deadline is None else max(0.1, self.deadline - time.monotonic())
        conditions = self.incumbent.conditions
        model = Model(part, small, self.seed, seconds, self.incumbent.levels)
        model.at_most(conditions.energy_pj, conditions.cycles, conditions.traffic)
        return model

    def _least_product(self, part: Part, small: Kernel, least: Floor) -> None:
        """Least energy under ever smaller cycles, until the product cannot fall any more."""
        cycles: Fraction | None = None
        while True:
            model = self._model(part, small)
            if cycles is not None:
                model.at_most(cycles=cycles)
            proven = model.minimise(model.energy, model.cycles)
            if proven is None:
                return
            self._offer(part, proven)
            best = self.incumbent.best
            if not proven.energy or best is None:
                return
            enough = self.incumbent.objective.most_cycles(float(best.rank[0]), float(proven.energy))
            fewer, worth = proven.cycles - Fraction(1, model.ticks), enough * (1 + TOLERANCE)
            cycles = Fraction(worth) if worth < fewer else fewer
            if cycles < least.cycles:
                return

    def _offer(self, part: Part, proven: Proven | None) -> None:
        """Raises `Undecided` where prices that the solver had to round hide that a mapping breaks the conditions."""
        if proven and not self.incumbent.allows(self.incumbent.offer(part, [arc.loops for arc in proven.arcs])):
            raise Undecided
