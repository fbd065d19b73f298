"""The cases of the benchmark: `cases.yaml`, and what it takes from the recorded searches of another tool."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import polymap as pm

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent.parent / "tests" / "golden" / "accelforge_mapper"
BITS = 8


@dataclass(frozen=True)
class Recorded:
    """What another tool needed and found: CPU seconds and the value in SI units, None if it cannot be compared."""

    cpu_s: float
    value: float | None


@dataclass(frozen=True)
class Case:
    """A search: a machine of the recorded searches or a shipped one, and an einsum or a shipped workload.

    `buffer` is the capacity of the global buffer of a recorded machine, `searches` what was recorded by objective.
    """

    name: str
    target: float
    machine: str
    einsum: str = ""
    ranks: tuple[tuple[str, int], ...] = ()
    workload: str = ""
    conventions: str = "accelforge"
    factors: str = ""
    buffer: str = ""
    cpu_s: float | None = None
    searches: tuple[tuple[str, dict[str, Any]], ...] = ()

    def architecture(self) -> pm.Architecture:
        file = GOLDEN / f"{self.machine}.yaml"
        if not file.exists():
            return pm.architecture(self.machine)
        text = file.read_text(encoding="utf-8")
        return pm.architecture(text.replace("8192 b", self.buffer) if self.buffer else text)

    def work(self) -> pm.Einsum | pm.Network:
        if self.workload:
            return pm.workload(self.workload)
        return pm.einsum(self.einsum, name=self.name, bits=BITS, ranks=dict(self.ranks))

    def asked(self) -> dict[str, str]:
        """What a search is asked besides its objective."""
        return {"conventions": self.conventions, **({"factors": self.factors} if self.factors else {})}

    def recorded(self, objective: str) -> Recorded | None:
        found = dict(self.searches).get(objective)
        if found is None:
            return Recorded(self.cpu_s, None) if self.cpu_s else None
        energy, latency = found["energy_pj"] * 1e-12, found["latency_s"]
        value = {"energy": energy, "latency": latency, "edp": energy * latency}[objective]
        return Recorded(found["cpu_s"], value)


@cache
def cases() -> dict[str, Case]:
    """All cases by name."""
    known = yaml.safe_load((GOLDEN / "cases.yaml").read_text(encoding="utf-8"))
    return {each["name"]: _case({**known.get(each["name"], {}), **each}) for each in _said()["cases"]}


def source() -> str:
    """Where the recorded figures come from."""
    return str(_said()["source"])


def _said() -> dict[str, Any]:
    return dict(yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8")))


def _case(said: dict[str, Any]) -> Case:
    ranks, searches = (tuple(said.pop(key, {}).items()) for key in ("ranks", "searches"))
    return Case(**said, ranks=ranks, searches=searches)
