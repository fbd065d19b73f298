"""Networks on imperfect factors and on domains that are no boxes: sentences with numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from importlib import import_module

import pytest

from polymap.architecture import Array, Wiring
from polymap.model import Cost, NeedsSets, evaluate
from polymap.model.cost import Transport
from polymap.polyhedral import integer_sets
from polymap.workload import Einsum, einsum
from polymap.workload.counting import TooLarge, budget
from tests.model.machines import flows, machine, memory, nest
from tests.oracles.exact_walk import Rules, walk

MESH = Array("PE", (("X", 4), ("Y", 4)), wiring=Wiring(hop_pj=Fraction(2), router_pj=Fraction(1)))
TRIANGLE = einsum("S[i,j] += Q[i] * K[j]", i=3, j=3, domain="{ [i,j] : j <= i }")


def over(work: Einsum, text: str, *arrays: Array) -> Cost:
    arch = machine(memory("DRAM"), *(arrays or (MESH,)), memory("RF"))
    return evaluate(work, arch, nest(text), check=False, sets=integer_sets)


def row(cost: Cost, tensor: str, array: str = "PE") -> Transport:
    return next(row for row in cost.networks if (row.array, row.tensor) == (array, tensor) and row.words)


def test_a_short_last_tile_travels_as_far_as_a_whole_one_with_fewer_words() -> None:
    work = einsum("C[n] += A[k] * B[k,n]", n=5, k=2)
    cost = over(work, "DRAM holds A B C\nfor k in 2\nparallel n in 3 on X\nRF holds A B C\nfor n in 2")
    # Of each row of B, 2 words stay, 2 go one link, 1 goes two. A word of A goes to all three places over two links.
    assert (row(cost, "B").words, row(cost, "B").word_hops) == (10, 2 * (0 * 2 + 1 * 2 + 2 * 1))
    assert (row(cost, "A").words, row(cost, "A").delivered, row(cost, "A").word_hops) == (2, 6, 4)


def test_a_tree_reaches_only_those_that_run() -> None:
    work = einsum("C[m,n] += A[m] * B[n]", m=4, n=5)
    cost = over(work, "DRAM holds A B C\nfor n in 2\nfor m in 4\nparallel n in 3 on X\nRF holds A B C")
    # In the second round of n there are two left: one link instead of two, for each of 4 words.
    assert (row(cost, "A").words, row(cost, "A").delivered, row(cost, "A").word_hops) == (8, 4 * (3 + 2), 4 * (2 + 1))


def test_the_energy_is_that_of_hops_and_routers() -> None:
    work = einsum("C[m,n] += A[m] * B[n]", m=4, n=5)
    found = row(over(work, "DRAM holds A B C\nfor n in 2\nfor m in 4\nparallel n in 3 on X\nRF holds A B C"), "A")
    assert found.energy == 12 * (2 + 1) + 8 * 1


HALO = "DRAM holds O I W\nparallel p in 3 on X\nRF holds O I W\nfor p in 2\nfor r in 3"


def test_overlapping_tiles_of_which_the_last_is_short_are_read_once_where_halos_are_shared() -> None:
    work = einsum("O[p] += I[p+r] * W[r]", p=5, r=3)
    reads = [
        flows(over(work, HALO, replace(MESH, share_halo=shared)), "DRAM", "I")["reads"] for shared in (False, True)
    ]
    assert reads == [4 + 4 + 3, 7]


def test_a_shared_halo_stays_within_its_triangle() -> None:
    work = einsum("O[i] += A[i+j] * B[j]", i=3, j=3, domain="{ [i,j] : j <= i }")
    text = "DRAM holds O A B\nparallel i in 3 on X\nRF holds O A B\nfor j in 3"
    reads = [
        flows(over(work, text, replace(MESH, share_halo=shared)), "DRAM", "A")["reads"] for shared in (False, True)
    ]
    assert reads == [1 + 2 + 3, 5]


def test_a_row_that_slides_through_neighbours_is_shorter_in_its_last_round() -> None:
    """In the round of p = 0..3 three of four take over what a neighbour had, at r = 1 and 2; in that of 4..6 two do."""
    work = einsum("O[p] += I[p+r] * W[r]", p=7, r=3)
    cost = over(work, "DRAM holds O I W\nfor p in 2\nfor r in 3\nparallel p in 4 on X\nRF holds O I W", linked())
    assert row(cost, "I").link_words == 2 * 3 + 2 * 2
    assert flows(cost, "DRAM", "I") == {"reads": 21 - 10}
    assert flows(cost, "RF", "I") == {"reads": 21 + 10, "fills": 21}


def linked(array: Array = MESH) -> Array:
    return replace(array, links=("I", "A", "K"))


def test_a_neighbour_that_stands_still_passes_on_what_it_holds() -> None:
    """p = 0, 1, then 2, at r = 0, then at r = 1: the second instance has kept I[1], while the first went on to I[2]."""
    work = einsum("O[p] += I[p+r] * W[r]", p=3, r=2)
    cost = over(work, "DRAM holds O I W\nfor r in 2\nfor p in 2\nparallel p in 2 on X\nRF holds O I W", linked())
    assert row(cost, "I").link_words == 2
    assert flows(cost, "DRAM", "I") == {"reads": 4}


def test_a_neighbour_that_has_finished_early_passes_on_its_last_tile() -> None:
    """p = 0..3 and 4..5 side by side: the second instance ends at W[2], and keeps it while the first has two rounds."""
    work = einsum("O[p] += I[p+r] * W[r]", p=6, r=3)
    text = "DRAM holds O I W\nparallel p in 2 on X\nfor p in 4\nfor r in 3\nRF holds O I W"
    cost = over(work, text, replace(MESH, links=True))
    assert (row(cost, "W").link_words, row(cost, "I").link_words) == (2, 0)
    assert flows(cost, "DRAM", "W") == {"reads": 2 * 3 + 2 * 2}


def test_on_a_triangle_words_go_to_those_below_the_diagonal() -> None:
    arch = machine(memory("DRAM"), memory("RF"), MESH)
    text = "DRAM holds S Q K\nRF holds S Q K\nfor j in 3\nparallel i in 3 on X"
    cost = evaluate(TRIANGLE, arch, nest(text), sets=integer_sets)
    assert (row(cost, "K").words, row(cost, "K").delivered, row(cost, "K").word_hops) == (3, 3 + 2 + 1, 2 + 2 + 2)
    assert (row(cost, "Q").words, row(cost, "Q").word_hops) == (6, (0 + 1 + 2) + (1 + 2) + 2)


def test_links_on_a_triangle_start_where_the_diagonal_has_passed() -> None:
    """At j = 1, i = 1 and 2 need A[2] and A[3], which i = 0 and 1 had; at j = 2, i = 2 needs A[2], which i = 1 has."""
    work = einsum("S[i] += A[i-j+2]", i=3, j=3, domain="{ [i,j] : j <= i }")
    cost = over(work, "DRAM holds S A\nfor j in 3\nparallel i in 3 on X\nRF holds S A", linked())
    assert row(cost, "A").link_words == 2 + 1
    assert flows(cost, "DRAM", "A") == {"reads": 3}


def test_packets_of_an_array_without_loops_are_those_that_leave_the_array_around_it() -> None:
    work = einsum("O[p] += I[p] * W[r]", p=2, r=2)
    lanes = Array("LANE", (("Z", 2),), wiring=MESH.wiring)
    cost = over(
        work, "DRAM holds O I W\nfor r in 2\nparallel p in 2 on X\nRF holds O I W", replace(MESH, links=True), lanes
    )
    assert [row(cost, "W", name).words for name in ("PE", "LANE")] == [2, 4]


@pytest.mark.parametrize("work", [einsum("S[i,j] += Q[i] * K[j]", i=3, j=3), TRIANGLE], ids=["box", "triangle"])
def test_a_network_adds_its_latency_to_the_cycles_that_are_walked(work: Einsum) -> None:
    slow = replace(MESH, fill_latency=10, drain_latency=7)
    text = "DRAM holds S Q K\nRF holds S Q K\nfor i in 2\nfor j in 2\nparallel i in 2 on X\nparallel j in 2 on Y"
    arch = machine(memory("DRAM"), memory("RF"), slow)
    cost = evaluate(work, arch, nest(text), sets=integer_sets)
    inside = (lambda at: at["j"] <= at["i"]) if work is TRIANGLE else (lambda at: True)
    truth = walk(work, nest(text), arch, Rules(), inside)
    assert (cost.compute_cycles, cost.cycles) == (truth.compute_cycles, truth.compute_cycles + 17)


def test_many_steps_of_siblings_are_counted_by_integer_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    work = einsum("O[p] += I[p+r] * W[r]", p=7, r=3)
    text = "DRAM holds O I W\nfor p in 2\nfor r in 3\nparallel p in 4 on X\nRF holds O I W"
    one_by_one = over(work, text, linked())
    monkeypatch.setattr(import_module("polymap.model.handed"), "MOST_STEPS", 1)
    assert over(work, text, linked()) == one_by_one
    with pytest.raises(NeedsSets):
        evaluate(work, machine(memory("DRAM"), linked(), memory("RF")), nest(text))


def test_networks_beyond_the_budget_are_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    work = einsum("O[i] += A[i+j] * B[j]", i=9, j=9, domain="{ [i,j] : j <= 2*i }")
    text = "DRAM holds O A B\nfor i in 3\nparallel i in 3 on X\nRF holds O A B\nfor j in 9"
    arch = machine(memory("DRAM"), linked(), memory("RF"))
    monkeypatch.setattr(import_module("polymap.polyhedral.networks"), "within", budgeted)
    with pytest.raises(TooLarge, match=r"links of A cannot be counted exactly in 10 steps\n    mend: tile it coarser"):
        evaluate(work, arch, nest(text), check=False, sets=integer_sets)


def budgeted(what: str, body: Callable[[], int]) -> int:
    with budget(what, 10):
        return body()
