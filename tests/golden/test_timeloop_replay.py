"""Mappings that closed forms do not count as timeloop 4cf6d4c does, against what it printed: every count and energy.

`timeloop_replay/` holds imperfect factors, links between neighbours, energies of networks, tensors that bypass the
outermost memory, and the best mappings that its searches found. What a run of that tool took from its environment is
a choice of the case's `conventions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import polymap as pm
from polymap.model.replay.chain import chain
from polymap.model.replay.price import replayed

HERE = Path(__file__).parent
PRINT_PRECISION = 2e-9


def load(path: Path) -> dict[str, Any]:
    case: dict[str, Any] = yaml.safe_load(path.read_text())
    return case


def files(folder: str, rejected: bool = False) -> list[Path]:
    found = sorted((HERE / folder).glob("*.yaml"))
    return [path for path in found if ("rejected" in load(path)["expected"]) == rejected]


def problem(case: dict[str, Any]) -> tuple[pm.Einsum, pm.Architecture, pm.Mapping]:
    work = pm.workload(case["workload"])
    assert isinstance(work, pm.Einsum)
    return work, pm.architecture(case["architecture"]), pm.mapping(case["mapping"])


def evaluated(case: dict[str, Any]) -> pm.Cost:
    work, architecture, mapping = problem(case)
    return pm.evaluate(work, architecture, mapping, conventions=case.get("conventions", "timeloop"))


def counts(cost: pm.Cost) -> dict[tuple[str, str], dict[str, int]]:
    return {
        (row.level, row.tensor): {
            "reads": row.reads,
            "fills": row.fills,
            "updates": row.updates,
            "tile": row.tile_elements,
            "instances": row.instances,
        }
        for row in cost.traffic
    }


def printed(case: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    levels: Mapping[str, Mapping[str, dict[str, Any]]] = case["expected"]["levels"]
    return {(level, tensor): row for level, rows in levels.items() for tensor, row in rows.items()}


@pytest.mark.parametrize("path", files("timeloop_replay"), ids=lambda path: path.stem)
def test_every_number_equals_what_timeloop_printed(path: Path) -> None:
    case = load(path)
    cost, expected = evaluated(case), case["expected"]
    rows = printed(case)
    assert (cost.cycles, cost.computes) == (expected["cycles"], expected["computes"])
    assert counts(cost) == {key: {k: v for k, v in row.items() if k != "energy_pj"} for key, row in rows.items()}
    assert cost.utilization == pytest.approx(expected["utilization"], rel=PRINT_PRECISION)
    assert {(row.level, row.tensor): row.energy_pj for row in cost.traffic} == pytest.approx(
        {key: row["energy_pj"] for key, row in rows.items()}, rel=PRINT_PRECISION
    )
    assert float(cost.compute_energy) == pytest.approx(expected["compute_energy_pj"], rel=PRINT_PRECISION)
    leakage = {row.level: float(row.leakage) for row in cost.components if row.leakage}
    assert leakage == pytest.approx(expected.get("leakage_pj", {}), rel=PRINT_PRECISION)
    assert network_energies(cost) == pytest.approx(expected.get("networks_pj", {}), rel=PRINT_PRECISION)
    assert cost.energy_pj == pytest.approx(expected["energy_pj"], rel=PRINT_PRECISION)


def network_energies(cost: pm.Cost) -> dict[str, float]:
    """pJ by `PARENT->CHILD`, where the network costs anything."""
    found: dict[str, float] = {}
    for row in cost.networks:
        name = f"{row.parent}->{row.child}"
        found[name] = found.get(name, 0.0) + (row.energy_pj or 0.0)
    return {name: energy for name, energy in found.items() if energy}


@pytest.mark.parametrize("path", files("timeloop_replay", rejected=True), ids=lambda path: path.stem)
def test_what_timeloop_rejects_is_illegal(path: Path) -> None:
    with pytest.raises(pm.IllegalMapping):
        evaluated(load(path))


@pytest.mark.parametrize("path", files("timeloop"), ids=lambda path: path.stem)
def test_where_both_count_the_replay_is_the_closed_form(path: Path) -> None:
    case = load(path)
    work, architecture, mapping = problem(case)
    nest = chain(work, architecture, mapping)
    assert nest is not None
    walked, closed = replayed(work, architecture, nest), evaluated(case)
    assert walked.traffic == closed.traffic
    assert (walked.cycles, walked.compute_cycles) == (closed.cycles, closed.compute_cycles)
    assert walked.energy == closed.energy
    assert walked.components == closed.components
