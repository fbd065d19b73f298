"""Fixed mappings priced under the `timeloop` conventions against what timeloop 4cf6d4c printed for them.

Each file of `timeloop/` holds one case in polymap's own format. Where the printed energy has a part that polymap does
not model (network hops, address generation), the case says so and the part is left out of the total.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import polymap as pm

CASES = sorted((Path(__file__).parent / "timeloop").glob("*.yaml"))
PRINT_PRECISION = 1e-9


def load(path: Path) -> dict[str, Any]:
    case: dict[str, Any] = yaml.safe_load(path.read_text())
    return case


PRICED = [path for path in CASES if "rejected" not in load(path)["expected"]]
REJECTED = [path for path in CASES if path not in PRICED]


def evaluated(case: dict[str, Any]) -> pm.Cost:
    work = pm.workload(case["workload"])
    architecture = pm.architecture(case["architecture"])
    return pm.evaluate(work, architecture, pm.mapping(case["mapping"]), conventions="timeloop")


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", PRICED, ids=name)
def test_every_count_equals_what_timeloop_printed(path: Path) -> None:
    case = load(path)
    cost, expected = evaluated(case), case["expected"]
    assert (cost.cycles, cost.computes) == (expected["cycles"], expected["computes"])
    assert cost.utilization == pytest.approx(expected["utilization"], rel=PRINT_PRECISION)
    assert counts(cost) == {level: {t: without_energy(row) for t, row in rows.items()} for level, rows in levels(case)}


def levels(case: dict[str, Any]) -> list[tuple[str, dict[str, dict[str, Any]]]]:
    return list(case["expected"]["levels"].items())


def without_energy(row: dict[str, Any]) -> dict[str, int]:
    return {key: value for key, value in row.items() if key != "energy_pj"}


def counts(cost: pm.Cost) -> dict[str, dict[str, dict[str, int]]]:
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in cost.traffic:
        found.setdefault(row.level, {})[row.tensor] = {
            "reads": row.reads,
            "fills": row.fills,
            "updates": row.updates,
            "tile": row.tile_elements,
            "instances": row.instances,
        }
    return found


@pytest.mark.parametrize("path", PRICED, ids=name)
def test_every_energy_equals_what_timeloop_printed(path: Path) -> None:
    case = load(path)
    cost, expected = evaluated(case), case["expected"]
    assert cost.energy_pj == pytest.approx(expected["energy_pj"], rel=PRINT_PRECISION)
    assert float(cost.compute_energy) == pytest.approx(expected["compute_energy_pj"], rel=PRINT_PRECISION)
    rows = {(level, tensor): row["energy_pj"] for level, rows in levels(case) for tensor, row in rows.items()}
    assert {(row.level, row.tensor): row.energy_pj for row in cost.traffic} == pytest.approx(rows, rel=PRINT_PRECISION)
    leakage = {row.level: float(row.leakage) for row in cost.components if row.leakage}
    assert leakage == pytest.approx(expected.get("leakage_pj", {}), rel=PRINT_PRECISION)


@pytest.mark.parametrize("path", REJECTED, ids=name)
def test_what_timeloop_rejects_is_illegal(path: Path) -> None:
    with pytest.raises(pm.IllegalMapping):
        evaluated(load(path))
