"""What surrounds an access: addresses, accumulations, clusters, words per tensor, gated power."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from polymap.architecture import Architecture, Array, Memory
from polymap.errors import IllegalMapping, SpecError
from polymap.mapper.query import Query, optimize
from polymap.model import Cost
from polymap.model.conventions import POLYMAP, TIMELOOP, Conventions
from polymap.workload import einsum
from tests.model.machines import flows, machine, memory, priced

WORK = einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4)
TEXT = """
DRAM holds A B C
for k in 4
parallel n in 4 on X
RF holds A B C
for m in 4
"""
FREE = memory("RF", width_bits=32)
# Under these conventions the closed forms count, with the one choice of interest turned.
PER_ELEMENT = replace(POLYMAP, address_per_access=False)


def on(registers: Memory, conventions: str | Conventions = "polymap", text: str = TEXT) -> Cost:
    return priced(WORK, arch(registers), text, conventions)


def arch(registers: Memory) -> Architecture:
    return machine(memory("DRAM"), Array("PE", (("X", 4), ("Y", 2))), registers)


def energies(cost: Cost, level: str = "RF") -> dict[str, Fraction]:
    return {row.tensor: row.energy for row in cost.traffic if row.level == level}


def test_an_address_is_generated_for_every_access_of_the_width() -> None:
    # Per instance: A is filled 16 times (8 accesses of 2 words) and read 16 times, and so on for 4 instances.
    cost = on(replace(FREE, address_pj=Fraction(1, 10)))
    assert flows(cost, "RF", "A") == {"fills": 64, "reads": 64}
    assert energies(cost)["A"] == 4 * (8 + 8) * Fraction(1, 10)


def test_an_address_costs_as_much_as_that_much_more_energy_per_action() -> None:
    dear = replace(FREE, read_pj=Fraction(1, 3), write_pj=Fraction(1, 3), update_pj=Fraction(1, 3))
    assert energies(on(replace(FREE, address_pj=Fraction(1, 3)))) == energies(on(dear))


def test_an_address_may_be_for_elements_read_and_filled_or_filled_and_updated() -> None:
    spilling = "DRAM holds A B C\nfor k in 4\nfor m in 4\nparallel n in 4 on X\nRF holds A B C"
    cost = on(replace(FREE, address_pj=Fraction(1, 10)), PER_ELEMENT, spilling)
    assert flows(cost, "RF", "C") == {"fills": 48, "updates": 64, "reads": 48 + 64}
    assert energies(cost)["A"] == (64 + 64) * Fraction(1, 10)
    assert energies(cost)["C"] == (48 + 64) * Fraction(1, 10)


def test_every_update_but_the_first_of_an_element_is_an_addition() -> None:
    cost = on(replace(FREE, reduce_pj=Fraction(1, 20)))
    assert flows(cost, "RF", "C")["updates"] == 64
    assert energies(cost) == {"A": 0, "B": 0, "C": (64 - 16) * Fraction(1, 20)}


def test_instances_of_a_cluster_share_an_access_and_its_width() -> None:
    # 4 of 8 instances are used: with clusters of 4 two accesses at once, each with 8 of 32 bits for one instance.
    alone = replace(FREE, read_pj=Fraction(6), width_bits=16)
    shared = replace(FREE, read_pj=Fraction(6), width_bits=64, cluster=4)
    assert energies(on(alone))["B"] == 64 * 6
    assert energies(on(shared))["B"] == 2 * 16 * 6


def test_an_element_wider_than_its_share_of_the_access_takes_several() -> None:
    narrow = replace(FREE, read_pj=Fraction(6), width_bits=32, cluster=4)
    assert energies(on(narrow))["B"] == 2 * 16 * 2 * 6


def test_tensors_may_take_different_room_in_a_memory() -> None:
    mixed = replace(FREE, read_pj=Fraction(6), words=(("A", 8), ("output", 32)))
    cost = on(mixed)
    assert energies(cost)["A"] == 4 * (16 // 4) * 6
    assert cost.components[1].occupied_bits == 4 * 8 + 16 + 4 * 32


def leakage(registers: Memory, conventions: str | Conventions = "polymap") -> Fraction:
    return on(replace(registers, leakage_w=Fraction(1, 1000)), conventions).components[1].leakage


def test_gated_instances_leak_only_if_used() -> None:
    per_instance = leakage(FREE) / 8
    assert leakage(replace(FREE, power_gated_at="RF")) == 4 * per_instance


def test_instances_leak_together_with_the_level_that_gates_them() -> None:
    assert leakage(replace(FREE, power_gated_at="DRAM")) == leakage(FREE)


@pytest.mark.parametrize(("latency_leaks", "cycles"), [(True, 16 + 5), (False, 16)])
def test_whether_instances_leak_while_networks_fill_is_a_convention(latency_leaks: bool, cycles: int) -> None:
    registers = replace(FREE, leakage_w=Fraction(1, 1000))
    slow = machine(memory("DRAM"), Array("PE", (("X", 4), ("Y", 2)), fill_latency=5), registers)
    cost = priced(WORK, slow, TEXT, replace(POLYMAP, latency_leaks=latency_leaks))
    assert cost.cycles == 21
    assert cost.components[1].leakage == cycles * 8


def test_a_memory_may_have_to_be_filled() -> None:
    # Its tiles take (4 + 1 + 4) * 16 = 144 bits of 256 / 2.
    least = replace(FREE, capacity_bits=512, buffering=2, min_utilization=Fraction(144, 256))
    assert on(least).cycles == 16
    with pytest.raises(IllegalMapping, match="tiles of RF take 144 bits, less than"):
        on(replace(least, min_utilization=Fraction(145, 256)))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"address_pj": Fraction(1)}, "address generation"),
        ({"reduce_pj": Fraction(1)}, "temporal reduction"),
        ({"power_gated_at": "RF"}, "power gating"),
        ({"min_utilization": Fraction(1, 2)}, "a least utilization"),
    ],
)
def test_the_search_refuses_memories_that_it_does_not_price(change: dict[str, object], what: str) -> None:
    registers = replace(FREE, capacity_bits=1024, **change)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=rf"optimize does not price {what} yet \(RF\); evaluate does"):
        optimize(WORK, arch(registers), Query())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"share_halo": True}, "shared halos"),
        ({"drain_latency": 1}, "the latency of a network"),
    ],
)
def test_the_search_refuses_networks_that_it_does_not_price(change: dict[str, object], what: str) -> None:
    array = replace(Array("PE", (("X", 4),)), **change)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=rf"optimize does not price {what} yet \(PE\)"):
        optimize(WORK, machine(memory("DRAM"), array, memory("RF")), Query())


def test_both_presets_price_a_machine_without_extras_alike() -> None:
    text = "DRAM holds A B C\nfor n in 4\nfor k in 4\nfor m in 4"
    one = machine(memory("DRAM", "6", "7", "8"))
    assert priced(WORK, one, text, POLYMAP).energy == priced(WORK, one, text, TIMELOOP).energy
