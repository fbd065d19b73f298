"""Classes that are alike but for the names of ranks: what is found of one is what a walk finds of each."""

from __future__ import annotations

from fractions import Fraction

import polymap as pm
from polymap.architecture import architecture
from polymap.model.conventions import POLYMAP
from polymap.refute.alike import Alike
from polymap.refute.attempt import Attempt, Finding
from polymap.refute.claim import Claim
from polymap.workload import einsum

SQUARE = einsum("O[p,q] += I[p+r,q+s] * W[r,s]", p=4, q=4, r=2, s=2)


def test_a_finding_holds_for_all_classes_that_are_alike() -> None:
    machine = architecture("teaching")
    best = pm.optimize(SQUARE, machine)
    energy = best.cost.energy * Fraction(11, 10)  # some classes have mappings below it, others have none
    attempt = Attempt(SQUARE, machine, POLYMAP, Claim(1, 0, energy), energy)
    judged = {each.cls: each.finding for each in attempt.judged()}
    assert set(judged.values()) == {Finding.PROVEN, Finding.BROKEN}
    assert judged == {cls: attempt.judge(cls).finding for cls in judged}
    alike = Alike(SQUARE)
    assert len({alike.first(cls) for cls in judged}) < len(judged)


def test_what_a_tensor_notices_is_no_exchange() -> None:
    assert Alike(SQUARE).exchanges == ((0, 1, 2, 3), (1, 0, 3, 2))
    strided = einsum("O[p,q] += I[2*p+r,q+s] * W[r,s]", p=4, q=4, r=2, s=2)
    assert Alike(strided).exchanges == ((0, 1, 2, 3),)
    wider = einsum("O[p,q] += I[p+r,q+s] * W[r,s]", p=4, q=4, r=3, s=2)
    assert Alike(wider).exchanges == ((0, 1, 2, 3),)
    many = " * ".join(f"I{n}[a,r{n}]" for n in range(8))
    assert not Alike(einsum(f"O[a] += {many}", a=2, **{f"r{n}": 2 for n in range(8)})).exchanges
