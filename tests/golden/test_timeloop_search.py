"""Searches of timeloop 4cf6d4c that end long before all is seen: on its machines and under its constraints the best
mapping found here is better than its own, and a bound says how far it can be from the best.

Machines, workloads and its best mappings are those of `timeloop_replay`; the constraints of each machine are here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import polymap as pm
from tests.properties.exact_engines import LONG

FOLDER = Path(__file__).parent
MACHINES = sorted(path.stem for path in (FOLDER / "timeloop_search").glob("*.yaml"))
PROVEN = (
    "eyeriss_like__mobilenet_pw",
    "eyeriss_like__alexnet_conv2",
    "simple_output_stationary__bert_ffn_gemm",
)
QUICK = (*PROVEN, "simba_like__bert_ffn_gemm")


def recorded() -> Iterator[tuple[str, list[Path]]]:
    """Machine and workload, and the searches that were made of it."""
    for machine in MACHINES:
        files = sorted((FOLDER / "timeloop_replay").glob(f"{machine}__*.yaml"))
        for problem in sorted({file.stem.split("__")[1] for file in files}):
            yield f"{machine}__{problem}", [file for file in files if file.stem.split("__")[1] == problem]


SEARCHES = dict(recorded())


def loaded(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def edp(found: dict[str, Any]) -> float:
    return float(found["expected"]["energy_pj"] * found["expected"]["cycles"])


@pytest.mark.parametrize("name", SEARCHES)
def test_the_best_mapping_is_better_than_the_one_that_was_found(name: str) -> None:
    if name not in QUICK and not LONG:
        pytest.skip("takes a minute: POLYMAP_FUZZ=long runs it")
    searches = [loaded(file) for file in SEARCHES[name]]
    rules = FOLDER / "timeloop_search" / f"{name.split('__')[0]}.yaml"
    work, arch = pm.workload(searches[0]["workload"]), pm.architecture(searches[0]["architecture"])
    asked: dict[str, Any] = {"conventions": "timeloop", "constraints": rules}
    # Links of simba lead to the computes: bounds there decide nothing, and large layers would take long.
    limit = 60 if name.startswith("simba") and name not in QUICK else None
    best = pm.optimize(work, arch, objective="edp", mapspace="even", time_limit=limit, **asked)
    found = best.cost.energy_pj * best.cost.cycles
    assert found < 0.99 * min(map(edp, searches))
    assert best.lower_bound is not None
    assert best.value is not None
    assert 0 < best.lower_bound <= best.value
    assert best.status == "optimal" or name not in PROVEN
    again = pm.evaluate(work, arch, best.mapping, **asked)
    assert (again.energy, again.cycles) == (best.cost.energy, best.cost.cycles)


@pytest.mark.parametrize("name", SEARCHES)
def test_its_mappings_keep_to_the_constraints(name: str) -> None:
    rules = FOLDER / "timeloop_search" / f"{name.split('__')[0]}.yaml"
    for found in map(loaded, SEARCHES[name]):
        cost = pm.evaluate(
            pm.workload(found["workload"]),
            pm.architecture(found["architecture"]),
            found["mapping"],
            conventions="timeloop",
            constraints=rules,
        )
        assert cost.energy_pj * cost.cycles == pytest.approx(edp(found), rel=1e-9)
