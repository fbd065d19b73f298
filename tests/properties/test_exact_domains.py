"""The random domains of the exact model mean the same to the walk, as predicates, and to polymap, as ISL text."""

from __future__ import annotations

from itertools import product

import islpy as isl
from hypothesis import given

from tests.properties.exact_engines import law
from tests.properties.strategies_exact import Problem, any_problem


def points_of(domain: isl.Set) -> set[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    domain.foreach_point(lambda point: found.append(coordinates(point, domain.dim(isl.dim_type.set))))
    return set(found)


def coordinates(point: isl.Point, dimensions: int) -> tuple[int, ...]:
    return tuple(point.get_coordinate_val(isl.dim_type.set, k).to_python() for k in range(dimensions))


@law(150)
@given(problem=any_problem)
def test_the_domain_of_an_einsum_holds_the_points_that_its_constraints_accept(problem: Problem) -> None:
    names = [rank for rank, _ in problem.einsum.ranks]
    box = product(*(range(size) for _, size in problem.einsum.ranks))
    accepted = {point for point in box if problem.domain(dict(zip(names, point, strict=True)))}
    assert points_of(problem.posed.domain()) == accepted, str(problem)
    assert problem.posed.computes == len(accepted), str(problem)
