"""Networks of arrays on any factors and domains: `evaluate` says what is walked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap.architecture.hierarchy import Architecture, Array
from polymap.mapping import Mapping
from polymap.model import Cost, evaluate
from polymap.model.conventions import POLYMAP
from polymap.polyhedral import integer_sets
from polymap.workload import Einsum
from tests.oracles.exact_walk import Domain, Rules, walk
from tests.oracles.network_walk import Network, Place, walk_networks
from tests.oracles.walk import Row
from tests.polyhedral.cases import WIRED, Case, meshes
from tests.polyhedral.test_counts import member
from tests.properties.exact_engines import law
from tests.properties.strategies_exact import (
    Problem,
    boxes,
    coupled_accesses,
    differences,
    general_domains,
    padded_problems,
    parents_in_parallel,
)

FAMILIES: dict[str, tuple[st.SearchStrategy[Problem], int]] = {
    "boxes with short last tiles": (boxes, 160),
    "accesses in which a rank occurs twice": (coupled_accesses, 50),
    "triangles and bands": (differences, 50),
    "domains with slanted edges": (general_domains, 40),
    "images with padding": (padded_problems(), 40),
}
SPARING = st.sampled_from(("", "share_halo", "links"))


@pytest.mark.parametrize("family", FAMILIES)
def test_networks_of_evaluate_are_those_of_the_walk(family: str) -> None:
    problems, examples = FAMILIES[family]

    @law(examples)
    @given(problem=wired(problems))
    def agree(problem: Problem) -> None:
        asked = (problem.posed, problem.architecture, problem.mapping, problem.rules, problem.domain)
        assert disagreements(*asked) == [], str(problem)

    agree()


@law(250)
@given(case=meshes())
def test_networks_of_evaluate_are_those_of_the_walk_where_tiles_wander(case: Case) -> None:
    rules, inside = Rules(case.holes), member(case.einsum)
    assert disagreements(case.einsum, case.architecture, case.mapping, rules, inside) == [], str(case)


@law(250)
@given(problem=parents_in_parallel())
def test_links_of_evaluate_are_those_of_the_walk_below_parents_that_end_at_different_steps(problem: Problem) -> None:
    asked = (problem.posed, problem.architecture, problem.mapping, problem.rules, problem.domain)
    assert disagreements(*asked) == [], str(problem)


@st.composite
def wired(draw: st.DrawFn, problems: st.SearchStrategy[Problem]) -> Problem:
    """A problem whose arrays have energies, some of them also links or shared halos: one of the two."""
    problem, sparing = draw(problems), draw(SPARING)
    hierarchy = tuple(
        replace(level, wiring=WIRED, **({sparing: True} if sparing and draw(st.integers(0, 3)) else {}))
        if isinstance(level, Array)
        else level
        for level in problem.architecture.hierarchy
    )
    return replace(problem, architecture=replace(problem.architecture, hierarchy=hierarchy))


def disagreements(
    work: Einsum, machine: Architecture, mapping: Mapping, rules: Rules, inside: Domain
) -> list[tuple[object, object]]:
    """What `evaluate` says and the walk does not."""
    conventions = replace(POLYMAP, holes=rules.holes, drains_are_read=rules.drains_are_read)
    cost = evaluate(work, machine, mapping, conventions, check=False, sets=integer_sets)
    networks, rows = (
        walk_networks(work, mapping, machine, rules, inside),
        walk(work, mapping, machine, rules, inside).rows,
    )
    return [
        (row, seen)
        for row, seen in [*crossed(cost, networks), *linked(cost, networks), *moved(cost, rows)]
        if row != seen
    ]


Pairs = Iterator[tuple[object, object]]


def crossed(cost: Cost, networks: dict[Place, Network]) -> Pairs:
    """Words, deliveries and hops. What enters the outermost array of a way is what the parent sends."""
    ways = set[tuple[str, str]]()
    for row in cost.networks:
        seen, way = networks[row.array, row.tensor, row.child], (row.tensor, row.child)
        words = seen.packets if way in ways else seen.crossing
        ways.add(way)
        yield (row.words, row.delivered, row.word_hops), (words, seen.delivered, seen.word_hops)


def linked(cost: Cost, networks: dict[Place, Network]) -> Pairs:
    """Words over links, of a way as a whole."""
    for (_, tensor, child), seen in networks.items():
        mine = [row.link_words or 0 for row in cost.networks if (row.tensor, row.child) == (tensor, child)]
        yield sum(mine), seen.linked


def moved(cost: Cost, rows: dict[tuple[str, str], Row]) -> Pairs:
    """Reads, fills, updates, tiles and instances."""
    for row in cost.traffic:
        seen = rows[row.level, row.tensor]
        yield Row(row.fills, row.reads, row.updates, row.tile_elements, row.instances), seen
