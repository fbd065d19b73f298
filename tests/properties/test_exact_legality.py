"""What the exact model accepts: a mapping is legal if and only if no iteration of a loop is always empty."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from hypothesis import assume, given
from hypothesis import strategies as st

from polymap.architecture.hierarchy import Architecture, Array
from polymap.mapping.legality import mistakes
from polymap.mapping.nest import Mapping, Storage
from tests.oracles.exact_walk import always_empty
from tests.properties.exact_engines import law
from tests.properties.strategies_exact import Problem, boxes


def rejected(problem: Problem, mapping: Mapping) -> bool:
    return bool(mistakes(problem.einsum, problem.architecture, mapping))


@law(100)
@given(problem=boxes)
def test_a_mapping_whose_last_tiles_are_short_is_legal(problem: Problem) -> None:
    assert not mistakes(problem.einsum, problem.architecture, problem.mapping), str(problem)


@law(150)
@given(problem=boxes, data=st.data())
def test_a_loop_made_longer_is_legal_exactly_while_every_iteration_of_every_loop_runs(
    problem: Problem, data: st.DataObject
) -> None:
    mapping = stretched(problem.mapping, data)
    empty = always_empty(problem.einsum, mapping, problem.architecture)
    roomy = replace(problem, architecture=wide(problem.architecture))
    assert rejected(roomy, mapping) == bool(empty), str(replace(problem, mapping=mapping))


@law(150)
@given(problem=boxes, data=st.data())
def test_a_nest_that_leaves_points_out_is_rejected(problem: Problem, data: st.DataObject) -> None:
    mapping = stretched(problem.mapping, data, by=(-3, -2, -1))
    trips = {r: prod(loop.trip for loop in mapping.loops if loop.rank == r) for r in problem.einsum.sizes}
    assume(any(trips[rank] < size for rank, size in problem.einsum.ranks))
    assert rejected(problem, mapping), str(replace(problem, mapping=mapping))


def stretched(mapping: Mapping, data: st.DataObject, by: tuple[int, ...] = (1, 2, 3)) -> Mapping:
    """One loop, if there is one, with a trip that differs by one of `by`, but stays at least 1."""
    loops = [i for i, node in enumerate(mapping.nodes) if not isinstance(node, Storage)]
    assume(loops)
    place = data.draw(st.sampled_from(loops))
    node = mapping.nodes[place]
    assert not isinstance(node, Storage)
    longer = replace(node, trip=max(1, node.trip + data.draw(st.sampled_from(by))))
    return Mapping((*mapping.nodes[:place], longer, *mapping.nodes[place + 1 :]))


def wide(architecture: Architecture) -> Architecture:
    """The same machine with arrays that no loop outgrows."""
    hierarchy = tuple(
        replace(level, shape=tuple((dim, 10**6) for dim, _ in level.shape)) if isinstance(level, Array) else level
        for level in architecture.hierarchy
    )
    return replace(architecture, hierarchy=hierarchy)
