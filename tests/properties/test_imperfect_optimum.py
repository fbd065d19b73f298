"""Imperfect factors: the mapper against exhaustion, for every objective, under side conditions, and on fronts."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import polymap as pm
from tests.oracles.exhaust_even_imperfect import mappings as even_mappings
from tests.oracles.exhaust_uneven import IMPERFECT, Point, Rules, Space
from tests.oracles.uneven_objectives import OBJECTIVES, powers, traffic
from tests.properties.exact_engines import law
from tests.properties.strategies_imperfect import imperfect_queries
from tests.properties.strategies_uneven import Query
from tests.properties.uneven_optimum import (
    Condition,
    at_least_utilization,
    at_most_cycles,
    at_most_energy,
    at_most_traffic,
    check_optimum,
)

problems = imperfect_queries()


@law(24)
@given(query=problems, name=st.sampled_from(sorted(OBJECTIVES)))
def test_no_imperfect_mapping_is_better_than_the_one_found(query: Query, name: str) -> None:
    check_optimum(query, OBJECTIVES[name], IMPERFECT)


@law(6)
@given(query=problems, energy=st.integers(1, 3), latency=st.integers(1, 3))
def test_products_of_powers_are_minimised(query: Query, energy: int, latency: int) -> None:
    check_optimum(query, powers(f"energy^{energy}*latency^{latency}", energy, latency), IMPERFECT)


@law(8)
@given(query=problems, name=st.sampled_from(sorted(OBJECTIVES)), data=st.data())
def test_side_conditions_bind(query: Query, name: str, data: st.DataObject) -> None:
    points = query.space().points("").witnesses
    some = data.draw(st.sampled_from(sorted(points, key=lambda p: (p.energy, p.cycles)))) if points else None
    cycles, energy = (some.cycles, some.energy) if some else (10, Fraction(100))
    conditions = (
        at_most_cycles(cycles, query.architecture.clock_hz),
        at_most_energy(energy + Fraction(1, 7)),
        at_least_utilization(Fraction(1, 2), query),
    )
    check_optimum(query, OBJECTIVES[name], IMPERFECT, data.draw(st.sampled_from(conditions)))


@law(8)
@given(query=problems, data=st.data())
def test_the_traffic_of_a_memory_is_minimised_under_conditions_and_ties_go_to_energy(
    query: Query, data: st.DataObject
) -> None:
    level = some_memory(query, data)
    points = sorted(query.space().points(level).witnesses, key=lambda p: (p.energy, p.cycles, p.moved))
    conditions: list[Condition | None] = [None, at_least_utilization(Fraction(1, 2), query)]
    if points:
        some = data.draw(st.sampled_from(points))
        conditions += [
            at_most_energy(some.energy + Fraction(1, 7)),
            at_most_cycles(some.cycles, query.architecture.clock_hz),
        ]
    check_optimum(query, traffic(level), IMPERFECT, data.draw(st.sampled_from(conditions)))


@law(6)
@given(query=problems, name=st.sampled_from(sorted(OBJECTIVES)), data=st.data())
def test_a_condition_on_traffic_binds(query: Query, name: str, data: st.DataObject) -> None:
    level = some_memory(query, data)
    points = sorted({point.moved for point in query.space().points(level).witnesses})
    bits = data.draw(st.sampled_from(points)) if points else 8
    check_optimum(query, OBJECTIVES[name], IMPERFECT, at_most_traffic(level, bits))


@law(4)
@given(query=problems)
def test_a_front_misses_no_point_and_has_none_that_another_beats(query: Query) -> None:
    truth = query.space().points("").pareto()
    if not truth:
        with pytest.raises(pm.Infeasible):
            pm.pareto(query.einsum, query.architecture, factors=IMPERFECT)
        return
    front = pm.pareto(query.einsum, query.architecture, factors=IMPERFECT)
    assert front.complete
    assert [(point.cost.energy, point.cost.cycles) for point in front.points] == truth, str(query)


def some_memory(query: Query, data: st.DataObject) -> str:
    return str(data.draw(st.sampled_from([memory.name for memory in query.architecture.memories])))


NO_RULES = Rules(**{rule.name: False for rule in fields(Rules)})


@law(5)
@given(query=imperfect_queries(most_mappings=20), name=st.sampled_from(sorted(OBJECTIVES)))
def test_nothing_is_better_where_no_tile_stays(query: Query, name: str) -> None:
    space = Space(query.einsum, query.architecture, IMPERFECT, NO_RULES)
    assume(space.is_within(300))
    check_against(query, list(space.mappings()), name, {"conventions": "accelforge,tiles_slide=no"})


@law(6)
@given(query=imperfect_queries(most_mappings=200), name=st.sampled_from(sorted(OBJECTIVES)))
def test_no_even_mapping_is_better_than_the_one_found(query: Query, name: str) -> None:
    found = list(islice(even_mappings(query.einsum, query.architecture), 2_000))
    assume(len(found) < 2_000)
    check_against(query, found, name, {"mapspace": "even"})


def check_against(query: Query, mappings: list[pm.Mapping], name: str, asked: dict[str, str]) -> None:
    """The optimum is the least of the mappings listed, as they are priced; or there is none."""
    rules = asked.get("conventions", "polymap")
    costs = [pm.evaluate(query.einsum, query.architecture, m, conventions=rules) for m in mappings]
    if not costs:
        with pytest.raises(pm.Infeasible):
            pm.optimize(query.einsum, query.architecture, objective=name, factors=IMPERFECT, **asked)
        return
    least = min(OBJECTIVES[name].ordered(Point(cost.energy, cost.cycles)) for cost in costs)
    found = pm.optimize(query.einsum, query.architecture, objective=name, factors=IMPERFECT, **asked)
    assert found.status == "optimal", str(query)
    assert OBJECTIVES[name].ordered(Point(found.cost.energy, found.cost.cycles)) == least, str(query)
