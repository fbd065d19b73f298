"""Fronts against exhaustion of the uneven mapspace: no point is missing, and none is there that another beats."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polymap as pm
from polymap.mapper.result import Front
from tests.oracles.uneven_objectives import pareto, sizes
from tests.properties.exact_engines import law
from tests.properties.strategies_uneven import PERFECT, Query, queries

problems = queries(st.just(PERFECT), most_mappings=1000)
tolerances = st.sampled_from((0.05, 0.3, 1.0))


@law(8)
@given(query=problems)
def test_a_front_over_latency_misses_no_point(query: Query) -> None:
    check_front(query, pareto(query.einsum, query.architecture), "energy,latency")


@law(15)
@given(query=problems, data=st.data())
def test_a_front_over_the_size_of_a_memory_misses_no_point(query: Query, data: st.DataObject) -> None:
    level = some_memory(query, data)
    check_front(query, sizes(query.einsum, query.architecture, level), f"energy,size:{level}")


@law(4)
@given(query=problems, data=st.data(), tolerance=tolerances)
def test_a_front_within_a_tolerance_stands_for_every_mapping(
    query: Query, data: st.DataObject, tolerance: float
) -> None:
    level = some_memory(query, data)
    check_tolerance(query, pareto(query.einsum, query.architecture), "energy,latency", tolerance)
    check_tolerance(query, sizes(query.einsum, query.architecture, level), f"energy,size:{level}", tolerance)


def some_memory(query: Query, data: st.DataObject) -> str:
    return str(data.draw(st.sampled_from([memory.name for memory in query.architecture.memories])))


def check_front(query: Query, truth: list[tuple[Fraction, int]], axes: str) -> None:
    if not truth:
        with pytest.raises(pm.Infeasible):
            pm.pareto(query.einsum, query.architecture, axes=axes)
        return
    front = pm.pareto(query.einsum, query.architecture, axes=axes)
    assert front.complete
    assert values(front) == truth, str(query)


def check_tolerance(query: Query, truth: list[tuple[Fraction, int]], axes: str, tolerance: float) -> None:
    """Each point of the whole front has one of no more energy that needs at most so much more of the rest; and no point
    is beaten in both."""
    if truth:
        found = values(pm.pareto(query.einsum, query.architecture, axes=axes, tolerance=tolerance))
        times = 1 + Fraction(str(tolerance))
        assert all(any(e <= energy and a <= times * amount for e, a in found) for energy, amount in truth), str(query)
        assert found == sorted(found)
        assert [amount for _, amount in found] == sorted({amount for _, amount in found}, reverse=True)


def values(front: Front) -> list[tuple[Fraction, int]]:
    """Energy in pJ and cycles, or bits, of every point."""
    level = front.axes[1].partition(":")[2]
    rows = [{row.level: row.occupied_bits for row in point.cost.components} for point in front.points]
    return [(p.cost.energy, row[level] if level else p.cost.cycles) for p, row in zip(front.points, rows)]
