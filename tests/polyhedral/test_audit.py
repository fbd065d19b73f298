"""The audit: the model's engines and integer sets agree on every count, and it says so where they do not."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import pytest
from hypothesis import HealthCheck, assume, given, settings

from polymap.errors import IllegalMapping
from polymap.mapping import mapping
from polymap.model.conventions import POLYMAP
from polymap.model.evaluate import evaluate
from polymap.polyhedral import audit, integer_sets
from polymap.polyhedral.audit import QUANTITIES, SETS
from polymap.workload import Einsum, einsum, workload
from tests.polyhedral.cases import Case, cases
from tests.polyhedral.test_counts import ARCHITECTURE, CAUSAL
from tests.properties.strategies import Problem, problems

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
    keys = [(row.level, row.tensor, row.quantity) for row in found.rows if row.tensor]
    assert sorted(keys) == sorted(
        (level, tensor, quantity) for level in ("DRAM", "GLB", "RF") for tensor in "ABC" for quantity in QUANTITIES
    )
    run = {row.quantity: row.counted for row in found.rows if not row.tensor}
    assert (run["computes"], run["compute_cycles"], run["RF.instances"]) == (120, 120, 1)
    assert {row.method for row in found.rows} == {SETS}
    assert found.agrees


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
    assert reasons.pop().startswith(" the largest tile of B cannot be counted exactly in 3 steps")
    assert found.agrees


def test_a_mapping_that_is_replayed_is_not_counted() -> None:
    uneven = mapping(
        "DRAM holds A B C\nfor m in 2\nfor k in 5\nGLB holds A B C\nRF holds A B C\nfor m in 4\nfor n in 4\ncompute"
    )
    found = audit(GEMM, ARCHITECTURE, uneven, "timeloop")
    assert {row.counted for row in found.rows} == {None}
    assert {row.method for row in found.rows} == {"not counted: conventions timeloop follow another tool's walk"}


def test_causal_attention_is_confirmed() -> None:
    attention = workload("causal_attention")
    assert isinstance(attention, Einsum)
    found = audit(attention, ARCHITECTURE, mapping(CAUSAL))
    assert found.agrees
    assert all(row.counted is not None for row in found.rows)
