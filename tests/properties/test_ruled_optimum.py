"""The mapper under statements against exhaustion: the best mapping that the judge passes is found and proven, or there
is none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.exhaust_uneven import IMPERFECT
from tests.oracles.uneven_objectives import OBJECTIVES, Objective
from tests.properties.exact_engines import law
from tests.properties.ruled_optimum import Ruled, check_ruled, ruled

objectives = st.sampled_from(tuple(OBJECTIVES.values()))


@law(15)
@given(problem=ruled("even", most_mappings=200), objective=objectives)
def test_no_even_mapping_that_meets_the_statements_is_better(problem: Ruled, objective: Objective) -> None:
    check_ruled(problem, objective)


@law(8)
@given(problem=ruled("uneven", most_mappings=100), objective=objectives)
def test_no_uneven_mapping_that_meets_the_statements_is_better(problem: Ruled, objective: Objective) -> None:
    check_ruled(problem, objective)


@law(10)
@given(problem=ruled("even", 200, IMPERFECT), objective=objectives)
def test_no_even_imperfect_mapping_that_meets_the_statements_is_better(problem: Ruled, objective: Objective) -> None:
    check_ruled(problem, objective)


@law(5)
@given(problem=ruled("uneven", 100, IMPERFECT), objective=objectives)
def test_no_uneven_imperfect_mapping_that_meets_the_statements_is_better(problem: Ruled, objective: Objective) -> None:
    check_ruled(problem, objective)
