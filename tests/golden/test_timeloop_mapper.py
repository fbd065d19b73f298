"""Small searches that timeloop 4cf6d4c exhausted (`linear_pruned`, one metric): the optimum must be found again.

Bypass is free in that tool where the case has no constraint (`may_keep` here); its outermost memory keeps everything.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import polymap as pm
from polymap.mapper.result import Result
from polymap.mapping.nest import Mapping
from polymap.model import evaluate
from polymap.model.conventions import TIMELOOP, Conventions
from tests.oracles import exhaust

CASES = sorted((Path(__file__).parent / "timeloop_mapper").glob("*.yaml"))
PRINT_PRECISION = 1e-9


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(request.param.read_text())
    return loaded


def problem(case: dict[str, Any]) -> tuple[pm.Einsum, pm.Architecture]:
    work = pm.workload(case["workload"])
    assert isinstance(work, pm.Einsum)
    return work, pm.architecture(case["architecture"])


def is_the_optimum(cost: pm.Cost, case: dict[str, Any]) -> bool:
    return bool(cost.energy_pj * cost.cycles == pytest.approx(case["expected"]["edp_pj_cycles"], rel=PRINT_PRECISION))


def priced(work: pm.Einsum, arch: pm.Architecture, mapping: Mapping, conventions: Conventions) -> pm.Cost:
    return evaluate(work, arch, mapping, conventions, check=False)


def test_the_search_finds_the_optimum_that_timeloop_found(case: dict[str, Any]) -> None:
    work, arch = problem(case)
    best = pm.optimize(work, arch, objective="edp", conventions="timeloop", mapspace="even")
    assert isinstance(best, Result)
    assert best.status == "optimal"
    assert is_the_optimum(best.cost, case)


def test_exhaustion_finds_the_optimum_that_timeloop_found(case: dict[str, Any]) -> None:
    work, arch = problem(case)
    best = exhaust.best(work, arch, "edp", TIMELOOP, priced)
    assert best is not None
    assert is_the_optimum(best.cost, case)


@pytest.mark.parametrize("stem", ["gemm8_2level_keepall", "gemm448_3level_keepall"])
def test_without_bypass_and_arrays_both_mapspaces_are_of_one_size(stem: str) -> None:
    path = next(path for path in CASES if path.stem == stem)
    loaded = yaml.safe_load(path.read_text())
    assert sum(1 for _ in exhaust.mappings(*problem(loaded))) == loaded["expected"]["valid_mappings"]
