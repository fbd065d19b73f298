"""The last tie-breakers against exhaustion: of all mappings of the best objective, energy and cycles, the one of fewest
loops, and of these the first in reading order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polymap as pm
from polymap.mapper.reading import reading
from polymap.mapper.result import Result
from polymap.mapping.nest import Mapping
from tests.oracles.uneven_objectives import OBJECTIVES, Objective
from tests.properties.exact_engines import law
from tests.properties.strategies_uneven import PERFECT, Query, queries
from tests.properties.uneven_optimum import PROVEN_NODES, most_nodes

problems = queries(st.just(PERFECT), most_mappings=250)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
@law(12)
@given(query=problems)
def test_of_equal_mappings_the_first_of_fewest_loops_is_given(query: Query, objective: Objective) -> None:
    equals = best_mappings(query, objective.name)
    if equals and most_nodes(query) <= PROVEN_NODES:
        found = pm.optimize(query.einsum, query.architecture, objective=objective.name)
        assert isinstance(found, Result)
        loops = min(len(mapping.loops) for mapping in equals)
        assert len(found.mapping.loops) == loops, f"{query}\n{found.mapping}"
        if not query.architecture.arrays:  # else the same factors may be packed otherwise onto an array
            read = (reading(mapping, query.architecture) for mapping in equals if len(mapping.loops) == loops)
            assert reading(found.mapping, query.architecture) <= min(read), f"{query}\n{found.mapping}"


def best_mappings(query: Query, objective: str) -> list[Mapping]:
    """All mappings that are listed with the least objective, energy and cycles."""
    best: list[Mapping] = []
    least = None
    for mapping in query.space().mappings():
        cost = pm.evaluate(query.einsum, query.architecture, mapping)
        rank = (_value(cost, objective), cost.energy, cost.cycles)
        if least is None or rank < least:
            best, least = [], rank
        if rank == least:
            best.append(mapping)
    return best


def _value(cost: pm.Cost, objective: str) -> object:
    powers = {"energy": (1, 0), "latency": (0, 1), "edp": (1, 1), "ed2p": (1, 2)}
    energy, latency = powers[objective]
    return cost.energy**energy * cost.latency**latency
