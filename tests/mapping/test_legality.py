"""Legality: each rule with a mapping that obeys it, one that breaks it, and what is said then."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap.architecture.hierarchy import Architecture, Array, Compute, DimensionRule, Memory
from polymap.errors import IllegalMapping, Mistake
from polymap.mapping import Mapping, Spatial, Temporal, mapping
from polymap.mapping import legality as rules
from polymap.workload import Einsum, einsum

GEMM = einsum("C[m,n] += A[m,k] * B[k,n]", name="gemm", m=8, n=4, k=6)


def memory(name: str, capacity_bits: int | None = None, keeps: tuple[str, ...] | None = None) -> Memory:
    one = Fraction(1)
    return Memory(name, 16, one, one, one, capacity_bits=capacity_bits, keeps=keeps)


DRAM = memory("DRAM")
GLB = replace(memory("GLB", 2048, keeps=("input", "output")), may_keep=("weight",))
PE = Array("PE", (("X", 4), ("Y", 2)))
REG = memory("REG", 256)
MAC = Compute("MAC", Fraction(1))
ARCH = Architecture("tiny", (DRAM, GLB, PE, REG, MAC), Fraction(10**9))

LEGAL = """\
DRAM holds A B C
for m in 2
GLB holds A C
for k in 6
parallel m in 4 on X
parallel n in 2 on Y
REG holds A B C
for n in 2
compute"""

Rule = Callable[[Einsum, Architecture, Mapping], list[Mistake]]


def said(rule: Rule, text: str, arch: Architecture = ARCH, work: Einsum = GEMM) -> list[str]:
    return [str(mistake) for mistake in rule(work, arch, mapping(text))]


def machine(**changed: Memory) -> Architecture:
    return replace(ARCH, hierarchy=tuple(changed.get(level.name, level) for level in ARCH.hierarchy))


def test_a_legal_mapping_passes_every_rule() -> None:
    rules.check(GEMM, ARCH, mapping(LEGAL))
    assert rules.mistakes(GEMM, ARCH, mapping(LEGAL)) == []


def test_an_illegal_mapping_is_refused_with_every_mistake() -> None:
    text = LEGAL.replace("for k in 6", "for k in 3").replace("GLB holds A C", "GLB holds A")
    with pytest.raises(IllegalMapping) as caught:
        rules.check(GEMM, ARCH, mapping(text))
    assert [mistake.message for mistake in caught.value.mistakes] == [
        "the trips of rank k multiply to 3, but its size is 6",
        "GLB keeps tensor C, but no node of GLB holds it",
    ]


# names


def test_known_names_pass() -> None:
    assert said(rules.check_names, LEGAL) == []
    assert said(rules.check_names, LEGAL.replace("on X", "on PE.X")) == []


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    text = "L2 holds A Z\nMAC holds A\nfor q in 2\nparallel m in 2 on W\ncompute"
    assert said(rules.check_names, text) == [
        "mapping[0]: 'L2 holds A Z': architecture tiny has no memory L2\n    mend: it has DRAM, GLB, REG",
        "mapping[0]: 'L2 holds A Z': einsum gemm has no tensor Z\n    mend: it has A, B, C",
        "mapping[1]: 'MAC holds A': architecture tiny has no memory MAC\n    mend: it has DRAM, GLB, REG",
        "mapping[2]: 'for q in 2': einsum gemm has no rank q\n    mend: it has m, n, k",
        "mapping[3]: 'parallel m in 2 on W': architecture tiny has no dimension W\n    mend: it has X, Y",
    ]


def test_an_ambiguous_dimension_must_name_its_array() -> None:
    twice = replace(ARCH, hierarchy=(DRAM, Array("Chip", (("X", 2),)), GLB, Array("PE", (("X", 2),)), MAC))
    assert said(rules.check_names, "parallel m in 2 on X\ncompute", twice) == [
        "mapping[0]: 'parallel m in 2 on X': architecture tiny has no dimension X\n    mend: it has Chip.X, PE.X"
    ]


def test_a_mapping_for_another_workload_is_told_so() -> None:
    conv = einsum("O[p] += I[p+r] * W[r]", name="conv", p=4, r=3)
    messages = [mistake.message for mistake in rules.mistakes(conv, ARCH, mapping(LEGAL))]
    assert "'DRAM holds A B C': einsum conv has no tensor A" in messages
    assert "'for m in 2': einsum conv has no rank m" in messages
    assert "rank p of size 4 has no loop" in messages
    assert "tensor O is not backed: no memory holds it" in messages


# trips


def test_a_loop_makes_at_least_one_trip() -> None:
    assert said(rules.check_trips, LEGAL) == []
    nest = Mapping((Temporal("m", 0), Spatial("n", -2, "X"), Temporal("k", 1)))
    assert [str(mistake) for mistake in rules.check_trips(GEMM, ARCH, nest)] == [
        "mapping[0]: 'for m in 0': the loop makes 0 trips\n    mend: a loop makes at least 1",
        "mapping[1]: 'parallel n in -2 on X': the loop makes -2 trips\n    mend: a loop makes at least 1",
    ]
    assert rules.mistakes(GEMM, ARCH, nest)


# factors


def test_the_trips_of_a_rank_multiply_to_its_size() -> None:
    assert said(rules.check_factors, LEGAL) == []


def test_the_last_tile_of_a_rank_may_be_short() -> None:
    seven = einsum("C[m,n] += A[m,k] * B[k,n]", name="gemm", m=7, n=3, k=6)
    assert said(rules.check_factors, LEGAL, work=seven) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "for m in 2\n",
            "",
            "mapping: the trips of rank m multiply to 4, but its size is 8\n"
            "    mend: make it 'parallel m in 8 on X', or add a loop of 2 trips outside it",
        ),
        (
            "for m in 2\n",
            "for m in 6\n",
            "mapping[1]: 'for m in 6': 2 of its 6 iterations cover rank m of size 8, each spans 4; "
            "the others are always empty\n    mend: make it 2 trips",
        ),
        (
            "for k in 6\n",
            "for k in 4\n",
            "mapping: the trips of rank k multiply to 4, but its size is 6\n"
            "    mend: make it 'for k in 6', or add a loop of 2 trips outside it",
        ),
        (
            "for k in 6\n",
            "for k in 2\nfor k in 2\n",
            "mapping: the trips of rank k multiply to 2 x 2 = 4, but its size is 6\n"
            "    mend: make it 'for k in 3', or add a loop of 2 trips outside it",
        ),
        (
            "for k in 6\n",
            "",
            "mapping: rank k of size 6 has no loop\n    mend: add loops over k that multiply to 6",
        ),
    ],
)
def test_wrong_factors_are_told_with_their_numbers_and_the_nearest_legal_trip(old: str, new: str, message: str) -> None:
    assert said(rules.check_factors, LEGAL.replace(old, new)) == [message]


def test_every_loop_with_empty_iterations_is_named() -> None:
    work = einsum("O[p] += I[p]", p=5)
    text = "DRAM holds I O\nfor p in 2\nfor p in 6\ncompute"
    assert [mistake.split(": ")[0] for mistake in said(rules.check_factors, text, work=work)] == [
        "mapping[1]",
        "mapping[2]",
    ]
    assert said(rules.check_factors, text.replace("in 2", "in 1").replace("in 6", "in 5"), work=work) == []


@given(size=st.integers(1, 12), trips=st.lists(st.integers(1, 5), max_size=3))
def test_a_legal_nest_has_no_iteration_that_is_empty_for_all_others(size: int, trips: list[int]) -> None:
    work = einsum("O[p] += I[p]", p=size)
    nest = Mapping(tuple(Temporal("p", trip) for trip in trips))
    legal = not rules.check_factors(work, ARCH, nest)
    assert legal == _covers_without_empty_iterations(size, trips)


def _covers_without_empty_iterations(size: int, trips: list[int]) -> bool:
    """Every point is visited, and every iteration of every loop is part of some visit."""
    ran = [index for index in product(*map(range, trips)) if _point(trips, index) < size]
    return len(ran) == size and all({index[i] for index in ran} == set(range(t)) for i, t in enumerate(trips))


def _point(trips: list[int], index: tuple[int, ...]) -> int:
    return sum(x * prod(trips[i + 1 :]) for i, x in enumerate(index))


def test_a_rank_of_size_1_needs_no_loop() -> None:
    one = einsum("C[m] += A[m,k]", m=2, k=1)
    assert said(rules.check_factors, "for m in 2\ncompute", work=one) == []


# backing


def test_every_tensor_is_backed_by_a_memory_that_holds_all_of_it() -> None:
    assert said(rules.check_backing, LEGAL) == []
    whole = LEGAL.replace("DRAM holds A B C", "DRAM holds A C\nGLB holds B").replace("GLB holds A C", "GLB holds A C")
    assert said(rules.check_backing, whole) == []


def test_a_limited_memory_backs_a_tensor_above_the_loops_that_move_it() -> None:
    assert (
        said(rules.check_backing, LEGAL.replace("A B C\nfor m", "A C\nfor m").replace("GLB holds A", "GLB holds A B"))
        == []
    )


def test_a_tensor_that_starts_inside_its_loops_is_not_backed() -> None:
    assert said(rules.check_backing, LEGAL.replace("DRAM holds A B C", "DRAM holds A C")) == [
        "mapping[6]: 'REG holds A B C': tensor B is not backed: REG, its outermost memory, holds a tile of it only, "
        "inside 'parallel n in 2 on Y'\n"
        "    mend: begin with 'DRAM holds B'"
    ]


def test_a_tensor_that_no_memory_holds_is_not_backed() -> None:
    assert said(rules.check_backing, "DRAM holds A B\ncompute") == [
        "mapping: tensor C is not backed: no memory holds it\n    mend: begin with 'DRAM holds C'"
    ]


def test_loops_of_one_trip_move_nothing() -> None:
    text = "DRAM holds A C\nfor n in 1\nfor m in 8\nGLB holds A B C\ncompute"
    assert said(rules.check_backing, text) == []


# order


def test_the_nodes_of_a_tensor_go_down_the_hierarchy() -> None:
    assert said(rules.check_order, LEGAL) == []
    assert (
        said(rules.check_order, LEGAL.replace("GLB holds A C\nfor k in 6", "GLB holds A\nfor k in 6\nGLB holds C"))
        == []
    )


def test_a_memory_inside_a_lower_one_is_refused() -> None:
    assert said(rules.check_order, "DRAM holds A\nREG holds A\nGLB holds A\ncompute") == [
        "mapping[2]: 'GLB holds A': GLB holds tensor A inside REG, but stands above it in the hierarchy\n"
        "    mend: move it above the node of REG"
    ]


def test_a_memory_holds_a_tensor_once() -> None:
    assert said(rules.check_order, "DRAM holds A\nfor m in 8\nDRAM holds A\ncompute") == [
        "mapping[2]: 'DRAM holds A': DRAM holds tensor A twice\n    mend: keep one of the two nodes"
    ]
    assert len(said(rules.check_order, "DRAM holds A A\ncompute")) == 1


# keeps


def test_a_memory_holds_what_it_keeps_and_may_hold_what_it_may_keep() -> None:
    assert said(rules.check_keeps, LEGAL) == []
    assert said(rules.check_keeps, LEGAL.replace("GLB holds A C", "GLB holds A B C")) == []


def test_a_kept_tensor_must_be_held() -> None:
    assert said(rules.check_keeps, LEGAL.replace("GLB holds A C", "GLB holds A")) == [
        "mapping: GLB keeps tensor C, but no node of GLB holds it\n    mend: add 'GLB holds C'"
    ]


def test_a_tensor_that_is_neither_kept_nor_may_be_is_forbidden() -> None:
    strict = machine(GLB=memory("GLB", 2048, keeps=("input", "C")))
    assert said(rules.check_keeps, LEGAL.replace("GLB holds A C", "GLB holds A B C"), strict) == [
        "mapping[2]: 'GLB holds A B C': GLB must not hold tensor B\n    mend: it may hold A, C"
    ]


# spatial loops


def test_a_spatial_loop_stands_between_the_memories_around_its_array() -> None:
    assert said(rules.check_spatial, LEGAL) == []


def test_a_spatial_loop_above_a_memory_outside_its_array_is_refused() -> None:
    assert said(rules.check_spatial, "DRAM holds A\nparallel m in 4 on X\nGLB holds A\ncompute") == [
        "mapping[1]: 'parallel m in 4 on X': 'GLB holds A' stands inside it, but GLB is outside array PE\n"
        "    mend: move the loop below every node of GLB"
    ]


def test_a_spatial_loop_below_a_memory_inside_its_array_is_refused() -> None:
    assert said(rules.check_spatial, "DRAM holds A\nREG holds A\nparallel m in 4 on X\ncompute") == [
        "mapping[2]: 'parallel m in 4 on X': 'REG holds A' stands outside it, but REG is inside array PE\n"
        "    mend: move the loop above every node of REG"
    ]


def test_a_spatial_loop_of_one_trip_may_stand_anywhere() -> None:
    assert said(rules.check_spatial, "parallel m in 1 on X\nDRAM holds A\nREG holds A\ncompute") == []


# fan-out


def test_the_loops_on_a_dimension_fit_it() -> None:
    assert said(rules.check_fanout, LEGAL) == []
    assert said(rules.check_fanout, "parallel m in 2 on X\nparallel n in 2 on PE.X\ncompute") == []


def test_the_fan_out_is_checked_per_dimension_over_all_its_loops() -> None:
    assert said(rules.check_fanout, "parallel m in 4 on X\nparallel n in 2 on PE.X\nparallel k in 3 on Y\ncompute") == [
        "mapping: dimension X of PE is 4 wide but its loops span 8: m in 4 x n in 2\n"
        "    mend: make the spatial loops shorter",
        "mapping: dimension Y of PE is 2 wide but its loops span 3: k in 3\n    mend: make the spatial loops shorter",
    ]


# rules of dimensions


def ruled(**dimensions: DimensionRule) -> Architecture:
    array = replace(PE, rules=tuple(dimensions.items()))
    return replace(ARCH, hierarchy=tuple(array if level.name == "PE" else level for level in ARCH.hierarchy))


def test_only_ranks_that_may_be_unrolled_there_run_along_a_dimension() -> None:
    assert said(rules.check_unrolled, LEGAL, ruled(X=DimensionRule(may_unroll=("m", "p")))) == []
    assert said(rules.check_unrolled, LEGAL, ruled(X=DimensionRule(may_unroll=("k", "n")))) == [
        "mapping[4]: 'parallel m in 4 on X': m may not be unrolled along X of PE\n    mend: unroll n or k there"
    ]


def test_a_tensor_that_is_reused_along_a_dimension_is_the_same_all_along_it() -> None:
    assert said(rules.check_unrolled, LEGAL, ruled(X=DimensionRule(reuses=("weight",)))) == []
    assert said(rules.check_unrolled, LEGAL, ruled(X=DimensionRule(reuses=("A", "weight")))) == [
        "mapping[4]: 'parallel m in 4 on X': m moves A, which must be the same along X of PE\n"
        "    mend: no rank may be unrolled there: make it a `for` loop"
    ]


def test_a_dimension_is_used_as_much_as_the_array_asks_for() -> None:
    text = LEGAL.replace("m in 4 on X", "m in 2 on X")
    assert said(rules.check_usage, text, ruled(X=DimensionRule(min_usage=Fraction(1, 2)))) == []
    assert said(rules.check_usage, text, ruled(X=DimensionRule(min_usage=Fraction(3, 4)))) == [
        "mapping: 2 of 4 instances along X of PE are used, but `min_usage` is 0.75: 3\n"
        "    mend: make the loops on X longer"
    ]


def test_as_much_as_can_be_is_what_divisors_of_the_rest_of_the_ranks_reach() -> None:
    most = DimensionRule(may_unroll=("k",), min_usage=Fraction(1), or_most=True)
    text = LEGAL.replace("m in 4 on X", "k in TRIP on X")
    assert said(rules.check_usage, text.replace("TRIP", "3"), ruled(X=most)) == []
    assert said(rules.check_usage, text.replace("TRIP", "2").replace("n in 2 on Y", "k in 2 on Y"), ruled(X=most)) == [
        "mapping: 2 of 4 instances along X of PE are used, but `min_usage` is 1 or the most that can be: 3\n"
        "    mend: make the loops on X longer"
    ]
    assert (
        said(rules.check_usage, text.replace("TRIP", "2").replace("n in 2 on Y", "k in 3 on PE.Y"), ruled(X=most)) == []
    )


# capacity


def test_tiles_that_just_fit_pass() -> None:
    # A: 4 x 6, C: 4 x 4 words of 16 bits
    assert said(rules.check_capacity, LEGAL, machine(GLB=replace(GLB, capacity_bits=640))) == []


def test_tiles_that_do_not_fit_are_told_with_their_sizes() -> None:
    assert said(rules.check_capacity, LEGAL, machine(GLB=replace(GLB, capacity_bits=639))) == [
        "mapping: GLB has 639 bits but its tiles take 640 bits: A 24 x 16 + C 16 x 16 (elements x bits)\n"
        "    mend: make the tiles of GLB smaller or hold fewer tensors"
    ]


def test_double_buffering_takes_twice_the_room() -> None:
    twice = machine(GLB=replace(GLB, capacity_bits=1279, buffering=2))
    assert said(rules.check_capacity, LEGAL, twice) == [
        "mapping: GLB has 1279 bits but its tiles take 1280 bits: 2 x (A 24 x 16 + C 16 x 16) (elements x bits)\n"
        "    mend: make the tiles of GLB smaller or hold fewer tensors"
    ]


def test_a_memory_may_fix_the_bits_of_its_words() -> None:
    wide = replace(GLB, capacity_bits=1279, word_bits=32)
    assert said(rules.check_capacity, LEGAL, machine(GLB=wide)) == [
        "mapping: GLB has 1279 bits but its tiles take 1280 bits: A 24 x 32 + C 16 x 32 (elements x bits)\n"
        "    mend: make the tiles of GLB smaller or hold fewer tensors"
    ]


def test_each_tensor_takes_its_own_bits_at_its_own_node() -> None:
    work = einsum("C[m,n] += A[m,k] * B[k,n]", m=8, n=4, k=6, bits={"A": 8, "C": 32})
    split = LEGAL.replace("GLB holds A C\nfor k in 6", "GLB holds C\nfor k in 6\nGLB holds A")
    small = machine(GLB=replace(GLB, capacity_bits=543))
    assert said(rules.check_capacity, split, small, work) == [
        "mapping: GLB has 543 bits but its tiles take 544 bits: C 16 x 32 + A 4 x 8 (elements x bits)\n"
        "    mend: make the tiles of GLB smaller or hold fewer tensors"
    ]


def test_a_tile_is_the_hull_of_what_it_touches() -> None:
    conv = einsum("O[p] += I[3*p+r] * W[r]", p=4, r=2)
    text = "DRAM holds I W O\nGLB holds I\nfor p in 4\nfor r in 2\ncompute"
    assert "I 11 x 16" in said(rules.check_capacity, text, machine(GLB=replace(GLB, capacity_bits=1)), conv)[0]


def test_a_short_last_tile_is_not_the_one_that_takes_the_room() -> None:
    work = einsum("C[m,n] += A[m,k] * B[k,n]", m=7, n=4, k=5)
    short = LEGAL.replace("for m in 2\nGLB holds A C\n", "GLB holds A C\nfor m in 2\n")
    tiles = said(rules.check_capacity, short, machine(GLB=replace(GLB, capacity_bits=1)), work)
    assert "A 35 x 16 + C 28 x 16" in tiles[0]


def test_a_memory_without_capacity_is_unlimited() -> None:
    assert said(rules.check_capacity, LEGAL, machine(GLB=replace(GLB, capacity_bits=None))) == []


# the shape of a nest, whatever its trips


def test_a_nest_is_a_shape_whatever_its_trips() -> None:
    rules.check_skeleton(GEMM, ARCH, mapping(LEGAL))
    rules.check_skeleton(GEMM, ARCH, mapping(re.sub(r" in \d+", " in 1", LEGAL)))
    rules.check_skeleton(GEMM, ARCH, mapping(re.sub(r" in \d+", " in 1000000", LEGAL)))


def test_a_shape_has_a_loop_over_every_rank_of_more_than_one_point() -> None:
    without = "\n".join(line for line in LEGAL.splitlines() if " k " not in line)
    assert said(rules.check_looped, LEGAL) == []
    assert [message.split("\n")[0] for message in said(rules.check_looped, without)] == [
        f"mapping: rank k of size {GEMM.sizes['k']} has no loop"
    ]
    point = einsum("C[m,n] += A[m,k] * B[k,n]", m=8, n=4, k=1)
    assert said(rules.check_looped, without, work=point) == []


def test_a_loop_of_trip_1_counts_in_a_shape() -> None:
    inside = LEGAL.replace("DRAM holds A B C", "parallel m in 1 on X\nDRAM holds A B C")
    assert said(rules.check_spatial, inside) == []
    with pytest.raises(IllegalMapping, match="is outside array PE"):
        rules.check_skeleton(GEMM, ARCH, mapping(inside))
