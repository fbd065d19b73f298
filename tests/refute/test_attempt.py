"""An attempt to refute: true claims are proven in every class, false ones broken by a mapping, on exhausted spaces."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from math import inf

from hypothesis import assume, given
from hypothesis import strategies as st

from polymap.architecture import architecture
from polymap.mapper.problem import Unopened
from polymap.mapper.query import classes as searched
from polymap.model.conventions import POLYMAP
from polymap.model.evaluate import evaluate
from polymap.refute.attempt import Attempt, Finding
from polymap.refute.claim import Claim
from polymap.refute.classes import Class, kept_choices, unrollings
from polymap.workload import einsum
from tests.oracles.exhaust_uneven import Point
from tests.properties.exact_engines import law
from tests.properties.strategies_uneven import Query, queries
from tests.properties.test_dimension_rules import problems

POWERS = st.sampled_from(((1, 0), (0, 1), (1, 1), (1, 2), (2, 1)))
A_LITTLE = Fraction(1, 10**6)


def findings(query: Query, claim: Claim, energy: Fraction) -> set[Finding]:
    """What becomes of the classes; a mapping that breaks the claim does so by the model."""
    found = set()
    for judged in Attempt(query.einsum, query.architecture, POLYMAP, claim, energy).judged():
        found.add(judged.finding)
        if judged.mapping:
            cost = evaluate(query.einsum, query.architecture, judged.mapping)
            assert claim.is_broken_by(cost, query.einsum, query.architecture)
    return found


@law(20)
@given(query=queries(st.just("perfect"), 1_000), powers=POWERS)
def test_the_optimum_is_proven_and_a_little_more_is_refuted(query: Query, powers: tuple[int, int]) -> None:
    points = query.space().points("").witnesses

    def value(point: Point) -> Fraction:
        return point.energy ** powers[0] * Fraction(point.cycles) ** powers[1]

    assume(points)
    best = min(points, key=value)
    assume(value(best))
    assert findings(query, Claim(*powers, value(best)), best.energy) == {Finding.PROVEN}
    assert Finding.BROKEN in findings(query, Claim(*powers, value(best) * (1 + A_LITTLE)), best.energy)


@law(10)
@given(query=queries(st.just("perfect"), 1_000), number=st.integers(0, 3))
def test_traffic_of_a_memory_is_proven_and_a_bit_more_is_refuted(query: Query, number: int) -> None:
    memories = query.architecture.memories
    level = memories[number % len(memories)].name
    points = query.space().points(level).witnesses
    assume(points)
    least = min(points, key=lambda point: point.moved)
    assume(least.moved)
    claim = Claim(1, 0, Fraction(least.moved), level=level)
    assert findings(query, claim, least.energy) == {Finding.PROVEN}
    more = Claim(1, 0, Fraction(least.moved * (1 + A_LITTLE)), level=level)
    assert Finding.BROKEN in findings(query, more, least.energy)


@law(10)
@given(query=queries(st.just("perfect"), 1_000), cut=st.floats(0, 1))
def test_side_conditions_bound_what_a_claim_speaks_of(query: Query, cut: float) -> None:
    points = sorted(query.space().points("").witnesses, key=lambda point: point.cycles)
    assume(points)
    most = points[int(cut * (len(points) - 1))].cycles
    allowed = min(point.energy for point in points if point.cycles <= most)
    assert findings(query, Claim(1, 0, allowed, most_cycles=most), allowed) == {Finding.PROVEN}
    assert findings(query, Claim(1, 0, None, most_cycles=points[0].cycles - 1), allowed) == {Finding.PROVEN}
    assert Finding.BROKEN in findings(query, Claim(1, 0, None, most_cycles=most), allowed)


def listed(query: Query) -> list[Class]:
    """The classes that the mapper searches."""
    memories = query.architecture.memories

    def kept(unopened: Unopened) -> tuple[tuple[str, ...], ...]:
        held = {k.memory.name: k.tensors for k in unopened.geometry.skeleton.kept}
        return tuple(held.get(memory.name, ()) for memory in memories)

    return [
        Class(kept(unopened), tuple(unrolling.factors for unrolling in unopened.geometry.spatial.unrollings))
        for unopened in searched(query.einsum, query.architecture, POLYMAP, "uneven")
    ]


def rules_alone(query: Query) -> set[Class]:
    """The classes that follow from the rules."""
    choices = kept_choices(query.einsum, query.architecture)
    return {Class(kept, factors) for kept in choices for factors in unrollings(query.einsum, query.architecture)}


@law(20)
@given(query=queries(st.just("perfect"), 1_000))
def test_the_classes_are_those_that_are_searched(query: Query) -> None:
    found = listed(query)
    assert (set(found), len(found)) == (rules_alone(query), len(set(found)))


@law(6)
@given(query=problems())
def test_rules_of_dimensions_leave_the_same_classes(query: Query) -> None:
    assume(not any(rule.or_most for array in query.architecture.arrays for _, rule in array.rules))
    assert set(listed(query)) == rules_alone(query)


def test_without_time_every_class_is_left_unchecked() -> None:
    work, machine = einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4), architecture("teaching")
    attempt = Attempt(work, machine, POLYMAP, Claim(1, 0, Fraction(1)), Fraction(1), deadline=-inf)
    assert {judged.finding for judged in attempt.judged()} == {Finding.UNCHECKED}


def test_the_attempt_shares_no_code_with_the_search() -> None:
    loads = "import sys, polymap.refute; print([name for name in sys.modules if name.startswith('polymap.mapper')])"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
