"""Why no mapping exists: the demands that are named clash, and any one left out, some mapping is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given

import polymap as pm
from polymap.mapper.conflict import Probes, conflict
from polymap.mapper.demands import Demand, Demands
from polymap.mapper.query import Query
from polymap.mapping.legality import mistakes
from tests.properties.exact_engines import law
from tests.properties.ruled_optimum import Ruled, every_mapping, ruled

GEMM = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=16, n=16, k=16)


@law(12)
@given(problem=ruled("even", most_mappings=100))
def test_the_conflict_is_one_and_each_of_its_members_is_needed(problem: Ruled) -> None:
    query = Query(mapspace="even", constraints=problem.constraints)
    demands = Demands(problem.query.einsum, problem.query.architecture, query)
    assume(not exists(demands, demands.all))
    assume(exists(demands, ()))  # else what the machine keeps is to blame
    members = conflict(Probes(demands), demands.all)
    assert not exists(demands, members), str(problem)
    for member in members:
        assert exists(demands, [other for other in members if other is not member]), f"{problem}\n{member.text}"


def exists(demands: Demands, kept: Sequence[Demand]) -> bool:
    """Whether some even mapping meets these demands, by exhaustion."""
    posed = demands.posed(kept)
    found = every_mapping(posed.einsum, posed.architecture, "even")
    return any(not posed.limits.violations(m) and not mistakes(posed.einsum, posed.architecture, m) for m in found)


def test_statements_and_a_capacity_that_clash_are_told_with_their_numbers() -> None:
    rules = "polymap: constraints/1\ntiles:\n  registers: {m: 16, n: 16}\nparallel:\n  X: {only: [m]}\n"
    with pytest.raises(pm.Infeasible) as raised:
        pm.optimize(GEMM, "teaching", constraints=rules)
    heading, stated, room = raised.value.mistakes
    assert "these 2 demands together" in heading.message
    assert (stated.place.path, stated.place.line) == ("tiles.registers.m", 3)
    # A row of A and a row of C of 16 elements each, and one element of B: 33 x 16 b.
    assert room.message.startswith("'registers holds 512 b'; the least that the others need is 528 b: ")
    assert "a tile of A of 16 x 16 b (m 16, k 1)" in room.message


def test_a_condition_that_clashes_is_told_with_the_least_that_is_possible() -> None:
    with pytest.raises(pm.Infeasible) as raised:
        pm.optimize(GEMM, "teaching", constraints={"parallel": {"PE": {"only": []}}}, subject_to=["cycles <= 1000"])
    _, stated, least = raised.value.mistakes
    assert stated.message.startswith("'PE unrolls nothing'; without it, for example, ")
    assert least.message == "'cycles <= 1000'; the least that the others need is 4,096 cycles"


def test_what_imperfect_factors_cannot_meet_is_told_without_numbers_of_perfect_ones() -> None:
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=5, n=3, k=2)
    with pytest.raises(pm.Infeasible, match="keeps to 'latency <= 1 ns'") as caught:
        pm.optimize(work, pm.architecture("teaching"), factors="imperfect", subject_to=["latency <= 1 ns"])
    assert "the others need" not in str(caught.value)


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
