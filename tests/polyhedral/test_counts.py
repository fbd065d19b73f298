"""Counts by integer sets are what a point-by-point walk sees, and what is known of large cases."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from contextlib import AbstractContextManager
from dataclasses import replace
from fractions import Fraction
from importlib import import_module

import islpy as isl
import pytest
from hypothesis import HealthCheck, given, settings

from polymap.architecture.hierarchy import Architecture, Array, Compute
from polymap.mapping import mapping
from polymap.model.conventions import POLYMAP
from polymap.polyhedral import count
from polymap.polyhedral.counts import sets_of
from polymap.workload import Einsum, einsum, workload
from polymap.workload.counting import TooLarge
from tests.oracles.exact_walk import Domain, Rules, walk
from tests.polyhedral.cases import ARRAY, Case, cases, memory

ARCHITECTURE = Architecture(
    "two buffers", (memory("DRAM"), memory("GLB"), ARRAY, memory("RF"), Compute("MAC", Fraction(1))), Fraction(1)
)


def member(work: Einsum) -> Domain:
    """The domain as a predicate over points."""
    inside: set[tuple[int, ...]] = set()
    dims, read = range(len(work.ranks)), isl.Point.get_coordinate_val
    work.domain().foreach_point(lambda at: inside.add(tuple(read(at, isl.dim_type.set, i).to_python() for i in dims)))

    def holds(point: MappingOf[str, int]) -> bool:
        return tuple(point[rank] for rank in work.sizes) in inside

    return holds


@given(case=cases())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_integer_sets_count_what_a_walk_sees(case: Case) -> None:
    walked = walk(case.einsum, case.mapping, case.architecture, Rules(case.holes), member(case.einsum))
    conventions = replace(POLYMAP, holes=case.holes)
    for tensor in case.einsum.tensors:
        for row in count(case.einsum, case.architecture, case.mapping, tensor.name, conventions):
            seen = walked.rows[row.level, tensor.name]
            assert (row.tile, row.instances) == (seen.tile_elements, seen.instances), str(case)
            assert (row.fills, row.reads, row.updates) == (seen.fills, seen.reads, seen.updates), str(case)
    run, _ = sets_of(case.einsum, case.architecture, case.mapping, conventions)
    assert (run.computes(), run.cycles()) == (walked.computes, walked.compute_cycles)


CAUSAL = """\
DRAM holds S Q K
for h in 32
for i in 32
for j in 64
GLB holds S Q K
for i in 8
for d in 4
for j in 4
RF holds S Q K
for i in 16
for j in 16
for d in 32
compute
"""


@pytest.mark.parametrize(
    ("tensor", "glb_fills", "rf_fills"),
    [("Q", 16_777_216, 545_259_520), ("K", 276_824_064, 2_155_872_256)],
)
def test_causal_attention_of_4096_tokens_is_counted_exactly(tensor: str, glb_fills: int, rf_fills: int) -> None:
    attention = workload("causal_attention")
    assert isinstance(attention, Einsum)
    _, glb, rf = count(attention, ARCHITECTURE, mapping(CAUSAL), tensor)
    assert (glb.fills, rf.fills) == (glb_fills, rf_fills)
    assert rf.reads == attention.computes


def test_every_score_of_a_triangle_is_written_once() -> None:
    attention = workload("causal_attention")
    assert isinstance(attention, Einsum)
    dram, *_ = count(attention, ARCHITECTURE, mapping(CAUSAL), "S")
    assert (dram.tile, dram.reads, dram.updates) == (32 * 4096 * 4097 // 2, 0, 32 * 4096 * 4097 // 2)


def test_a_whole_triangle_in_one_buffer_is_a_triangle() -> None:
    work = einsum("S[i,j] += Q[i] * K[j]", i=6, j=6, domain="{ [i,j] : j <= i }")
    _, rf = count(work, ARCHITECTURE, mapping("DRAM holds S Q K\nRF holds S Q K\nfor i in 6\nfor j in 6\ncompute"), "S")
    assert rf.tile == 21


def test_padding_is_neither_stored_nor_fetched() -> None:
    work = einsum("O[p] += I[p+r-1] * W[r]", p=8, r=3, domain="{ [p,r] : 0 <= p + r - 1 < 8 }")
    nest = mapping("DRAM holds O I W\nfor p in 4\nGLB holds O I W\nfor p in 2\nfor r in 3\ncompute")
    dram, glb = count(work, ARCHITECTURE, nest, "I")
    assert (dram.tile, glb.tile) == (8, 4)
    assert (dram.reads, glb.fills) == (8, 8)


def test_instances_that_share_no_network_are_counted_apart() -> None:
    work = einsum("O[m] += A[k] * B[m,k]", m=4, k=3)
    nest = mapping("DRAM holds O A B\nGLB holds O A B\nparallel m in 4 on X\nRF holds O A B\nfor k in 3\ncompute")
    apart = replace(
        ARCHITECTURE,
        hierarchy=(*ARCHITECTURE.hierarchy[:2], Array("PE", ARRAY.shape, multicast=False), *ARCHITECTURE.hierarchy[3:]),
    )
    assert [count(work, machine, nest, "A")[1].reads for machine in (ARCHITECTURE, apart)] == [3, 12]


def test_the_largest_tile_of_a_lattice_is_found_without_looking_at_every_step() -> None:
    work = einsum("O[i] += A[i,j]", i=3072, j=3072, domain="{ [i,j] : (i + 2j) mod 3 = 0 and j <= i }")
    nest = mapping("DRAM holds O A\nfor i in 768\nfor j in 768\nGLB holds O A\nfor i in 4\nfor j in 4\ncompute")
    assert count(work, ARCHITECTURE, nest, "A")[1].tile == 6


def test_the_largest_tile_of_a_diagonal_is_found() -> None:
    work = einsum("O[i] += A[i,j]", i=12, j=12, domain="{ [i,j] : i = j }")
    nest = mapping("DRAM holds O A\nfor i in 4\nfor j in 3\nGLB holds O A\nfor i in 3\nfor j in 4\ncompute")
    assert count(work, ARCHITECTURE, nest, "A")[1].tile == 3


def test_a_count_that_is_too_large_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    attention = workload("causal_attention")
    assert isinstance(attention, Einsum)
    monkeypatch.setattr(import_module("polymap.workload.counting"), "BUDGET", 100)
    with pytest.raises(TooLarge, match=r"of S cannot be counted exactly in 100 steps\n    mend: tile it coarser"):
        count(attention, ARCHITECTURE, mapping(CAUSAL), "S")


def test_a_count_whose_single_steps_are_dear_is_refused_by_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("polymap.workload.counting"), "SECONDS", 0.25)
    said = "{ [i,j] : (i mod 17) + (j mod 19) <= 20 and (i + j) mod 23 > 4 }"
    work = einsum("O[i] += A[i+3*j] * B[j]", i=200, j=200, domain=said)
    nest = mapping("DRAM holds O A B\nfor i in 5\nfor j in 4\nGLB holds O A B\nfor i in 40\nfor j in 50\ncompute")
    with pytest.raises(
        TooLarge, match=r"of A .*cannot be counted exactly in 0.25 s of CPU time\n    mend: tile it coarser"
    ):
        count(work, ARCHITECTURE, nest, "A")


def test_a_count_that_is_tried_again_with_more_steps_stays_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = import_module("polymap.workload.counting")
    attention = workload("causal_attention")
    assert isinstance(attention, Einsum)
    at_once = count(attention, ARCHITECTURE, mapping(CAUSAL), "K")
    attempts: list[int] = []
    budget = counting.budget

    def noted(what: str, steps: int) -> AbstractContextManager[None]:
        attempts.append(steps)
        return budget(what, steps)  # type: ignore[no-any-return]

    monkeypatch.setattr(counting, "SLICE", 10)
    monkeypatch.setattr(counting, "budget", noted)
    assert count(attention, ARCHITECTURE, mapping(CAUSAL), "K") == at_once
    assert max(attempts) > 10


def test_a_diagonal_whose_steps_have_none_before_them_is_counted() -> None:
    work = einsum("O[p] += I[2*p+r] * W[r]", p=2, r=6, domain="{ [p,r] : r = p }")
    loops = "for p in 2\nfor r in 2\nfor r in 2\nparallel r in 2 on X"
    nest = mapping(f"DRAM holds O I W\nGLB holds O I W\n{loops}\nRF holds O I W\ncompute")
    walked = walk(work, nest, ARCHITECTURE, Rules(), member(work))
    for tensor in work.tensors:
        for row in count(work, ARCHITECTURE, nest, tensor.name):
            seen = walked.rows[row.level, tensor.name]
            assert (row.fills, row.reads, row.updates) == (seen.fills, seen.reads, seen.updates)
