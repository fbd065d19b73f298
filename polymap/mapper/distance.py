"""How far a mapping is from the optimum, and the single change that brings it closest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from polymap.architecture.hierarchy import Architecture
from polymap.errors import NOWHERE, IllegalMapping, Mistake, SpecError
from polymap.mapper.changes import Change, changes
from polymap.mapper.conditions import conditions
from polymap.mapper.objective import objective
from polymap.mapper.query import Query, limits_of, optimize
from polymap.mapper.result import Result
from polymap.mapping.nest import Mapping
from polymap.mapping.tidy import tidy
from polymap.model.cost import Cost
from polymap.workload.einsum import Einsum

Price = Callable[[Mapping], Cost]  # raises `IllegalMapping`


@dataclass(frozen=True)
class Distance:
    """A mapping, the optimum, and the change that helps most (None: no single change helps).

    `given` and `changed` are priced mappings with their value of the objective. Of `tried` changes `legal` give a
    legal mapping that keeps to the conditions and statements, and `better` of these are better.
    """

    given: Result
    best: Result
    words: str | None
    changed: Result | None
    tried: int
    legal: int
    better: int

    @property
    def factor(self) -> float:
        """The mapping's objective over the optimum's."""
        return _ratio(self.given.value, self.best.value)

    @property
    def at_most(self) -> float:
        """The mapping's objective over what no mapping of the space is below."""
        return _ratio(self.given.value, self.best.lower_bound)

    @property
    def gain(self) -> float:
        """The share of the objective that the change saves."""
        changed = self.changed or self.given
        return 1 - _ratio(changed.value, self.given.value)

    @property
    def differences(self) -> tuple[tuple[str, str, float, float], ...]:
        """(level, what, pJ here, pJ at the optimum) wherever the energies differ, the greatest difference first."""
        here, there = _energies(self.given.cost), _energies(self.best.cost)
        rows = [(*key, here.get(key, 0.0), there.get(key, 0.0)) for key in dict.fromkeys([*here, *there])]
        return tuple(sorted((r for r in rows if r[2] != r[3]), key=lambda r: (-abs(r[2] - r[3]), r[0], r[1])))


def distance(einsum: Einsum, architecture: Architecture, mapping: Mapping, query: Query, price: Price) -> Distance:
    """How far a mapping is from the optimum of a query, and the first change that helps.

    Raises `IllegalMapping` with every rule that the mapping breaks, or every statement, `SpecError` where it breaks the
    conditions of the query, and what `optimize` raises.
    """
    goal, limits = objective(query.objective), conditions(query.subject_to, einsum, architecture)
    demanded, cost = limits_of(query, einsum, architecture), price(mapping)
    broken = demanded.violations(mapping) if demanded else []
    if broken:
        raise IllegalMapping(broken)
    if not limits.hold(cost, einsum, architecture):
        told = ", ".join(f"'{text}'" for text in limits.texts)
        raise SpecError(Mistake(NOWHERE, f"the mapping does not keep to {told}", "loosen a condition, or leave it out"))
    plain = Mapping(tidy(mapping.nodes, einsum, architecture))
    best = optimize(einsum, architecture, query)

    def hold(nest: Mapping, cost: Cost) -> bool:
        return limits.hold(cost, einsum, architecture) and not (demanded and demanded.violations(nest))

    tried, priced = _priced(changes(einsum, architecture, plain), price, hold)

    def rank(of: Cost) -> tuple[Fraction, ...]:
        return goal.rank_of(of, einsum, architecture)

    ranked = [(rank(each), number, change, each) for number, (change, each) in enumerate(priced)]
    better = [each for each in ranked if each[0][0] < rank(cost)[0]]
    first = min(better, default=None)

    def result(nest: Mapping, of: Cost) -> Result:
        value = float(goal.of(of, einsum, architecture))
        return Result("evaluated", goal.name, value, None, nest, of, einsum, architecture, best.conventions)

    return Distance(
        result(plain, cost),
        best,
        first[2].words if first else None,
        result(first[2].mapping, first[3]) if first else None,
        tried,
        len(priced),
        len(better),
    )


def _priced(
    candidates: Iterable[Change], price: Price, hold: Callable[[Mapping, Cost], bool]
) -> tuple[int, list[tuple[Change, Cost]]]:
    """How many there are, and those that are legal and keep to the conditions and statements."""
    tried, found = 0, []
    for change in candidates:
        tried += 1
        try:
            cost = price(change.mapping)
        except IllegalMapping:
            continue
        if hold(change.mapping, cost):
            found.append((change, cost))
    return tried, found


def _ratio(a: float | None, b: float | None) -> float:
    return a / b if a is not None and b else float("inf")


def _energies(cost: Cost) -> dict[tuple[str, str], float]:
    return dict(_each_energy(cost))


def _each_energy(cost: Cost) -> Iterator[tuple[tuple[str, str], float]]:
    for row in cost.traffic:
        yield (row.level, row.tensor), row.energy_pj
    for part in cost.components:
        if part.leakage:
            yield (part.level, "leakage"), float(part.leakage)
