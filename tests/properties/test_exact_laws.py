"""Laws that any right count obeys, whoever counts: conservation from level to level, and what must not matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import prod

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from polymap.model import evaluate
from polymap.polyhedral import integer_sets
from polymap.workload.einsum import Affine, Einsum
from tests.oracles import price
from tests.oracles.exact_walk import Nest, datum
from tests.properties.exact_engines import COUNTERS, Counter, by_walking, conventions, law
from tests.properties.strategies import memories
from tests.properties.strategies_exact import Constraint, Problem, any_problem

by_every_counter = pytest.mark.parametrize("count", COUNTERS, ids=lambda counter: counter.__name__)


def networks(problem: Problem, multicast: bool, reduction: bool) -> Problem:
    """The same problem on arrays that all share, or all do not."""
    hierarchy = tuple(
        replace(level, multicast=multicast, reduction=reduction, share_halo=False)
        if isinstance(level, Array)
        else level
        for level in problem.architecture.hierarchy
    )
    return replace(problem, architecture=replace(problem.architecture, hierarchy=hierarchy))


def drains(problem: Problem, counted: bool) -> Problem:
    return replace(problem, rules=replace(problem.rules, drains_are_read=counted))


def levels_of(problem: Problem, tensor: str) -> list[str]:
    """The memories that hold a tensor, outermost first."""
    return [node.level for node in problem.mapping.nodes if isinstance(node, Storage) and tensor in node.tensors]


def touched(problem: Problem, tensor: str) -> int:
    """How many elements of a tensor the computation touches at all."""
    nest = Nest(problem.einsum, problem.architecture, problem.mapping, problem.domain)
    coordinates = problem.einsum.tensor(tensor).coordinates
    return len({datum(coordinates, point) for _, point in nest.executed})


@by_every_counter
@law(60)
@given(problem=any_problem)
def test_no_count_is_negative(count: Counter, problem: Problem) -> None:
    for row in count(problem).rows.values():
        assert min(row.fills, row.reads, row.updates) >= 0, str(problem)
        assert min(row.tile_elements, row.instances) >= 1, str(problem)


@by_every_counter
@law(60)
@given(problem=any_problem)
def test_before_multicast_what_a_parent_reads_is_what_its_children_fill(count: Counter, problem: Problem) -> None:
    apart = count(networks(problem, multicast=False, reduction=False))
    for tensor in problem.einsum.inputs:
        levels = levels_of(problem, tensor.name)
        for parent, child in pairwise(levels):
            assert apart.rows[parent, tensor.name].reads == apart.rows[child, tensor.name].fills, str(problem)
        assert apart.rows[levels[-1], tensor.name].reads == apart.computes, str(problem)


@by_every_counter
@law(60)
@given(problem=any_problem)
def test_multicast_spares_parent_reads_but_no_fill(count: Counter, problem: Problem) -> None:
    shared = count(networks(problem, multicast=True, reduction=True))
    apart = count(networks(problem, multicast=False, reduction=False))
    width = prod(loop.trip for loop in problem.mapping.loops if isinstance(loop, Spatial))
    for tensor in problem.einsum.inputs:
        for level in levels_of(problem, tensor.name):
            few, many = shared.rows[level, tensor.name], apart.rows[level, tensor.name]
            assert few.fills == many.fills, str(problem)
            assert few.reads <= many.reads <= few.reads * width, str(problem)


@by_every_counter
@law(60)
@given(problem=any_problem)
def test_before_reduction_what_a_parent_updates_is_what_its_children_drain(count: Counter, problem: Problem) -> None:
    problem = networks(problem, multicast=False, reduction=False)
    dry, counted = count(drains(problem, False)), count(drains(problem, True))
    levels = levels_of(problem, output := problem.einsum.output.name)
    for parent, child in pairwise(levels):
        drained = counted.rows[child, output].reads - dry.rows[child, output].reads
        assert dry.rows[parent, output].updates == drained, str(problem)
    assert dry.rows[levels[-1], output].updates == dry.computes, str(problem)


@by_every_counter
@law(60)
@given(problem=any_problem)
def test_updates_less_what_is_read_again_are_the_output(count: Counter, problem: Problem) -> None:
    exact = replace(problem, rules=replace(problem.rules, holes="exact"))
    output = problem.einsum.output.name
    row = count(exact).rows[levels_of(problem, output)[0], output]
    assume(row.instances == 1)
    assert row.updates - row.reads == touched(problem, output), str(problem)


@by_every_counter
@law(60)
@given(problem=any_problem)
def test_renaming_ranks_changes_nothing(count: Counter, problem: Problem) -> None:
    assert count(renamed(problem)) == count(problem), str(problem)


@by_every_counter
@law(60)
@given(problem=any_problem, data=st.data())
def test_a_loop_of_one_trip_changes_nothing(count: Counter, problem: Problem, data: st.DataObject) -> None:
    rank = data.draw(st.sampled_from([rank for rank, _ in problem.einsum.ranks]))
    place = data.draw(st.integers(1, len(problem.mapping.nodes)))
    nodes = problem.mapping.nodes
    padded = Mapping((*nodes[:place], Temporal(rank, 1), *nodes[place:]))
    assert count(replace(problem, mapping=padded)) == count(problem), str(problem)


@by_every_counter
@law(60)
@given(problem=any_problem)
def test_the_order_of_spatial_loops_side_by_side_does_not_matter(count: Counter, problem: Problem) -> None:
    swapped = exchanged(problem.mapping, lambda a, b: isinstance(a, Spatial) and isinstance(b, Spatial))
    assume(swapped is not None)
    assert swapped is not None
    assert count(replace(problem, mapping=swapped)) == count(problem), str(problem)


@by_every_counter
@law(60)
@given(problem=any_problem)
def test_the_order_of_loops_below_all_memories_does_not_matter(count: Counter, problem: Problem) -> None:
    last = max(i for i, node in enumerate(problem.mapping.nodes) if isinstance(node, Storage)) + 1
    swapped = exchanged(Mapping(problem.mapping.nodes[last:]), lambda a, b: True)
    assume(swapped is not None)
    assert swapped is not None
    nest = Mapping((*problem.mapping.nodes[:last], *swapped.nodes))
    assert count(replace(problem, mapping=nest)) == count(problem), str(problem)


def exchanged(mapping: Mapping, may: Callable[[Node, Node], bool]) -> Mapping | None:
    """The first two neighbouring loops over different ranks that `may` allows, exchanged; None if there are none."""
    nodes = mapping.nodes
    for i, (a, b) in enumerate(pairwise(nodes)):
        if not isinstance(a, Storage) and not isinstance(b, Storage) and a.rank != b.rank and may(a, b):
            return Mapping((*nodes[:i], b, a, *nodes[i + 2 :]))
    return None


def renamed(problem: Problem) -> Problem:
    """Every rank under a name that sorts in the opposite order."""
    ranks = sorted(problem.einsum.sizes, reverse=True)
    names = {rank: f"z{at}" for at, rank in enumerate(ranks)}
    constraints = tuple(Constraint(_terms(c.terms, names), c.constant) for c in problem.constraints)
    nodes = tuple(n if isinstance(n, Storage) else replace(n, rank=names[n.rank]) for n in problem.mapping.nodes)
    work = _renamed_einsum(problem.einsum, names)
    return replace(problem, einsum=work, constraints=constraints, mapping=Mapping(nodes))


def _renamed_einsum(einsum: Einsum, names: dict[str, str]) -> Einsum:
    tensors = tuple(
        replace(tensor, coordinates=tuple(Affine(_terms(a.terms, names), a.constant) for a in tensor.coordinates))
        for tensor in einsum.tensors
    )
    return replace(einsum, ranks=tuple((names[rank], size) for rank, size in einsum.ranks), tensors=tensors)


def _terms(terms: tuple[tuple[str, int], ...], names: dict[str, str]) -> tuple[tuple[str, int], ...]:
    return tuple((names[rank], c) for rank, c in terms)


@law(150)
@given(problem=any_problem, data=st.data())
def test_the_totals_are_sums_over_levels_of_what_the_walk_counts(problem: Problem, data: st.DataObject) -> None:
    machine = priced(problem, data)
    cost = evaluate(problem.posed, machine, problem.mapping, conventions(problem), check=False, sets=integer_sets)
    truth = by_walking(problem)
    asked = (problem.einsum, machine, problem.mapping, conventions(problem))
    assert cost.energy == price.energy(*asked, truth), str(problem)
    assert cost.cycles == price.cycles(problem.einsum, machine, truth, conventions(problem).whole_cycles), str(problem)


def priced(problem: Problem, data: st.DataObject) -> Architecture:
    """The same machine with random widths, energies, bandwidths and leakages."""
    hierarchy = tuple(
        data.draw(memories(level.name, problem.einsum, outermost=True)) if isinstance(level, Memory) else level
        for level in problem.architecture.hierarchy
    )
    return replace(problem.architecture, hierarchy=hierarchy)
