"""Unrollings in arrays: the same as met one by one, and bounded together from below."""

from __future__ import annotations

import pytest

import polymap as pm
from polymap.mapper import bundle
from polymap.mapper.bundle import Bundle, Unrollings, every, gathered
from polymap.mapper.query import bundles
from polymap.mapper.unrolling import spatials
from polymap.model.conventions import ACCELFORGE, POLYMAP, Conventions
from tests.mapper.test_relaxation import ARRAY, LANES, MATMUL, STRIDED, WINDOWS, buffer, machine

CLUSTERS = machine(buffer("GLB", 24, keeps=["input"]), ARRAY, buffer("RF", 8), LANES, buffer("REG", 3))
SIDE_BY_SIDE = machine(ARRAY, LANES, buffer("RF", 12))
WORK = pytest.mark.parametrize("work", [WINDOWS, MATMUL, STRIDED], ids=["windows", "matmul", "strided"])


def factors(found: Unrollings) -> list[object]:
    return sorted(found.spatial(number).factors_of_arrays for number in range(len(found.chosen)))


@WORK
@pytest.mark.parametrize("arch", [CLUSTERS, SIDE_BY_SIDE], ids=lambda arch: f"{len(arch.arrays)} arrays")
def test_unrollings_in_arrays_are_those_met_one_by_one(
    work: pm.Einsum, arch: pm.Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = gathered(list(spatials(work, arch)))
    assert factors(every(work, arch)) == factors(known)
    monkeypatch.setattr(bundle, "PIECE", 1)
    assert factors(every(work, arch)) == factors(known)


@WORK
@pytest.mark.parametrize("conventions", [POLYMAP, ACCELFORGE], ids=lambda preset: preset.name)
def test_the_bound_of_a_bundle_holds_for_each_of_its_classes(work: pm.Einsum, conventions: Conventions) -> None:
    found = [each for each in bundles(work, CLUSTERS, conventions, "uneven") if isinstance(each, Bundle)]
    assert any(each.alike and len(each) > 1 for each in found)
    for each in found:
        for unopened, compulsory, relaxed, cycles in zip(
            each, each.compulsory, each.relaxed, each.frame.cycles[each.rows]
        ):
            part = unopened.open()
            least = min(other.least(other.energy) for other in part.split() or [part])
            least += float(part.leakage) * unopened.cycles
            assert compulsory <= relaxed <= least * (1 + 1e-12)
            assert cycles == unopened.cycles
            assert (
                not each.alike
                or each.frame.factors(each.rows[:1])[0][0] == unopened.geometry.spatial.factors_of_arrays[0]
            )


def test_more_unrollings_than_memory_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MOST_UNROLLINGS", 3)
    with pytest.raises(pm.Unsolved, match="in more than 3 ways"):
        every(MATMUL, CLUSTERS)
