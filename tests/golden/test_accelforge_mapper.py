"""Searches of accelforge 1c1929c2: its best mappings cost here what it says, and none of its answers is better.

Its sums are 32-bit floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import polymap as pm

FOLDER = Path(__file__).parent / "accelforge_mapper"
CASES: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "cases.yaml").read_text())
# `snowcat_skislope_mm1024`, energy and room at once: energies of its front in pJ, and the bits of the first point.
FRONT_PJ = [
    25_165_824,
    33_554_432,
    41_943_040,
    50_331_648,
    58_720_256,
    75_497_472,
    92_274_688,
    109_051_904,
    142_606_336,
    176_160_768,
    209_715_200,
    276_824_064,
    343_932_928,
    411_041_792,
    545_259_520,
    679_477_248,
    813_694_976,
    1_082_130_432,
    1_350_565_888,
    1_619_001_344,
    2_155_872_256,
    2_692_743_168,
    3_229_614_080,
    4_303_355_904,
    5_377_097_728,
    6_450_839_552,
    8_598_323_200,
    10_745_806_848,
    12_893_290_496,
    17_188_257_792,
]
MOST_BITS = 8_396_808
FLOAT, PRINTED = 3e-7, 1e-5  # relative: of 32-bit sums, and of figures with six digits


@dataclass(frozen=True)
class Searched:
    """One search: what was asked, and what was found in how many CPU seconds."""

    name: str
    objective: str

    @property
    def found(self) -> dict[str, Any]:
        found: dict[str, Any] = CASES[self.name]["searches"][self.objective]
        return found

    @property
    def work(self) -> pm.Einsum:
        return pm.einsum(CASES[self.name]["einsum"], ranks=CASES[self.name]["ranks"], bits=8)

    @property
    def machine(self) -> pm.Architecture:
        case = CASES[self.name]
        text = (FOLDER / f"{case['machine']}.yaml").read_text()
        return pm.architecture(text.replace("8192 b", case.get("buffer", "8192 b")))

    @property
    def precision(self) -> float:
        return FLOAT if "mapping" in self.found else PRINTED

    @property
    def most_cycles(self) -> float:
        """The latency that was found, in cycles."""
        return float(self.found["latency_s"] * float(self.machine.clock_hz)) * (1 + self.precision)


SEARCHES = [Searched(name, objective) for name, case in CASES.items() for objective in case["searches"]]


@pytest.fixture(params=SEARCHES, ids=lambda s: f"{s.name}-{s.objective}")
def searched(request: pytest.FixtureRequest) -> Searched:
    found: Searched = request.param
    return found


def test_its_mapping_costs_what_it_says(searched: Searched) -> None:
    if "mapping" not in searched.found:
        pytest.skip("the mapping is not known")
    cost = pm.evaluate(searched.work, searched.machine, searched.found["mapping"], conventions="accelforge")
    assert cost.energy_pj == pytest.approx(searched.found["energy_pj"], rel=FLOAT)
    assert float(cost.cycles) == pytest.approx(searched.found["latency_s"] * float(cost.clock_hz), rel=FLOAT)


def test_its_answer_is_not_better(searched: Searched) -> None:
    best = pm.optimize(searched.work, searched.machine, objective=searched.objective, conventions="accelforge")
    energy, slack = best.cost.energy_pj / searched.found["energy_pj"], 1 + searched.precision
    assert best.status == "optimal"
    if searched.objective != "energy":
        assert best.cost.cycles <= searched.most_cycles
    if searched.objective == "edp":
        assert energy * best.cost.cycles <= searched.most_cycles * slack
    else:
        assert energy <= slack


def test_its_front_of_energy_and_room_is_the_same() -> None:
    work = pm.einsum("Z[m,n] += A[m,k] * B[k,n]", m=1024, n=1024, k=1024, bits=8)
    machine = pm.architecture(FOLDER / "snowcat.yaml")
    front = pm.pareto(work, machine, axes="energy,size:GlobalBuffer", conventions="accelforge")
    assert front.complete
    assert [point.cost.energy_pj for point in front.points] == FRONT_PJ
    assert next(c.occupied_bits for c in front.points[0].cost.components if c.level == "GlobalBuffer") == MOST_BITS


def test_rates_of_many_digits_are_searched_too() -> None:
    work = pm.einsum("Z[m,n] += A[m,k] * B[k,n]", m=1, k=4096, n=4096, bits=8)
    best = pm.optimize(work, pm.architecture(FOLDER / "eyeriss.yaml"), conventions="accelforge")
    assert best.status == "optimal"
