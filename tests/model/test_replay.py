"""The restated walk: boxes, who shares across an array, and which mappings are replayed or refused."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polymap as pm
from polymap.model.replay.boxes import Box, difference, rounded, size, translation
from polymap.model.replay.chain import chain
from polymap.model.replay.fanout import Grid, records, unlinked
from polymap.model.replay.price import replayed

ARCHITECTURE = """\
polymap: architecture/1
name: small
clock: 1 GHz
hierarchy:
- {memory: DRAM, width: 16 b, energy: {read: 200 pJ, write: 200 pJ}, may_keep: [input, weight, output]}
- {array: PE, shape: {X: 4}, network: {links: true}}
- memory: RF
  capacity: 64 words
  word: 16 b
  width: 16 b
  energy: {read: 1 pJ, write: 1 pJ}
  may_keep: [input, weight, output]
- {compute: MAC, energy: 1 pJ}
"""


def boxes(axes: int) -> st.SearchStrategy[Box]:
    pairs = st.tuples(*[st.tuples(st.integers(-4, 4), st.integers(0, 4))] * axes)
    return pairs.map(lambda found: Box(tuple(a for a, _ in found), tuple(a + n for a, n in found)))


def points(box: Box) -> set[tuple[int, ...]]:
    found: set[tuple[int, ...]] = {()}
    for low, high in zip(box.low, box.high, strict=True):
        found = {(*point, x) for point in found for x in range(low, high)}
    return found


@given(boxes(2), boxes(2))
def test_a_difference_is_disjoint_boxes_of_the_points_that_are_left(box: Box, other: Box) -> None:
    left = difference(box, other)
    assert size(left) == len(points(box) - points(other))
    assert set().union(*map(points, left)) == points(box) - points(other)


def test_halves_are_rounded_away_from_zero() -> None:
    assert [rounded(Fraction(n, 2)) for n in (-3, -1, 1, 3, 4)] == [-2, -1, 1, 2, 2]
    assert translation(Box((0, 3), (4, 6)), Box((0, 0), (3, 2))) == (1, 4)


def test_children_with_equal_shifts_share_one_word() -> None:
    grid = Grid(2, 2)
    (columns,) = records({0: (0,), 1: (1,), 2: (0,), 3: (1,)}, grid, shares=True)
    # Each word enters between the rows and goes half a row up and half a row down, the second one column further.
    assert (columns.multicast, columns.groups, columns.half_hops) == (2, 2, 2 * (1 + 2))
    (alone,) = records({0: (0,), 1: (0,)}, grid, shares=False)
    assert (alone.multicast, alone.groups) == (1, 2)


def test_a_child_takes_over_a_link_what_its_neighbour_held_before() -> None:
    tile, shifts = (Box((0,), (1,)),), {0: (0,), 1: (1,), 2: (2,)}
    moved = (Box((1,), (2,)),)
    assert unlinked(moved, shifts, tile, shifts, Grid(3, 1)) == {2: (2,)}
    assert unlinked(tile, shifts, (Box((0,), (2,)),), shifts, Grid(3, 1)) == shifts


def cost(nest: str, conventions: str = "timeloop", **ranks: int) -> pm.Cost:
    work = pm.einsum("O[p] += W[r] * I[p+r]", **ranks)
    return pm.evaluate(work, pm.architecture(ARCHITECTURE), pm.mapping(nest), conventions=conventions)


CUT = "DRAM holds W I O\nparallel p in {0} on PE.X\nRF holds W I O\nfor p in {1}\nfor r in 3\ncompute"


def test_a_spatial_loop_that_is_cut_needs_a_loop_around_it() -> None:
    with pytest.raises(pm.IllegalMapping, match="is the outermost loop over p and its last trips are always empty"):
        cost(CUT.format(4, 2), p=5, r=3)


def test_a_short_last_trip_does_not_shorten_the_run() -> None:
    nest = "DRAM holds W I O\nfor p in 3\nparallel p in 4 on PE.X\nRF holds W I O\nfor r in 3\ncompute"
    short, full = cost(nest, p=10, r=3), cost(nest, p=12, r=3)
    assert short.cycles == full.cycles == 3 * 3
    # 10 outputs in 3 steps use 3.33 instances on average, cut to 3.
    assert (short.compute_instances, full.compute_instances) == (3, 4)


def test_trips_that_do_not_cover_their_rank_are_illegal() -> None:
    with pytest.raises(pm.IllegalMapping, match="multiply to 8 of 9"):
        cost(CUT.format(4, 2), p=9, r=3)


def test_only_timeloop_lets_a_tensor_live_where_it_does_not_fit() -> None:
    nest = "DRAM holds W I\nfor p in 4\nRF holds W I O\nfor r in 3\ncompute"
    outputs = cost(nest, p=4, r=3).row("RF", "O")
    assert outputs
    assert (outputs.tile_elements, outputs.updates) == (1, prod((4, 3)))
    with pytest.raises(pm.IllegalMapping, match="not backed"):
        cost(nest, "polymap", p=4, r=3)


def test_adders_cost_what_the_closed_forms_say() -> None:
    text = ARCHITECTURE.replace("links: true", "links: false").replace("  word: 16 b", "  word: 16 b\n  reduce: 0.5 pJ")
    work, architecture = pm.einsum("O[p] += W[r] * I[p+r]", p=8, r=3), pm.architecture(text)
    mapping = pm.mapping("DRAM holds W I O\nfor p in 2\nparallel p in 4 on PE.X\nRF holds W I O\nfor r in 3\ncompute")
    nest = chain(work, architecture, mapping)
    assert nest
    closed = pm.evaluate(work, architecture, mapping, conventions="timeloop")
    assert replayed(work, architecture, nest).energy == closed.energy
    free = pm.evaluate(work, pm.architecture(text.replace("0.5 pJ", "0 pJ")), mapping, conventions="timeloop")
    assert closed.energy - free.energy == 8 * (3 - 1) * Fraction(1, 2)


def test_a_nest_too_long_to_walk_is_refused() -> None:
    loops = "\n".join(["for p in 2", "for r in 2"] * 12)
    with pytest.raises(pm.PolymapError, match="would take 16777216 visits"):
        cost(f"DRAM holds W I O\n{loops}\nRF holds W I O\ncompute", p=2**12, r=2**12)


def test_counts_below_zero_that_wrap_round_in_that_tool_are_refused() -> None:
    # 2 of 4 instances are used, but what they receive is averaged over 4: half a word, less than the free first one.
    nest = "DRAM holds W I O\nfor p in 2\nparallel p in 4 on PE.X\nRF holds W I O\nfor r in 3\ncompute"
    with pytest.raises(pm.IllegalMapping, match="count less than nothing for O at RF: instances are cut to integers"):
        cost(nest, p=2, r=3)


STEPS = "DRAM holds W I O\nfor p in 16\nfor r in 3\nRF holds W I O\nfor p in 1\ncompute"


def test_without_extrapolation_every_iteration_is_walked() -> None:
    # Each of the 48 steps needs another element than the one before, but at the turn of the outer loop the middle of
    # the remembered move is 0 and the walk of two iterations takes this for standing still.
    fills = {
        choice: row.fills
        for choice in ("", ",extrapolates=no")
        if (row := cost(STEPS, f"timeloop{choice}", p=16, r=3).row("RF", "I"))
    }
    assert fills == {"": 33, ",extrapolates=no": 48}


def test_the_last_iteration_is_walked_if_it_is_asked_for() -> None:
    nest = "DRAM holds W I O\nfor p in 4\nRF holds W I O\nfor r in 3\ncompute"
    assert cost(nest, "timeloop,last_runs=yes", p=4, r=3).traffic == cost(nest, p=4, r=3).traffic


SPILLED = "DRAM holds W I O\nfor r in 3\nfor p in 4\nRF holds W I O\nfor p in 2\ncompute"


def outputs(choice: str) -> dict[str, tuple[int, int, int]]:
    found = cost(SPILLED, f"timeloop{choice}", p=8, r=3).traffic
    return {row.level: (row.reads, row.fills, row.updates) for row in found if row.tensor == "O"}


def test_first_updates_read_what_is_there_if_that_is_chosen() -> None:
    # 8 outputs are updated 3 times: all but the first of each read and fetch back, or all of them do.
    assert outputs("") == {"DRAM": (16, 0, 24), "RF": (16, 16, 24)}
    assert outputs(",first_updates_read=yes") == {"DRAM": (24, 0, 24), "RF": (24, 24, 24)}


def test_sums_that_are_not_fetched_back_are_added_below_the_outermost_memory() -> None:
    # The memory below the outermost writes whole sums: it fetches the 16 that are there, and the outermost reads all.
    assert outputs(",sums_are_fetched=no") == {"DRAM": (24, 0, 24), "RF": (16, 16, 24)}


@pytest.mark.parametrize("choice", ["first_updates_read=yes", "sums_are_fetched=no"])
def test_choices_that_only_a_walk_follows_are_refused_elsewhere(choice: str) -> None:
    with pytest.raises(pm.PolymapError, match="are choices only where a loop nest is replayed"):
        cost(SPILLED, f"polymap,{choice}", p=8, r=3)


def test_a_walk_refuses_the_choices_that_it_does_not_follow() -> None:
    with pytest.raises(pm.PolymapError, match="is not counted with `drains_are_read` = True"):
        cost(SPILLED, "timeloop,drains_are_read=yes,first_updates_read=yes", p=8, r=3)


SHARING = ARCHITECTURE.replace("links: true", "links: false").replace(
    "  word: 16 b", "  word: 16 b\n  distributes: true"
)


def shared(nest: str, text: str = SHARING) -> pm.Cost:
    work = pm.einsum("Z[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4)
    return pm.evaluate(work, pm.architecture(text), pm.mapping(nest), conventions="timeloop")


def test_a_memory_that_distributes_holds_a_part_of_what_its_siblings_share() -> None:
    nest = "DRAM holds A B Z\nfor n in 4\nparallel m in 4 on PE.X\nRF holds A B Z\nfor k in 4\ncompute"
    rows = {(row.level, row.tensor): row for row in shared(nest).traffic}
    # Four instances would fetch the 4 elements of a column of B four times: each fetches a fourth, and hands it on.
    assert rows["DRAM", "B"].reads == 16
    assert rows["RF", "B"].fills == 4 * (1 + (16 - 1) // 4)
    assert rows["RF", "B"].reads == 4 * (1 + round((16 - 1) / 4))
    assert rows["RF", "A"].fills == 16


def test_other_conventions_do_not_count_distributed_tiles() -> None:
    with pytest.raises(pm.PolymapError, match="`distributes` of RF are not counted here"):
        pm.evaluate(
            pm.einsum("Z[m] += A[m]", m=4), pm.architecture(SHARING), pm.mapping("DRAM holds A Z\nfor m in 4\ncompute")
        )


TWO_ARRAYS = ARCHITECTURE.replace("shape: {X: 4}, network: {links: true}}", "shape: {X: 2}}").replace(
    "- {compute", "- {array: LANES, shape: {X: 2}}\n- {compute"
)


def test_loops_may_exceed_an_array_where_the_one_above_is_not_filled() -> None:
    work, machine = pm.einsum("Z[m,n] += A[m,k] * B[k,n]", m=4, n=2, k=2), pm.architecture(TWO_ARRAYS)
    nest = "DRAM holds A B Z\nfor n in 2\n{0}\nRF holds A B Z\nfor k in 2\n{1}\ncompute"
    wide = pm.mapping(nest.format("for m in 1", "parallel m in 4 on LANES.X"))
    cost = pm.evaluate(work, machine, wide, conventions="timeloop")
    assert (cost.cycles, cost.compute_instances) == (4, 4)
    with pytest.raises(pm.IllegalMapping, match="LANES is 2 wide but its loops span 4"):
        pm.evaluate(work, machine, wide)
    full = pm.mapping(nest.format("parallel n in 2 on PE.X", "parallel m in 4 on LANES.X").replace("for n in 2\n", ""))
    with pytest.raises(pm.IllegalMapping, match="dimension X has 4 instances of MAC but loops span 8"):
        pm.evaluate(work, machine, full, conventions="timeloop")
