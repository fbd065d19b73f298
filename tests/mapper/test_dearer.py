"""Bounds with the prices of an unrolling: below the least that its programs say, for random classes."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polymap as pm
from polymap.mapper.query import classes
from polymap.model.conventions import ACCELFORGE, POLYMAP, Conventions
from tests.mapper.test_relaxation import STRIDED, WINDOWS, buffer, machine
from tests.properties.exact_engines import law
from tests.properties.strategies_uneven import PERFECT, Query, queries

MOST_CLASSES = 40
WIDE = pm.einsum("O[k,p] += I[c,p+r] * W[k,c,r]", k=2, c=2, p=4, r=4)
IMAGE = pm.einsum("O[p,q] += I[p+r,q+s] * W[r,s]", p=4, q=2, r=2, s=2)


def check_bounds(work: pm.Einsum, where: pm.Architecture, conventions: Conventions) -> int:
    """No bound of a class is above the least that its programs say; how many classes have bounds of their own."""
    bounded = 0
    for unopened in islice(classes(work, where, conventions, "uneven"), MOST_CLASSES):
        part = unopened.open()
        least = min(each.least(each.energy) for each in part.split() or [part])
        least += float(part.leakage) * unopened.cycles
        for bound in (unopened.compulsory, unopened.relaxed, unopened.refined):
            assert bound <= least * (1 + 1e-12), f"{unopened.geometry.spatial}"
        bounded += unopened.bound is not None
    return bounded


@pytest.mark.parametrize("conventions", [POLYMAP, ACCELFORGE], ids=lambda preset: preset.name)
@law(10)
@given(query=queries(st.just(PERFECT), most_mappings=2000))
def test_no_class_of_a_random_problem_has_less_energy_than_its_bound(query: Query, conventions: Conventions) -> None:
    check_bounds(query.einsum, query.architecture, conventions)


@pytest.mark.parametrize("sharing", [True, False], ids=["shared", "apart"])
@law(10)
@given(data=st.data())
def test_nor_has_one_of_windows_that_meet_across_two_arrays(data: st.DataObject, sharing: bool) -> None:
    work = data.draw(st.sampled_from([WINDOWS, WIDE, STRIDED, IMAGE]))
    price = st.integers(1, 60)
    levels: list[dict[str, object]] = []
    for name, network in (("A", True), ("V", sharing)):
        how = {"network": {"multicast": network, "reduction": network}}
        levels.append({"array": name, "shape": {f"{name}X": data.draw(st.sampled_from((2, 3, 4)))}, **how})
        energy = {action: f"{data.draw(price)} pJ" for action in ("read", "write")}
        keeps = data.draw(st.sampled_from((["input"], ["output"], ["input", "output"], ["weight"], None)))
        some = {} if keeps is None else {"keeps": keeps}
        levels.append({**buffer(f"{name}L", data.draw(st.integers(3, 24)), **some), "energy": energy})
    check_bounds(work, machine(*levels), POLYMAP)
