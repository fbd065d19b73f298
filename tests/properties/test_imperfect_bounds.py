"""Bounds of imperfect factors: every mapping of a class needs as much energy as the tables of its frame say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import polymap as pm
from polymap.mapper.build import mapping_of
from polymap.mapper.imperfect.batches import Batch, batches
from polymap.mapper.imperfect.classes import Class
from polymap.mapper.imperfect.labels import Labels
from polymap.mapper.unpriced import check_priced
from polymap.model.conventions import POLYMAP
from tests.properties.exact_engines import law
from tests.properties.strategies_imperfect import imperfect_queries
from tests.properties.strategies_uneven import Query

CLOSE = 1e-9  # relative: bounds are sums in floating point


@law(20)
@given(query=imperfect_queries(most_mappings=100_000), roaming=st.booleans())
def test_no_mapping_needs_less_than_the_tables_that_meet_at_its_array(query: Query, roaming: bool) -> None:
    assume(is_priced(query))
    for frame in batches(query.einsum, query.architecture, POLYMAP, roaming):
        bounds = frame.energy(tables=True, most=inf)
        for row, part in classes(frame):
            nest = cheapest(part)
            if nest is not None:
                cost = pm.evaluate(query.einsum, query.architecture, nest)
                leaked = sum(component.leakage for component in cost.components)
                assert bounds[row] * (1 - CLOSE) <= cost.energy - leaked, f"{query}\n{nest}"


@law(10)
@given(query=imperfect_queries(most_mappings=100_000), data=st.data())
def test_only_unrollings_that_need_more_than_the_most_are_left_out(query: Query, data: st.DataObject) -> None:
    assume(is_priced(query))
    for frame in batches(query.einsum, query.architecture, POLYMAP, roaming=True):
        whole = frame.energy(tables=True, most=inf)
        known = sorted(set(whole[np.isfinite(whole)].tolist()))
        if known:
            most = data.draw(st.sampled_from(known))
            found = frame.energy(tables=True, most=most * (1 + CLOSE))
            assert np.allclose(found[whole <= most], whole[whole <= most], rtol=CLOSE)
            assert (found[whole > most * (1 + 2 * CLOSE)] > most).all()


@pytest.mark.parametrize(
    ("einsum", "share"),
    [
        (pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=5, n=4, k=3), 0.99),
        (pm.einsum("O[p] += I[p+r] * W[r]", p=7, r=3), 0.97),
        (pm.einsum("O[k,p] += I[2*p+r] * W[k,r]", k=2, p=5, r=3), 0.7),  # windows with a stride count once
    ],
    ids=["matmul", "windows", "stride"],
)
def test_inside_an_array_they_are_close_and_never_too_high(einsum: pm.Einsum, share: float) -> None:
    """The buffer of `teaching` is read for registers of 5 words in an array that shares what it can."""
    shipped = pm.architecture("teaching")
    small = replace(shipped.memory("registers"), capacity_bits=5 * 16)
    machine = replace(shipped, hierarchy=(*shipped.hierarchy[:3], small, shipped.hierarchy[4]))
    least, lowest = inf, inf
    for frame in batches(einsum, machine, POLYMAP, roaming=True):
        bounds = frame.energy(tables=True, most=inf)
        lowest = min(lowest, float(bounds.min()))
        for row, part in classes(frame):
            nest = cheapest(part)
            if nest is not None:
                energy = pm.evaluate(einsum, machine, nest).energy
                assert bounds[row] * (1 - CLOSE) <= energy, str(nest)
                least = min(least, float(energy))
    assert lowest >= share * least


def is_priced(query: Query) -> bool:
    try:
        check_priced(query.einsum, query.architecture, POLYMAP, imperfect=True)
    except pm.SpecError:
        return False
    return True


def classes(frame: Batch) -> Iterator[tuple[int, Class]]:
    for row in range(len(frame)):
        part = frame.open(row)
        if part is not None:
            yield row, part


def cheapest(part: Class) -> pm.Mapping | None:
    """The mapping of a class that needs least energy; None if there is none."""
    nests = Labels(part.bounds, lambda least, cycles: (least[0],)).nests()
    gaps = next((gaps for _, gaps in nests if gaps is not None), None)
    return None if gaps is None else mapping_of(part, gaps)  # type: ignore[arg-type]
