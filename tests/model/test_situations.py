"""Kinds of steps stand for all steps, each once; see docs/design/exact.md, Networks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from hypothesis import HealthCheck, given, settings

from polymap.mapping.nest import Storage
from polymap.model.neighbours import Pair, stops
from polymap.model.nest import Access, array_places, skeleton
from polymap.model.nest import nest as products
from polymap.model.situations import Kinds, Situation
from polymap.workload import einsum
from tests.model.machines import machine, memory, nest
from tests.polyhedral.cases import ARRAY, Case, systolic


def pairs(case: Case) -> Iterator[Pair]:
    """Every tensor between every two of its levels."""
    nodes = case.mapping.without_unit_loops().nodes
    shape = skeleton(nodes, case.einsum.tensors, array_places(case.architecture))
    walked = products(shape.slots, [node.trip for node in nodes if not isinstance(node, Storage)])
    for tensor in case.einsum.tensors:
        access = Access.of(tensor)
        yield from (Pair(access, walked, *pair) for pair in stops(access, shape.homes[tensor.name], walked))


def steps(pair: Pair, sizes: dict[str, int]) -> int:
    """Values of the loops around, at which the first sibling has points; of loops inside `j` the first only."""
    inside = {loop for loop in range(pair.fetching_end, pair.child.position) if not pair.nest.slots[loop].is_spatial}
    still = inside.union(pair.near)
    loops = range(pair.child.position)
    found = 0
    for indices in product(*(range(1 if loop in still else pair.nest.trips[loop]) for loop in loops)):
        at = dict.fromkeys(sizes, 0)
        for loop, x in zip(loops, indices, strict=True):
            at[pair.nest.slots[loop].rank] += pair.nest.steps[loop] * x
        found += all(at[rank] < size for rank, size in sizes.items())
    return found


@given(case=systolic(9))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_kinds_of_steps_stand_for_all_steps(case: Case) -> None:
    for pair in pairs(case):
        found = list(Kinds(pair, case.einsum.sizes))
        assert sum(kind.times for kind in found) == steps(pair, case.einsum.sizes), str(case)
        assert len(set(found)) == len(found), str(case)


def kinds(text: str, p: int) -> list[Situation]:
    work = einsum("O[p] += I[p+r] * W[r]", p=p, r=3)
    case = Case(work, machine(memory("DRAM"), ARRAY, memory("RF")), nest(text), "hull")
    (pair, _) = (pair for pair in pairs(case) if pair.access.tensor.name == "I")
    return list(Kinds(pair, work.sizes))


def test_whole_iterations_after_the_first_are_alike() -> None:
    found = kinds("DRAM holds O I W\nfor p in 9\nparallel p in 4 on X\nRF holds O I W\nfor r in 3", 36)
    assert found == [Situation((0, 0), 1), Situation((1, 0), 8)]


def test_where_siblings_stand_still_every_step_of_a_window_is_of_its_own_kind() -> None:
    found = kinds("DRAM holds O I W\nfor p in 9\nfor r in 3\nparallel p in 4 on X\nRF holds O I W", 35)
    alike = [Situation((0, 0, 0), 1), Situation((0, 1, 0), 2), Situation((1, 0, 0), 7), Situation((1, 1, 0), 14)]
    assert found == [*alike, *(Situation((8, r, 0), 1) for r in range(3))]
