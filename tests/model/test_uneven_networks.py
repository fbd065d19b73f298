"""Networks on imperfect factors and on domains that are no boxes: sentences with numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from importlib import import_module

import pytest

from polymap.architecture import Array, Memory, Wiring
from polymap.errors import PolymapError
from polymap.model import Cost, NeedsSets, evaluate
from polymap.model.cost import Transport
from polymap.polyhedral import integer_sets
from polymap.workload import Einsum, einsum
from polymap.workload.counting import TooLarge, budget
from tests.model.machines import flows, machine, memory, nest
from tests.oracles.exact_walk import Rules, walk
from tests.oracles.network_walk import Network, Place, walk_networks

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


def both(work: Einsum, text: str, *levels: Memory | Array) -> tuple[Cost, dict[Place, Network]]:
    """What the model says and what a walk sees."""
    arch = machine(memory("DRAM"), *levels, memory("RF"))
    cost = evaluate(work, arch, nest(text), check=False, sets=integer_sets)
    return cost, walk_networks(work, nest(text), arch, Rules())


def test_hops_of_what_neighbours_do_not_pass_on_along_a_diagonal() -> None:
    work = einsum("O[c,a,b] += I[3*a,2*b+c,2*c-b] * W[c]", a=3, b=7, c=5)
    spread = "parallel a in 2 on X\nparallel c in 2 on X\nparallel c in 2 on Y\nparallel a in 2 on X"
    text = f"DRAM holds I W O\nfor c in 2\nfor b in 3\nfor b in 3\n{spread}\nRF holds I W O"
    array = Array("PE", (("X", 16), ("Y", 16)), multicast=False, links=True, wiring=Wiring(hop_pj=Fraction(1)))
    cost, seen = both(work, text, array)
    assert row(cost, "I").word_hops == seen["PE", "I", "RF"].word_hops == 301


INNER = (Array("P", (("X", 4),)), memory("GLB"), Array("Q", (("X", 2),), links=True))


@pytest.mark.parametrize("access", ["O[c,a] += I[c] * W[b]", "O[c] += I[c+4*a] * W[b]"])
def test_links_below_parents_that_end_at_different_steps(access: str) -> None:
    """At c = 0..3 and 4..5 two of four parents run twice: what they held last is not what the other two did."""
    above = "DRAM holds I W O\nfor a in 2\nfor c in 2\nparallel c in 4 on P.X"
    text = f"{above}\nGLB holds I W O\nparallel b in 2 on Q.X\nRF holds I W O"
    cost, seen = both(einsum(access, a=2, b=2, c=6), text, *INNER)
    reads, truth = flows(cost, "GLB", "I")["reads"], seen["Q", "I", "RF"]
    assert (reads, row(cost, "I", "Q").link_words) == (truth.crossing, truth.linked) == (10, 4)


CHEAP, DEAR = (Wiring(hop_pj=Fraction(pj)) for pj in (1, 100))


@pytest.mark.parametrize(("outer", "inner"), [(CHEAP, CHEAP), (CHEAP, DEAR), (DEAR, CHEAP), (None, DEAR)])
def test_words_of_neighbours_cost_what_the_wires_between_them_do(outer: Wiring | None, inner: Wiring) -> None:
    """No loop runs along P, so that its wires are not those between neighbours."""
    work = einsum("O[p] += I[p+r] * W[r]", p=4, r=3)
    arrays = [linked(Array(name, (("X", 4),), wiring=wires)) for name, wires in (("P", outer), ("Q", inner))]
    cost = over(work, "DRAM holds I W O\nfor p in 4\nparallel r in 3 on Q.X\nRF holds I W O", *arrays)
    found = [next(n for n in cost.networks if (n.array, n.tensor) == (name, "I")) for name in ("P", "Q")]
    # 3 words set out at p = 0, to 0, 1 and 2 hops, and one more at each of 3 steps, to the last of the three.
    assert [n.link_words for n in found] == [0, 2 * 3]
    assert found[1].word_hops == 0 + 1 + 2 + 3 * 2
    assert found[1].energy == (9 + 6) * inner.hop_pj


def test_neighbours_along_unlike_wires_are_refused() -> None:
    work = einsum("O[p] += I[p+r] * W[r]", p=4, r=4)
    text = "DRAM holds I W O\nfor p in 4\nparallel r in 2 on P.X\nparallel r in 2 on Q.X\nRF holds I W O"
    arrays = [linked(Array(name, (("X", 4),), wiring=wires)) for name, wires in (("P", CHEAP), ("Q", DEAR))]
    with pytest.raises(PolymapError, match="neighbours along P and Q pass tensor I on over unlike wires"):
        over(work, text, *arrays)
    alike = over(work, text, *(replace(array, wiring=CHEAP) for array in arrays))
    assert sum(n.link_words or 0 for n in alike.networks if n.tensor == "I") > 0


def halos(side: int, apart: int) -> Cost:
    """A plane of `side` x `side` arrays that share halos: three instances each hold two values of r, the last one."""
    work = einsum(f"O[p,q] += I[p+{side}*q+{apart}*r] * W[r]", p=side, q=side, r=5)
    plane, line = Array("P", (("X", side), ("Y", side))), Array("Q", (("X", 4),), share_halo=True)
    text = f"parallel p in {side} on P.X\nparallel q in {side} on P.Y\nparallel r in 3 on Q.X"
    return over(work, f"DRAM holds O I W\n{text}\nRF holds O I W\nfor r in 2", plane, line)


@pytest.mark.parametrize(("side", "apart"), [(2, 9), (64, 4096)])
def test_shared_halos_of_many_parents_are_as_many_as_those_of_one_each(side: int, apart: int) -> None:
    one = 2 * (apart + 1) + 1
    assert flows(halos(side, apart), "DRAM", "I") == {"reads": side**2 * one}


def test_shared_halos_that_need_too_much_memory_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polymap.model.fans.MOST_PLACES", 20)
    with pytest.raises(PolymapError, match="of I at DRAM needs sets over 29 places") as refused:
        halos(3, 7)
    assert refused.value.mistakes[0].mend
