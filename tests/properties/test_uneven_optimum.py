"""The mapper against exhaustion of the uneven mapspace: the optimum is found and proven for every objective and
condition."""

from __future__ import annotations

from fractions import Fraction
from unittest.mock import patch

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polymap.mapper import search
from polymap.mapper.pricing import exact_seen
from tests.oracles.uneven_objectives import OBJECTIVES, powers, traffic
from tests.properties.exact_engines import law
from tests.properties.strategies_uneven import PERFECT, Query, queries
from tests.properties.uneven_optimum import (
    at_least_utilization,
    at_most_cycles,
    at_most_energy,
    at_most_traffic,
    check_optimum,
)

problems = queries(st.just(PERFECT), most_mappings=1000)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
@law(25)
@given(query=problems)
def test_no_uneven_mapping_is_better_than_the_one_found(query: Query, objective: object) -> None:
    check_optimum(query, OBJECTIVES[objective.name], PERFECT)  # type: ignore[attr-defined]


@law(12)
@given(query=problems, objective=st.sampled_from(sorted(OBJECTIVES)))
def test_sums_of_several_nodes_are_rounded_without_going_through_the_orders(query: Query, objective: str) -> None:
    assume(exact_seen(query.einsum.output))
    with patch.object(search, "MOST_ORDERS", 0):
        check_optimum(query, OBJECTIVES[objective], PERFECT)


@law(20)
@given(query=problems, energy=st.integers(1, 3), latency=st.integers(1, 3))
def test_products_of_powers_are_minimised(query: Query, energy: int, latency: int) -> None:
    check_optimum(query, powers(f"energy^{energy}*latency^{latency}", energy, latency), PERFECT)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
@law(8)
@given(query=problems, data=st.data())
def test_side_conditions_bind(query: Query, objective: object, data: st.DataObject) -> None:
    points = query.space().points("").witnesses
    some = data.draw(st.sampled_from(sorted(points, key=lambda p: (p.energy, p.cycles)))) if points else None
    cycles, energy = (some.cycles, some.energy) if some else (10, Fraction(100))
    condition = data.draw(
        st.sampled_from(
            (
                at_most_cycles(cycles, query.architecture.clock_hz),
                at_most_energy(energy + Fraction(1, 7)),
                at_least_utilization(Fraction(1, 2), query),
            )
        )
    )
    check_optimum(query, OBJECTIVES[objective.name], PERFECT, condition)  # type: ignore[attr-defined]


@law(16)
@given(query=problems, data=st.data())
def test_the_traffic_of_a_memory_is_minimised_and_ties_go_to_energy(query: Query, data: st.DataObject) -> None:
    check_optimum(query, traffic(some_memory(query, data)), PERFECT)


@law(10)
@given(query=problems, data=st.data())
def test_the_traffic_of_a_memory_is_minimised_under_conditions(query: Query, data: st.DataObject) -> None:
    level = some_memory(query, data)
    points = query.space().points(level).witnesses
    some = data.draw(st.sampled_from(sorted(points, key=str))) if points else None
    conditions = [at_least_utilization(Fraction(1, 2), query)]
    if some:
        conditions += [at_most_cycles(some.cycles, query.architecture.clock_hz), at_most_traffic(level, some.moved)]
        conditions.append(at_most_energy(some.energy + Fraction(1, 7)))
    check_optimum(query, traffic(level), PERFECT, data.draw(st.sampled_from(conditions)))


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
@law(4)
@given(query=problems, data=st.data())
def test_a_condition_on_traffic_binds(query: Query, objective: object, data: st.DataObject) -> None:
    level = some_memory(query, data)
    points = sorted({point.moved for point in query.space().points(level).witnesses})
    bits = data.draw(st.sampled_from(points)) if points else 100
    check_optimum(query, OBJECTIVES[objective.name], PERFECT, at_most_traffic(level, bits))  # type: ignore[attr-defined]


def some_memory(query: Query, data: st.DataObject) -> str:
    return str(data.draw(st.sampled_from([memory.name for memory in query.architecture.memories])))
