"""The mapper on machines whose neighbours pass tiles on and whose instances share accesses, against exhaustion."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import polymap as pm
from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.mapper.result import Result
from polymap.model.conventions import POLYMAP, TIMELOOP, Conventions
from tests.oracles import exhaust
from tests.properties.exact_engines import law
from tests.properties.strategies import Query, queries
from tests.properties.test_optimum import priced, search, small


@st.composite
def linked(draw: st.DrawFn) -> Query:
    """A query on a machine with links in its arrays, and memories below them whose instances share accesses."""
    query = draw(queries())
    assume(query.architecture.arrays)
    keeps_all = draw(st.sampled_from((True, True, True, False)))  # else links to the computes are refused
    levels, instances = [], 1
    for level in query.architecture.hierarchy:
        if isinstance(level, Array):
            instances *= level.fanout
            level = replace(level, links=draw(st.sampled_from((True, True, ("O", "input"), False))))
        elif isinstance(level, Memory):
            level = replace(level, keeps=None, may_keep=()) if keeps_all else level
            together = draw(st.sampled_from([d for d in range(1, instances + 1) if instances % d == 0]))
            level = replace(level, cluster=together, width_bits=draw(st.sampled_from((20, 24, 48))) * together)
        levels.append(level)
    return replace(query, architecture=replace(query.architecture, hierarchy=tuple(levels)))


def is_plain(query: Query) -> bool:
    """Whether no two ranks share a coordinate of a tensor, and none has a stride: then the optimum must be proven."""
    return all(len(c.terms) == 1 and abs(c.terms[0][1]) == 1 for t in query.einsum.tensors for c in t.coordinates)


@pytest.mark.parametrize("conventions", [POLYMAP, TIMELOOP], ids=lambda preset: preset.name)
@law(25)
@given(query=linked())
def test_bound_and_value_hold_the_optimum_between_them(query: Query, conventions: Conventions) -> None:
    assume(small(query))
    truth = exhaust.best(query.einsum, query.architecture, query.objective, conventions, priced)
    if truth is None:
        with pytest.raises(pm.Infeasible):
            search(query, conventions)
        return
    found = unless_refused(query, conventions)
    if found is None:
        return
    least = float(found_value(query, truth.cost, query.architecture))
    assert found.lower_bound is not None
    assert found.value is not None
    assert found.lower_bound <= least * (1 + 1e-12) <= found.value * (1 + 2e-12), str(query)
    if found.status == "optimal" or is_plain(query):
        assert found.status == "optimal", str(query)
        assert found.value == pytest.approx(least, rel=1e-12), str(query)


def unless_refused(query: Query, conventions: Conventions) -> Result | None:
    """The answer; None where links lead to what keeps nothing, which is refused."""
    try:
        return search(query, conventions)
    except pm.SpecError as refused:
        if "does not search links of PE to where" not in str(refused):
            raise
        return None


def found_value(query: Query, cost: pm.Cost, architecture: Architecture) -> float:
    """The objective of a cost in SI units, as results give it."""
    return {"energy": cost.energy_pj * 1e-12, "latency": cost.latency_s, "edp": cost.edp_js}[query.objective]
