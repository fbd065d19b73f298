"""Laws that every cost obeys."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import prod

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polymap.mapping.nest import Mapping, Storage, Temporal
from polymap.model import Cost, evaluate
from polymap.workload.einsum import Affine, Einsum
from tests.properties.strategies import Problem, problems

law = partial(settings, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PRESETS = st.sampled_from(("polymap", "timeloop"))


def cost(problem: Problem, conventions: str = "polymap") -> Cost:
    return evaluate(problem.einsum, problem.architecture, problem.mapping, conventions, check=False)


@law()
@given(problem=problems(), conventions=PRESETS, data=st.data())
def test_loops_of_trip_1_change_nothing(problem: Problem, conventions: str, data: st.DataObject) -> None:
    nodes = list(problem.mapping.nodes)
    for rank, _ in problem.einsum.ranks:
        nodes.insert(data.draw(st.integers(0, len(nodes))), Temporal(rank, 1))
    assert cost(replace(problem, mapping=Mapping(tuple(nodes))), conventions) == cost(problem, conventions)


@law()
@given(problem=problems(), conventions=PRESETS)
def test_the_names_of_ranks_change_nothing(problem: Problem, conventions: str) -> None:
    renamed = Problem(_renamed(problem.einsum), problem.architecture, _renamed_mapping(problem.mapping))
    assert cost(renamed, conventions) == cost(problem, conventions)


@law()
@given(problem=problems(), conventions=PRESETS)
def test_no_count_is_negative(problem: Problem, conventions: str) -> None:
    rows = cost(problem, conventions).traffic
    assert min(min(row.reads, row.fills, row.updates, row.energy) for row in rows) >= 0


@law()
@given(problem=problems())
def test_the_outermost_memory_is_updated_once_more_than_read_for_every_output_element(problem: Problem) -> None:
    row = cost(problem).row(problem.architecture.memories[0].name, problem.einsum.output.name)
    assert row is not None
    assert row.updates - row.reads == _size(problem.einsum)


@law()
@given(problem=problems(), conventions=PRESETS)
def test_no_child_receives_more_than_all_its_instances_hold_at_every_step(problem: Problem, conventions: str) -> None:
    result = cost(problem, conventions)
    assert all(row.fills <= row.tile_elements * row.instances * result.compute_cycles for row in result.traffic)


@law()
@given(problem=problems())
def test_cycles_are_those_of_the_slowest_level(problem: Problem) -> None:
    result = cost(problem)
    assert result.cycles == max(component.cycles for component in result.components)
    assert result.computes == problem.einsum.computes == result.compute_cycles * result.compute_instances


@law()
@given(problem=problems())
def test_an_ideal_clock_changes_leakage_only(problem: Problem) -> None:
    fast = replace(problem.architecture, clock_hz=problem.architecture.clock_hz * 2)
    slow, quick = cost(problem), cost(replace(problem, architecture=fast))
    assert quick.traffic == slow.traffic
    assert _leakage(quick) * 2 == _leakage(slow)


def _leakage(result: Cost) -> Fraction:
    return sum((component.leakage for component in result.components), Fraction(0))


def _size(einsum: Einsum) -> int:
    sizes = einsum.sizes
    return prod(1 + sum(abs(c) * (sizes[r] - 1) for r, c in axis.terms) for axis in einsum.output.coordinates)


def _renamed(einsum: Einsum) -> Einsum:
    tensors = tuple(
        replace(tensor, coordinates=tuple(_renamed_axis(axis) for axis in tensor.coordinates))
        for tensor in einsum.tensors
    )
    return replace(einsum, ranks=tuple((f"x_{rank}", size) for rank, size in einsum.ranks), tensors=tensors)


def _renamed_axis(axis: Affine) -> Affine:
    return replace(axis, terms=tuple((f"x_{rank}", coefficient) for rank, coefficient in axis.terms))


def _renamed_mapping(mapping: Mapping) -> Mapping:
    return Mapping(
        tuple(node if isinstance(node, Storage) else replace(node, rank=f"x_{node.rank}") for node in mapping.nodes)
    )
