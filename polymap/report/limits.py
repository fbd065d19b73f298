"""Which limits bind an optimum, as a table and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from polymap.mapper.limits import Limit, Limits, Step
from polymap.mapper.result import Result
from polymap.report.numbers import objective, percent
from polymap.report.table import Row, table

SCHEMA = "polymap.limits/1"
COLUMNS = ("limit", "of", "now", "binds", "with", "best", "saves")
BINDS = {True: "yes", False: "no", None: "not seen"}


def limits_text(found: Limits) -> str:
    """The optimum, a row for each limit and each step of it, and what is left without limits of memories."""
    best = found.best
    head = f"{best.einsum.name} on {best.architecture.name}: least {best.objective} {_told(best)}"
    rows = [row for limit in found.limits for row in _rows(found, limit)]
    floor = f"{_told(found.floor)}, {percent(found.gain(found.floor))} less"
    asked = [limit.kind for limit in found.limits if limit.kind in ("condition", "statement")]
    without = " or ".join(f"{kind}s" for kind in dict.fromkeys(asked)) or "conditions"
    left = f"with memories that hold all at any rate, and no {without}: {floor}; the rest is compulsory"
    return "\n".join([head, "", *table(COLUMNS, rows, names=2), "", left, *_notes(found)])


def _told(result: Result) -> str:
    value = objective(result.objective, result.value)
    return f"{value} (proven)" if result.status == "optimal" else f"{value} (gap {percent(result.gap)})"


def _rows(found: Limits, limit: Limit) -> Iterator[Row]:
    where = f"{limit.name} ({_where(limit)})" if _where(limit) else limit.name
    first = (limit.kind, where, limit.now, BINDS[limit.binds])
    steps = [*limit.steps]
    if not steps and limit.binds and limit.lifted:
        steps = [Step("none", limit.lifted)]
    for step in steps:
        yield (*first, step.to, objective(step.best.objective, step.best.value), percent(found.gain(step.best)))
        first = ("", "", "", "")
    if not steps:
        yield (*first, "", "", "")


def _where(limit: Limit) -> str:
    """File, line and column."""
    return str(replace(limit.place, path=""))


def _notes(found: Limits) -> Iterator[str]:
    """What the table does not say by itself."""
    for limit in found.limits:
        if limit.kind == "fan-out":
            yield from _of_fan_out(limit)
        elif limit.useless and limit.steps:
            first = limit.steps[0].to
            more = f"{limit.name}: {first} is the least capacity that helps"
            yield more if limit.least else f"{limit.name}: up to {limit.useless} nothing helps, {first} does"


def _of_fan_out(limit: Limit) -> Iterator[str]:
    if limit.useless:
        yield f"{limit.name}: no size up to {limit.useless} helps; larger ones were not searched"
    elif (
        limit.steps and limit.binds is None
    ):  # a larger array costs more where it is idle: what lies between two sizes is not known
        sizes = " and ".join(step.to for step in limit.steps)
        yield f"{limit.name}: {sizes} were searched and do not help; other sizes were not searched"


def limits_data(found: Limits) -> dict[str, object]:
    """The document `polymap.limits/1`."""
    return {
        "schema": SCHEMA,
        "objective": found.best.objective,
        "best": _data(found, found.best),
        "limits": [_limit_data(found, limit) for limit in found.limits],
        "floor": _data(found, found.floor),
    }


def _limit_data(found: Limits, limit: Limit) -> dict[str, object]:
    return {
        "kind": limit.kind,
        "name": limit.name,
        "now": limit.now,
        "binds": limit.binds,
        "lifted": _data(found, limit.lifted) if limit.lifted else None,
        "steps": [{"to": step.to, **_data(found, step.best)} for step in limit.steps],
        "useless_up_to": limit.useless or None,
        "first_step_is_least": limit.least,
        "place": _where(limit) or None,
    }


def _data(found: Limits, result: Result) -> dict[str, object]:
    return {
        "status": result.status,
        "value": result.value,
        "lower_bound": result.lower_bound,
        "saves": found.gain(result),
        "mapping": str(result.mapping).splitlines(),
    }
