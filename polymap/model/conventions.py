"""Choices on which tools of the field differ, as data. Each field carries the sentence that it decides."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.quantity import choose

HOLES = ("hull", "exact")
WORDS = {"yes": True, "true": True, "no": False, "false": False}

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
_SLIDE = (
    "A tile slides along the temporal loop just inside its storage node, if that loop concerns its tensor: it takes "
    "the room of one step, whatever other nodes stand between. All that the loop covers is fetched once."
)
_LATENCY = "Instances leak while networks fill before the first compute and drain after the last."
_FIRST = "The first update of an element reads what is there, as all later ones do."
_SUMS = (
    "A partial sum that goes on later is fetched back first; otherwise a new one starts and is added where it ends up, "
    "but the outermost memory adds nothing: the one below it fetches what it needs (rule of timeloop 4cf6d4c)."
)
_EXTRAPOLATES = "Where a loop nest is replayed, a loop's second iteration stands for all later ones; otherwise all run."
_WRITE_FIRST = (
    "Over a network that does not reduce, the first partial sum of every instance is a plain write; otherwise only the "
    "first of all instances is."
)
_FLOATS = (
    "A memory's cycles are those of the compute units over the share of its demand that its busiest port serves, in "
    "floating point: a hair more than a whole number is one cycle more."
)
_WHOLE = "A port that is busy for part of a cycle more takes all of it; otherwise cycles have fractions."
_LAST = "Where a loop nest is replayed, every loop's last iteration runs, whether it differs or not."


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
    first_updates_read: bool = field(default=False, metadata={"decides": _FIRST})
    sums_are_fetched: bool = field(default=True, metadata={"decides": _SUMS})
    extrapolates: bool = field(default=True, metadata={"decides": _EXTRAPOLATES})
    last_runs: bool = field(default=False, metadata={"decides": _LAST})
    cycles_in_floats: bool = field(default=False, metadata={"decides": _FLOATS})
    all_write_first: bool = field(default=False, metadata={"decides": _WRITE_FIRST})
    tiles_slide: bool = field(default=False, metadata={"decides": _SLIDE})
    whole_cycles: bool = field(default=True, metadata={"decides": _WHOLE})

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
    cycles_in_floats=True,
)
ACCELFORGE = Conventions(
    "accelforge",
    drains_are_read=True,
    continuing_sweep=False,
    idle_instances_leak=True,
    tiles_stay=False,
    all_write_first=True,
    tiles_slide=True,
    whole_cycles=False,
)
PRESETS = {preset.name: preset for preset in (POLYMAP, TIMELOOP, ACCELFORGE)}


def conventions(name: str | Conventions) -> Conventions:
    """The preset called `name`, with the fields that are named after it: `timeloop,first_updates_read=yes`.

    Raises `SpecError` for an unknown preset or field, and for a value that the field does not have.

    >>> conventions("polymap, holes=exact").holes
    'exact'
    """
    if isinstance(name, Conventions):
        return name
    preset, *changes = (part.strip() for part in name.split(","))
    if preset not in PRESETS:
        raise SpecError(Mistake(NOWHERE, f"unknown conventions '{preset}'", f"use one of: {', '.join(PRESETS)}"))
    chosen = dict(_change(change) for change in changes)
    return replace(PRESETS[preset], name=",".join((preset, *changes)), **chosen) if chosen else PRESETS[preset]


def _change(text: str) -> tuple[str, Any]:
    """A field and its value, of `field=value`."""
    key, equals, value = (part.strip() for part in text.partition("="))
    known = Conventions.sentences()
    values: dict[str, Any] = dict.fromkeys(HOLES) if key == "holes" else WORDS
    if key not in known or not equals:
        listed = f"write e.g. `first_updates_read=yes`; fields: {', '.join(known)}"
        mend = f"give it a value: {', '.join(values)}" if key in known else choose(key, known, listed)
        raise SpecError(Mistake(NOWHERE, f"'{text}' does not choose a field of the conventions", mend))
    if value not in values:
        raise SpecError(Mistake(NOWHERE, f"'{value}' is no value of {key}", f"use one of: {', '.join(values)}"))
    return key, value if key == "holes" else values[value]
