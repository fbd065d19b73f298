"""Rules of single dimensions of arrays: the search lists what they allow, and nothing that they allow is better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polymap.architecture.hierarchy import Architecture, Array, DimensionRule
from polymap.mapper.unrolling import spatials
from polymap.mapping.legality import check_unrolled, check_usage
from polymap.mapping.nest import Mapping, Spatial, Temporal
from polymap.model.conventions import POLYMAP, TIMELOOP, Conventions
from polymap.workload.einsum import Einsum
from tests.oracles.dimensions import keeps_to_rules
from tests.oracles.exhaust import spread_ranks
from tests.oracles.uneven_objectives import OBJECTIVES
from tests.properties import strategies, test_optimum
from tests.properties.exact_engines import law
from tests.properties.strategies_uneven import PERFECT, Query, queries
from tests.properties.uneven_optimum import check_optimum


@st.composite
def ruled(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> Architecture:
    """The architecture with a rule for each dimension of its arrays."""
    levels = tuple(
        replace(level, rules=tuple((dim, draw(dimension_rules(einsum))) for dim, _ in level.shape))
        if isinstance(level, Array)
        else level
        for level in architecture.hierarchy
    )
    return replace(architecture, hierarchy=levels)


@st.composite
def dimension_rules(draw: st.DrawFn, einsum: Einsum) -> DimensionRule:
    ranks = st.lists(st.sampled_from([*einsum.sizes, "another"]), unique=True, min_size=1).map(tuple)
    named = st.sampled_from([name for tensor in einsum.tensors for name in (tensor.name, tensor.role)])
    return DimensionRule(
        may_unroll=draw(st.none() | st.none() | ranks),
        reuses=draw(st.just(()) | st.tuples(named)),
        min_usage=draw(st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(2, 3), Fraction(1)])),
        or_most=draw(st.sampled_from([True, True, False])),
    )


@st.composite
def problems(draw: st.DrawFn) -> Query:
    """One that can be exhausted, with arrays whose dimensions have rules."""
    query = draw(queries(st.just(PERFECT), most_mappings=500))
    assume(query.architecture.arrays)
    return replace(query, architecture=draw(ruled(query.einsum, query.architecture)))


@st.composite
def machines(draw: st.DrawFn, most_arrays: int = 2) -> tuple[Einsum, Architecture]:
    einsum = draw(strategies.einsums(most_computes=48))
    architecture = draw(strategies.architectures(einsum, most_memories=2, most_arrays=most_arrays))
    assume(architecture.arrays)
    return einsum, draw(ruled(einsum, architecture))


def packings(einsum: Einsum, architecture: Architecture) -> Iterator[tuple[Spatial, ...]]:
    """All ways to spread the ranks over the dimensions of all arrays, rules or not."""
    sides = [(architecture.dimension_label(a, dim), size) for a in architecture.arrays for dim, size in a.shape]
    for factors in spread_ranks(einsum.ranks, (*(size for _, size in sides), None)):
        here = product(enumerate(sides), factors)
        yield tuple(Spatial(r, factors[r][i], on) for (i, (on, _)), r in here if factors[r][i] > 1)


def totals(einsum: Einsum, architecture: Architecture, loops: tuple[Spatial, ...]) -> tuple[tuple[int, ...], ...]:
    """Factors per array and rank."""
    arrays = [{architecture.dimension_label(array, dim) for dim, _ in array.shape} for array in architecture.arrays]
    return tuple(
        tuple(prod(n.trip for n in loops if n.rank == r and n.on in on) for r in einsum.sizes) for on in arrays
    )


@law(60)
@given(machine=machines())
def test_an_unrolling_is_listed_once_if_some_packing_keeps_to_the_rules(machine: tuple[Einsum, Architecture]) -> None:
    einsum, architecture = machine
    fitting = [loops for loops in packings(einsum, architecture) if keeps_to_rules(einsum, architecture, loops)]
    listed = [tuple(u.factors for u in spatial.unrollings) for spatial in spatials(einsum, architecture)]
    assert sorted(listed) == sorted({totals(einsum, architecture, loops) for loops in fitting})


@law(60)
@given(machine=machines())
def test_a_mapping_is_refused_if_and_only_if_its_loops_break_a_rule(machine: tuple[Einsum, Architecture]) -> None:
    einsum, architecture = machine
    for loops in packings(einsum, architecture):
        mapping = Mapping((Temporal(einsum.ranks[0][0], 1), *loops))
        broken = check_unrolled(einsum, architecture, mapping) + check_usage(einsum, architecture, mapping)
        assert (not broken) == keeps_to_rules(einsum, architecture, loops), [str(mistake) for mistake in broken]


@law(12)
@given(query=problems(), objective=st.sampled_from(["energy", "latency", "edp"]))
def test_no_uneven_mapping_that_keeps_to_the_rules_is_better(query: Query, objective: str) -> None:
    check_optimum(query, OBJECTIVES[objective], PERFECT)


@pytest.mark.parametrize("conventions", [POLYMAP, TIMELOOP], ids=lambda preset: preset.name)
@law(15)
@given(query=strategies.queries(), data=st.data())
def test_no_even_mapping_that_keeps_to_the_rules_is_better(
    query: strategies.Query, data: st.DataObject, conventions: Conventions
) -> None:
    assume(query.architecture.arrays)
    architecture = data.draw(ruled(query.einsum, query.architecture))
    test_optimum.check_optimum(replace(query, architecture=architecture), conventions)
