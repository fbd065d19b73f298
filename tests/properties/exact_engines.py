"""Who counts the exact model: the walk, and every engine of polymap, under one signature."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from hypothesis import HealthCheck, settings

from polymap.model import evaluate
from polymap.model.conventions import POLYMAP, Conventions
from polymap.polyhedral import count, integer_sets
from polymap.polyhedral.counts import sets_of
from tests.oracles.exact_walk import walk
from tests.oracles.walk import Row, Walked, occupied
from tests.properties.strategies_exact import Problem

LONG = os.environ.get("POLYMAP_FUZZ") == "long"
TIMES_LONGER = 8


class Counter(Protocol):
    """Totals over all instances, in elements, of one problem."""

    __name__: str

    def __call__(self, problem: Problem) -> Walked: ...


def law(examples: int) -> Callable[[Any], Any]:
    """Settings of a property: the same examples in every run, or, with POLYMAP_FUZZ=long, many new ones."""
    count = examples * TIMES_LONGER if LONG else examples
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    decorate: Callable[[Any], Any] = settings(max_examples=count, deadline=None, suppress_health_check=slow)
    return decorate


def by_walking(problem: Problem) -> Walked:
    return walk(problem.einsum, problem.mapping, problem.architecture, problem.rules, problem.domain)


def by_evaluating(problem: Problem) -> Walked:
    """What `polymap.evaluate` says, by whichever engine it chooses."""
    cost = evaluate(
        problem.posed, problem.architecture, problem.mapping, conventions(problem), check=False, sets=integer_sets
    )
    rows = {
        (row.level, row.tensor): Row(row.fills, row.reads, row.updates, row.tile_elements, row.instances)
        for row in cost.traffic
    }
    return Walked(rows, cost.computes, cost.compute_cycles, occupied(rows))


def by_integer_sets(problem: Problem) -> Walked:
    """The same counts by ISL alone, whatever the domain."""
    asked = (problem.posed, problem.architecture, problem.mapping)
    rows = {
        (row.level, row.tensor): Row(row.fills, row.reads, row.updates, row.tile, row.instances)
        for tensor in problem.einsum.tensors
        for row in count(*asked, tensor.name, conventions(problem))
    }
    engine, _ = sets_of(*asked, conventions(problem))
    return Walked(rows, engine.computes(), engine.cycles(), occupied(rows))


def conventions(problem: Problem) -> Conventions:
    return replace(POLYMAP, holes=problem.rules.holes, drains_are_read=problem.rules.drains_are_read)


ENGINES: tuple[Counter, ...] = (by_evaluating, by_integer_sets)
COUNTERS: tuple[Counter, ...] = (by_walking, by_evaluating)
