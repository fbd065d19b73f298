"""What no code is generated for is told at its place, with what to do about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import polymap as pm
from polymap.architecture import Array
from polymap.report.code import code

ENERGY = {"read": "1 pJ", "write": "1 pJ"}
TWO_LEVELS = {
    "name": "two",
    "clock": "1 GHz",
    "hierarchy": [
        {"memory": "DRAM", "width": "16 b", "energy": ENERGY},
        {"array": "PE", "shape": {"X": 4, "Y": 4}},
        {
            "memory": "RF",
            "width": "16 b",
            "capacity": "1 KiB",
            "energy": ENERGY,
            "keeps": [],
            "may_keep": ["input", "weight", "output"],
        },
        {"compute": "MAC", "energy": "1 pJ"},
    ],
}
CONV = pm.einsum("O[p] += I[p+r] * W[r]", p=4, r=3)


def machine(**changes: object) -> pm.Architecture:
    """Two memories and an array between, of which something is changed."""
    found = pm.architecture(TWO_LEVELS)
    levels = tuple(replace(level, **changes) if isinstance(level, Array) else level for level in found.hierarchy)
    return replace(found, hierarchy=levels)


def refused(work: pm.Einsum, arch: pm.Architecture, nest: str, counted: bool = True) -> tuple[pm.Mistake, ...]:
    with pytest.raises(pm.PolymapError) as caught:
        code(work, arch, pm.mapping(nest), "c", counted)
    return caught.value.mistakes


WHOLE = "DRAM holds A B O\nfor i in 4\nfor j in 4\ncompute"


def test_a_domain_that_limits_no_difference() -> None:
    work = pm.einsum("O[i] += A[i,j] * B[j]", i=4, j=4, domain="{ [i,j] : 2j <= i }")
    (mistake,) = refused(work, machine(), WHOLE, counted=False)
    assert mistake.message.startswith("the domain of einsum is neither a box nor limits of a difference of two ranks")
    assert mistake.mend == "map the whole box"


@pytest.mark.parametrize("image", ["A[i-j]", "A[2*i]", "A[i,i]"])
def test_windows_on_a_domain(image: str) -> None:
    work = pm.einsum(f"O[i] += {image} * B[j]", i=4, j=4, domain="{ [i,j] : j <= i }")
    (mistake,) = refused(work, machine(), WHOLE, counted=False)
    assert mistake.message.endswith("for tensors whose indices are different ranks, and A is none")


CAUSAL = pm.einsum("O[i] += S[i,j] * V[j]", i=4, j=4, domain="{ [i,j] : j <= i }")


def test_sums_that_are_given_up_above_before_they_are_below() -> None:
    found = machine()
    middle = replace(found.memory("RF"), name="GLB")
    arch = replace(found, hierarchy=(found.hierarchy[0], middle, *found.hierarchy[1:]))
    nest = "DRAM holds S V O\nfor i in 2\nfor j in 2\nGLB holds O\nfor j in 2\nRF holds O\nfor i in 2\ncompute"
    (mistake,) = refused(CAUSAL, arch, nest, counted=False)
    assert mistake.place.path == "mapping[5]"
    assert mistake.mend == "move the nodes of O above 'for j in 2'"


def test_sums_that_instances_begin_to_hold_at_different_times_are_not_counted() -> None:
    nest = "DRAM holds S V O\nfor j in 2\nparallel j in 2 on X\nRF holds O\nfor i in 4\ncompute"
    (mistake,) = refused(CAUSAL, machine(), nest)
    assert mistake.place.path == "mapping[2]"
    assert mistake.mend == "generate it without counters"
    assert code(CAUSAL, machine(), pm.mapping(nest), "c")


def test_sums_that_nobody_adds_up() -> None:
    found = machine()
    inputs_only = replace(found.memory("DRAM"), keeps=("input", "weight"))
    arch = replace(found, hierarchy=(inputs_only, *found.hierarchy[1:]))
    nest = "DRAM holds I W\nparallel r in 3 on X\nRF holds O\nfor p in 4\ncompute"
    (mistake,) = refused(CONV, arch, nest, counted=False)
    assert mistake.place.path == "mapping[2]"
    assert "each of 3 instances ends with a part of every sum of O" in mistake.message
    assert mistake.mend == "move it above 'parallel r in 3 on X'"


def test_buffers_that_no_compiler_lays_out() -> None:
    found = machine()
    huge = replace(found.memory("RF"), capacity_bits=None)
    arch = replace(found, hierarchy=tuple(huge if level.name == "RF" else level for level in found.hierarchy))
    work = pm.einsum("O[p] += I[p+r] * W[r]", p=2**28, r=3)
    nest = f"DRAM holds I W O\nRF holds I\nfor p in {2**28}\nfor r in 3\ncompute"
    (mistake,) = refused(work, arch, nest, counted=False)
    assert mistake.place.path == "mapping[1]"
    assert mistake.message == "'RF holds I': the tiles of I here take 268435458 elements, all instances together"
    assert "tile_sizes [1, 0]" in code(work, arch, pm.mapping(nest), "mlir")  # it lays out no buffers


def test_sums_of_which_too_many_flags_would_be_kept_are_not_counted() -> None:
    work = pm.einsum("O[p+r] += I[p] * W[r]", p=2**28, r=3)
    nest = f"DRAM holds I W O\nfor p in {2**28}\nRF holds O\nfor r in 3\ncompute"
    found = refused(work, machine(), nest)
    assert [mistake.place.path for mistake in found] == ["mapping[0]", "mapping[2]"]  # what is there, what arrives
    for mistake in found:
        assert mistake.message.endswith(f"counting needs {2**28 + 2} flags, one for each element of O and instance")
    assert code(work, machine(), pm.mapping(nest), "c")


def test_tiles_that_slide_two_ways_and_are_equal_in_some_instances_are_not_counted() -> None:
    work = pm.einsum("O[i] += A[i+j+l,i+k] * B[j,l,k]", i=4, j=4, l=2, k=3)
    loops = "for i in 4\nparallel j in 2 on X\nparallel l in 2 on Y"
    nest = f"DRAM holds A B O\n{loops}\nRF holds A\nfor j in 2\nfor k in 3\ncompute"
    (mistake,) = refused(work, machine(), nest)
    assert mistake.place.path == "mapping[3]"
    assert mistake.message.endswith("which instances move equal parts of sliding tiles of A is not counted")
    assert code(work, machine(), pm.mapping(nest), "c")


LINKED = "DRAM holds I W O\nfor p in 4\nparallel r in 3 on X\nRF holds I W O\ncompute"


def test_links_are_not_counted_but_code_is_generated() -> None:
    found = refused(CONV, machine(links=True), LINKED)
    assert [mistake.message.partition(",")[0] for mistake in found] == [
        "neighbours in PE pass tiles of I on",
        "neighbours in PE pass tiles of W on",
    ]
    assert code(CONV, machine(links=True), pm.mapping(LINKED), "c")


def test_halos_that_are_shared_are_not_counted_where_windows_overlap() -> None:
    found = refused(CONV, machine(share_halo=True), LINKED)
    assert [mistake.message for mistake in found] == [
        "instances of PE share what tiles of I have in common, which generated code does not count"
    ]


def test_sums_that_return_are_not_counted() -> None:
    (mistake,) = refused(CONV, machine(returns_sums=True), LINKED)
    assert mistake.message.startswith("PE returns partial sums of O")


def test_habits_of_a_memory_are_not_counted() -> None:
    found = pm.architecture(TWO_LEVELS)
    memory = replace(found.memory("RF"), passes_through=("W",))
    arch = replace(found, hierarchy=tuple(memory if level.name == "RF" else level for level in found.hierarchy))
    (mistake,) = refused(CONV, arch, LINKED)
    assert "`passes_through`" in mistake.message
    assert code(CONV, arch, pm.mapping(LINKED), "c")


def test_an_illegal_mapping() -> None:
    (mistake,) = refused(CONV, machine(), "DRAM holds I W O\nfor p in 3\nfor r in 3\ncompute")
    assert "the trips of rank p multiply to 3" in mistake.message


@pytest.mark.parametrize(("asked", "meant"), [("pyton", "python"), ("C", "c"), ("Mlir", "mlir")])
def test_an_unknown_language_is_told_with_the_nearest_one(asked: str, meant: str) -> None:
    with pytest.raises(pm.SpecError) as caught:
        pm.codegen(CONV, machine(), LINKED, language=asked)
    (mistake,) = caught.value.mistakes
    assert mistake.message == f"no code is generated in '{asked}'"
    assert mistake.mend == f"did you mean {meant}? use c, python, mlir"
