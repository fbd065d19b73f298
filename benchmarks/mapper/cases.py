"""The cases of the benchmark, read from `cases.yaml`, with their machines beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import polymap as pm

HERE = Path(__file__).resolve().parent
BITS = 8


@dataclass(frozen=True)
class Recorded:
    """What another tool needed and found: CPU seconds and the value in SI units, None if it gave no answer."""

    cpu_s: float
    value: float | None


@dataclass(frozen=True)
class Case:
    """A search: a machine beside this file or a shipped one, and an einsum or a shipped workload."""

    name: str
    machine: str
    target: float
    einsum: str = ""
    ranks: tuple[tuple[str, int], ...] = ()
    workload: str = ""
    conventions: str = "polymap"
    recorded: tuple[tuple[str, Recorded], ...] = ()

    def architecture(self) -> pm.Architecture:
        file = HERE / "machines" / f"{self.machine}.yaml"
        return pm.architecture(str(file) if file.exists() else self.machine)

    def work(self) -> pm.Einsum | pm.Network:
        if self.workload:
            return pm.workload(self.workload)
        return pm.einsum(self.einsum, name=self.name, bits=BITS, **dict(self.ranks))

    def recorded_for(self, objective: str) -> Recorded | None:
        return dict(self.recorded).get(objective)


@cache
def cases() -> dict[str, Case]:
    """All cases by name."""
    said = yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))
    return {each["name"]: _case(dict(each)) for each in said["cases"]}


def source() -> str:
    """Where the recorded figures come from."""
    return str(yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))["source"])


def _case(said: dict[str, Any]) -> Case:
    ranks = tuple(said.pop("ranks", {}).items())
    recorded = tuple((name, Recorded(**figures)) for name, figures in said.pop("recorded", {}).items())
    return Case(**said, ranks=ranks, recorded=recorded)
