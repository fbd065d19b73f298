"""Networks of arrays on boxes with perfect factors: every count against a walk, then sentences with numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import polymap as pm
from polymap.architecture import Architecture, Array, Wiring
from polymap.errors import PolymapError
from polymap.mapping.nest import Mapping as Nest
from polymap.mapping.nest import Node, Spatial, Storage, Temporal
from polymap.model import Cost, evaluate, symbolic
from polymap.model.cost import Transport
from polymap.polyhedral import audit
from polymap.workload import Einsum, einsum
from tests.model.machines import flows, machine, memory, nest, priced
from tests.oracles.exact_walk import Rules
from tests.oracles.network_walk import Network, walk_networks

HOP, ROUTER, ADDER = Fraction(7, 2), Fraction(3, 10), Fraction(1, 7)
WIRED = Wiring(hop_pj=HOP, router_pj=ROUTER, reduce_pj=ADDER)


# random machines and nests

CONV = einsum("O[p,k] += I[p+r] * W[r,k]", p=4, r=4, k=2)
MATMUL = einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=2, k=4)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Einsum, Architecture, Nest]:
    """A two-level machine over a mesh of 2 x 4, and a nest whose spatial loops stand between the levels."""
    work = draw(st.sampled_from((CONV, MATMUL)))
    halves = [rank for rank, size in work.ranks for _ in range(size.bit_length() - 1)]
    halves = draw(st.permutations(halves))
    room = ["X", "Y", "Y"]
    used = draw(st.integers(0, min(3, len(halves))))
    spatial = [Spatial(rank, 2, on) for rank, on in zip(halves[:used], draw(st.permutations(room)))]
    outer = draw(st.integers(0, len(halves) - used))
    temporal = [Temporal(rank, 2) for rank in halves[used:]]
    names = tuple(tensor.name for tensor in work.tensors)
    inner: list[Storage] = [Storage("RF", names)] if draw(st.booleans()) else []
    nodes: list[Node] = [Storage("DRAM", names), *temporal[:outer], *spatial, *inner, *temporal[outer:]]
    array = Array(
        "PE",
        (("X", 2), ("Y", 4)),
        multicast=draw(st.booleans()),
        reduction=draw(st.booleans()),
        links=draw(st.booleans()),
        wiring=WIRED,
    )
    registers = replace(memory("RF"), keeps=(), may_keep=names)
    return work, machine(memory("DRAM"), array, registers), Nest(tuple(nodes))


def walks(work: Einsum, arch: Architecture, mapping: Nest) -> Iterator[tuple[Transport, Network]]:
    """Every row of the model's networks with what a walk sees of the same words."""
    truth = walk_networks(work, mapping, arch, Rules())
    yield from ((row, truth[row.array, row.tensor, row.child]) for row in evaluate(work, arch, mapping).networks)


@settings(max_examples=60, deadline=None)
@given(case=cases())
def test_words_links_and_hops_are_those_of_a_walk(case: tuple[Einsum, Architecture, Nest]) -> None:
    for row, seen in walks(*case):
        assert (row.words, row.link_words) == (seen.crossing, seen.linked)
        assert (row.delivered, row.word_hops) == (seen.delivered, seen.word_hops)


@settings(max_examples=40, deadline=None)
@given(case=cases())
def test_a_shared_halo_is_read_once(case: tuple[Einsum, Architecture, Nest]) -> None:
    work, arch, mapping = case
    halo = replace(arch.arrays[0], links=False, share_halo=True)
    shared = replace(arch, hierarchy=tuple(halo if level is arch.arrays[0] else level for level in arch.hierarchy))
    cost = evaluate(work, shared, mapping)
    for row, seen in walks(work, shared, mapping):
        if not work.tensor(row.tensor).is_output:
            parent = cost.row(row.parent, row.tensor)
            assert parent is not None
            assert parent.reads == row.words == seen.crossing


@settings(max_examples=30, deadline=None)
@given(case=cases())
def test_energy_is_hops_routers_adders_and_links(case: tuple[Einsum, Architecture, Nest]) -> None:
    work = case[0]
    for row, seen in walks(*case):
        added = seen.delivered - seen.packets if work.tensor(row.tensor).is_output else 0
        mesh = seen.word_hops * HOP + (seen.word_hops + seen.packets) * ROUTER + added * ADDER
        assert row.energy == mesh + seen.linked * (HOP + 2 * ROUTER)


@settings(max_examples=10, deadline=None)
@given(case=cases())
def test_symbols_and_arrays_of_trips_give_the_same_energy(case: tuple[Einsum, Architecture, Nest]) -> None:
    work, arch, mapping = case
    formulas, cost = symbolic(work, arch, mapping), evaluate(work, arch, mapping)
    trips = [loop.trip for loop in mapping.loops]
    assert formulas.at(formulas.energy, trips) == sympy.Rational(*cost.energy.as_integer_ratio())
    assert formulas.compile()(*trips).energy_pj[0] == pytest.approx(cost.energy_pj, rel=1e-12)


# sentences


def over(text: str, *levels: Array, work: Einsum = MATMUL) -> Cost:
    return priced(work, machine(memory("DRAM"), *levels, memory("RF")), text)


def row(cost: Cost, tensor: str, array: str = "PE") -> Transport:
    return next(row for row in cost.networks if (row.array, row.tensor, row.child) == (array, tensor, "RF"))


SPREAD = """
DRAM holds A B C
for m in 2
parallel n in 2 on X
parallel k in 4 on Y
RF holds A B C
for m in 2
"""
MESH = Array("PE", (("X", 2), ("Y", 4)))


def test_a_network_without_energies_is_not_modelled_and_costs_nothing() -> None:
    cost = over(SPREAD, MESH)
    assert [(n.energy, n.word_hops) for n in cost.networks] == [(None, None)] * 3
    assert cost.energy == over(SPREAD, replace(MESH, wiring=Wiring(hop_pj=Fraction(0)))).energy


def test_words_and_their_copies_are_known_even_where_energies_are_not() -> None:
    found = row(over(SPREAD, MESH), "A")
    assert (found.words, found.delivered, found.multicast) == (16, 32, 2)


def test_a_word_for_one_column_runs_along_the_row_and_then_up() -> None:
    # Each of A's 16 words goes to both columns of one row y: 1 link along x, then y links up each of 2 columns.
    assert row(over(SPREAD, replace(MESH, wiring=WIRED)), "A").word_hops == sum(4 * (1 + 2 * y) for y in range(4))


def test_partial_sums_come_down_the_same_tree() -> None:
    # 8 sums, each of a column of 4: 3 links along y for both columns, 1 along x for the second.
    found = row(over(SPREAD, replace(MESH, wiring=WIRED)), "C")
    assert (found.words, found.delivered, found.word_hops) == (8, 32, 4 * (3 + 0) + 4 * (3 + 1))


def test_a_wire_costs_bits_times_length() -> None:
    wire = Wiring(wire_pj=Fraction(2, 25), pitch_mm=Fraction(1, 10))
    found = row(over(SPREAD, replace(MESH, wiring=wire)), "A")
    assert found.word_hops is not None
    assert found.energy == found.word_hops * 16 * Fraction(2, 25) * Fraction(1, 10)


def test_network_energy_is_part_of_the_total() -> None:
    plain, wired = over(SPREAD, MESH), over(SPREAD, replace(MESH, wiring=WIRED))
    energies = [n.energy for n in wired.networks if n.energy is not None]
    assert len(energies) == 3
    assert wired.energy - plain.energy == sum(energies)


NESTED = """
DRAM holds A B C
parallel m in 2 on Z
parallel n in 2 on X
RF holds A B C
for m in 2
for k in 4
"""


def test_every_destination_of_an_outer_array_feeds_an_inner_array_of_its_own() -> None:
    outer, inner = Array("Cluster", (("Z", 2),), wiring=WIRED), Array("PE", (("X", 2),), wiring=WIRED)
    cost = over(NESTED, outer, inner)
    # B[k,n]: 8 words for both clusters, 1 link each; in each cluster 4 of them go one link along.
    assert [row(cost, "B", name).word_hops for name in ("Cluster", "PE")] == [8, 2 * 4]
    assert [row(cost, "B", name).words for name in ("Cluster", "PE")] == [8, 16]
    assert [row(cost, "B", name).delivered for name in ("Cluster", "PE")] == [16, 16]


SLIDING = """
DRAM holds O I W
for k in 2
parallel r in 4 on Y
RF holds O I W
for p in 4
"""
SYSTOLIC = """
DRAM holds O I W
for k in 2
for p in 4
parallel r in 4 on Y
RF holds O I W
"""


def test_a_sliding_row_takes_all_but_its_last_element_from_neighbours() -> None:
    # Per k: 4 elements at the first step, then 1 from above and 3 from neighbours at each of 3 steps.
    cost = over(SYSTOLIC, replace(MESH, links=("I",)), work=CONV)
    assert flows(cost, "DRAM", "I") == {"reads": 2 * (4 + 3 * 1)}
    assert row(cost, "I").link_words == 2 * 3 * 3


def test_what_a_neighbour_passes_on_is_read_from_its_memory() -> None:
    plain, linked = (over(SYSTOLIC, replace(MESH, links=links), work=CONV) for links in (False, True))
    assert flows(linked, "RF", "I")["reads"] == flows(plain, "RF", "I")["reads"] + 2 * 3 * 3


def test_links_can_be_denied_to_a_tensor() -> None:
    assert over(SYSTOLIC, replace(MESH, links=("W",)), work=CONV).row("DRAM", "I") == (
        over(SYSTOLIC, MESH, work=CONV).row("DRAM", "I")
    )


def test_multicast_can_be_for_some_tensors_only() -> None:
    only = [over(SPREAD, replace(MESH, multicast=names)).row("DRAM", "A") for names in (("A",), ("B",))]
    assert [found.reads for found in only if found] == [16, 32]


def test_overlapping_tiles_are_separate_reads_unless_the_halo_is_shared() -> None:
    reads = [
        flows(over(SLIDING, replace(MESH, share_halo=shared), work=CONV), "DRAM", "I")["reads"]
        for shared in (False, True)
    ]
    assert reads == [4 * 4, 7]


def refusal(text: str, array: Array, conventions: str = "polymap") -> str:
    with pytest.raises(PolymapError) as caught:
        priced(CONV, machine(memory("DRAM"), array, memory("RF")), text, conventions)
    return str(caught.value)


def test_links_and_shared_halos_of_one_tensor_are_refused() -> None:
    both = replace(MESH, links=True, share_halo=True)
    assert "links and shared halos together, as for tensor I" in refusal(SLIDING, both)


def test_sums_that_return_are_refused_under_polymap() -> None:
    returned = replace(MESH, wiring=WIRED, returns_sums=True)
    assert "sums that return (`returns_sums`) in array PE are counted under `timeloop` only" in refusal(
        SLIDING, returned
    )


def test_a_mesh_too_large_to_enumerate_is_refused() -> None:
    work = einsum("O[p] += I[p+r] * W[r]", p=512, r=512)
    text = "DRAM holds O I W\nparallel p in 512 on X\nparallel r in 512 on Y\nRF holds O I W"
    wide = machine(memory("DRAM"), Array("PE", (("X", 512), ("Y", 512)), wiring=WIRED), memory("RF"))
    with pytest.raises(PolymapError, match="up to 65536 instances"):
        evaluate(work, wide, nest(text))


def test_filling_and_draining_adds_cycles() -> None:
    slow = replace(MESH, fill_latency=10, drain_latency=7)
    assert over(SPREAD, slow).cycles == over(SPREAD, MESH).cycles + 17


@pytest.mark.parametrize("change", [{"links": True}, {"share_halo": True}])
def test_an_audit_confirms_inputs_with_links_or_shared_halos(change: dict[str, bool]) -> None:
    arch = machine(memory("DRAM"), replace(MESH, **change), memory("RF"))  # type: ignore[arg-type]
    found = audit(CONV, arch, nest(SYSTOLIC))
    assert found.agrees
    assert all(row.counted is not None for row in found.rows)


def test_a_formula_of_shared_halos_keeps_the_coordinates_that_stand_still() -> None:
    levels = (replace(a, share_halo=True) if isinstance(a, Array) else a for a in pm.architecture("teaching").hierarchy)
    arch = replace(pm.architecture("teaching"), hierarchy=tuple(levels))
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=1, n=4, k=1)
    text = "DRAM holds A B C\nbuffer holds A C\nfor n in 2\nparallel n in 2 on X\nregisters holds A B C\ncompute"
    reads = pm.symbolic(work, arch, text).row("DRAM", "B").reads
    cost = pm.evaluate(work, arch, text)
    row = cost.row("DRAM", "B")
    assert row is not None
    assert reads.subs(dict.fromkeys(reads.free_symbols, 2)) == row.reads == 4
