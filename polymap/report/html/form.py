"""What a document must be for its page to be drawn: checked before, so that all that is wrong is told at once.

A form is a dict of the keys that are needed, a list with the form of every item, a choice of which one is optional or
null (`Maybe`), or a `Kind` of plain value. Keys that no form names are free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from sys import float_info
from typing import Any, TypeAlias

from polymap.errors import Mistake, Place, SpecError
from polymap.mapper.objective import objective

MEND = "write it again with `polymap optimize -o DIR`, `polymap evaluate --json` or `polymap pareto --json`"


@dataclass(frozen=True)
class Kind:
    """A plain value: what it is called, and whether something is one."""

    called: str
    fits: Callable[[object], bool]


@dataclass(frozen=True)
class Maybe:
    """What may be missing or null."""

    form: Form


Form: TypeAlias = "Kind | Maybe | dict[str, Any] | list[Any]"


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= float_info.max


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_amount, value))


def _is_objective(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        objective(value)
    except SpecError:
        return False
    return True


AMOUNT, PAIR = Kind("a number, 0 or more,", _is_amount), Kind("a list of two numbers", _is_pair)
POSITIVE = Kind("a number above 0", lambda value: _is_amount(value) and value != 0)
TEXT, FLAG = Kind("text", lambda value: isinstance(value, str)), Kind("true or false", lambda v: isinstance(v, bool))
OBJECTIVE = Kind("the name of an objective", _is_objective)
COSTS = dict.fromkeys(("energy_pj", "cycles", "latency_s", "edp_js", "utilization"), AMOUNT)
TOTALS = {**COSTS, "computes": AMOUNT, "area_um2": Maybe(AMOUNT),
          "energy_interval_pj": Maybe(PAIR), "area_interval_um2": Maybe(PAIR)}  # fmt: skip
COUNTS = dict.fromkeys(("tile_elements", "instances", "reads", "fills", "updates", "energy_pj"), AMOUNT)
CERTIFICATE = {"classes": AMOUNT, "groups": [{"outcomes": TEXT}]}
SEARCH = {"mapspace": TEXT, "factors": Maybe(TEXT), "subject_to": Maybe([TEXT]), "constraints": Maybe([TEXT]),
          "certificate": Maybe(CERTIFICATE)}  # fmt: skip
RESULT: dict[str, Form] = {
    "status": TEXT,
    "objective": Maybe({"name": OBJECTIVE, "value": AMOUNT, "lower_bound": AMOUNT, "gap": Maybe(AMOUNT)}),
    "totals": TOTALS,
    "levels": [{"level": TEXT, "tensor": TEXT, **COUNTS}],
    "compute": {"level": TEXT, "instances": AMOUNT, "energy_pj": AMOUNT},
    "components": [
        {"level": TEXT, **dict.fromkeys(("instances", "cycles", "leakage_pj", "occupied_bits"), AMOUNT),
         "capacity_bits": Maybe(POSITIVE)}
    ],
    "networks": [{"array": TEXT, "energy_pj": Maybe(AMOUNT)}],
    "conventions": {"name": TEXT},
    "search": Maybe(SEARCH),
    "inputs": {"architecture": {"name": TEXT}, "workload": {"name": TEXT}},
    "versions": {},
}  # fmt: skip
NETWORK: dict[str, Form] = {
    "status": TEXT,
    "name": Maybe(TEXT),
    "objective": Maybe({"name": OBJECTIVE, "value": Maybe(AMOUNT)}),
    "totals": COSTS,
    "layers": [{"repeat": AMOUNT}],
    "unfinished": Maybe([TEXT]),
}
FRONT: dict[str, Form] = {"axes": [TEXT], "points": [{}], "complete": FLAG, "tolerance": AMOUNT}


def require(value: object, form: Form, file: str, path: str = "") -> None:
    """Raises `SpecError` with everything that is missing or of another kind, each with its key path."""
    wrong = [Mistake(Place(file, path=at), message, MEND) for at, message in _wrong(value, form, path)]
    if wrong:
        raise SpecError(wrong)


def _wrong(value: object, form: Form, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(form, Maybe):
        yield from _wrong(value, form.form, path) if value is not None else ()
    elif isinstance(form, Kind):
        if not form.fits(value):
            yield path, f"{form.called} belongs here"
    elif isinstance(form, dict):
        yield from _keys(value, form, path)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _wrong(item, form[0], _below(path, at))
    else:
        yield path, "a list belongs here"


def _keys(value: object, form: dict[str, Form], path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, "an object with keys belongs here"
        return
    for key, inner in form.items():
        if key in value:
            yield from _wrong(value[key], inner, _below(path, key))
        elif not isinstance(inner, Maybe):
            yield _below(path, key), f"there is no `{key}`"


def _below(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)
