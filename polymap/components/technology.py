"""The technology a component is made in: a value that models are given, and that scaling laws go between."""

from __future__ import annotations

from dataclasses import dataclass

FAMILIES = ("hp", "lp")  # high performance, low (standby) power
ROOM_K = 300.0


@dataclass(frozen=True)
class Technology:
    """Node in nm, device family, supply voltage (None: the node's own nominal one), temperature.

    `extrapolate` lets models and scaling laws leave their tables; every number they then give says so.
    """

    node_nm: float
    family: str = "hp"
    voltage_v: float | None = None
    temperature_k: float = ROOM_K
    extrapolate: bool = False

    def __str__(self) -> str:
        voltage = f", {self.voltage_v:g} V" if self.voltage_v is not None else ""
        return f"{self.node_nm:g} nm {self.family.upper()}{voltage}, {self.temperature_k:g} K"
