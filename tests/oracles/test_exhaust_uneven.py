"""The uneven mapspace: complete, without repetition, rightly priced; and nothing that its rules leave out is missed."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import polymap as pm
from polymap.architecture.hierarchy import Architecture, Array, Bandwidth, Compute, Memory, Rate
from polymap.mapping.nest import Mapping
from polymap.model import evaluate
from polymap.model.conventions import POLYMAP
from polymap.workload.einsum import Einsum
from tests.oracles import exhaust
from tests.oracles.exhaust_uneven import IMPERFECT, PERFECT, Point, Rules, Space, Witness, mappings
from tests.oracles.uneven_brute import every_mapping, with_sorted_blocks
from tests.oracles.uneven_objectives import OBJECTIVES, Condition, Objective, best, pareto, powers, traffic
from tests.properties.exact_engines import law
from tests.properties.strategies_uneven import Query, queries

FACTORS = pytest.mark.parametrize("factors", [PERFECT, IMPERFECT])
NO_RULES = Rules(**{rule.name: False for rule in fields(Rules)})


def memory(name: str, words: int | None = None, **others: object) -> Memory:
    """Every element is a word of 8 bits; energies tell reads, fills and updates apart."""
    known = Memory(name, 8, Fraction(3, 2), Fraction(5, 3), Fraction(7), capacity_bits=words and 8 * words)
    return replace(known, **others)  # type: ignore[arg-type]


def machine(*levels: Memory | Array) -> Architecture:
    dram = Memory("DRAM", 8, Fraction(100), Fraction(110), Fraction(120))
    return Architecture("machine", (dram, *levels, Compute("MAC", Fraction(1))), Fraction(10**9))


def einsum(text: str, **sizes: int) -> Einsum:
    return pm.einsum(text, ranks=sizes, bits=8)


PE = Array("PE", (("X", 2),))

# Two points of m and of k make two orders of loops. L1 has room for all and holds O outside everything or just inside
# m; A outside everything, inside the outer or the inner loop. Nothing stands between k, m and the computes in 1 of 12.
MATRIX_VECTOR = (einsum("O[m] += A[m,k]", m=2, k=2), machine(memory("L1")), PERFECT, 6 + 5)
# One loop: O and A of L1 outside or inside it.
COPY = (einsum("O[m] += A[m]", m=3), machine(memory("L1")), PERFECT, 4)
# Moreover 2 x 2: each node in one of three places, and one of the two in the middle.
COVERED = (einsum("O[m] += A[m]", m=3), machine(memory("L1")), IMPERFECT, 4 + 9 - 4)
# The loop is in time, above or below the nodes of L1, or on the array, which is above them.
ARRAY = (einsum("O[m] += A[m]", m=2), machine(PE, memory("L1")), PERFECT, 4 + 1)
# A is in L1 or is not; O is not.
BYPASS = (einsum("O[m] += A[m]", m=2), machine(memory("L1", keeps=(), may_keep=("A",))), PERFECT, 1 + 2)
# One word of room: O and A cannot both be held, so neither can.
FULL = (einsum("O[m] += A[m]", m=2), machine(memory("L1", 1)), PERFECT, 0)
# Two words: both inside the loop, one at a time.
SPARE = (einsum("O[m] += A[m]", m=2), machine(memory("L1", 2)), PERFECT, 1)


@pytest.mark.parametrize(
    ("work", "arch", "factors", "count"), [MATRIX_VECTOR, COPY, COVERED, ARRAY, BYPASS, FULL, SPARE]
)
def test_a_tiny_space_has_the_mappings_counted_by_hand(
    work: Einsum, arch: Architecture, factors: str, count: int
) -> None:
    found = list(mappings(work, arch, factors))
    assert len(found) == len(set(found)) == count
    assert Space(work, arch, factors).points().mappings == count


TINY = [
    (einsum("O[m] += A[m,k]", m=4, k=2), machine(memory("L1", 6)), PERFECT),
    (einsum("O[m] += A[m,k]", m=3, k=2), machine(memory("L1", 5)), IMPERFECT),
    (einsum("O[m] += A[m]", m=4), machine(memory("L1", 3), memory("L2", 2, keeps=("A",))), IMPERFECT),
    (einsum("O[m,k] += A[m] * B[k]", m=2, k=2), machine(memory("L1", keeps=("A", "B"))), PERFECT),
    (einsum("O[p] += I[p+r]", p=4, r=2), machine(memory("L1", 6)), PERFECT),
    (einsum("O[p] += I[p+r]", p=3, r=3), machine(memory("L1", 6, keeps=("I",))), IMPERFECT),
    (einsum("O[m] += A[m,k]", m=4, k=2), machine(PE, memory("L1", 3, keeps=("A",))), PERFECT),
    (einsum("O[m] += A[m]", m=4), machine(PE, memory("L1", 3, keeps=(), may_keep=("A",))), IMPERFECT),
    (einsum("O[p] += I[p+r]", p=3, r=2), machine(PE, memory("L1", 3, keeps=("I",))), IMPERFECT),
    (einsum("O[m] += A[m]", m=5), machine(Array("PE", (("X", 2), ("Y", 3))), memory("L1", 2)), IMPERFECT),
    (einsum("O[m,k] += A[m,k]", m=2, k=2), machine(Array("PE", (("X", 2), ("Y", 2))), memory("L1", 4)), PERFECT),
    (einsum("O[m] += A[m]", m=4), machine(PE, memory("L1", 2), Array("LANE", (("Z", 2),))), PERFECT),
    (einsum("O[m] += A[m]", m=3), machine(PE, Array("LANE", (("Z", 2),)), memory("L1", 2)), IMPERFECT),
    (einsum("O[m] += A[m]", m=2), machine(memory("L1", 4, min_utilization=Fraction(1, 2))), PERFECT),
]
EVERY_TINY = pytest.mark.parametrize(("work", "arch", "factors"), TINY)


@EVERY_TINY
def test_without_rules_exactly_the_legal_lists_are_listed(work: Einsum, arch: Architecture, factors: str) -> None:
    listed = [with_sorted_blocks(arch, mapping) for mapping in Space(work, arch, factors, NO_RULES).mappings()]
    legal = {with_sorted_blocks(arch, mapping) for mapping in every_mapping(work, arch, factors)}
    assert legal
    assert len(listed) == len(set(listed))
    assert set(listed) == legal


Counts = tuple[tuple[int, ...], ...]


def counts(work: Einsum, arch: Architecture, mapping: Mapping) -> Counts:
    """All that a mapping's cost is made of."""
    cost = evaluate(work, arch, mapping)
    rows = sorted((row.level, row.tensor, row.reads, row.fills, row.updates) for row in cost.traffic)
    return ((cost.cycles, cost.compute_cycles), *(tuple(row[2:]) for row in rows))


def all_counts(space: Space) -> set[Counts]:
    return {counts(space.einsum, space.architecture, mapping) for mapping in space.mappings()}


def slides(work: Einsum) -> bool:
    return any(len(axis.ranks) > 1 for tensor in work.tensors for axis in tensor.coordinates)


@EVERY_TINY
def test_rules_leave_out_no_cost(work: Einsum, arch: Architecture, factors: str) -> None:
    check_nothing_is_lost(Space(work, arch, factors), Space(work, arch, factors, NO_RULES))


def check_nothing_is_lost(listed: Space, larger: Space) -> None:
    """Every cost is listed or, for a window, one that is no larger in any count."""
    here, there = all_counts(listed), all_counts(larger)
    assert here <= there
    lost = there - here
    assert slides(listed.einsum) or not lost
    assert all(any(no_more(cost, other) for cost in here) for other in lost)


def no_more(cost: Counts, other: Counts) -> bool:
    return len(cost) == len(other) and all(
        a <= b for row, theirs in zip(cost, other, strict=True) for a, b in zip(row, theirs, strict=True)
    )


@pytest.mark.parametrize("rule", [rule.name for rule in fields(Rules) if rule.name != "neighbours"])
@law(15)
@given(query=queries(most_mappings=1500))
def test_no_rule_leaves_out_a_cost(query: Query, rule: str) -> None:
    larger = Space(query.einsum, query.architecture, query.factors, replace(Rules(), **{rule: False}))
    assume(larger.is_within(20_000))
    here, there = prices(query.space()), prices(larger)
    assert here <= there
    assert slides(query.einsum) or here == there
    for energy, cycles, moved in there - here:
        assert any(e <= energy and c <= cycles and m <= moved for e, c, m in here)


def prices(space: Space) -> set[tuple[Fraction, int, int]]:
    """Energy, cycles, and bits moved at the innermost memory, of every mapping."""
    points = space.points(space.architecture.memories[-1].name)
    return {(point.energy, point.cycles, point.moved) for point in points.witnesses}


@law(10)
@given(query=queries(most_mappings=300))
def test_the_order_of_nodes_without_a_loop_between_never_matters(query: Query) -> None:
    space = Space(query.einsum, query.architecture, query.factors, replace(Rules(), neighbours=False))
    for nest in islice(space.nests(), 2):
        for placed in islice(nest.placings(), 2):
            orders = list(islice(space.listed(Witness(nest.sequence, placed)), 500))[::25]
            assert len({counts(query.einsum, query.architecture, mapping) for mapping in orders}) == 1


@law(20)
@given(query=queries(most_mappings=500))
def test_every_mapping_is_legal_and_listed_once(query: Query) -> None:
    found = list(islice(query.space().mappings(), 1500))
    assert len(found) == len(set(found))
    for mapping in found[:: 1 + len(found) // 40]:
        evaluate(query.einsum, query.architecture, mapping, POLYMAP, check=True)


@law(20)
@given(query=queries(most_mappings=1000))
def test_mappings_are_priced_as_the_model_prices_them(query: Query) -> None:
    memory = query.architecture.memories[-1]
    space, level = query.space(), memory.name
    points = space.points(level)
    for point in list(points.witnesses)[:: 1 + len(points.witnesses) // 40]:
        cost = evaluate(query.einsum, query.architecture, points.mapping(point))
        rows = [row for row in cost.traffic if row.level == level]
        moved = sum(
            (row.reads + row.fills + row.updates) * memory.element_bits(query.einsum.tensor(row.tensor)) for row in rows
        )
        bits = next(component.occupied_bits for component in cost.components if component.level == level)
        assert point == Point(cost.energy, cost.cycles, moved, bits)


@law(15)
@given(query=queries(most_mappings=200))
def test_points_are_the_costs_of_all_mappings(query: Query) -> None:
    points, found = query.space().points(), list(query.space().mappings())
    costs = [evaluate(query.einsum, query.architecture, mapping, check=False) for mapping in found]
    assert points.mappings == len(found)
    assert set(points.witnesses) == {Point(cost.energy, cost.cycles) for cost in costs}


@law(15)
@given(query=queries(st.just(PERFECT), most_mappings=1500))
def test_no_even_mapping_is_better_than_the_best_uneven_one(query: Query) -> None:
    points = query.space().points()
    for mapping in islice(exhaust.mappings(query.einsum, query.architecture), 40):
        cost = evaluate(query.einsum, query.architecture, mapping)
        even = Point(cost.energy, cost.cycles)
        assert even in points.witnesses
        for objective in OBJECTIVES.values():
            least = points.best(objective.ordered)
            assert least is not None
            assert objective.ordered(least) <= objective.ordered(even)


def point(energy: int, cycles: int, moved: int = 0) -> Point:
    return Point(Fraction(energy), cycles, moved)


@pytest.mark.parametrize(
    ("objective", "best_of"),
    [
        (OBJECTIVES["energy"], point(2, 9)),
        (OBJECTIVES["latency"], point(5, 2)),
        (OBJECTIVES["edp"], point(3, 3)),
        (OBJECTIVES["ed2p"], point(5, 2)),
        (powers("e3d", 3, 1), point(2, 9)),
        (powers("root", Fraction(1, 2), Fraction(1, 3)), point(3, 3)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_ties_go_to_energy_and_then_to_latency(objective: Objective, best_of: Point) -> None:
    points = [point(5, 2), point(2, 10), point(6, 2), point(2, 9), point(9, 2), point(3, 3), point(9, 9)]
    assert min(points, key=objective.ordered) == best_of


TRADE = machine(
    Array("PE", (("X", 2),), multicast=False),
    memory("L1", bandwidth=Bandwidth(read=Rate(Fraction(1), in_words=True)), leakage_w=Fraction(1, 5)),
)


@FACTORS
def test_a_front_holds_what_no_mapping_beats(factors: str) -> None:
    work = einsum("O[m] += A[m,k]", m=3, k=3)
    points = Space(work, TRADE, factors).points()
    front = pareto(work, TRADE, factors)
    assert front == sorted(front)
    assert all((e, c) in {(p.energy, p.cycles) for p in points.witnesses} for e, c in front)
    for p in points.witnesses:
        beaten = any(e <= p.energy and c <= p.cycles and (e, c) != (p.energy, p.cycles) for e, c in front)
        assert beaten != ((p.energy, p.cycles) in front)


@FACTORS
def test_a_condition_on_the_side_is_met(factors: str) -> None:
    work = einsum("O[m,n] += A[m,k] * B[k,n]", m=2, n=2, k=2)
    arch = machine(memory("L1", 6))
    free = best(work, arch, OBJECTIVES["energy"], factors)
    assert free is not None
    few = best(work, arch, traffic("L1"), factors)
    assert few is not None
    condition = Condition("few bits", lambda point: point.moved <= few.point.moved)
    points = Space(work, arch, factors).points("L1")
    held = points.best(OBJECTIVES["energy"].ordered, condition.holds)
    assert held is not None
    assert held.energy >= free.point.energy
    assert held.moved == few.point.moved
    assert best(work, arch, OBJECTIVES["energy"], factors, Condition("none", lambda point: False)) is None
