"""The best mapping so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import inf

from polymap.architecture.hierarchy import Architecture
from polymap.mapper.build import Gap, mapping_of
from polymap.mapper.conditions import Conditions
from polymap.mapper.objective import TOLERANCE, Objective, moved_bits
from polymap.mapper.pricing import Functional
from polymap.mapper.problem import Part, Unopened
from polymap.mapper.reading import reading
from polymap.mapping.nest import Mapping
from polymap.model.cost import Cost
from polymap.workload.einsum import Einsum


@dataclass(frozen=True)
class Candidate:
    """A mapping of a part with its exact cost, its rank, and what breaks further ties. `moved` are bits at the memories
    whose traffic a query asks for."""

    part: Part
    mapping: Mapping
    cost: Cost
    moved: tuple[int, ...]
    rank: tuple[Fraction, ...]

    @property
    def key(self) -> tuple[object, ...]:
        """The rank, then the number of loops, then the reading order."""
        return (*self.rank, len(self.mapping.loops), reading(self.mapping, self.part.geometry.skeleton.architecture))


@dataclass
class Incumbent:
    """Prices mappings by the model and remembers the best that keeps to the conditions.

    `levels` are the memories whose traffic is asked for, that of the objective first.
    `equals` are the parts in which mappings of the best's rank were found. No mapping of the query has an objective
    below `compulsory`.
    """

    objective: Objective
    conditions: Conditions
    einsum: Einsum
    architecture: Architecture
    evaluate: Callable[[Mapping], Cost]
    obeys: Callable[[Mapping], bool] = lambda mapping: True  # whether a mapping meets all statements
    best: Candidate | None = None
    compulsory: float = 0.0
    refused: bool = False  # whether the conditions have shut out anything
    equals: list[Part] = field(default_factory=list)

    @cached_property
    def levels(self) -> tuple[str, ...]:
        goal = [self.objective.level] if self.objective.level else []
        return tuple(dict.fromkeys([*goal, *(level for level, _ in self.conditions.traffic)]))

    def offer(self, part: Part, gaps: Sequence[Gap]) -> Candidate:
        """Price the mapping of a part that stands so in its gaps, innermost gap first.

        Raises `PolymapError` for one that cannot be priced.
        """
        return self.consider(part, mapping_of(part, gaps))

    def consider(self, part: Part, mapping: Mapping) -> Candidate:
        """Price a mapping of a part, and take it if it is the best that is allowed. Raises `PolymapError`."""
        cost = self.evaluate(mapping)
        moved = tuple(moved_bits(cost, self.einsum, self.architecture, level) for level in self.levels)
        rank = self.objective.rank_of(cost, self.einsum, self.architecture)
        candidate = Candidate(part, mapping, cost, moved, rank)
        if self.allows(candidate) and (self.best is None or candidate.rank <= self.best.rank):
            self._keep(candidate)
        return candidate

    def _keep(self, candidate: Candidate) -> None:
        if self.best is None or candidate.rank < self.best.rank:
            self.equals = []
        if all(candidate.part is not part for part in self.equals):
            self.equals.append(candidate.part)
        if self.best is None or candidate.key < self.best.key:
            self.best = candidate

    def may_keep(self, energy: float, cycles: float, moved: Sequence[float]) -> bool:
        """Whether a mapping that needs at least so much may keep to the conditions, rounding errors forgiven."""
        light = dict(zip(self.levels, moved))
        allowed = self.conditions.allow(energy * (1 - TOLERANCE), cycles, light)
        self.refused = self.refused or not allowed
        return allowed

    def is_worth(self, unopened: Unopened) -> bool:
        """Whether the quick bounds of a class let it keep to the conditions."""
        return self.may_keep(unopened.compulsory, unopened.cycles, (0.0,) * len(self.levels))

    @property
    def most_moved(self) -> float:
        """Bits beyond which the first of `levels` breaks a condition, or the objective is missed."""
        most = float(dict(self.conditions.traffic).get(self.levels[0], inf))
        return min(most, self.best.moved[0]) if self.best and self.objective.level else most

    def moving(self, part: Part) -> list[tuple[Functional, float]]:
        """The most bits that memories may move, to keep to the conditions and to be as good as the best."""
        most = {level: float(bits) for level, bits in self.conditions.traffic}
        goal = self.objective.level
        if goal and self.best:
            most[goal] = min(self.best.moved[0], most.get(goal, inf))
        return [(part.traffic(level), bits) for level, bits in most.items()]

    def allows(self, candidate: Candidate) -> bool:
        """Whether a mapping keeps to the conditions and the statements."""
        allowed = self.conditions.hold(candidate.cost, self.einsum, self.architecture)
        self.refused = self.refused or not allowed
        return allowed and self.obeys(candidate.mapping)
