"""Why no mapping exists: the demands that are named clash, and any one left out, some mapping is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given

import polymap as pm
from polymap.mapper.conflict import Probes, conflict, with_structure
from polymap.mapper.demands import Demand, Demands
from polymap.mapper.query import Query, space
from polymap.mapping.legality import mistakes
from tests.oracles.exhaust_uneven import IMPERFECT
from tests.properties.exact_engines import law
from tests.properties.ruled_optimum import Ruled, every_mapping, ruled

MOST_MAPPINGS = 5_000
GEMM = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=16, n=16, k=16)


@law(12)
@given(problem=ruled("even", most_mappings=100))
def test_the_conflict_is_one_and_each_of_its_members_is_needed(problem: Ruled) -> None:
    check_members(problem)


def check_members(problem: Ruled) -> None:
    query = Query(mapspace="even", constraints=problem.constraints, factors=problem.factors)
    whole = Demands(problem.query.einsum, problem.query.architecture, query)
    demands = replace(whole, given=whole.structure)
    assume(not exists(demands, demands.asked))
    assume(exists(demands, ()))  # else what the machine keeps is to blame
    members = conflict(Probes(demands), demands.asked)
    check_conflict(demands, members, str(problem))


@law(6)
@given(problem=ruled("even", most_mappings=10))
def test_so_it_is_with_what_the_architecture_keeps_where(problem: Ruled) -> None:
    query = Query(mapspace="even", constraints=problem.constraints)
    whole = Demands(problem.query.einsum, problem.query.architecture, query)
    demands = replace(whole, given=whole.structure)
    assume(not exists(demands, demands.asked))
    assume(exists(demands, ()))
    members = conflict(Probes(demands), demands.asked)
    wider, more = with_structure(whole, Probes(demands), members)
    assert more[: len(members)] == members
    check_conflict(wider.demands, more, str(problem))
    if wider.demands.given == tuple(whole.idle(members)):
        check_conflict(whole, more, str(problem))


def check_conflict(demands: Demands, members: Sequence[Demand], told: str) -> None:
    assert not exists(demands, members), told
    for member in members:
        others = [other for other in members if other is not member]
        assert exists(demands, others), f"{told}\n{[other.text for other in members]}\n{member.text}"


def exists(demands: Demands, kept: Sequence[Demand]) -> bool:
    """Whether some even mapping meets these demands, by exhaustion."""
    posed = demands.posed(kept)
    found = every_mapping(posed.einsum, posed.architecture, "even", demands.query.factors)
    for number, nest in enumerate(found):
        if not posed.limits.violations(nest) and not mistakes(posed.einsum, posed.architecture, nest):
            return True
        assume(number < MOST_MAPPINGS)
    return False


def test_statements_and_a_capacity_that_clash_are_told_with_their_numbers() -> None:
    rules = "polymap: constraints/1\ntiles:\n  registers: {m: 16, n: 16}\nparallel:\n  X: {only: [m]}\n"
    with pytest.raises(pm.Infeasible) as raised:
        pm.optimize(GEMM, "teaching", constraints=rules)
    heading, stated, room, *kept = raised.value.mistakes
    assert "these 5 demands together" in heading.message
    assert [mistake.message.partition(";")[0] for mistake in kept] == [f"'registers keeps {name}'" for name in "ABC"]
    assert all(mistake.place.file.endswith("teaching.yaml") for mistake in (room, *kept))
    assert (stated.place.path, stated.place.line) == ("tiles.registers.m", 3)
    # A row of A and a row of C of 16 elements each, and one element of B: 33 x 16 b.
    assert room.message.startswith("'registers holds 512 b'; the least that the others need is 528 b: ")
    assert "a tile of A of 16 x 16 b (m 16, k 1)" in room.message


def test_no_class_is_searched_where_the_statements_about_some_loops_leave_no_factor() -> None:
    einsum, machine = pm.workload("resnet18/layer1.x.conv"), pm.architecture("teaching")
    clash = pm.constraints({"loops": {"DRAM": {"must": ["k"], "never": ["k"]}}})
    assert [*space(einsum, machine, Query(constraints=clash))] == []
    five = pm.constraints({"loops": {"DRAM": {"factors": {"k": 5}}}})
    with pytest.raises(pm.Infeasible, match="no mapping meets 'loops of DRAM: k 5': rank k has 64 points"):
        space(einsum, machine, Query(constraints=five))


def test_what_an_array_says_of_itself_clashes_too() -> None:
    with pytest.raises(pm.Infeasible) as raised:
        pm.optimize(GEMM, "teaching", constraints={"parallel": {"PE.X": {"factors": {"m": 4, "k": 2}}}})
    _, m, k, size = raised.value.mistakes
    assert (m.place.path, k.place.path) == ("parallel.PE.X.factors.m", "parallel.PE.X.factors.k")
    assert size.place.path == "hierarchy[2].shape.X"
    assert size.message == "'PE.X has 4 instances'; without it, for example, 8 are used"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"size": 4, "may_unroll": ["m"]}, "'PE.X unrolls only m'; without it, for example, k by 2 is unrolled there"),
        ({"size": 4, "reuses": ["A"]}, "'A is the same along PE.X'; without it, for example, k by 2 is unrolled there"),
    ],
)
def test_rules_of_a_dimension_are_told_with_what_runs_there_without_them(rule: dict[str, Any], said: str) -> None:
    document = small_machine(capacity=64)
    document["hierarchy"].insert(1, {"array": "PE", "shape": {"X": rule}})
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=8, n=8, k=8, bits=16)
    with pytest.raises(pm.Infeasible) as raised:
        pm.optimize(work, pm.architecture(document), constraints={"parallel": {"X": {"factors": {"k": 2}}}})
    heading, stated, told = raised.value.mistakes
    assert "these 2 demands together" in heading.message
    assert (stated.place.path, told.message) == ("parallel.X.factors.k", said)


def test_the_least_usage_of_an_array_is_told_with_what_is_used_without_it() -> None:
    document = small_machine(capacity=64)
    document["hierarchy"].insert(1, {"array": "PE", "shape": {"X": {"size": 4, "min_usage": 0.75}}})
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=8, n=8, k=8, bits=16)
    with pytest.raises(pm.Infeasible) as raised:
        pm.optimize(work, pm.architecture(document), constraints={"parallel": {"X": {"only": []}}})
    _, stated, told = raised.value.mistakes
    assert stated.message.startswith("'X unrolls nothing'")
    assert told.message == "'PE.X uses at least 3 instances'; without it, for example, 1 is used"
    assert told.place.path == "hierarchy[1].shape.X.min_usage"


def test_a_condition_that_clashes_is_told_with_the_least_that_is_possible() -> None:
    with pytest.raises(pm.Infeasible) as raised:
        pm.optimize(GEMM, "teaching", constraints={"parallel": {"PE": {"only": []}}}, subject_to=["cycles <= 1000"])
    _, stated, least = raised.value.mistakes
    assert stated.message.startswith("'PE unrolls nothing'; without it, for example, ")
    assert least.message == "'cycles <= 1000'; the least that the others need is 4,096 cycles"


def test_what_imperfect_factors_cannot_meet_is_told_with_their_own_numbers() -> None:
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=7, n=1, k=1, bits=16)
    document = small_machine(capacity=640)
    document["hierarchy"].insert(1, {"array": "PE", "shape": {"X": 4}})
    machine = pm.architecture(document)
    [perfect, imperfect] = [
        pm.optimize(work, machine, factors=factors, objective="latency") for factors in ("perfect", "imperfect")
    ]
    assert (perfect.cost.cycles, imperfect.cost.cycles) == (7, 2)
    with pytest.raises(pm.Infeasible) as caught:
        pm.optimize(work, machine, factors="imperfect", subject_to=["latency <= 1 ns"])
    assert caught.value.mistakes[-1].message == "'latency <= 1 ns'; the least that the others need is 2 cycles"


@law(2)
@given(problem=ruled("even", 20, IMPERFECT))
def test_a_conflict_under_imperfect_factors_is_one_and_each_of_its_members_is_needed(problem: Ruled) -> None:
    check_members(problem)


def test_the_room_that_a_fast_mapping_needs_is_told_where_a_capacity_and_a_condition_clash() -> None:
    """64 elements per operand pass a port of 4 words per cycle twice, unless the buffer holds more of them."""
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=8, n=8, k=8, bits=16)
    machine = pm.architecture(small_machine(capacity=64))
    with pytest.raises(pm.Infeasible) as caught:
        pm.optimize(work, machine, subject_to=["traffic:DRAM <= 4096 b"])
    _, moved, room = (mistake.message for mistake in caught.value.mistakes)
    assert moved.startswith("'traffic:DRAM <= 4096 b'; the least that the others need is ")
    needed = int(room.removeprefix("'L1 holds 64 b'; the least that the others need is ").partition(" b: ")[0])
    assert pm.optimize(work, pm.architecture(small_machine(needed)), subject_to=["traffic:DRAM <= 4096 b"])
    with pytest.raises(pm.Infeasible):
        pm.optimize(work, pm.architecture(small_machine(needed - 1)), subject_to=["traffic:DRAM <= 4096 b"])


def small_machine(capacity: int) -> dict[str, Any]:
    """A DRAM and a memory of so many bits."""
    energy = {"read": "1 pJ", "write": "1 pJ"}
    outer = {"memory": "DRAM", "width": "16 b", "energy": energy}
    inner = {"memory": "L1", "width": "16 b", "capacity": f"{capacity} b", "energy": energy}
    levels = [outer, inner, {"compute": "MAC", "energy": "1 pJ"}]
    return {"polymap": "architecture/1", "name": "small", "clock": "1 GHz", "hierarchy": levels}


def test_a_statement_is_not_blamed_where_the_machine_has_no_mapping_at_all() -> None:
    document = small_machine(capacity=64)
    document["hierarchy"].insert(1, {"array": "PE", "shape": {"X": {"size": 3, "min_usage": 1}}})
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=8, n=8, k=8, bits=16)
    with pytest.raises(pm.Infeasible) as caught:
        pm.optimize(work, pm.architecture(document), constraints={"loops": {"L1": {"order": "m n k"}}})
    [mistake] = caught.value.mistakes
    assert mistake.message == "PE must use 3 of 3 instances along X, but divisors of m 8, n 8, k 8 reach 2 at most"


def test_a_condition_that_a_domain_of_integer_sets_cannot_meet_is_told_with_the_least_that_is_possible() -> None:
    work = pm.einsum("O[i] += A[i,j] * B[j]", i=4, j=4, bits=16, domain="{ [i, j] : i + j <= 4 }")
    with pytest.raises(pm.Infeasible) as caught:
        pm.optimize(work, pm.architecture(small_machine(capacity=640)), subject_to=["cycles <= 3"])
    assert caught.value.mistakes[-1].message == "'cycles <= 3'; the least that the others need is 13 cycles"
