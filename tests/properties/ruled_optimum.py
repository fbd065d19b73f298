"""What the mapper must answer under statements: the best of all mappings that the judge passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import Any

import pytest
from hypothesis import strategies as st

import polymap as pm
from polymap.constraints.bind import bind
from polymap.model.evaluate import evaluate
from tests.constraints import drawn
from tests.oracles import exhaust, exhaust_even_imperfect
from tests.oracles.exhaust_uneven import IMPERFECT, PERFECT, Rules, Space
from tests.oracles.uneven_loops import sequences
from tests.oracles.uneven_objectives import Objective
from tests.properties.strategies_imperfect import cut, imperfect_queries
from tests.properties.strategies_uneven import Query, queries, smaller

EVERY_MAPPING = Rules(*[False] * 7)
MOST_ORDERS = 500
MOST_PLACED = 300


@dataclass(frozen=True)
class Ruled:
    """A small problem with statements about its mappings."""

    query: Query
    said: list[drawn.Said]
    mapspace: str
    factors: str = PERFECT

    def __str__(self) -> str:
        return "\n".join([self.mapspace, self.factors, str(self.query), *map(str, self.said)])

    @property
    def constraints(self) -> Any:
        return pm.constraints(drawn.document(self.said))

    def mappings(self) -> Iterator[pm.Mapping]:
        """Every mapping of the mapspace that is legal and meets the statements."""
        limits = bind(self.constraints, self.query.einsum, self.query.architecture)
        found = every_mapping(self.query.einsum, self.query.architecture, self.mapspace, self.factors)
        return (mapping for mapping in found if not limits.violations(mapping))


def every_mapping(
    einsum: pm.Einsum, machine: pm.Architecture, mapspace: str, factors: str = PERFECT
) -> Iterator[pm.Mapping]:
    """Every legal mapping, those of equal cost included."""
    if mapspace == "even" and factors == IMPERFECT:
        return exhaust_even_imperfect.mappings(einsum, machine)
    if mapspace == "even":
        return exhaust.mappings(einsum, machine, every_order=True)
    return Space(einsum, machine, factors, EVERY_MAPPING).mappings()


def query_is_small(query: Query, factors: str = PERFECT) -> bool:
    """Whether there are few orders of loops, and places for nodes in them, when no rule leaves any out."""
    space = Space(query.einsum, query.architecture, factors, EVERY_MAPPING)
    orders = sequences(query.einsum, query.architecture, factors, space.rules, len(query.architecture.hierarchy))
    if sum(1 for _ in islice(orders, MOST_ORDERS + 1)) > MOST_ORDERS:
        return False
    return sum(nest.size for nest in space.nests()) <= MOST_PLACED


@st.composite
def ruled(draw: st.DrawFn, mapspace: str, most_mappings: int, factors: str = PERFECT) -> Ruled:
    if factors == IMPERFECT:
        query, shrunk = draw(imperfect_queries(most_mappings)), cut
    else:
        query, shrunk = draw(queries(st.just(PERFECT), most_mappings=most_mappings)), smaller
    while mapspace == "uneven" and not query_is_small(query, factors):
        query = replace(query, einsum=shrunk(query.einsum))
    said = draw(st.lists(drawn.statements(query.einsum, query.architecture), min_size=1, max_size=4))
    return Ruled(query, said, mapspace, factors)


def check_ruled(problem: Ruled, objective: Objective) -> None:
    """The least value over all mappings that meet the statements is found and proven, or there is none."""
    einsum, machine = problem.query.einsum, problem.query.architecture
    optimize: Any = pm.optimize
    asked = {"mapspace": problem.mapspace, "constraints": problem.constraints, "factors": problem.factors}
    ask = lambda: optimize(einsum, machine, objective=objective.name, **asked)  # noqa: E731
    best = min((rank(objective, pm_cost(problem, mapping)) for mapping in problem.mappings()), default=None)
    if best is None:
        with pytest.raises(pm.Infeasible):
            ask()
        return
    found = ask()
    assert pm.evaluate(einsum, machine, found.mapping, constraints=problem.constraints) == found.cost, str(problem)
    assert rank(objective, found.cost) == best, f"{problem}\n{found.mapping}"
    assert found.status == "optimal", str(problem)
    assert found.lower_bound == found.value


def pm_cost(problem: Ruled, mapping: pm.Mapping) -> pm.Cost:
    return evaluate(problem.query.einsum, problem.query.architecture, mapping, check=False)


def rank(objective: Objective, cost: pm.Cost) -> tuple[Any, ...]:
    powers = {"energy": (1, 0), "latency": (0, 1), "edp": (1, 1), "ed2p": (1, 2)}[objective.name]
    value = Fraction(cost.energy) ** powers[0] * Fraction(cost.cycles) ** powers[1]
    return (value, cost.energy, cost.cycles) if powers[0] else (value, cost.cycles, cost.energy)
