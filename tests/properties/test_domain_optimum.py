"""The mapper on domains that are no boxes, against all mappings, priced point by point: bounds hold, proven optima are
it."""

from __future__ import annotations

import pytest
from hypothesis import given

import polymap as pm
from tests.oracles.uneven_objectives import OBJECTIVES, Objective
from tests.properties.exact_engines import law
from tests.properties.strategies_domains import (
    DomainQuery,
    convolutions,
    corners,
    differences,
    domain_queries,
    relatives,
)

MOST = 200


def check(query: DomainQuery, objective: Objective) -> str:
    """The answer's status; its bound is not above the optimum, its value not below, and both are it if it says so."""
    points = query.space().points()
    truth = points.best(objective.ordered)
    if truth is None:
        with pytest.raises((pm.Infeasible, pm.Unsolved)):
            pm.optimize(query.einsum, query.architecture, objective=objective.name)
        return "infeasible"
    found = pm.optimize(query.einsum, query.architecture, objective=objective.name)
    value = float(objective.value(truth, query.architecture.clock_hz))
    assert found.lower_bound <= value * (1 + 1e-12), f"{query}\n{found.lower_bound} {value}\n{points.mapping(truth)}"
    assert found.value >= value, f"{query}\n{found.mapping}"
    if found.status == "optimal":
        assert found.value == value, f"{query}\n{found.mapping}\n{points.mapping(truth)}"
    return str(found.status)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
@law(3)
@given(query=domain_queries(differences, MOST))
def test_triangles_and_bands(query: DomainQuery, objective: Objective) -> None:
    check(query, objective)


@law(3)
@given(query=domain_queries(corners, MOST))
def test_slanted_edges(query: DomainQuery) -> None:
    check(query, OBJECTIVES["energy"])


@law(3)
@given(query=domain_queries(convolutions(), MOST))
def test_images_with_padding(query: DomainQuery) -> None:
    check(query, OBJECTIVES["energy"])


@law(3)
@given(query=domain_queries(relatives, MOST))
def test_relative_positions(query: DomainQuery) -> None:
    check(query, OBJECTIVES["energy"])


@law(3)
@given(query=domain_queries(differences, MOST))
def test_a_front_that_says_it_is_complete_is(query: DomainQuery) -> None:
    truth = query.space().points().pareto()
    if not truth:
        return
    front = pm.pareto(query.einsum, query.architecture)
    if front.complete:
        assert [(point.cost.energy, point.cost.cycles) for point in front.points] == truth, str(query)
