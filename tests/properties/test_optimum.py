"""The mapper against exhaustion of the even mapspace: the optimum is found, proven, and no tie is broken wrongly."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import islice

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import polymap as pm
from polymap.architecture.hierarchy import Array, Compute, Memory
from polymap.mapper.result import Result
from polymap.mapping.nest import Mapping
from polymap.model import evaluate
from polymap.model.conventions import POLYMAP, TIMELOOP, Conventions
from tests.oracles import exhaust
from tests.properties.exact_engines import law
from tests.properties.strategies import Query, queries

MOST_MAPPINGS = 1500
PRESETS = pytest.mark.parametrize("conventions", [POLYMAP, TIMELOOP], ids=lambda preset: preset.name)


def priced(work: pm.Einsum, arch: pm.Architecture, mapping: Mapping, conventions: Conventions) -> pm.Cost:
    """The price under conventions whose cycles are exact, as the search counts them."""
    return evaluate(work, arch, mapping, replace(conventions, cycles_in_floats=False), check=False)


def small(query: Query) -> bool:
    space = exhaust.mappings(query.einsum, query.architecture)
    return sum(1 for _ in islice(space, MOST_MAPPINGS + 1)) <= MOST_MAPPINGS


@pytest.mark.parametrize("objective", exhaust.OBJECTIVES)
@law(200)
@given(query=queries())
def test_no_even_mapping_is_better_than_the_one_found(query: Query, objective: str) -> None:
    check_optimum(replace(query, objective=objective), POLYMAP)


@pytest.mark.parametrize("objective", exhaust.OBJECTIVES)
@law(60)
@given(query=queries())
def test_no_even_mapping_is_better_where_tiles_sweep_on(query: Query, objective: str) -> None:
    check_optimum(replace(query, objective=objective), TIMELOOP)


def check_optimum(query: Query, conventions: Conventions) -> None:
    assume(small(query))
    truth = exhaust.best(query.einsum, query.architecture, query.objective, conventions, priced)
    if truth is None:
        with pytest.raises(pm.Infeasible):
            search(query, conventions)
        return
    found = search(query, conventions)
    assert found.status == "optimal", str(query)
    measure = exhaust.OBJECTIVES[query.objective]
    assert exhaust.ranked(measure, found.cost) == exhaust.ranked(measure, truth.cost), str(query)
    assert found.lower_bound == found.value
    assert found.gap == 0


def search(query: Query, conventions: Conventions) -> Result:
    found = pm.optimize(
        query.einsum, query.architecture, objective=query.objective, conventions=conventions, mapspace="even"
    )
    assert isinstance(found, Result)
    return found


@law(30)
@given(query=queries())
def test_every_exhausted_mapping_is_legal(query: Query) -> None:
    for mapping in islice(exhaust.mappings(query.einsum, query.architecture), 40):
        evaluate(query.einsum, query.architecture, mapping, POLYMAP, check=True)


@PRESETS
@law(15)
@given(query=queries())
def test_the_order_below_the_innermost_node_never_matters(query: Query, conventions: Conventions) -> None:
    assume(small(query))
    price = partial(exhaust.best, query.einsum, query.architecture, query.objective, conventions, priced)
    one, every = price(every_order=False), price(every_order=True)
    assert (one and one.cost) == (every and every.cost), str(query)


def window_machine(dimensions: tuple[tuple[str, int], ...], rf_bits: int) -> pm.Architecture:
    """A memory whose reads alone cost energy, above an array; leakage asks for speed."""
    levels = (
        Memory("DRAM", 8, Fraction(1), Fraction(0), Fraction(0)),
        Array("PE", dimensions),
        Memory("RF", 8, Fraction(0), Fraction(0), Fraction(0), capacity_bits=rf_bits),
        Compute("MAC", Fraction(0), leakage_w=Fraction(1, 500)),
    )
    return pm.Architecture("windows", levels, Fraction(10**9))


@PRESETS
@pytest.mark.parametrize(
    ("text", "sizes", "dimensions", "rf_bits", "objective"),
    [
        ("O[p] += I[p+r] * W[r]", {"p": 2, "r": 6}, (("X", 2), ("Y", 2)), 32, "energy"),
        ("O[p] += I[p+2*r] * W[r]", {"p": 12, "r": 2}, (("X", 4),), 64, "edp"),
        ("O[q] += I[r,q+s] * W[r,s]", {"q": 4, "r": 2, "s": 2}, (("X", 2), ("Y", 4)), 24, "energy"),
    ],
)
def test_windows_that_meet_on_a_diagonal_of_the_array_are_read_once(
    text: str,
    sizes: dict[str, int],
    dimensions: tuple[tuple[str, int], ...],
    rf_bits: int,
    objective: str,
    conventions: Conventions,
) -> None:
    query = Query(pm.einsum(text, bits=8, ranks=sizes), window_machine(dimensions, rf_bits), objective)
    truth = exhaust.best(query.einsum, query.architecture, objective, conventions, priced)
    assert truth is not None
    measure = exhaust.OBJECTIVES[objective]
    assert exhaust.ranked(measure, search(query, conventions).cost) == exhaust.ranked(measure, truth.cost)


OUTPUTS = (
    "O[2*p,k] += I[p,c] * W[c,k]",
    "O[3*p+1] += I[p,c] * W[c]",
    "O[-p] += I[p,c] * W[c]",
    "O[p+k] += I[p] * W[k]",
    "O[2*p+k] += I[p,k,c] * W[c]",
    "O[p,p] += I[p,c] * W[c]",
    "O[p,p+k] += I[p,k,c] * W[c]",
    "O[] += I[p,c] * W[c,k]",
)


@st.composite
def unusual_outputs(draw: st.DrawFn) -> pm.Einsum:
    """Outputs with strides, windows or a rank in two coordinates: their tiles have holes, or first writes are only
    bounded."""
    text = draw(st.sampled_from(OUTPUTS))
    sizes = {rank: draw(st.sampled_from((2, 3, 4, 6))) for rank in "pkc" if rank in text}
    return pm.einsum(text, ranks=sizes, bits=8)


@PRESETS
@law(250)
@given(query=queries(unusual_outputs()))
def test_no_even_mapping_is_better_whatever_the_output_looks_like(query: Query, conventions: Conventions) -> None:
    check_optimum(query, conventions)
