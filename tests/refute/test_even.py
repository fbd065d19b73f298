"""The walk of even mappings: true claims are proven, false ones broken, on exhausted mapspaces, under every preset."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polymap.model.conventions import ACCELFORGE, POLYMAP, TIMELOOP, Conventions
from polymap.refute.attempt import Attempt, Finding
from polymap.refute.claim import Claim
from polymap.refute.scope import uncovered
from tests.oracles import exhaust
from tests.properties.exact_engines import law
from tests.properties.strategies import Query, queries
from tests.properties.test_optimum import priced, small

POWERS = {"energy": (1, 0), "latency": (0, 1), "edp": (1, 1)}
A_LITTLE = Fraction(1, 10**6)


def sweeps(query: Query) -> bool:
    """Whether tiles of an input may overlap along two ranks."""
    return any(
        sum(query.einsum.sizes[rank] > 1 for rank in axis.ranks) > 1
        for tensor in query.einsum.inputs
        for axis in tensor.coordinates
    )


@pytest.mark.parametrize("conventions", [POLYMAP, TIMELOOP, ACCELFORGE], ids=lambda preset: preset.name)
@law(12)
@given(query=queries(), name=st.sampled_from(sorted(POWERS)))
def test_the_even_optimum_is_proven_and_a_little_more_is_refuted(
    query: Query, name: str, conventions: Conventions
) -> None:
    check(query, name, conventions)


@law(20)
@given(query=queries().filter(sweeps), name=st.sampled_from(sorted(POWERS)))
def test_the_optimum_of_tiles_that_sweep_on_is_proven_and_a_little_more_is_refuted(query: Query, name: str) -> None:
    check(query, name, TIMELOOP)


def check(query: Query, name: str, conventions: Conventions) -> None:
    rules = replace(conventions, cycles_in_floats=False)
    assume(small(query) and not list(uncovered(query.einsum, query.architecture, rules)))
    truth = exhaust.best(query.einsum, query.architecture, name, conventions, priced)
    assume(truth)
    assert truth
    energy, cycles = truth.cost.energy, Fraction(truth.cost.cycles)
    value = energy ** POWERS[name][0] * cycles ** POWERS[name][1]
    assume(value)

    def found(least: Fraction) -> set[Finding]:
        claim = Claim(*POWERS[name], least)
        attempt = Attempt(query.einsum, query.architecture, rules, claim, energy, is_even=True)
        return {judged.finding for judged in attempt.judged()}

    assert found(value) == {Finding.PROVEN}
    assert Finding.BROKEN in found(value * (1 + A_LITTLE))
