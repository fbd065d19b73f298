"""Classes of causal and banded domains, cut by the tiles at their arrays: steps are known, and bounds hold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import polymap as pm
from polymap.mapper.build import mapping_of
from polymap.mapper.problem import Part
from polymap.mapper.query import classes
from polymap.mapper.sets import integer_sets
from polymap.model.conventions import POLYMAP
from polymap.model.evaluate import evaluate
from tests.mapper.test_relaxation import ARRAY, LANES, buffer, machine

CAUSAL, BANDED = "{ [i,j] : j <= i }", "{ [i,j] : 0 <= i - j <= 2 }"
EINSUMS = {"scores": "S[i,j] += Q[i,d] * K[j,d]", "values": "O[i,d] += P[i,j] * V[j,d]"}
LEVELS = {
    "one array": (buffer("GLB", 60), ARRAY, buffer("RF", 12)),
    "two arrays": (buffer("GLB", 60, keeps=["input"]), ARRAY, buffer("RF", 20), LANES, buffer("REG", 3)),
    "no sharing": ({**ARRAY, "network": {"multicast": False, "reduction": False}}, buffer("RF", 20), LANES),
}


def parts(work: pm.Einsum, architecture: pm.Architecture) -> Iterator[Part]:
    for unopened in classes(work, architecture, POLYMAP, "uneven"):
        part = unopened.open()
        yield from part.split() or [part]


@pytest.mark.parametrize("levels", LEVELS.values(), ids=LEVELS)
@pytest.mark.parametrize("domain", [CAUSAL, BANDED], ids=["causal", "banded"])
@pytest.mark.parametrize("text", EINSUMS.values(), ids=EINSUMS)
def test_the_steps_of_a_part_are_those_of_its_mappings(
    text: str, domain: str, levels: tuple[dict[str, object], ...]
) -> None:
    work = pm.einsum(text, name="tied", bits=16, domain=domain, i=8, j=8, d=2)
    architecture, known = machine(*levels), 0
    for part in list(parts(work, architecture))[::3]:
        least, gaps = part.least_energy
        if gaps is None:
            continue
        cost = evaluate(work, architecture, mapping_of(part, gaps), POLYMAP, sets=integer_sets)
        assert least <= float(cost.energy) * (1 + 1e-12)
        if part.geometry.tiles is not None:
            assert cost.cycles == part.geometry.compute_cycles
            known += any(tile > 1 for _, tile in part.geometry.tiles)
    assert known
