"""The audit: the model's engines and integer sets agree on every count, and it says so where they do not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from importlib import import_module

import pytest
from hypothesis import HealthCheck, assume, given, settings

from polymap.architecture.hierarchy import Architecture, Compute
from polymap.errors import IllegalMapping
from polymap.mapping import mapping
from polymap.model.conventions import ACCELFORGE, POLYMAP, TIMELOOP, Conventions
from polymap.model.evaluate import evaluate
from polymap.polyhedral import audit, integer_sets
from polymap.polyhedral.audit import FOREIGN, POINTS, QUANTITIES, SETS
from polymap.workload import Einsum, einsum, workload
from tests.polyhedral.cases import ARRAY, Case, cases, memory, meshes
from tests.polyhedral.test_counts import ARCHITECTURE, CAUSAL
from tests.properties.networks import wired
from tests.properties.strategies import Problem, problems
from tests.properties.strategies_exact import Problem as Uneven
from tests.properties.strategies_exact import boxes

GEMM = einsum("C[m,n] += A[m,k] * B[k,n]", m=6, n=4, k=5)
NEST = mapping(
    "DRAM holds A B C\nfor m in 3\nGLB holds A B C\nfor k in 5\nRF holds A B C\nfor m in 2\nfor n in 4\ncompute"
)


@given(problem=problems())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_closed_forms_agree_with_integer_sets(problem: Problem) -> None:
    cost = evaluate(problem.einsum, problem.architecture, problem.mapping, check=False)
    found = audit(problem.einsum, problem.architecture, problem.mapping, cost=cost)
    assert not [row for row in found.rows if row.counted != row.model], str(problem)


@given(case=cases())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_engine_of_the_model_agrees_with_integer_sets(case: Case) -> None:
    conventions = replace(POLYMAP, holes=case.holes)
    try:
        cost = evaluate(case.einsum, case.architecture, case.mapping, conventions, sets=integer_sets)
    except IllegalMapping:
        assume(False)
    found = audit(case.einsum, case.architecture, case.mapping, conventions, cost)
    assert not [row for row in found.rows if row.counted != row.model], str(case)


def test_an_audit_has_a_row_for_every_count() -> None:
    found = audit(GEMM, ARCHITECTURE, NEST)
    keys = [(row.level, row.tensor, row.quantity) for row in found.rows if row.tensor and ".to_" not in row.level]
    assert sorted(keys) == sorted(
        (level, tensor, quantity) for level in ("DRAM", "GLB", "RF") for tensor in "ABC" for quantity in QUANTITIES
    )
    run = {row.quantity: row.counted for row in found.rows if not row.tensor}
    assert (run["computes"], run["compute_cycles"], run["RF.instances"]) == (120, 120, 1)
    assert {row.method for row in found.rows} == {SETS}
    assert found.agrees


@pytest.mark.parametrize("conventions", [ACCELFORGE, TIMELOOP])
@given(problem=problems())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_closed_forms_of_other_presets_agree_with_integer_sets(conventions: Conventions, problem: Problem) -> None:
    cost = evaluate(problem.einsum, problem.architecture, problem.mapping, conventions, check=False)
    found = audit(problem.einsum, problem.architecture, problem.mapping, conventions, cost)
    assert not [row for row in found.rows if row.counted != row.model], str(problem)


@pytest.mark.parametrize(("links", "share_halo"), [(False, False), (True, False), (False, True)])
@given(problem=problems())
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_networks_agree_with_integer_sets(links: bool, share_halo: bool, problem: Problem) -> None:
    machine = wired(problem.architecture, links, share_halo)
    cost = evaluate(problem.einsum, machine, problem.mapping, check=False, sets=integer_sets)
    found = audit(problem.einsum, machine, problem.mapping, cost=cost)
    assert not [row for row in found.rows if row.counted != row.model], str(problem)


@given(problem=boxes)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_counts_of_a_replay_are_confirmed_or_told_apart_from_what_is_exact(problem: Uneven) -> None:
    cost = evaluate(problem.einsum, problem.architecture, problem.mapping, "timeloop", check=False)
    found = audit(problem.einsum, problem.architecture, problem.mapping, "timeloop", cost)
    assert found.agrees
    for row in found.rows:
        why = (str(row.counted), "only that walk", "cannot be counted exactly")
        told = row.method.startswith(FOREIGN) and any(each in row.method for each in why)
        assert row.counted == row.model or told, row


def test_what_integer_sets_counted_is_looked_at_point_by_point() -> None:
    work = einsum("O[i] += A[i,i+j] * B[j]", i=6, j=6, domain="{ [i,j] : i + j <= 6 }")
    nest = mapping(
        "DRAM holds O A B\nGLB holds O A B\nfor i in 3\nfor j in 2\nRF holds O A B\nfor i in 2\nfor j in 3\ncompute"
    )
    found = audit(work, ARCHITECTURE, nest)
    assert {row.method for row in found.rows} == {POINTS}
    assert found.agrees
    assert all(row.counted is not None for row in found.rows)


def test_more_points_than_can_be_looked_at_are_left_uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("polymap.polyhedral.pointwise"), "MOST_POINTS", 10)
    work = einsum("O[i] += A[i,i+j] * B[j]", i=6, j=6, domain="{ [i,j] : i + j <= 6 }")
    nest = mapping("DRAM holds O A B\nGLB holds O A B\nRF holds O A B\nfor i in 6\nfor j in 6\ncompute")
    found = audit(work, ARCHITECTURE, nest)
    assert {row.method for row in found.rows} == {"not counted: 26 points are too many to look at each"}


def test_a_wrong_number_of_the_model_is_found() -> None:
    cost = evaluate(GEMM, ARCHITECTURE, NEST)
    wrong = replace(cost, traffic=tuple(replace(row, fills=row.fills + (row.level == "RF")) for row in cost.traffic))
    found = audit(GEMM, ARCHITECTURE, NEST, cost=wrong)
    assert not found.agrees
    assert {(row.level, row.quantity) for row in found.rows if not row.agrees} == {("RF", "fills")}


def test_what_is_beyond_the_budget_is_left_uncounted_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = evaluate(GEMM, ARCHITECTURE, NEST)
    monkeypatch.setattr(import_module("polymap.workload.counting"), "BUDGET", 3)
    found = audit(GEMM, ARCHITECTURE, NEST, cost=cost)
    reasons = {row.method.split(":")[1] for row in found.rows if row.tensor == "B"}
    assert len(reasons) == 1
    assert reasons.pop().startswith(" the domain of einsum cannot be counted exactly in 3 steps")
    assert found.agrees


def test_a_mapping_that_is_replayed_is_confirmed_where_that_walk_is_exact() -> None:
    uneven = mapping(
        "DRAM holds A B C\nfor m in 2\nfor k in 5\nGLB holds A B C\nRF holds A B C\nfor m in 4\nfor n in 4\ncompute"
    )
    found = audit(GEMM, ARCHITECTURE, uneven, "timeloop")
    assert found.agrees
    rows = {(row.level, row.tensor, row.quantity): row for row in found.rows}
    reads, cycles = rows["DRAM", "A", "reads"], rows["", "", "compute_cycles"]
    assert (reads.model, reads.counted, reads.method, reads.is_foreign) == (30, 30, SETS, False)
    # Every trip counts there, 2 * 5 * 4 * 4; tiles of 4 and 2 rows make 5 * 6 * 4 steps.
    assert (cycles.model, cycles.counted, cycles.is_foreign) == (160, 120, True)
    assert cycles.method == "another tool's algorithm, run again; the exact count is 120"


def test_causal_attention_is_confirmed() -> None:
    attention = workload("causal_attention")
    assert isinstance(attention, Einsum)
    found = audit(attention, ARCHITECTURE, mapping(CAUSAL))
    assert found.agrees
    assert all(row.counted is not None for row in found.rows)


@given(case=meshes())
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_networks_have_a_second_route_on_few_points(case: Case) -> None:
    conventions = replace(POLYMAP, holes=case.holes)
    try:
        cost = evaluate(case.einsum, case.architecture, case.mapping, conventions, sets=integer_sets)
    except IllegalMapping:
        assume(False)
    found = audit(case.einsum, case.architecture, case.mapping, conventions, cost)
    assert not [row for row in found.rows if row.counted != row.model], str(case)


def test_links_on_a_box_that_integer_sets_counted_are_counted_point_by_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("polymap.model.handed"), "MOST_STEPS", 1)
    work = einsum("O[p] += I[p+r] * W[r]", p=7, r=3)
    nest = mapping("L0 holds O I W\nfor p in 2\nfor r in 3\nparallel p in 4 on X\nL2 holds O I W\ncompute")
    levels = (memory("L0"), replace(ARRAY, links=True), memory("L2"), Compute("MAC", Fraction(1)))
    machine = Architecture("row", levels, Fraction(1))
    found = audit(work, machine, nest)
    assert found.agrees
    assert {row.method for row in found.rows if row.tensor == "I"} == {POINTS}
    assert {row.method for row in found.rows if row.tensor == "O"} == {SETS}
    cost = evaluate(work, machine, nest, sets=integer_sets)
    wrong = tuple(replace(row, link_words=(row.link_words or 0) + (row.tensor == "I")) for row in cost.networks)
    checked = audit(work, machine, nest, cost=replace(cost, networks=wrong))
    assert [row.quantity for row in checked.rows if not row.agrees] == ["link_words"]
