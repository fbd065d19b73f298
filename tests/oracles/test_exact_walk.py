"""The walk of the exact model against counts made by hand, and against the walk of perfect nests where both speak."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from hypothesis import HealthCheck, given, settings

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory
from polymap.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from polymap.model.conventions import POLYMAP
from polymap.workload.einsum import Affine, Einsum, Tensor
from tests.oracles.exact_walk import Domain, Rules, always_empty, everywhere, walk
from tests.oracles.walk import Row, Walked
from tests.oracles.walk import walk as perfect_walk
from tests.properties.strategies import Problem, problems

law = partial(settings, deadline=None, suppress_health_check=[HealthCheck.too_slow])

HULL, EXACT = Rules("hull"), Rules("exact")
ALL = ("O", "A")


def memory(name: str) -> Memory:
    return Memory(name, 16, Fraction(1), Fraction(1), Fraction(1))


def machine(
    multicast: bool = True, reduction: bool = True, share_halo: bool = False, links: bool = False
) -> Architecture:
    array = Array("PE", (("X", 4),), multicast, reduction, links, share_halo=share_halo)
    return Architecture("machine", (memory("DRAM"), array, memory("Buf"), Compute("MAC", Fraction(1))), Fraction(10**9))


def einsum(ranks: dict[str, int], output: tuple[Affine, ...], data: tuple[Affine, ...]) -> Einsum:
    """`O[output] += A[data]` over a box."""
    tensors = (Tensor("A", data, 16, "input"), Tensor("O", output, 16, "output", is_output=True))
    return Einsum("hand", tuple(ranks.items()), tensors)


def axis(**terms: int) -> Affine:
    return Affine(tuple(terms.items()))


def buffered(*nodes: Node, below: tuple[Node, ...] = ()) -> Mapping:
    return Mapping((Storage("DRAM", ALL), *nodes, Storage("Buf", ALL), *below))


def walked(work: Einsum, mapping: Mapping, rules: Rules = HULL, domain: Domain = everywhere, **array: bool) -> Walked:
    return walk(work, mapping, machine(**array), rules, domain)


def test_a_last_tile_is_short() -> None:
    work = einsum({"p": 5, "k": 2}, (axis(p=1), axis(k=1)), (axis(p=1),))
    found = walked(work, buffered(Temporal("k", 2), Temporal("p", 3), below=(Temporal("p", 2),)))
    assert found.rows["Buf", "A"] == Row(10, 10, 0, 2, 1)
    assert (found.computes, found.compute_cycles) == (10, 10)


def test_a_step_that_does_not_run_costs_nothing() -> None:
    work = einsum({"r": 3, "k": 2}, (axis(k=1),), (axis(r=1),))
    found = walked(work, buffered(Temporal("r", 2), Temporal("k", 2), Temporal("r", 2)))
    assert found.rows["Buf", "A"].fills == 2 * 2 + 1 + 1
    assert found.compute_cycles == 6


def test_a_short_window_keeps_its_halo() -> None:
    work = einsum({"p": 5, "r": 3}, (axis(p=1),), (axis(p=1, r=1),))
    found = walked(work, buffered(Temporal("p", 3), below=(Temporal("p", 2), Temporal("r", 3))))
    assert found.rows["Buf", "A"] == Row(7, 15, 0, 4, 1)


def test_instances_that_run_out_of_points_keep_what_they_hold_and_stand_still() -> None:
    work = einsum({"p": 5}, (axis(p=1),), (axis(p=1),))
    found = walked(work, buffered(Spatial("p", 3, "X"), below=(Temporal("p", 2),)))
    assert found.rows["Buf", "A"] == Row(5, 5, 0, 2, 3)
    assert found.compute_cycles == 2


def test_an_instance_without_a_step_keeps_its_tile_until_it_runs_again() -> None:
    work = einsum({"p": 3, "k": 2}, (axis(p=1, k=3),), (axis(p=1),))
    nest = (Temporal("k", 2), Temporal("p", 2), Spatial("p", 2, "X"))
    found = walked(work, buffered(*nest))
    assert found.rows["Buf", "A"] == Row(2 * 3, 6, 0, 1, 2)
    assert found.rows["DRAM", "A"].reads == 6


def test_holes_are_stored_by_the_hull_and_left_out_by_the_exact_image() -> None:
    work = einsum({"r": 2}, (axis(r=1),), (axis(r=2),))
    tiles = [
        walked(work, buffered(below=(Temporal("r", 2),)), rules).rows["Buf", "A"].tile_elements
        for rules in (HULL, EXACT)
    ]
    assert tiles == [3, 2]


def test_a_diagonal_is_its_box_as_a_hull_and_itself_as_an_image() -> None:
    work = einsum({"i": 2}, (axis(i=1),), (axis(i=1), axis(i=1)))
    tiles = [
        walked(work, buffered(below=(Temporal("i", 2),)), rules).rows["Buf", "A"].tile_elements
        for rules in (HULL, EXACT)
    ]
    assert tiles == [4, 2]


def test_a_triangle_is_never_charged_as_its_box() -> None:
    work = einsum({"i": 4, "j": 4}, (axis(i=1),), (axis(i=1), axis(j=1)))
    nest = buffered(Temporal("i", 2), Temporal("j", 2), below=(Temporal("i", 2), Temporal("j", 2)))
    found = walked(work, nest, HULL, lambda at: at["j"] <= at["i"])
    assert found.rows["Buf", "A"] == Row(10, 10, 0, 4, 1)
    assert (found.computes, found.compute_cycles) == (10, 10)


def test_on_a_triangle_a_loop_over_another_rank_may_change_the_tile() -> None:
    work = einsum({"i": 3, "j": 3}, (axis(i=1),), (axis(i=1),))
    found = walked(work, buffered(Temporal("j", 3), below=(Temporal("i", 3),)), HULL, lambda at: at["i"] <= at["j"])
    assert found.rows["Buf", "A"] == Row(1 + 1 + 1, 6, 0, 3, 1)


def test_padding_is_neither_stored_nor_fetched() -> None:
    inside = Affine((("p", 1), ("r", 1)), -1)
    work = einsum({"p": 4, "r": 3}, (axis(p=1),), (inside,))
    nest = buffered(Temporal("p", 2), below=(Temporal("p", 2), Temporal("r", 3)))
    found = walked(work, nest, HULL, lambda at: 0 <= at["p"] + at["r"] - 1 < 4)
    assert found.rows["DRAM", "A"] == Row(0, 4, 0, 4, 1)
    assert found.rows["Buf", "A"] == Row(4, 10, 0, 3, 1)


def test_equal_tiles_are_sent_once_where_the_array_multicasts() -> None:
    work = einsum({"p": 3, "k": 2}, (axis(p=1), axis(k=1)), (axis(p=1),))
    nest = buffered(Temporal("p", 3), Spatial("k", 2, "X"))
    reads = [walked(work, nest, multicast=shared).rows["DRAM", "A"].reads for shared in (True, False)]
    assert reads == [3, 6]


def test_unequal_last_tiles_are_not_shared() -> None:
    work = einsum({"i": 2, "j": 2}, (axis(i=1),), (axis(j=1),))
    nest = buffered(Spatial("i", 2, "X"), below=(Temporal("j", 2),))
    reads = [
        walked(work, nest, HULL, rule).rows["DRAM", "A"].reads for rule in (everywhere, lambda at: at["j"] <= at["i"])
    ]
    assert reads == [2, 1 + 2]


def test_partial_sums_meet_on_the_way_up_where_the_array_reduces() -> None:
    work = einsum({"p": 2, "k": 3}, (axis(p=1),), (axis(p=1), axis(k=1)))
    nest = buffered(Spatial("k", 3, "X"), below=(Temporal("p", 2),))
    rows = [walked(work, nest, reduction=shared).rows["DRAM", "O"] for shared in (True, False)]
    assert rows == [Row(0, 0, 2, 2, 1), Row(0, 4, 6, 2, 1)]


def test_a_drain_is_a_read_only_if_the_conventions_say_so() -> None:
    work = einsum({"p": 2, "k": 3}, (axis(p=1),), (axis(p=1), axis(k=1)))
    nest = buffered(Temporal("k", 3), Temporal("p", 2))
    reads = [walked(work, nest, Rules(drains_are_read=drains)).rows["Buf", "O"].reads for drains in (True, False)]
    assert reads == [6 + (6 - 2), 6 - 2]


def test_loops_with_an_iteration_that_never_runs_are_found() -> None:
    work = einsum({"p": 5}, (axis(p=1),), (axis(p=1),))
    assert always_empty(work, buffered(Temporal("p", 4), below=(Temporal("p", 2),)), machine()) == [1]
    assert always_empty(work, buffered(Temporal("p", 3), below=(Temporal("p", 2),)), machine()) == []


def test_a_tile_that_a_neighbour_held_at_the_step_before_comes_over_a_link() -> None:
    """`I[p + r]`, r outside: at r = 1, 2 each instance takes what the next one held; the last asks the parent."""
    work = einsum({"p": 3, "r": 3}, (axis(p=1),), (axis(p=1, r=1),))
    nest = buffered(Temporal("r", 3), Spatial("p", 3, "X"))
    apart, linked = (walked(work, nest, links=links) for links in (False, True))
    assert apart.rows["DRAM", "A"].reads == 9
    assert linked.rows["DRAM", "A"].reads == 3 + 1 + 1
    assert (apart.rows["Buf", "A"].reads, linked.rows["Buf", "A"].reads) == (9, 9 + 4)
    assert apart.rows["Buf", "A"].fills == linked.rows["Buf", "A"].fills == 9


@law(max_examples=100)
@given(problem=problems())
def test_on_perfect_nests_over_boxes_both_walks_agree(problem: Problem) -> None:
    truth = perfect_walk(problem.einsum, problem.mapping, problem.architecture, POLYMAP)
    assert walk(problem.einsum, problem.mapping, problem.architecture, HULL) == truth, str(problem)


def test_on_an_array_that_shares_halos_an_element_of_overlapping_tiles_is_read_once() -> None:
    work = einsum({"p": 6, "r": 3}, (axis(p=1),), (axis(p=1, r=1),))
    nest = buffered(Spatial("p", 3, "X"), below=(Temporal("p", 2), Temporal("r", 3)))
    networks: tuple[dict[str, bool], ...] = ({}, {"share_halo": True}, {"share_halo": True, "multicast": False})
    reads = [walked(work, nest, HULL, everywhere, **network).rows["DRAM", "A"].reads for network in networks]
    assert reads == [3 * 4, 8, 8]
