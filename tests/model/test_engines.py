"""Imperfect factors, exact holes and tied ranks: sentence by sentence of docs/design/exact.md, and against a walk."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, assume, given, settings

from polymap.architecture.hierarchy import Architecture, Array
from polymap.errors import IllegalMapping, PolymapError, SpecError
from polymap.model import Conventions, Cost, evaluate
from polymap.model.conventions import POLYMAP
from polymap.model.counting import Closed, Engines, NeedsSets
from polymap.model.nest import Access, array_places, nest, skeleton
from polymap.model.tied import Tied
from polymap.model.uneven import Uneven
from polymap.workload import Einsum, einsum
from tests.model.machines import flows, machine, memory, priced
from tests.model.machines import nest as parsed
from tests.oracles.exact_walk import walk
from tests.oracles.walk import Row
from tests.properties.strategies_exact import Problem, boxes, differences

EXACT = replace(POLYMAP, name="exact", holes="exact")
DRY = replace(POLYMAP, name="dry", drains_are_read=False)
TWO = machine(memory("DRAM"), memory("Buf"))
SPREAD = machine(memory("DRAM"), Array("PE", (("X", 4), ("Y", 4))), memory("RF"))

law = partial(settings, deadline=None, suppress_health_check=list(HealthCheck))


def counted(problem: Problem) -> Cost:
    """What the engines say of a problem, where they need no general sets."""
    rules = Conventions("drawn", problem.rules.drains_are_read, False, True, holes=problem.rules.holes)
    try:
        return evaluate(problem.posed, problem.architecture, problem.mapping, rules)
    except NeedsSets:
        assume(False)
        raise


def agrees(problem: Problem) -> None:
    """Every count of every row, cycles and computes are those of the walk."""
    cost = counted(problem)
    truth = walk(problem.einsum, problem.mapping, problem.architecture, problem.rules, problem.domain)
    rows = {
        (row.level, row.tensor): Row(row.fills, row.reads, row.updates, row.tile_elements, row.instances)
        for row in cost.traffic
    }
    assert rows == truth.rows, str(problem)
    assert (cost.computes, cost.compute_cycles) == (truth.computes, truth.compute_cycles), str(problem)


@law(max_examples=250)
@given(problem=boxes)
def test_boxes_with_short_last_tiles_and_holes_are_counted_as_they_are_walked(problem: Problem) -> None:
    agrees(problem)


@law(max_examples=250)
@given(problem=differences)
def test_tied_ranks_are_counted_as_they_are_walked(problem: Problem) -> None:
    agrees(problem)


# Imperfect factors.


def test_a_short_last_tile_moves_only_what_it_has() -> None:
    work = einsum("O[p] += I[p] * W[k]", p=5, k=2)
    text = "DRAM holds O I W\nfor k in 2\nfor p in 3\nBuf holds O I W\nfor p in 2"
    cost = priced(work, TWO, text, DRY)
    assert flows(cost, "Buf", "I") == {"fills": 10, "reads": 10}
    assert (cost.computes, cost.compute_cycles) == (10, 10)


def test_a_halo_is_kept_up_to_the_short_last_tile() -> None:
    work = einsum("O[p] += I[p+r] * W[r]", p=5, r=3)
    cost = priced(work, TWO, "DRAM holds O I W\nfor p in 3\nBuf holds O I W\nfor p in 2\nfor r in 3")
    assert flows(cost, "Buf", "I")["fills"] == 7


def test_cycles_are_the_steps_that_run_and_idle_units_show_in_the_utilization() -> None:
    work = einsum("O[p] += I[p]", p=10)
    cost = priced(work, SPREAD, "DRAM holds O I\nfor p in 3\nparallel p in 4 on X\nRF holds O I")
    assert (cost.computes, cost.compute_cycles, cost.compute_instances) == (10, 3, 4)
    assert cost.utilization == 10 / (3 * 16)


def test_instances_that_never_run_are_not_counted() -> None:
    work = einsum("O[p] += I[p]", p=5)
    cost = priced(work, SPREAD, "DRAM holds O I\nparallel p in 2 on Y\nparallel p in 3 on X\nRF holds O I")
    assert [component.instances for component in cost.components] == [1, 5, 5]


def test_one_read_serves_only_the_instances_that_run() -> None:
    work = einsum("O[p,k] += I[p]", p=5, k=3)
    text = "DRAM holds O I\nfor p in 3\nparallel p in 2 on Y\nparallel k in 3 on X\nRF holds O I"
    cost = priced(work, SPREAD, text)
    assert flows(cost, "DRAM", "I") == {"reads": 5}
    assert flows(cost, "RF", "I")["fills"] == 15


def test_energy_is_rounded_up_for_the_average_instance() -> None:
    wide = machine(memory("DRAM"), Array("PE", (("X", 4),)), memory("RF", "1", width_bits=64))
    cost = priced(einsum("O[p] += I[p]", p=10), wide, "DRAM holds O I\nparallel p in 4 on X\nRF holds O I\nfor p in 3")
    row = cost.row("RF", "I")
    assert row is not None
    assert (row.reads, row.instances, row.energy) == (10, 4, 4)


def test_a_mapping_with_iterations_that_are_always_empty_is_refused() -> None:
    work = einsum("O[p] += I[p]", p=5)
    with pytest.raises(IllegalMapping, match="2 of its 3 iterations"):
        priced(work, TWO, "DRAM holds O I\nfor p in 3\nBuf holds O I\nfor p in 3")


def test_a_huge_rank_is_counted_without_a_walk() -> None:
    size = 2**40 + 1
    work = Einsum("huge", (("p", size), ("r", 3)), einsum("O[p] += I[p+r] * W[r]", p=4, r=3).tensors)
    text = f"DRAM holds O I W\nfor p in {2**20 + 1}\nBuf holds O I W\nfor p in {2**20}\nfor r in 3"
    cost = priced(work, TWO, text, DRY)
    assert flows(cost, "Buf", "I") == {"fills": size + 2, "reads": 3 * size}


# Holes.


@pytest.mark.parametrize(("conventions", "tile", "fills"), [(POLYMAP, 7, 14), (EXACT, 4, 8)])
def test_holes_are_stored_and_fetched_only_as_part_of_a_window(conventions: Conventions, tile: int, fills: int) -> None:
    work = einsum("O[p] += I[2*p]", p=8)
    row = priced(work, TWO, "DRAM holds O I\nfor p in 2\nBuf holds O I\nfor p in 4", conventions).row("Buf", "I")
    assert row is not None
    assert (row.tile_elements, row.fills) == (tile, fills)


def test_a_window_may_seem_to_hold_what_was_never_touched() -> None:
    work = einsum("O[p] += I[2*p+r]", p=2, r=3)
    text = "DRAM holds O I\nfor r in 3\nBuf holds O I\nfor p in 2"
    fills = [flows(priced(work, TWO, text, chosen), "Buf", "I")["fills"] for chosen in (POLYMAP, EXACT)]
    assert fills == [5, 6]


def test_capacity_is_held_against_the_tiles_as_they_are_counted() -> None:
    tight = machine(memory("DRAM"), replace(memory("Buf"), capacity_bits=4 * 16))
    work, text = einsum("O[p] += I[2*p]", p=8), "DRAM holds O I\nfor p in 2\nBuf holds I\nfor p in 4"
    tight = replace(tight, hierarchy=(tight.hierarchy[0], replace(tight.hierarchy[1], keeps=("I",)), tight.compute))
    assert priced(work, tight, text, EXACT).components[1].occupied_bits == 64
    with pytest.raises(IllegalMapping, match="I 7 x 16"):
        priced(work, tight, text, POLYMAP)
    with pytest.raises(IllegalMapping, match="I 4 x 16"):
        priced(work, _cut(tight), text, EXACT)


def _cut(architecture: Architecture) -> Architecture:
    dram, buffer, compute = architecture.hierarchy
    return replace(architecture, hierarchy=(dram, replace(buffer, capacity_bits=63), compute))


def test_unknown_holes_are_named() -> None:
    with pytest.raises(SpecError, match="'swiss'"):
        replace(POLYMAP, holes="swiss")


# Tied ranks.

CAUSAL = einsum("S[i,j] += Q[i,d] * K[j,d]", i=4, j=4, d=2, domain="{ [i,j] : j <= i }")
BLOCKS = "DRAM holds Q K S\nfor i in 2\nfor j in 2\nBuf holds Q K S\nfor i in 2\nfor j in 2\nfor d in 2"


def test_a_triangle_is_not_charged_as_its_box() -> None:
    cost = priced(CAUSAL, TWO, BLOCKS, DRY)
    assert (cost.computes, cost.compute_cycles) == (20, 20)
    assert flows(cost, "Buf", "S") == {"updates": 20, "reads": 10}
    assert flows(cost, "DRAM", "S") == {"updates": 10}
    assert flows(cost, "Buf", "Q")["fills"] == 8
    assert flows(cost, "Buf", "K")["fills"] == 4 + 8


def test_the_largest_tile_of_a_triangle_counts() -> None:
    row = priced(CAUSAL, TWO, BLOCKS).row("Buf", "S")
    assert row is not None
    assert row.tile_elements == 4


def test_instances_off_the_band_do_not_exist() -> None:
    diagonal = einsum("S[i,j] += Q[i] * K[j]", i=4, j=4, domain="{ [i,j] : 0 <= i - j <= 1 }")
    cost = priced(diagonal, SPREAD, "DRAM holds Q K S\nparallel i in 4 on X\nparallel j in 4 on Y\nRF holds Q K S")
    assert (cost.compute_instances, cost.compute_cycles, cost.computes) == (7, 1, 7)
    assert flows(cost, "DRAM", "K") == {"reads": 4}


def test_too_many_tied_tiles_are_an_error_that_says_so() -> None:
    size = 2**23 + 2
    work = einsum("S[i,j] += Q[i] * K[j]", i=size, j=size, domain="{ [i,j] : 0 <= i - j < 4 }")
    with pytest.raises(PolymapError, match=f"takes {size} differences or tiles of one") as refused:
        priced(work, TWO, f"DRAM holds Q K S\nfor i in {size}\nfor j in {size}\nBuf holds Q K S")
    assert "make the innermost tiles of the two ranks larger" in str(refused.value)


# Who is asked.


def asked(work: Einsum, text: str, tensor: str, conventions: Conventions = POLYMAP) -> type:
    nodes = parsed(text).nodes
    shape = skeleton(nodes, work.tensors, array_places(TWO))
    walked = nest(shape.slots, [loop.trip for loop in parsed(text).loops])
    return type(Engines(work, conventions, walked).of(Access.of(work.tensor(tensor))))


def test_the_simplest_engine_that_is_exact_is_asked() -> None:
    conv = einsum("O[p] += I[2*p+r] * W[r]", p=8, r=3)
    perfect, uneven = "DRAM holds O I W\nfor p in 8\nfor r in 3", "DRAM holds O I W\nfor p in 3\nfor p in 3\nfor r in 3"
    assert asked(conv, perfect, "I") is Closed
    assert asked(conv, perfect, "I", EXACT) is Uneven
    assert asked(conv, perfect, "W", EXACT) is Closed
    assert asked(conv, uneven, "W") is Uneven
    assert asked(CAUSAL, BLOCKS, "Q") is Tied


def test_ranks_in_two_coordinates_need_general_sets_once_a_tile_is_short() -> None:
    skewed = einsum("O[i] += A[i,i+j]", i=5, j=4)
    with pytest.raises(NeedsSets, match=r"polymap\.evaluate"):
        asked(skewed, "DRAM holds O A\nfor i in 3\nfor i in 2\nfor j in 4", "A")
    assert asked(skewed, "DRAM holds O A\nfor i in 5\nfor j in 4", "A") is Closed


def test_domains_that_are_no_band_need_general_sets() -> None:
    steep = einsum("O[i] += A[i,j]", i=5, j=4, domain="{ [i,j] : 2j <= i }")
    with pytest.raises(NeedsSets):
        asked(steep, "DRAM holds O A\nfor i in 5\nfor j in 4", "A")
