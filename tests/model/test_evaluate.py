"""What is counted for one mapping, sentence by sentence of docs/design/model.md."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from polymap.architecture.hierarchy import Architecture, Array, Bandwidth, Compute, Rate
from polymap.errors import IllegalMapping, PolymapError, SpecError
from polymap.mapping.nest import Mapping, Spatial, Storage
from polymap.model import Cost, evaluate
from polymap.model.conventions import POLYMAP
from polymap.workload import einsum
from tests.model.machines import flows, machine, memory, nest, priced

GEMM = einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4)
CONV = einsum("O[p] += I[p+r] * W[r]", p=4, r=3)


def gemm_on(architecture: Architecture, *loops: str, conventions: str = "polymap") -> Cost:
    """The matmul with everything at DRAM and at every other memory, `|` between two of them."""
    names = iter(level.name for level in architecture.memories[1:])
    lines = [f"{next(names)} holds A B C" if loop == "|" else loop for loop in loops]
    return priced(GEMM, architecture, "\n".join(["DRAM holds A B C", *lines]), conventions)


def test_a_single_memory_reads_operands_and_updates_the_output_every_step() -> None:
    cost = gemm_on(machine(memory("DRAM")), "for m in 4", "for n in 4", "for k in 4")
    assert flows(cost, "DRAM", "A") == {"reads": 64}
    assert flows(cost, "DRAM", "C") == {"updates": 64, "reads": 48}


def test_rows_follow_the_hierarchy_then_the_einsum() -> None:
    cost = gemm_on(machine(memory("DRAM"), memory("Buf")), "for m in 4", "|", "for n in 4", "for k in 4")
    rows = [(row.level, row.tensor) for row in cost.traffic]
    assert rows == [(level, tensor.name) for level in ("DRAM", "Buf") for tensor in GEMM.tensors]
    assert [component.level for component in cost.components] == ["DRAM", "Buf", "MAC"]


def test_a_bypassed_memory_has_no_row_and_its_parent_feeds_the_compute() -> None:
    text = """
    DRAM holds A B C
    for m in 4
    Buf holds A C
    for n in 4
    for k in 4
    """
    buffer = replace(memory("Buf"), keeps=("A", "C"))
    cost = priced(GEMM, machine(memory("DRAM"), buffer), text)
    assert cost.row("Buf", "B") is None
    assert flows(cost, "DRAM", "B") == {"reads": 64}
    assert flows(cost, "DRAM", "A") == {"reads": 16}


def test_tensors_of_one_memory_may_live_at_different_depths() -> None:
    text = """
    DRAM holds A B C
    Buf holds A
    for m in 4
    Buf holds B C
    for n in 4
    for k in 4
    """
    cost = priced(GEMM, machine(memory("DRAM"), memory("Buf")), text)
    assert [cost.row("Buf", tensor).tile_elements for tensor in "ABC"] == [16, 16, 4]  # type: ignore[union-attr]
    assert cost.components[1].occupied_bits == 16 * (16 + 16 + 4)


def test_buffering_multiplies_what_a_memory_holds() -> None:
    double = machine(memory("DRAM"), memory("Buf", buffering=2))
    cost = gemm_on(double, "for m in 4", "|", "for n in 4", "for k in 4")
    assert cost.components[1].occupied_bits == 2 * 16 * (4 + 16 + 4)


def test_partial_sums_that_leave_and_come_back_are_fills_and_parent_reads() -> None:
    two = machine(memory("DRAM"), memory("Buf"))
    cost = gemm_on(two, "for k in 4", "for m in 4", "|", "for n in 4", conventions="timeloop")
    assert flows(cost, "Buf", "C") == {"fills": 48, "updates": 64, "reads": 48}
    assert flows(cost, "DRAM", "C") == {"reads": 48, "updates": 64}


def test_drains_are_reads_of_the_memory_they_leave_but_not_of_the_outermost() -> None:
    two = machine(memory("DRAM"), memory("Buf"))
    loops = ("for k in 4", "for m in 4", "|", "for n in 4")
    plain, drained = (gemm_on(two, *loops, conventions=name) for name in ("timeloop", "polymap"))
    assert flows(drained, "Buf", "C")["reads"] == flows(plain, "Buf", "C")["reads"] + 64
    assert flows(drained, "DRAM", "C") == flows(plain, "DRAM", "C")


def fanned(*, multicast: bool = True, reduction: bool = True) -> Architecture:
    array = Array("PE", (("X", 4), ("Y", 4)), multicast, reduction)
    return machine(memory("DRAM"), array, memory("RF"))


@pytest.mark.parametrize(("multicast", "reads"), [(True, 16), (False, 64)])
def test_equal_tiles_of_siblings_are_one_read_where_the_network_multicasts(multicast: bool, reads: int) -> None:
    cost = gemm_on(fanned(multicast=multicast), "parallel n in 4 on X", "for m in 4", "for k in 4", "|")
    assert flows(cost, "DRAM", "A") == {"reads": reads}
    assert flows(cost, "RF", "A") == {"fills": 64, "reads": 64}


@pytest.mark.parametrize(("reduction", "updates"), [(True, 16), (False, 64)])
def test_updates_of_siblings_are_one_where_the_network_reduces(reduction: bool, updates: int) -> None:
    cost = gemm_on(fanned(reduction=reduction), "parallel k in 4 on X", "for m in 4", "for n in 4", "|")
    assert flows(cost, "DRAM", "C")["updates"] == updates


def test_only_loops_on_the_array_that_does_not_share_count_apart() -> None:
    outer = Array("Row", (("Y", 4),), multicast=False)
    inner = Array("Col", (("X", 4),))
    text = """
    DRAM holds A B C
    parallel n in 2 on Y
    parallel n in 2 on X
    RF holds A B C
    for m in 4
    for k in 4
    """
    cost = priced(GEMM, machine(memory("DRAM"), outer, inner, memory("RF")), text)
    assert flows(cost, "DRAM", "A") == {"reads": 2 * 16}


def test_inputs_on_one_diagonal_are_read_once() -> None:
    text = """
    DRAM holds O I W
    parallel p in 4 on X
    parallel r in 3 on Y
    RF holds O I W
    """
    cost = priced(CONV, fanned(), text)
    assert flows(cost, "DRAM", "I") == {"reads": 6}
    assert flows(cost, "RF", "I") == {"fills": 12, "reads": 12}


def test_diagonals_with_a_stride_are_counted_exactly() -> None:
    strided = einsum("O[p] += I[2*p+r] * W[r]", p=4, r=3)
    text = """
    DRAM holds O I W
    parallel p in 4 on X
    parallel r in 3 on Y
    RF holds O I W
    """
    assert flows(priced(strided, fanned(), text), "DRAM", "I") == {"reads": 9}


def test_coordinates_that_share_a_rank_are_counted_together() -> None:
    skewed = einsum("O[i,j] += A[i+j,j] * B[i,j]", i=4, j=4)
    text = """
    DRAM holds O A B
    parallel i in 4 on X
    parallel j in 4 on Y
    RF holds O A B
    """
    assert flows(priced(skewed, fanned(), text), "DRAM", "A") == {"reads": 16}


def test_a_diagonal_output_is_written_once_per_element() -> None:
    transposed = einsum("O[p+r] += I[p] * W[r]", p=4, r=3)
    cost = priced(transposed, machine(memory("DRAM")), "DRAM holds O I W\nfor p in 4\nfor r in 3")
    assert flows(cost, "DRAM", "O") == {"updates": 12, "reads": 12 - 6}


def test_only_elements_that_arrive_are_first_writes_where_an_output_has_holes() -> None:
    spread = einsum("O[3*p] += I[p] * W[k]", p=4, k=2)
    cost = priced(spread, machine(memory("DRAM")), "DRAM holds O I W\nfor k in 2\nfor p in 4")
    assert flows(cost, "DRAM", "O") == {"updates": 8, "reads": 4}


def test_an_exact_count_out_of_reach_is_an_error_that_says_so() -> None:
    wide = einsum("O[i+j+l, i+2*j+3*l] += I[i,j,l]", i=2**15, j=2**15, l=2**15)
    loops = "for i in 32768\nfor j in 32768\nfor l in 32768"
    with pytest.raises(PolymapError, match="counting the elements of O at DRAM needs sets over"):
        priced(wide, machine(memory("DRAM"), memory("Buf")), f"DRAM holds O I\n{loops}\nBuf holds O I")


def energies(width_bits: int, bits: int, word_bits: int | None = None) -> dict[str, Fraction]:
    one = machine(memory("DRAM", "6", "7", "8", width_bits=width_bits, word_bits=word_bits))
    work = einsum("O[p] += I[p]", p=5, bits=bits)
    return {row.tensor: row.energy for row in priced(work, one, "DRAM holds O I\nfor p in 5").traffic}


def test_accesses_are_rounded_up_to_the_width() -> None:
    assert energies(width_bits=64, bits=16) == {"I": 2 * 6, "O": 2 * 8}


def test_an_element_wider_than_the_memory_takes_several_accesses() -> None:
    assert energies(width_bits=16, bits=24) == {"I": 2 * 5 * 6, "O": 2 * 5 * 8}


def test_the_memory_s_word_takes_the_place_of_the_tensor_s_bits() -> None:
    assert energies(width_bits=64, bits=8, word_bits=32) == {"I": 3 * 6, "O": 3 * 8}


def test_accesses_are_rounded_per_instance_without_rounding_the_share_first() -> None:
    wide = machine(memory("DRAM", "1", width_bits=64), Array("PE", (("X", 4),)), memory("RF", "1", width_bits=64))
    work = einsum("O[p] += I[p]", p=12)
    cost = priced(work, wide, "DRAM holds O I\nparallel p in 4 on X\nRF holds O I\nfor p in 3")
    row = cost.row("RF", "I")
    assert row is not None
    assert (row.reads, row.energy) == (12, 4 * 1)


def bandwidth_cycles(**limits: Rate) -> int:
    limited = machine(memory("DRAM"), memory("Buf", bandwidth=Bandwidth(**limits)))
    return gemm_on(limited, "for m in 4", "|", "for n in 4", "for k in 4", conventions="timeloop").components[1].cycles


def test_a_memory_without_limits_needs_no_cycles() -> None:
    assert bandwidth_cycles() == 0


def test_reads_writes_and_their_sum_are_held_against_their_own_rates() -> None:
    reads, writes = 64 + 64 + 48, 16 + 16 + 64
    assert bandwidth_cycles(read=Rate(Fraction(16))) == reads
    assert bandwidth_cycles(write=Rate(Fraction(1, 2), in_words=True)) == 2 * writes
    assert bandwidth_cycles(shared=Rate(Fraction(16))) == reads + writes
    assert bandwidth_cycles(read=Rate(Fraction(7), in_words=True)) == -(-reads // 7)


def test_the_slowest_level_sets_the_cycles() -> None:
    slow = machine(memory("DRAM", bandwidth=Bandwidth(read=Rate(Fraction(1, 10), in_words=True))))
    cost = gemm_on(slow, "for m in 4", "for n in 4", "for k in 4")
    assert (cost.compute_cycles, cost.cycles) == (64, 10 * (64 + 64 + 48))
    assert cost.utilization == 64 / cost.cycles
    assert cost.latency == cost.cycles / Fraction(10**9)


def test_a_tensor_s_bandwidth_scale_weighs_its_words() -> None:
    rate = Bandwidth(read=Rate(Fraction(1), in_words=True), scale=(("A", Fraction(0)), ("B", Fraction(1, 2))))
    cost = gemm_on(machine(memory("DRAM", bandwidth=rate)), "for m in 4", "for n in 4", "for k in 4")
    assert cost.components[0].cycles == 0 + 32 + 48


def test_bandwidth_is_shared_out_over_the_instances_used() -> None:
    rate = Bandwidth(read=Rate(Fraction(1, 4), in_words=True))
    parallel = machine(memory("DRAM"), Array("PE", (("X", 8),)), memory("RF", bandwidth=rate))
    cost = gemm_on(parallel, "parallel m in 4 on X", "|", "for n in 4", "for k in 4", conventions="timeloop")
    assert cost.components[1].cycles == 4 * (64 + 64 + 48) // 4


@pytest.mark.parametrize(("conventions", "macs", "spads"), [("polymap", 8, 8), ("timeloop", 4, 4)])
def test_idle_instances_leak_if_the_conventions_say_so(conventions: str, macs: int, spads: int) -> None:
    leaky = machine(
        memory("DRAM", leakage_w="0.001"),
        Array("PE", (("X", 8),)),
        memory("RF", leakage_w="0.002"),
        Compute("MAC", Fraction(1), leakage_w=Fraction(3, 1000)),
    )
    cost = gemm_on(leaky, "parallel m in 4 on X", "|", "for n in 4", "for k in 4", conventions=conventions)
    pj = [component.leakage for component in cost.components]
    assert pj == [1 * 16, 2 * 16 * spads, 3 * 16 * macs]
    assert [component.instances for component in cost.components] == [1, 4, 4]


def test_area_is_that_of_all_physical_instances() -> None:
    chip = machine(
        memory("GLB", area_um2=100.0),
        Array("PE", (("X", 2), ("Y", 3))),
        memory("RF", area_um2=10.0),
        Compute("MAC", Fraction(1), area_um2=1.0),
    )
    cost = priced(GEMM, chip, "GLB holds A B C\nRF holds A B C\nfor m in 4\nfor n in 4\nfor k in 4")
    assert cost.area_um2 == 100 + 6 * 10 + 6 * 1
    assert cost.physical_compute_instances == 6


def test_energy_is_the_sum_of_its_parts() -> None:
    one = machine(memory("DRAM", "2", "3", "5", leakage_w="0.001"))
    cost = gemm_on(one, "for m in 4", "for n in 4", "for k in 4")
    assert cost.energy == 2 * (64 + 64 + 48) + 5 * 64 + 64 * 1 + 64 * 1


def test_counts_that_a_float_would_round_are_exact() -> None:
    size = 3**12
    huge = einsum("C[m,n] += A[m,k] * B[k,n]", m=size, n=size, k=size)
    text = f"DRAM holds A B C\nBuf holds A B C\nfor m in {size}\nfor n in {size}\nfor k in {size}"
    cost = priced(huge, machine(memory("DRAM"), memory("Buf")), text)
    assert flows(cost, "Buf", "C") == {"updates": size**3, "reads": size**3}


def test_an_illegal_mapping_is_refused_unless_the_check_is_off() -> None:
    one = machine(memory("DRAM"))
    with pytest.raises(IllegalMapping):
        evaluate(GEMM, one, nest("DRAM holds A B C\nfor m in 4"))
    assert evaluate(GEMM, one, nest("DRAM holds A B C\nfor m in 4"), check=False).computes == 4


def test_an_unknown_dimension_is_named_even_without_the_check() -> None:
    lost = Mapping((Storage("DRAM", ("A", "B", "C")), Spatial("m", 4, "Z")))
    with pytest.raises(IllegalMapping, match="'Z'"):
        evaluate(GEMM, fanned(), lost, check=False)


def test_unknown_conventions_are_named() -> None:
    with pytest.raises(SpecError, match="maestro"):
        evaluate(GEMM, machine(memory("DRAM")), nest("DRAM holds A B C"), "maestro", check=False)


def test_conventions_may_be_given_as_a_value() -> None:
    one, mapping = machine(memory("DRAM")), nest("DRAM holds A B C\nfor m in 4\nfor n in 4\nfor k in 4")
    assert evaluate(GEMM, one, mapping, POLYMAP) == evaluate(GEMM, one, mapping, "polymap")
