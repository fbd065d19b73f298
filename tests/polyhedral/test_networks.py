"""Trees, shared halos and links by integer sets are what a point-by-point walk sees, on any domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from hypothesis import HealthCheck, given, settings

from polymap.architecture.hierarchy import Array
from polymap.mapping.nest import Storage
from polymap.model.conventions import POLYMAP, Conventions
from polymap.model.neighbours import Pair, stops
from polymap.model.nest import Access, Nest, array_places, skeleton
from polymap.model.nest import nest as products
from polymap.polyhedral import integer_sets
from polymap.polyhedral.counts import IntegerSets
from polymap.polyhedral.crossings import PointEngine
from polymap.polyhedral.nest import Nest as Lines
from polymap.polyhedral.pointwise import Pointwise
from polymap.workload import Einsum
from tests.oracles.exact_walk import Rules
from tests.oracles.network_walk import Network, walk_networks
from tests.polyhedral.cases import Case, meshes
from tests.polyhedral.test_counts import member

Engines = Callable[[Einsum, Conventions, Nest], IntegerSets | PointEngine]


def by_points(einsum: Einsum, conventions: Conventions, nest: Nest) -> PointEngine:
    lines = Lines.of(einsum, nest.slots, [int(trip) for trip in nest.trips])
    return PointEngine(Pointwise(lines, conventions.holes == "hull"))


def counted(case: Case, engines: Engines = integer_sets) -> Iterator[tuple[tuple[str, str, str], Network]]:
    """Every way of every tensor over every array, by integer sets alone, or point by point."""
    conventions = replace(POLYMAP, holes=case.holes)
    nodes = case.mapping.without_unit_loops().nodes
    shape = skeleton(nodes, case.einsum.tensors, array_places(case.architecture))
    nest = products(shape.slots, [node.trip for node in nodes if not isinstance(node, Storage)])
    engine, machine = engines(case.einsum, conventions, nest), case.architecture
    for tensor in case.einsum.tensors:
        access, homes = Access.of(tensor), shape.homes[tensor.name]
        rows = engine.quantities(access, homes)
        levels = [*(level for level, _ in homes), machine.compute.name]
        for pair, row, (outer, inner) in zip(stops(access, homes, nest), rows, pairwise(levels), strict=True):
            way = Pair(access, nest, *pair)
            crossing, linked = (engine.halo_reads(way), 0) if way.haloed else (row.crossing, 0)
            if way.linked:
                crossing, linked = engine.passed(way)
            for index in range(machine.index(outer), machine.index(inner)):
                level = machine.hierarchy[index]
                if isinstance(level, Array):
                    trees = engine.trees(way, index)
                    found = Network(crossing, trees.packets, trees.members, trees.hops, linked)
                    yield (level.name, tensor.name, inner), found


def walked(case: Case) -> dict[tuple[str, str, str], Network]:
    rules, inside = Rules(case.holes), member(case.einsum)
    return walk_networks(case.einsum, case.mapping, case.architecture, rules, inside)


@given(case=meshes())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_networks_by_integer_sets_are_what_a_walk_sees(case: Case) -> None:
    assert dict(counted(case)) == walked(case), str(case)


@given(case=meshes())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_networks_point_by_point_are_what_a_walk_sees(case: Case) -> None:
    assert dict(counted(case, by_points)) == walked(case), str(case)
