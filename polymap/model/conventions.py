"""Choices on which tools of the field differ, as data. Each field's comment is the sentence it decides."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from polymap.errors import NOWHERE, Mistake, SpecError


@dataclass(frozen=True)
class Conventions:
    """How counts turn into actions; printed in every result."""

    name: str
    # Writing a tile back to the parent reads it from the child's memory.
    drains_are_read: bool
    # When an outer loop moves the tile on by the same step as before, the overlap is kept (rule of timeloop 4cf6d4c).
    continuing_sweep: bool
    # Instances that no loop uses leak too.
    idle_instances_leak: bool

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


POLYMAP = Conventions("polymap", drains_are_read=True, continuing_sweep=False, idle_instances_leak=True)
TIMELOOP = Conventions("timeloop", drains_are_read=False, continuing_sweep=True, idle_instances_leak=False)
PRESETS = {preset.name: preset for preset in (POLYMAP, TIMELOOP)}


def conventions(name: str | Conventions) -> Conventions:
    """The preset called `name`; raises `SpecError` for an unknown one."""
    if isinstance(name, Conventions):
        return name
    if name not in PRESETS:
        raise SpecError(Mistake(NOWHERE, f"unknown conventions '{name}'", f"use one of: {', '.join(PRESETS)}"))
    return PRESETS[name]
