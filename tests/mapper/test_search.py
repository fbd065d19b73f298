"""What a query promises beyond the optimum: bounds, limits, ties, reasons, repeatability."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import pytest

import polymap as pm
from polymap.architecture.hierarchy import Architecture, DimensionRule, Memory, Rate
from polymap.mapper.build import mapping_of
from polymap.mapper.problem import Part
from polymap.mapper.query import classes
from polymap.mapper.search import Search
from polymap.mapping.nest import Storage, Temporal
from polymap.model.conventions import POLYMAP
from polymap.model.evaluate import evaluate

TRAP = {
    "polymap": "architecture/1",
    "name": "trap",
    "clock": "1 GHz",
    "hierarchy": [
        {"memory": "DRAM", "width": "16 b", "word": "16 b", "energy": {"read": "50 pJ", "write": "200 pJ"}},
        {"memory": "buffer", "capacity": "10 words", "width": "16 b", "word": "16 b",
         "energy": {"read": "6 pJ", "write": "3 pJ"}},
        {"memory": "registers", "capacity": "6 words", "width": "16 b", "word": "16 b",
         "energy": {"read": "1 pJ", "write": "2 pJ"}},
        {"compute": "MAC", "energy": "0 pJ"},
    ],
}  # fmt: skip


def teaching() -> Architecture:
    return pm.architecture("teaching")


def matmul(m: int = 16, n: int = 16, k: int = 16) -> pm.Einsum:
    return pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=m, n=n, k=k)


def with_memory(architecture: Architecture, memory: Memory) -> Architecture:
    levels = tuple(memory if level.name == memory.name else level for level in architecture.hierarchy)
    return replace(architecture, hierarchy=levels)


@pytest.mark.parametrize("mapspace", ["even", "uneven"])
def test_every_part_traces_a_mapping_that_costs_what_its_program_says(mapspace: str) -> None:
    work, arch = pm.einsum("O[k,p] += I[c,p+r] * W[k,c,r]", k=4, c=4, p=8, r=3), teaching()
    priced = 0
    for unopened in list(classes(work, arch, POLYMAP, mapspace))[::5]:
        part = unopened.open()
        least, gaps = part.least_energy
        if gaps is not None:
            cost = evaluate(work, arch, mapping_of(part, gaps))
            dynamic = float(cost.energy) - float(part.leakage) * cost.cycles
            assert dynamic >= least * (1 - 1e-12)
            priced += 1
    assert priced > 5


def test_pruning_loops_that_could_be_moved_for_free_would_lose_this_optimum() -> None:
    """A rule of a well-known tool is exact only where every loop above a node multiplies its traffic."""
    found = pm.optimize(matmul(4, 2, 2), pm.architecture(TRAP), objective="energy")
    assert found.status == "optimal"


def test_a_limit_on_time_still_gives_a_mapping_and_a_bound_below_it() -> None:
    found = pm.optimize(matmul(64, 64, 64), teaching(), objective="edp", time_limit=1e-6)
    best = pm.optimize(matmul(64, 64, 64), teaching(), objective="edp")
    assert found.status == "feasible"
    assert found.lower_bound is not None
    assert found.value is not None
    assert best.value is not None
    assert found.lower_bound <= best.value <= found.value


def test_when_time_is_up_only_classes_that_may_meet_the_conditions_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dynamic programs of the others would take as long as the search that the limit was to end."""
    looked: list[int] = []
    trace = Search._trace

    def seen(search: Search, part: Part) -> None:
        looked.append(part.geometry.compute_cycles)
        trace(search, part)

    monkeypatch.setattr(Search, "_trace", seen)
    work = matmul(60, 64, 64)
    found = pm.optimize(work, teaching(), objective="edp", time_limit=1e-6, subject_to=["utilization >= 0.9"])
    assert found.cost.utilization >= 0.9
    assert max(looked) <= work.computes / 16 / 0.9


def test_a_gap_may_end_the_search_early_and_is_honest() -> None:
    found = pm.optimize(matmul(64, 64, 64), teaching(), objective="energy", gap=0.5)
    best = pm.optimize(matmul(64, 64, 64), teaching(), objective="energy")
    assert found.gap is not None
    assert found.gap <= 0.5
    assert found.lower_bound is not None
    assert best.value is not None
    assert found.lower_bound <= best.value


def test_a_latency_query_returns_the_least_energy_of_the_fastest_mappings() -> None:
    work, arch = matmul(), teaching()
    fastest = pm.optimize(work, arch, objective="latency")
    frugal = pm.optimize(work, arch, objective="energy")
    assert fastest.cost.cycles <= frugal.cost.cycles
    if fastest.cost.cycles == frugal.cost.cycles:
        assert fastest.cost.energy == frugal.cost.energy


def test_the_same_question_gets_the_same_answer_for_any_seed() -> None:
    work, arch = pm.einsum("O[k,p] += I[c,p+r] * W[k,c,r]", k=4, c=4, p=8, r=3), teaching()
    answers = {str(pm.optimize(work, arch, objective="edp", seed=seed).mapping) for seed in (0, 1, 2)}
    assert len(answers) == 1


def test_bypass_is_chosen_where_the_architecture_leaves_it_open() -> None:
    arch = teaching()
    optional = [memory for memory in arch.memories if memory.may_keep]
    assert optional
    costly = replace(optional[0], read_pj=Fraction(10**6), write_pj=Fraction(10**6), update_pj=Fraction(10**6))
    found = pm.optimize(matmul(), with_memory(arch, costly), objective="energy")
    nodes = [node for node in found.mapping.nodes if isinstance(node, Storage) and node.level == costly.name]
    assert {name for node in nodes for name in node.tensors} == set(matmul().kept_by(costly.keeps))


def test_a_memory_too_small_for_one_element_of_each_tensor_is_named() -> None:
    arch = teaching()
    small = replace(arch.memories[-1], capacity_bits=8)
    with pytest.raises(pm.Infeasible) as raised:
        pm.optimize(matmul(), with_memory(arch, small))
    assert small.name in str(raised.value)
    assert "8 b" in str(raised.value)
    assert "need" in str(raised.value)


def test_a_tensor_that_no_memory_keeps_is_named() -> None:
    arch = teaching()
    levels = tuple(
        replace(level, keeps=("A", "B"), may_keep=()) if isinstance(level, Memory) else level
        for level in arch.hierarchy
    )
    with pytest.raises(pm.Infeasible, match="tensor C"):
        pm.optimize(matmul(), replace(arch, hierarchy=levels))


def test_a_workload_of_one_point_needs_no_loops() -> None:
    found = pm.optimize(matmul(1, 1, 1), teaching(), objective="edp")
    assert found.status == "optimal"
    assert not any(isinstance(node, Temporal) for node in found.mapping.nodes)


def test_wrong_arguments_are_all_named_at_once() -> None:
    with pytest.raises(pm.SpecError) as raised:
        pm.optimize(matmul(), teaching(), mapspace="odd", gap=2.0, time_limit=-1.0)
    assert len(raised.value.mistakes) == 3


def test_a_network_is_the_sum_of_its_layers() -> None:
    network = pm.workload({
        "polymap": "workload/1", "name": "two", "einsum": "C[m,n] += A[m,k] * B[k,n]",
        "layers": [{"name": "a", "ranks": {"m": 4, "n": 4, "k": 4}, "repeat": 3},
                   {"name": "b", "ranks": {"m": 8, "n": 4, "k": 4}}],
    })  # fmt: skip
    assert isinstance(network, pm.Network)
    found = pm.optimize(network, teaching())
    assert found.energy == 3 * found.layers[0][1].cost.energy + found.layers[1][1].cost.energy
    assert found.status == "optimal"


def test_a_triangle_is_searched_and_not_its_box() -> None:
    work = pm.einsum("S[i,j] += Q[i,k] * K[j,k]", i=8, j=8, k=4, domain="{ [i,j,k] : j <= i }")
    found = pm.optimize(work, teaching())
    box = pm.optimize(replace(work, domain_text="", points=0), teaching())
    assert found.lower_bound <= found.value < box.value
    assert found.cost == pm.evaluate(work, teaching(), found.mapping)
    assert found.cost.computes == 4 * 36


def test_causal_attention_is_proven_optimal_where_keys_are_shared_along_the_diagonal() -> None:
    scores = pm.einsum("S[h,i,j] += Q[h,i,d] * K[h,j,d]", h=2, i=64, j=64, d=8, domain="{ [i,j] : j <= i }")
    found = pm.optimize(scores, teaching())
    assert found.status == "optimal"
    assert found.cost == pm.evaluate(scores, teaching(), found.mapping)


def test_domains_are_searched_under_the_conventions_that_count_them() -> None:
    work = pm.einsum("S[i,j] += Q[i,k] * K[j,k]", i=8, j=8, k=4, domain="{ [i,j,k] : j <= i }")
    with pytest.raises(pm.SpecError, match="not search domains that are no boxes under timeloop"):
        pm.optimize(work, teaching(), conventions="timeloop")


def test_a_domain_of_too_many_points_is_refused_with_a_mend() -> None:
    work = pm.einsum("S[i,j] += Q[i] * K[j]", i=4096, j=4096, domain="{ [i,j] : 2 * j <= i }")
    with pytest.raises(pm.SpecError, match="i, j have 16777216"):
        pm.optimize(work, teaching())


def test_exact_holes_are_refused() -> None:
    with pytest.raises(pm.SpecError, match="holes"):
        pm.optimize(matmul(), teaching(), conventions=replace(POLYMAP, holes="exact"))


def test_more_tile_shapes_than_memory_holds_are_refused() -> None:
    ranks = [f"r{i}" for i in range(40)]
    listed = ",".join(ranks)
    work = pm.einsum(f"A[{listed}] += B[{listed}]", ranks=dict.fromkeys(ranks, 2))
    with pytest.raises(pm.SpecError, match="tile shapes"):
        pm.optimize(work, teaching())


def test_a_machine_whose_energies_are_all_zero_is_no_defect() -> None:
    arch = teaching()
    levels = tuple(
        replace(level, read_pj=Fraction(0), write_pj=Fraction(0), update_pj=Fraction(0))
        if isinstance(level, Memory)
        else replace(level, energy_pj=Fraction(0))
        if hasattr(level, "energy_pj")
        else level
        for level in arch.hierarchy
    )
    free = replace(arch, hierarchy=levels)
    found = pm.optimize(matmul(4, 4, 4), free, objective="edp")
    assert (found.status, found.value, found.lower_bound) == ("optimal", 0, 0)
    assert found.cost.cycles == pm.optimize(matmul(4, 4, 4), free, objective="latency").cost.cycles


def test_a_window_in_the_output_keeps_the_bound_sound() -> None:
    """The first writes of such outputs are bounded from above only: the energy bound must not fall below zero."""
    work = pm.einsum("O[p+q] += I[p,q]", p=4, q=8)
    found = pm.optimize(work, teaching(), objective="edp")
    assert found.lower_bound is not None
    assert found.gap is not None
    assert 0 < found.lower_bound <= found.cost.edp_js
    assert 0 <= found.gap <= 1


@pytest.mark.parametrize("mapspace", ["even", "uneven"])
def test_a_memory_that_cannot_hold_all_of_a_tensor_is_not_its_home(mapspace: str) -> None:
    arch = teaching()
    levels = tuple(
        replace(level, keeps=(), may_keep=("A", "B", "C")) if isinstance(level, Memory) else level
        for level in arch.hierarchy
    )
    found = pm.optimize(matmul(8, 8, 8), replace(arch, hierarchy=levels), objective="energy", mapspace=mapspace)
    assert found.status == "optimal"
    held = {
        name: node.level for node in reversed(found.mapping.nodes) if isinstance(node, Storage) for name in node.tensors
    }
    assert set(held.values()) <= {"DRAM", "buffer"}


def test_conditions_are_kept_to_and_their_mistakes_are_told_at_once() -> None:
    found = pm.optimize(
        matmul(), teaching(), objective="latency", subject_to=["energy <= 120 nJ", "utilization >= 0.5"]
    )
    assert found.status == "optimal"
    assert found.cost.energy_pj <= 120e3
    assert found.cost.utilization >= 0.5
    assert '"subject_to": [' in found.to_json()
    with pytest.raises(pm.Infeasible, match="'latency <= 1 ns'"):
        pm.optimize(matmul(), teaching(), subject_to=["latency <= 1 ns"])
    with pytest.raises(pm.SpecError) as raised:
        pm.optimize(matmul(), teaching(), subject_to=["speed <= 3", "latency >= 2 ms", "utilization >= 2", "energy"])
    assert len(raised.value.mistakes) == 4


@pytest.mark.parametrize("text", ["energy*", "energy^0", "power", "energy^10", "energy*energy^9", ""])
def test_an_objective_that_is_none_is_told(text: str) -> None:
    with pytest.raises(pm.SpecError):
        pm.optimize(matmul(2, 2, 2), teaching(), objective=text)


def test_uneven_mappings_are_not_searched_where_sweeps_go_on() -> None:
    with pytest.raises(pm.SpecError, match="even mapspace only"):
        pm.optimize(matmul(2, 2, 2), teaching(), conventions="timeloop", mapspace="uneven")


def test_a_front_falls_in_cycles_as_it_rises_in_energy() -> None:
    narrow = teaching().memories[0]
    slow = replace(narrow, bandwidth=replace(narrow.bandwidth, shared=Rate(Fraction(1, 4), in_words=True)))
    heard: list[pm.Result] = []
    front = pm.pareto(matmul(8, 8, 8), with_memory(teaching(), slow), on_point=heard.append)
    assert front.complete
    assert heard == list(front.points)
    energies, cycles = [p.cost.energy for p in front.points], [p.cost.cycles for p in front.points]
    assert energies == sorted(energies)
    assert cycles == sorted(cycles, reverse=True)
    assert front.to_dict()["schema"] == "polymap.pareto/1"


def test_a_dimension_that_cannot_be_used_as_much_as_it_must_is_named() -> None:
    arch = pm.architecture("teaching")
    rule = DimensionRule(may_unroll=("m",), min_usage=Fraction(1))
    array = replace(arch.arrays[0], rules=(("X", rule),))
    ruled = replace(arch, hierarchy=tuple(array if level == arch.arrays[0] else level for level in arch.hierarchy))
    with pytest.raises(
        pm.Infeasible, match="PE must use 4 of 4 instances along X, but divisors of m 6 reach 3 at most"
    ):
        pm.optimize(matmul(6, 4, 4), ruled)


def test_a_search_loads_no_integer_sets_on_boxes() -> None:
    program = "import sys, polymap.mapper.query; sys.exit('islpy' in sys.modules or 'ortools' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
