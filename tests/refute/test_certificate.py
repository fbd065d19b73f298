"""The certificate of a search: every class is in it, and the walk proves the bound that it states for each."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

import polymap as pm
from polymap.mapper.certificate import EMPTY, OPEN
from polymap.mapper.objective import objective
from polymap.model.conventions import POLYMAP
from polymap.refute.attempt import Attempt, Finding
from polymap.refute.claim import Claim
from polymap.refute.classes import Class, unrollings
from tests.properties.exact_engines import law
from tests.properties.strategies_uneven import Query, queries


@law(12)
@given(query=queries(st.just("perfect"), 1_000), name=st.sampled_from(("energy", "latency", "edp", "ed2p")))
def test_the_walk_proves_the_bound_of_every_class(query: Query, name: str) -> None:
    try:
        best = pm.optimize(query.einsum, query.architecture, objective=name)
    except pm.Infeasible:
        assume(False)
    assert best.search
    assert best.search.certificate
    goal = objective(name)
    value = Fraction(goal.value(best.cost.energy, Fraction(best.cost.cycles)))
    unrolled = list(unrollings(query.einsum, query.architecture))
    for group in best.search.certificate.groups:
        held = {memory: tuple(query.einsum.tensors[n].name for n in numbers) for memory, numbers in group.kept}
        kept = tuple(held.get(memory.name, ()) for memory in query.architecture.memories)
        for factors, kind, bound in zip(unrolled, group.outcomes, group.bounds, strict=True):
            assert kind == OPEN or bound >= 1
            least = None if kind == EMPTY else Fraction(bound) * value
            claim = Claim(goal.energy_power, goal.latency_power, least)
            attempt = Attempt(query.einsum, query.architecture, POLYMAP, claim, best.cost.energy)
            assert attempt.judge(Class(kept, factors)).finding is Finding.PROVEN
