"""Every engine of the exact model against the loop nest walked point by point: all counts equal, on any problem."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap.architecture.hierarchy import Array
from polymap.model import evaluate
from polymap.model.conventions import POLYMAP
from tests.oracles.exact_walk import Rules, walk
from tests.properties.exact_engines import Counter, by_evaluating, by_integer_sets, by_walking, law
from tests.properties.strategies import Problem as PerfectProblem
from tests.properties.strategies import problems as perfect_problems
from tests.properties.strategies_exact import (
    Problem,
    boxes,
    coupled_accesses,
    differences,
    general_domains,
    padded_problems,
)

# Examples asked of the engine that `evaluate` chooses, and of integer sets alone, which take far longer.
FAMILIES: dict[str, tuple[st.SearchStrategy[Problem], int, int]] = {
    "boxes with short last tiles": (boxes, 900, 120),
    "accesses in which a rank occurs twice": (coupled_accesses, 250, 80),
    "triangles and bands": (differences, 400, 80),
    "domains with slanted edges": (general_domains, 200, 60),
    "images with padding": (padded_problems(), 200, 60),
}

on_every_family = pytest.mark.parametrize("family", FAMILIES)


@on_every_family
def test_every_count_of_evaluate_equals_the_walk(family: str) -> None:
    problems, examples, _ = FAMILIES[family]
    compare(problems, by_evaluating, examples)


@on_every_family
def test_every_count_by_integer_sets_equals_the_walk(family: str) -> None:
    problems, _, examples = FAMILIES[family]
    compare(problems, by_integer_sets, examples)


def compare(problems: st.SearchStrategy[Problem], count: Counter, examples: int) -> None:
    """Rows, computes, compute cycles and the room taken at every memory, on so many random problems."""

    @law(examples)
    @given(problem=problems)
    def agree(problem: Problem) -> None:
        assert count(problem) == by_walking(problem), str(problem)

    agree()


@law(150)
@given(problem=perfect_problems())
def test_an_element_that_several_siblings_fetch_is_read_once_where_halos_are_shared(problem: PerfectProblem) -> None:
    reads_agree(on_networks(problem, share_halo=True))


@law(150)
@given(problem=perfect_problems())
def test_what_a_neighbour_held_at_the_step_before_is_not_read_above_where_links_pass_it_on(
    problem: PerfectProblem,
) -> None:
    reads_agree(on_networks(problem, links=True))


def reads_agree(problem: PerfectProblem) -> None:
    asked = (problem.einsum, problem.architecture, problem.mapping)
    found = {(row.level, row.tensor): row.reads for row in evaluate(*asked, POLYMAP, check=False).traffic}
    truth = walk(problem.einsum, problem.mapping, problem.architecture, Rules())
    assert found == {place: row.reads for place, row in truth.rows.items()}, str(problem)


def on_networks(problem: PerfectProblem, links: bool = False, share_halo: bool = False) -> PerfectProblem:
    """The same problem on arrays of which more is asked."""
    hierarchy = tuple(
        replace(level, links=links, share_halo=share_halo) if isinstance(level, Array) else level
        for level in problem.architecture.hierarchy
    )
    return replace(problem, architecture=replace(problem.architecture, hierarchy=hierarchy))
