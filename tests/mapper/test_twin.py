"""The easier question is asked first, and what is best there is offered at what it costs here."""

from __future__ import annotations

import random

import pytest

import polymap as pm
from polymap.mapper import query as queries
from polymap.mapper.incumbent import Candidate, Incumbent
from polymap.mapper.objective import objective as objective_named
from polymap.mapper.twin import easier
from tests.explore.layers import tight

TRIANGLE = pm.einsum("S[i,j] += Q[i,d] * K[j,d]", name="s", bits=8, domain="{ [i,j] : j <= i }", i=8, j=8, d=2)
SQUARE = pm.einsum("S[i,j] += Q[i,d] * K[j,d]", name="s", bits=8, i=8, j=8, d=2)
MACHINE = tight(random.Random(5))
LINKED = """
polymap: architecture/1
name: linked
clock: 1 GHz
hierarchy:
  - memory: DRAM
    width: 8 b
    energy: {read: 100 pJ, write: 100 pJ}
  - array: PE
    shape: {X: 4}
    network: {links: true}
  - memory: registers
    capacity: 8 B
    width: 8 b
    energy: {read: 1 pJ, write: 1 pJ}
  - compute: MAC
    energy: 1 pJ
"""


def test_boxes_without_links_are_their_own_twins() -> None:
    assert easier(SQUARE, MACHINE) is None
    assert easier(TRIANGLE, MACHINE) == (SQUARE, MACHINE)
    machine = pm.architecture(LINKED)
    assert easier(SQUARE, machine) == (SQUARE, pm.architecture(LINKED.replace("links: true", "links: false")))


@pytest.mark.parametrize("objective", ["energy", "latency", "edp"])
def test_the_first_mapping_is_the_best_of_the_twin(objective: str, monkeypatch: pytest.MonkeyPatch) -> None:
    considered: list[Candidate] = []
    consider = Incumbent.consider

    def noted(self: Incumbent, *asked: object) -> Candidate:
        found = consider(self, *asked)  # type: ignore[arg-type]
        if self.einsum == TRIANGLE:
            considered.append(found)
        return found

    monkeypatch.setattr(Incumbent, "consider", noted)
    found = pm.optimize(TRIANGLE, MACHINE, objective=objective)
    first = considered[0]
    assert first.mapping == pm.optimize(SQUARE, MACHINE, objective=objective).mapping
    assert first.cost == pm.evaluate(TRIANGLE, MACHINE, first.mapping)
    assert first.part.geometry.skeleton.einsum == TRIANGLE
    of = objective_named(objective).of
    assert of(found.cost, TRIANGLE, MACHINE) <= of(first.cost, TRIANGLE, MACHINE)


def test_an_interrupt_in_the_twin_leaves_its_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    class Struck(queries.Search):
        def _search(self) -> None:
            super()._search()
            if self.incumbent.einsum == SQUARE:
                raise KeyboardInterrupt

    monkeypatch.setattr(queries, "Search", Struck)
    found = pm.optimize(TRIANGLE, MACHINE)
    assert found.interrupted
    assert 0 < found.lower_bound < found.value
    assert found.mapping == pm.optimize(SQUARE, MACHINE).mapping
