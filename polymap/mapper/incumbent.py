"""The best mapping so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from polymap.mapper.build import Gap, mapping_of
from polymap.mapper.conditions import Conditions
from polymap.mapper.objective import Objective
from polymap.mapper.problem import Part
from polymap.mapping.nest import Mapping
from polymap.model.cost import Cost


@dataclass(frozen=True)
class Candidate:
    """A mapping of a part with its exact cost, its rank, and what breaks further ties."""

    part: Part
    mapping: Mapping
    cost: Cost
    rank: tuple[Fraction, ...]

    @property
    def key(self) -> tuple[object, ...]:
        loops = self.mapping.loops
        return (*self.rank, len(loops), [str(node) for node in self.mapping.nodes])


@dataclass
class Incumbent:
    """Prices mappings by the model and remembers the best that keeps to the conditions."""

    objective: Objective
    conditions: Conditions
    evaluate: Callable[[Mapping], Cost]
    best: Candidate | None = None
    refused: bool = False  # whether the conditions have shut out anything

    def offer(self, part: Part, gaps: Sequence[Gap]) -> Candidate:
        """Price the mapping of a part that stands so in its gaps, innermost gap first.

        Raises `PolymapError` for one that cannot be priced.
        """
        mapping = mapping_of(part, gaps)
        cost = self.evaluate(mapping)
        rank = self.objective.rank(cost.energy, Fraction(cost.cycles))
        candidate = Candidate(part, mapping, cost, rank)
        if self.allows(candidate) and (self.best is None or candidate.key < self.best.key):
            self.best = candidate
        return candidate

    def allows(self, candidate: Candidate) -> bool:
        """Whether a mapping keeps to the conditions."""
        allowed = self.conditions.hold(candidate.cost)
        self.refused = self.refused or not allowed
        return allowed
