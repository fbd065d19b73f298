"""The mapper on domains that are no boxes, against all mappings, priced point by point: bounds hold, proven optima are
it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from math import prod

import pytest
from hypothesis import given

import polymap as pm
from polymap.mapper.problem import Part, Unopened
from polymap.mapper.query import classes
from polymap.mapping.nest import Mapping, Spatial
from polymap.model.conventions import POLYMAP
from polymap.model.cost import Cost
from polymap.model.evaluate import evaluate
from tests.oracles.every_point import every_point
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


Unrolled = tuple[tuple[int, ...], ...]  # factor of each rank, by array


def costs(query: DomainQuery) -> dict[Unrolled, list[Cost]]:
    """What all mappings cost, by what they unroll."""
    found: dict[Unrolled, list[Cost]] = defaultdict(list)
    for mapping in query.space().mappings():
        cost = evaluate(query.einsum, query.architecture, mapping, POLYMAP, sets=every_point)
        found[unrolled(query, mapping)].append(cost)
    return found


def unrolled(query: DomainQuery, mapping: Mapping) -> Unrolled:
    loops = [node for node in mapping.nodes if isinstance(node, Spatial)]
    return tuple(
        tuple(prod(loop.trip for loop in loops if loop.rank == rank) for rank in query.einsum.sizes)
        for _ in query.architecture.arrays  # one at most
    )


def bounds(unopened: Unopened) -> Iterator[tuple[str, float, float]]:
    """Every bound of (energy, cycles) of a class."""
    for name in ("compulsory", "relaxed", "refined"):
        yield name, getattr(unopened, name), unopened.cycles
    part = unopened.open()
    yield "program", min(map(least, part.split() or [part])), unopened.cycles


def least(part: Part) -> float:
    return part.least(part.energy)


@law(3)
@given(query=domain_queries(differences, MOST))
def test_no_mapping_of_a_class_is_better_than_its_bounds(query: DomainQuery) -> None:
    priced = costs(query)
    met: dict[Unrolled, list[dict[str, tuple[float, float]]]] = defaultdict(list)
    for unopened in classes(query.einsum, query.architecture, POLYMAP, "uneven"):
        factors = unopened.geometry.spatial.factors_of_arrays
        met[factors].append({name: (energy, cycles) for name, energy, cycles in bounds(unopened)})
    for factors, found in priced.items():
        energy, cycles = min(cost.energy for cost in found), min(cost.cycles for cost in found)
        for name in met[factors][0]:
            assert min(known[name][0] for known in met[factors]) <= energy * (1 + 1e-9), f"{name} {factors}\n{query}"
            assert min(known[name][1] for known in met[factors]) <= cycles, f"{name} {factors}\n{query}"


@law(3)
@given(query=domain_queries(differences, MOST))
def test_a_front_that_says_it_is_complete_is(query: DomainQuery) -> None:
    truth = query.space().points().pareto()
    if not truth:
        return
    front = pm.pareto(query.einsum, query.architecture)
    if front.complete:
        assert [(point.cost.energy, point.cost.cycles) for point in front.points] == truth, str(query)
