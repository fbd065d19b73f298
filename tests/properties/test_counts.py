"""The closed forms of the cost model against the loop nest walked step by step."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings

from polymap.mapping.nest import Mapping, Node, Storage, Temporal
from polymap.model import evaluate
from polymap.model.conventions import POLYMAP, TIMELOOP, Conventions
from polymap.model.cost import Cost
from tests.oracles import price
from tests.oracles.walk import Row, Walked, walk
from tests.properties.strategies import Problem, problems

PRESETS = pytest.mark.parametrize("conventions", [POLYMAP, TIMELOOP], ids=lambda preset: preset.name)

law = partial(settings, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def evaluated(problem: Problem, conventions: Conventions) -> Cost:
    return evaluate(problem.einsum, problem.architecture, problem.mapping, conventions, check=False)


def walked(problem: Problem, conventions: Conventions) -> Walked:
    return walk(problem.einsum, problem.mapping, problem.architecture, conventions)


def rows(cost: Cost) -> dict[tuple[str, str], Row]:
    return {
        (row.level, row.tensor): Row(row.fills, row.reads, row.updates, row.tile_elements, row.instances)
        for row in cost.traffic
    }


@PRESETS
@law(max_examples=150)
@given(problem=problems())
def test_every_count_equals_the_walk_of_the_loop_nest(problem: Problem, conventions: Conventions) -> None:
    cost, truth = evaluated(problem, conventions), walked(problem, conventions)
    assert rows(cost) == truth.rows, str(problem)
    assert (cost.computes, cost.compute_cycles) == (truth.computes, truth.compute_cycles), str(problem)


@PRESETS
@law(max_examples=100)
@given(problem=problems())
def test_energy_and_time_follow_from_the_walked_counts(problem: Problem, conventions: Conventions) -> None:
    conventions = replace(conventions, cycles_in_floats=False)
    cost, truth = evaluated(problem, conventions), walked(problem, conventions)
    whole = conventions.whole_cycles
    assert cost.cycles == price.cycles(problem.einsum, problem.architecture, truth, whole), str(problem)
    energy = price.energy(problem.einsum, problem.architecture, problem.mapping, conventions, truth)
    assert cost.energy == energy, str(problem)


@law(max_examples=100)
@given(problem=problems())
def test_occupied_bits_are_those_of_the_tiles_held_at_once(problem: Problem) -> None:
    cost, truth = evaluated(problem, POLYMAP), walked(problem, POLYMAP)
    found = {row.level: row.occupied_bits for row in cost.components if row.occupied_bits}
    assert found == {level: occupied_bits(problem, truth, level) for level in truth.occupied}, str(problem)


def occupied_bits(problem: Problem, truth: Walked, level: str) -> int:
    memory = problem.architecture.memory(level)
    tiles = ((tensor, row.tile_elements) for (at, tensor), row in truth.rows.items() if at == level)
    return memory.buffering * sum(size * price.element_bits(problem.einsum, memory, name) for name, size in tiles)


@law(max_examples=100)
@given(problem=problems())
def test_mappings_of_the_strategies_are_legal(problem: Problem) -> None:
    evaluate(problem.einsum, problem.architecture, problem.mapping, POLYMAP, check=True)


@PRESETS
@law(max_examples=50)
@given(problem=problems())
def test_a_loop_of_trip_one_changes_nothing(problem: Problem, conventions: Conventions) -> None:
    rank = problem.einsum.ranks[0][0]
    nodes: list[Node] = []
    for node in problem.mapping.nodes:
        nodes += [node, Temporal(rank, 1)] if isinstance(node, Storage) else [node]
    longer = replace(problem, mapping=Mapping(tuple(nodes)))
    assert evaluated(longer, conventions) == evaluated(problem, conventions)
