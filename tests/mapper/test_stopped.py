"""A search whose time is up before it has a mapping: the first that can be had, and no time for the rest."""

from __future__ import annotations

import random

import pytest

import polymap as pm
from polymap.architecture.hierarchy import Architecture
from polymap.mapper import search
from polymap.mapper.build import mapping_of, plain
from polymap.mapper.query import EVEN, UNEVEN, classes
from polymap.mapper.search import Search
from polymap.mapping.legality import check
from polymap.model.conventions import POLYMAP
from tests.explore.layers import buffered, matmul, tight

AT_ONCE = 1e-9
CONVOLUTION = pm.einsum("O[k,p] += I[c,p+r] * W[k,c,r]", name="c", bits=8, k=4, c=2, p=8, r=3)
TRIANGLE = pm.einsum("O[i] += A[i,j] * B[j]", name="t", bits=8, i=6, j=6, domain="{ [i, j] : j <= i }")
MACHINES = {"tight": tight(random.Random(3)), "buffered": buffered(12), "teaching": pm.architecture("teaching")}


@pytest.mark.parametrize("mapspace", [EVEN, UNEVEN])
@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize("work", [matmul("m", 8, 12, 6), CONVOLUTION], ids=lambda work: str(work.name))
def test_the_plain_mapping_of_a_class_is_legal_and_no_other_takes_less_room(
    work: pm.Einsum, machine: Architecture, mapspace: str
) -> None:
    for part in (unopened.open() for unopened in classes(work, machine, POLYMAP, mapspace)):
        mapping, (_, gaps) = mapping_of(part, plain(part)), part.least_energy
        check(work, machine, mapping)
        assert gaps is not None
        best = room(pm.evaluate(work, machine, mapping_of(part, gaps)))
        assert all(bits <= best[level] for level, bits in room(pm.evaluate(work, machine, mapping)).items())


def room(cost: pm.Cost) -> dict[str, int]:
    """Bits that tiles take in each memory with a capacity."""
    return {row.level: row.occupied_bits for row in cost.components if row.capacity_bits is not None}


@pytest.mark.parametrize("objective", ["energy", "latency", "edp", "traffic:DRAM"])
@pytest.mark.parametrize("work", [matmul("m", 8, 12, 6), CONVOLUTION, TRIANGLE], ids=lambda work: str(work.name))
def test_large_tables_are_not_made_when_time_is_up(
    work: pm.Einsum, objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(search, "QUICK_POINTS", 0)
    monkeypatch.setattr(Search, "_trace", refuse)
    machine = buffered(12)
    found = pm.optimize(work, machine, objective=objective, time_limit=AT_ONCE)
    assert found.lower_bound is not None
    assert 0 < found.lower_bound <= (found.value or 0)
    assert pm.evaluate(work, machine, found.mapping) == found.cost


def test_parts_are_not_looked_through_for_a_mapping_long_after_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[object] = []
    monkeypatch.setattr(search, "GRACE", 0.0)
    monkeypatch.setattr(Search, "_trace", lambda _, part: looked_at.append(part))
    with pytest.raises(pm.Unsolved, match="stopped before any mapping was found"):
        pm.optimize(matmul("m", 8, 12, 6), "teaching", time_limit=AT_ONCE)
    assert len(looked_at) == 1


def test_an_interrupt_waits_for_a_mapping_however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "GRACE", 0.0)
    trace, looked_at = Search._trace, []

    def third(self: Search, part: object) -> None:
        looked_at.append(part)
        if len(looked_at) == 3:
            trace(self, part)  # type: ignore[arg-type]

    def strike(_: Search) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Search, "_trace", third)
    monkeypatch.setattr(Search, "_search", strike)
    assert pm.optimize(matmul("m", 8, 12, 6), "teaching").interrupted


def test_what_clashes_is_not_looked_for_when_time_is_up() -> None:
    def asked(seconds: float | None) -> str:
        with pytest.raises(pm.Infeasible) as error:
            pm.optimize("gemm_64", "teaching", subject_to=["size:registers <= 5 b"], time_limit=seconds)
        return str(error.value)

    assert "no mapping of gemm_64 meets these 2 demands" in asked(None)
    assert "no mapping of gemm_64 keeps to 'size:registers <= 5 b'" in asked(AT_ONCE)
