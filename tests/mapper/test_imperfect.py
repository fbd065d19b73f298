"""Imperfect factors on machines of unusual rules: answers and reasons, no crash and no warning."""

from __future__ import annotations

import warnings
from itertools import repeat
from typing import Any

import pytest

import polymap as pm
from polymap.mapper.imperfect.batches import batches
from polymap.mapper.imperfect.search import Search
from polymap.mapping.nest import Temporal
from polymap.model.conventions import POLYMAP

GEMM = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=3, n=2, k=2, bits=8)


def machine(*inner: dict[str, Any], **dram: Any) -> pm.Architecture:
    """A DRAM that leaks nothing, unless it is said, and levels below it."""
    outermost = {"memory": "DRAM", "width": "8 b", "energy": {"read": "10 pJ", "write": "10 pJ"}, **dram}
    compute = {"compute": "MAC", "energy": "1 pJ"}
    hierarchy = [outermost, *inner, compute]
    return pm.architecture({"polymap": "architecture/1", "name": "odd", "clock": "1 GHz", "hierarchy": hierarchy})


def test_a_memory_with_room_for_nothing_is_left_out_without_a_warning() -> None:
    none = {"memory": "L1", "width": "8 b", "capacity": "1 b", "keeps": [], "may_keep": ["A", "B", "C"]}
    small = {**none, "energy": {"read": "1 pJ", "write": "1 pJ"}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pm.optimize(GEMM, machine(small, bandwidth={"read": "1 words/cycle"}), factors="imperfect")
    assert found.status == "optimal"
    assert [node.level for node in found.mapping.nodes if hasattr(node, "level")] == ["DRAM"]


def test_levels_below_an_array_that_nothing_runs_on_leak_once() -> None:
    array = {"array": "PE", "shape": {"X": 3}}
    energy = {"read": "1 pJ", "write": "1 pJ"}
    inner = {"memory": "L1", "width": "8 b", "capacity": "64 b", "energy": energy, "leakage": "1 mW"}
    asked: dict[str, Any] = {"conventions": "polymap,idle_instances_leak=no", "factors": "imperfect"}
    found = pm.optimize(GEMM, machine(array, inner), **asked)
    assert found.status == "optimal"
    [leaked] = [component.leakage for component in found.cost.components if component.level == "L1"]
    used = next(component.instances for component in found.cost.components if component.level == "L1")
    assert leaked == found.cost.cycles * used  # 1 mW for 1 ns is 1 pJ


def test_an_array_that_must_be_fuller_than_it_can_be_leaves_no_mapping() -> None:
    array = {"array": "PE", "shape": {"X": {"size": 7, "may_unroll": ["m"], "min_usage": 1}}}
    with pytest.raises(pm.Infeasible, match="no trips use as many instances of PE as `min_usage` asks for"):
        pm.optimize(GEMM, machine(array), factors="imperfect")


def test_a_search_that_must_stop_before_it_has_a_mapping_takes_one_of_perfect_factors() -> None:
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=65537, n=97, k=1009)
    found = pm.optimize(work, "teaching", factors="imperfect", time_limit=1e-9)
    assert found.status == "feasible"
    assert 0 < found.lower_bound < found.value
    assert found.search is not None
    assert found.search.classes == 0  # no class of imperfect factors was met: their tables take many seconds here
    assert pm.evaluate(work, "teaching", found.mapping) == found.cost


@pytest.mark.parametrize("objective", ["energy", "edp"])
def test_time_that_is_up_at_any_question_leaves_a_bound_that_holds(
    objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of tables, too, which may take minutes: what they were made for stays open."""
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=7, n=6, k=5)
    best = pm.optimize(work, "teaching", objective=objective, factors="imperfect").value
    for questions in (0, 1, 3, 8, 40, 300):
        asked = repeat(False, questions)
        monkeypatch.setattr(Search, "_late", lambda _, asked=asked: next(asked, True))
        found = pm.optimize(work, "teaching", objective=objective, factors="imperfect", time_limit=1_000)
        assert 0 < found.lower_bound <= best * (1 + 1e-9)
        assert found.value >= best * (1 - 1e-9)
        assert (found.status == "optimal") == (found.lower_bound == found.value)


def test_tables_know_that_nodes_still_to_come_share_the_room() -> None:
    """Seven words for a tile of each tensor: the bound is attained, and would be a fifth less for each tile alone."""
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=7, n=5, k=3, bits=8)
    small = {"memory": "L1", "width": "8 b", "capacity": "56 b", "energy": {"read": "1 pJ", "write": "1 pJ"}}
    [frame] = batches(work, machine(small), POLYMAP, roaming=True)
    [whole] = [frame.open(row) for row in range(len(frame))]
    assert whole is not None
    assert whole.least == pm.optimize(work, machine(small), factors="imperfect").cost.energy


def test_a_factor_that_only_two_loops_make_is_found() -> None:
    """Loops of 2 and 3 trips cover 5 points, and multiply to 6: one loop of 6 trips would have an empty one."""
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=2, n=2, k=5, bits=8)
    rules = {"loops": {"DRAM": {"factors": {"k": 6}}}}
    found = pm.optimize(work, machine(), factors="imperfect", constraints=rules)
    assert found.status == "optimal"
    trips = sorted(node.trip for node in found.mapping.nodes if isinstance(node, Temporal) and node.rank == "k")
    assert trips == [2, 3]
    with pytest.raises(pm.Infeasible, match="no mapping of einsum meets this demand"):  # one loop a gap
        pm.optimize(work, machine(), factors="imperfect", constraints=rules, mapspace="even")


def test_instances_that_only_wait_are_used_where_a_statement_counts_them() -> None:
    """Two dimensions of 2 and 3 run over 5 points: 6 instances are unrolled, and one of them has nothing to do."""
    array = {"array": "PE", "shape": {"X": 2, "Y": 3}}
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=5, n=1, k=1, bits=8)
    found = pm.optimize(work, machine(array), factors="imperfect", constraints={"utilization": {"PE": 1}})
    assert (found.status, found.cost.cycles) == ("optimal", 1)
    with pytest.raises(pm.Infeasible):
        pm.optimize(work, machine(array), constraints={"utilization": {"PE": 1}})
