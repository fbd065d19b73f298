"""Choices on which tools of the field differ, as data. Each field carries the sentence that it decides."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields

from polymap.errors import NOWHERE, Mistake, SpecError

HOLES = ("hull", "exact")

_DRAINS = "Writing a tile back to the parent reads it from the child's memory."
_SWEEP = (
    "When an outer loop moves the tile on by the same step as before, the overlap is kept (rule of timeloop 4cf6d4c)."
)
_IDLE = "Instances that no loop uses leak too."
_HOLES = (
    "A tile on a box takes the whole window between its least and greatest element (`hull`), or what is touched "
    "(`exact`). On any other domain a tile is what is touched."
)
_ADDRESS = (
    "Every access of a memory's width generates an address; otherwise every element that is read or filled of an "
    "input, and filled or updated of an output."
)
_STAY = (
    "A tile stays while loops move on that do not concern its tensor, and keeps the overlap where it moves by less "
    "than its extent; otherwise every step of every temporal loop above fetches it whole."
)
_LATENCY = "Instances leak while networks fill before the first compute and drain after the last."


@dataclass(frozen=True)
class Conventions:
    """How counts turn into actions; printed in every result."""

    name: str
    drains_are_read: bool = field(metadata={"decides": _DRAINS})
    continuing_sweep: bool = field(metadata={"decides": _SWEEP})
    idle_instances_leak: bool = field(metadata={"decides": _IDLE})
    holes: str = field(default="hull", metadata={"decides": _HOLES})
    address_per_access: bool = field(default=True, metadata={"decides": _ADDRESS})
    latency_leaks: bool = field(default=True, metadata={"decides": _LATENCY})
    tiles_stay: bool = field(default=True, metadata={"decides": _STAY})

    def __post_init__(self) -> None:
        if self.holes not in HOLES:
            raise SpecError(Mistake(NOWHERE, f"unknown holes '{self.holes}'", f"use one of: {', '.join(HOLES)}"))

    def to_dict(self) -> dict[str, object]:
        return asdict(self)

    @staticmethod
    def sentences() -> dict[str, str]:
        """What each choice decides, by the name of its field."""
        return {choice.name: choice.metadata["decides"] for choice in fields(Conventions) if choice.metadata}


POLYMAP = Conventions("polymap", drains_are_read=True, continuing_sweep=False, idle_instances_leak=True)
TIMELOOP = Conventions(
    "timeloop",
    drains_are_read=False,
    continuing_sweep=True,
    idle_instances_leak=False,
    address_per_access=False,
    latency_leaks=False,
)
ACCELFORGE = Conventions(
    "accelforge", drains_are_read=True, continuing_sweep=False, idle_instances_leak=True, tiles_stay=False
)
PRESETS = {preset.name: preset for preset in (POLYMAP, TIMELOOP, ACCELFORGE)}


def conventions(name: str | Conventions) -> Conventions:
    """The preset called `name`; raises `SpecError` for an unknown one."""
    if isinstance(name, Conventions):
        return name
    if name not in PRESETS:
        raise SpecError(Mistake(NOWHERE, f"unknown conventions '{name}'", f"use one of: {', '.join(PRESETS)}"))
    return PRESETS[name]
