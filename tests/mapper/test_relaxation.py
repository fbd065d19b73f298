"""The bound of all unrollings at once: below the least energy of every class, and what that means for the answer."""

from __future__ import annotations

import pytest

import polymap as pm
from polymap.mapper.bundle import Bundle
from polymap.mapper.query import bundles, classes
from polymap.model.conventions import ACCELFORGE, POLYMAP, Conventions

ENERGY = {"read": "100 pJ", "write": "50 pJ"}
CHEAP = {"read": "1 pJ", "write": "1 pJ"}
OUTER = {"memory": "DRAM", "width": "16 b", "word": "16 b", "energy": ENERGY}
ARRAY = {"array": "A", "shape": {"X": 2, "Y": 2}}
LANES = {"array": "V", "shape": {"L": 2}}
COMPUTE = {"compute": "MAC", "energy": "1 pJ"}


def buffer(name: str, words: int, **more: object) -> dict[str, object]:
    return {"memory": name, "capacity": f"{words} words", "width": "16 b", "word": "16 b", "energy": CHEAP, **more}


def machine(*levels: dict[str, object]) -> pm.Architecture:
    top = {"polymap": "architecture/1", "name": "small", "clock": "1 GHz"}
    return pm.architecture({**top, "hierarchy": [OUTER, *levels, COMPUTE]})


WINDOWS = pm.einsum("O[c,p] += I[c,p+r] * W[c,r]", c=2, p=4, r=2)
MATMUL = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4)
SCORES = pm.einsum("S[i,j] += Q[i,d] * K[j,d]", name="s", bits=16, domain="{ [i,j] : j <= i }", i=4, j=4, d=2)
VALUES = pm.einsum("O[i,d] += P[i,j] * V[j,d]", name="v", bits=16, domain="{ [i,j] : j <= i }", i=4, j=4, d=2)
STRIDED = pm.einsum("O[k,p] += I[2*p+r] * W[k,r]", k=2, p=4, r=3)


@pytest.mark.parametrize("conventions", [POLYMAP, ACCELFORGE], ids=lambda preset: preset.name)
@pytest.mark.parametrize("work", [WINDOWS, MATMUL, STRIDED], ids=["windows", "matmul", "strided"])
@pytest.mark.parametrize(
    "levels",
    [
        (ARRAY, buffer("RF", 12)),
        (buffer("GLB", 20), ARRAY, buffer("RF", 6)),
        (ARRAY, buffer("RF", 10, keeps=["output"]), LANES),
        (buffer("GLB", 24, keeps=["input"]), ARRAY, buffer("RF", 8), LANES, buffer("REG", 3)),
        ({**ARRAY, "network": {"multicast": False, "reduction": False}}, buffer("RF", 10), LANES),
    ],
    ids=["one array", "buffer", "lanes", "two arrays", "no sharing"],
)
def test_no_class_has_less_energy_than_its_bound(
    work: pm.Einsum, levels: tuple[dict[str, object], ...], conventions: Conventions
) -> None:
    check_bounds(work, machine(*levels), conventions)


NETWORK = {"hop": "7 pJ", "router": "5 pJ", "reduce": "3 pJ"}
MESH = {"array": "A", "shape": {"X": 2, "Y": 4}, "network": NETWORK}


@pytest.mark.parametrize("work", [WINDOWS, MATMUL, STRIDED], ids=["windows", "matmul", "strided"])
@pytest.mark.parametrize(
    "levels",
    [
        (MESH, buffer("RF", 12)),
        (buffer("GLB", 20), MESH),
        (buffer("GLB", 24, keeps=["input"]), MESH, buffer("RF", 8), {**LANES, "network": NETWORK}, buffer("REG", 3)),
        (MESH, {**LANES, "network": {**NETWORK, "multicast": False}}, buffer("RF", 10)),
        ({**MESH, "network": {**NETWORK, "multicast": False, "reduction": False}}, LANES, buffer("RF", 10)),
    ],
    ids=["one array", "to the computes", "two arrays", "one behind the other", "no sharing"],
)
def test_no_class_has_less_energy_than_its_bound_where_words_pay_on_networks(
    work: pm.Einsum, levels: tuple[dict[str, object], ...]
) -> None:
    check_bounds(work, machine(*levels), POLYMAP)
    for bundle in bundles(work, machine(*levels), POLYMAP, "uneven"):
        if isinstance(bundle, Bundle):
            for unopened, relaxed in zip(bundle, bundle.relaxed):
                part = unopened.open()
                least = min(each.least(each.energy) for each in part.split() or [part])
                assert relaxed <= (least + float(part.leakage) * unopened.cycles) * (1 + 1e-12)


def check_bounds(work: pm.Einsum, arch: pm.Architecture, conventions: Conventions) -> None:
    """Every quick bound of a class is below the least energy of its parts."""
    bounded = 0
    for unopened in classes(work, arch, conventions, "uneven"):
        part = unopened.open()
        least = min(each.least(each.energy) for each in part.split() or [part])
        least += float(part.leakage) * unopened.cycles
        assert unopened.compulsory <= least * (1 + 1e-12)
        assert unopened.relaxed <= least * (1 + 1e-12)
        assert unopened.refined <= least * (1 + 1e-12)
        assert part.least(part.energy) + float(part.leakage) * unopened.cycles <= least * (1 + 1e-12)
        bounded += unopened.bound is not None
    assert bounded


@pytest.mark.parametrize("work", [SCORES, VALUES], ids=["scores", "values"])
@pytest.mark.parametrize(
    "levels",
    [
        (buffer("GLB", 20), ARRAY, buffer("RF", 6)),
        (buffer("GLB", 24, keeps=["input"]), ARRAY, buffer("RF", 8), LANES, buffer("REG", 3)),
        ({**ARRAY, "network": {"multicast": False, "reduction": False}}, buffer("RF", 10), LANES),
    ],
    ids=["buffer", "two arrays", "no sharing"],
)
def test_no_class_of_a_triangle_has_less_energy_than_its_bound(
    work: pm.Einsum, levels: tuple[dict[str, object], ...]
) -> None:
    bounded = 0
    for unopened in classes(work, machine(*levels), POLYMAP, "uneven"):
        part = unopened.open()
        least = part.least(part.energy) + float(part.leakage) * unopened.cycles
        assert unopened.compulsory <= least * (1 + 1e-12)
        assert unopened.relaxed <= least * (1 + 1e-12)
        assert unopened.refined <= least * (1 + 1e-12)
        bounded += unopened.bound is not None
    assert bounded


def test_windows_that_meet_across_two_arrays_are_read_once() -> None:
    work = pm.einsum("O[c,p] += I[c,p+r] * W[c,r]", c=2, p=2, r=2)
    found = pm.optimize(work, machine(ARRAY, buffer("L1", 10, keeps=["O"], may_keep=["W"]), LANES))
    nest = "DRAM holds I W O|parallel p in 2 on X|parallel c in 2 on Y|L1 holds O|parallel r in 2 on L|compute"
    assert found.cost.energy == pm.evaluate(work, found.architecture, nest.replace("|", "\n")).energy == 1216
