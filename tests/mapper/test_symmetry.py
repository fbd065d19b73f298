"""Classes that are the same but for the names of ranks: found, equal in bounds and optimum, and each of them told."""

from __future__ import annotations

from itertools import permutations
from random import Random

import numpy as np
import pytest

import polymap as pm
from polymap.mapper.bundle import Bundle
from polymap.mapper.problem import Part, Unopened
from polymap.mapper.query import Query, best_of, bundles, classes
from polymap.mapper.symmetry import leaders, renamings
from polymap.model.conventions import ACCELFORGE, POLYMAP, Conventions
from tests.mapper.test_relaxation import ARRAY, LANES, buffer, machine

SQUARE = pm.einsum("O[c,p,q] += I[c,p+r,q+s] * W[c,r,s]", c=2, p=4, q=4, r=2, s=2)
MACHINES = {
    "one array": machine(buffer("GLB", 40), ARRAY, buffer("RF", 8)),
    "two arrays": machine(buffer("GLB", 60, keeps=["input"]), ARRAY, buffer("RF", 10), LANES, buffer("REG", 4)),
    "a line": machine({"array": "A", "shape": {"X": 4}}, buffer("RF", 8)),
}


def parts(unopened: Unopened) -> list[Part]:
    part = unopened.open()
    return part.split() or [part]


ANYWHERE = pytest.mark.parametrize("arch", MACHINES.values(), ids=MACHINES.keys())


@pytest.mark.parametrize(
    ("text", "sizes", "found"),
    [
        ("O[c,p,q] += I[c,p+r,q+s] * W[c,r,s]", {"c": 2, "p": 4, "q": 4, "r": 2, "s": 2}, [("q", "p", "s", "r")]),
        ("O[p,q,c] += I[c,q+s-1,p+r-1] * W[r,s,c]", {"c": 2, "p": 4, "q": 4, "r": 2, "s": 2}, [("q", "p", "s", "r")]),
        ("O[c,p,q] += I[c,p+r,q+s] * W[c,r,s]", {"c": 2, "p": 4, "q": 2, "r": 2, "s": 2}, []),
        ("O[c,p,q] += I[c,p+r,q+s] * W[c,r,s]", {"c": 2, "p": 4, "q": 4, "r": 3, "s": 2}, []),
        ("O[c,p,q] += I[c,2*p+r,q+s] * W[c,r,s]", {"c": 2, "p": 4, "q": 4, "r": 2, "s": 2}, []),
        ("O[c,p,q] += I[c,p+r-1,q+s] * W[c,r,s]", {"c": 2, "p": 4, "q": 4, "r": 2, "s": 2}, []),
        ("C[m,n] += A[m,k] * B[k,n]", {"m": 4, "n": 4, "k": 4}, []),
        ("C[b,h,m] += A[b,h,m,k] * B[k]", {"b": 2, "h": 2, "m": 3, "k": 3}, [("h", "b")]),
        ("O[p] += I[p+r+s] * W[r,s]", {"p": 4, "r": 3, "s": 3}, [("s", "r")]),
    ],
)
def test_renamings_leave_every_tensor_what_it_is(
    text: str, sizes: dict[str, int], found: list[tuple[str, ...]]
) -> None:
    work = pm.einsum(text, **sizes)
    names = [rank for rank, _ in work.ranks]
    moved = [tuple(names[other] for n, other in enumerate(each) if n != other) for each in renamings(work)]
    assert sorted(map(sorted, moved)) == sorted(map(sorted, found))


def test_three_ranks_that_are_alike_change_places_in_five_ways() -> None:
    work = pm.einsum("C[m] += A[m,i,j,k] * B[i,j,k]", m=2, i=3, j=3, k=3)
    assert len(renamings(work)) == 5
    assert {tuple(sorted(each)) for each in renamings(work)} == {(0, 1, 2, 3)}


def test_too_many_permutations_are_not_tried() -> None:
    work = pm.einsum("C[] += A[a,b,c,d,e,f,g,h]", a=2, b=2, c=2, d=2, e=2, f=2, g=2, h=2)
    assert renamings(work) == ()


@pytest.mark.parametrize("seed", range(5))
def test_the_first_of_those_that_are_renamed_into_each_other_leads(seed: int) -> None:
    random = Random(seed)
    rows = sorted({tuple(tuple(random.choice((1, 2, 3)) for _ in range(3)) for _ in range(2)) for _ in range(60)})
    random.shuffle(rows)
    renamed = tuple(each for each in permutations(range(3)) if each != (0, 1, 2))
    found = leaders(np.array(rows), renamed)
    for place, row in enumerate(rows):
        orbit = {tuple(tuple(array[n] for n in each) for array in row) for each in permutations(range(3))}
        assert found[place] == min(n for n, other in enumerate(rows) if other in orbit)


@ANYWHERE
@pytest.mark.parametrize("conventions", [POLYMAP, ACCELFORGE], ids=lambda preset: preset.name)
def test_classes_for_which_one_stands_have_its_least_energy_and_cycles(
    arch: pm.Architecture, conventions: Conventions
) -> None:
    stood = 0
    for found in bundles(SQUARE, arch, conventions, "uneven"):
        for unopened in found if isinstance(found, Bundle) else ():
            first, *others = ([part.least(part.energy) for part in parts(each)] for each in unopened.images())
            stood += len(others)
            assert all(sorted(other) == pytest.approx(sorted(first), rel=1e-12) for other in others)
            assert all(each.cycles == unopened.cycles for each in unopened.images())
    assert stood


@ANYWHERE
@pytest.mark.parametrize("objective", ["energy", "latency", "edp"])
def test_a_search_finds_and_proves_what_it_does_when_it_meets_every_class(
    arch: pm.Architecture, objective: str
) -> None:
    together = pm.optimize(SQUARE, arch, objective=objective)
    apart = best_of(classes(SQUARE, arch, POLYMAP, "uneven"), SQUARE, arch, Query(objective))
    assert (together.value, together.lower_bound, together.mapping) == (apart.value, apart.lower_bound, apart.mapping)
    groups = [each.search.certificate.groups for each in (together, apart) if each.search.certificate]
    for one, other in zip(*groups, strict=True):
        assert (one.kept, one.sha256, len(one.outcomes)) == (other.kept, other.sha256, len(other.outcomes))


def test_a_document_of_a_symmetric_einsum_is_confirmed() -> None:
    found = pm.optimize(SQUARE, MACHINES["one array"])
    assert pm.verify(found.to_dict()).status == "confirmed"
