"""The walk under statements: on exhausted mapspaces true claims are proven and false ones broken by mappings that the
judge passes."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

import polymap as pm
from polymap.constraints.bind import bind
from polymap.model.conventions import POLYMAP
from polymap.refute.attempt import Attempt, Finding
from polymap.refute.claim import Claim
from tests.properties.exact_engines import law
from tests.properties.ruled_optimum import Ruled, pm_cost, ruled

POWERS = {"energy": (1, 0), "latency": (0, 1), "edp": (1, 1)}
A_LITTLE = Fraction(1, 10**6)


def findings(problem: Ruled, claim: Claim, energy: Fraction) -> set[Finding]:
    """What becomes of the classes; a mapping that breaks the claim is allowed, and does so by the model."""
    einsum, machine = problem.query.einsum, problem.query.architecture
    limits = bind(problem.constraints, einsum, machine)
    attempt = Attempt(einsum, machine, POLYMAP, claim, energy, is_even=problem.mapspace == "even", limits=limits)
    found = set()
    for judged in attempt.judged():
        found.add(judged.finding)
        if judged.mapping:
            assert not limits.violations(judged.mapping)
            assert claim.is_broken_by(pm_cost(problem, judged.mapping), einsum, machine)
    return found


def check(problem: Ruled, name: str) -> None:
    costs = [pm_cost(problem, mapping) for mapping in problem.mappings()]
    if not costs:
        assert findings(problem, Claim(1, 0, None), Fraction(1)) <= {Finding.PROVEN}
        return

    def value(cost: pm.Cost) -> Fraction:
        return Fraction(cost.energy) ** POWERS[name][0] * Fraction(cost.cycles) ** POWERS[name][1]

    best = min(costs, key=value)
    assume(value(best))
    assert findings(problem, Claim(*POWERS[name], value(best)), best.energy) == {Finding.PROVEN}, str(problem)
    more = Claim(*POWERS[name], value(best) * (1 + A_LITTLE))
    assert Finding.BROKEN in findings(problem, more, best.energy), str(problem)


@law(20)
@given(problem=ruled("even", most_mappings=200), name=st.sampled_from(sorted(POWERS)))
def test_the_even_optimum_under_statements_is_proven_and_a_little_more_is_refuted(problem: Ruled, name: str) -> None:
    check(problem, name)


@law(12)
@given(problem=ruled("uneven", most_mappings=100), name=st.sampled_from(sorted(POWERS)))
def test_the_optimum_under_statements_is_proven_and_a_little_more_is_refuted(problem: Ruled, name: str) -> None:
    check(problem, name)
