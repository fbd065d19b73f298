"""Side conditions: how they are read, and what cannot be understood."""

from __future__ import annotations

import pytest

import polymap as pm
from polymap.mapper.conditions import conditions
from polymap.mapper.result import Result

GEMM = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=8, n=8, k=8)
TEACHING = pm.architecture("teaching")


def test_conditions_become_bounds_and_the_tightest_counts() -> None:
    texts = ("energy <= 3 uJ", "energy<=4 uJ", "cycles <= 100", "latency <= 50 ns", "size:buffer <= 1 KiB")
    texts += ("traffic:DRAM <= 2 Kib", "traffic : DRAM <= 1 kb")
    found = conditions(texts, GEMM, TEACHING)
    assert (found.energy_pj, found.cycles, found.sizes) == (3_000_000, 50, (("buffer", 8192),))
    assert found.traffic == (("DRAM", 1000),)
    assert found.texts == texts


@pytest.mark.parametrize(
    ("text", "message", "mend"),
    [
        ("fast", "this is no condition", "use 'energy <= 3 uJ'"),
        ("enrgy <= 3 uJ", "there is no quantity 'enrgy'", "did you mean 'energy'?"),
        ("latency < 3 ms", "latency is not bounded with <", "write 'latency <= 3 ms'"),
        ("utilization <= 0.5", "utilization is not bounded with <=", "write 'utilization >= 0.5'"),
        ("utilization >= 2", "2 is out of range", "between 0 and 1"),
        ("energy <= 0 J", "0 J is out of range", "positive"),
        ("energy <= 3", "`3` has no unit", "write `3 pJ`"),
        ("energy:DRAM <= 3 pJ", "energy is of the whole machine", "write 'energy' alone"),
        ("size:bufer <= 3 KiB", "there is no memory 'bufer'", "did you mean 'buffer'?"),
        ("traffic:RF <= 3 KiB", "there is no memory 'RF'", "memories: DRAM, buffer, registers"),
        ("size <= 3 KiB", "the name of a memory is missing", "memories: DRAM, buffer, registers"),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_mending(text: str, message: str, mend: str) -> None:
    with pytest.raises(pm.SpecError) as caught:
        pm.optimize(GEMM, TEACHING, subject_to=["cycles <= 1000", text])
    (mistake,) = caught.value.mistakes
    assert message in mistake.message
    assert text in mistake.message
    assert mend in mistake.mend


def test_the_size_of_a_memory_is_kept() -> None:
    assert isinstance(best := pm.optimize(GEMM, TEACHING, subject_to=["size:buffer <= 64 B"]), Result)
    assert next(row.occupied_bits for row in best.cost.components if row.level == "buffer") <= 512
    assert best.architecture == TEACHING


def test_a_size_in_which_nothing_fits_is_told_with_numbers() -> None:
    with pytest.raises(pm.Infeasible) as caught:
        pm.optimize(GEMM, TEACHING, subject_to=["size:buffer <= 1 b"])
    heading, size, kept = caught.value.mistakes
    assert "meets these 2 demands together" in heading.message
    assert "'size:buffer <= 1 b'; the least that the others need is 16 b: a tile of A of 1 x 16 b" in size.message
    assert kept.message.startswith("'buffer keeps A'")


def test_the_traffic_of_a_memory_is_counted_in_bits_and_kept() -> None:
    least = pm.optimize(GEMM, TEACHING, objective="traffic:DRAM")
    assert isinstance(least, Result)
    rows = [row for row in least.cost.traffic if row.level == "DRAM"]
    assert least.value == sum(row.reads + row.fills + row.updates for row in rows) * 16  # each tensor has 16 bits
    assert least.to_dict()["objective"]["unit"] == "b"  # type: ignore[index]
    assert all(check.agrees for check in pm.verify(least).checks)
    least_said = rf"'traffic:DRAM <= 100 b'; the least that the others need is {round(least.value)} b"
    with pytest.raises(pm.Infeasible, match=least_said):
        pm.optimize(GEMM, TEACHING, subject_to=["traffic:DRAM <= 100 b"])


def test_an_objective_of_no_memory_is_told() -> None:
    with pytest.raises(pm.SpecError, match="there is no memory 'DRM'"):
        pm.optimize(GEMM, TEACHING, objective="traffic:DRM")


def test_where_classes_are_given_up_that_is_told_and_not_a_time_limit() -> None:
    """Windows along links are bounded weakly: between the bound of some class and its mappings is the condition."""
    energy = {"read": "1 pJ", "write": "1 pJ"}
    levels = [
        {"memory": "DRAM", "width": "16 b", "energy": energy},
        {"array": "PE", "shape": {"X": 2}, "network": {"links": ["I"]}},
        {"memory": "L1", "width": "16 b", "capacity": "1 b", "energy": energy, "keeps": [], "may_keep": ["I"]},
        {"compute": "MAC", "energy": "1 pJ"},
    ]
    machine = pm.architecture({"polymap": "architecture/1", "name": "l", "clock": "1 GHz", "hierarchy": levels})
    work = pm.einsum("O[p] += I[p+r] * W[r]", p=3, r=2, bits=8)
    with pytest.raises(pm.Unsolved, match="classes of mappings were given up, and no mapping was found in the others"):
        pm.optimize(work, machine, subject_to=["energy <= 12 pJ"])
