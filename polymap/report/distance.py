"""How far a mapping is from the optimum, as text and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import ndiff

from polymap.mapper.distance import Distance
from polymap.mapper.result import Result
from polymap.model.cost import told
from polymap.quantity import engineering
from polymap.report.numbers import count, objective, percent
from polymap.report.table import table

SCHEMA = "polymap.distance/1"
MOST_ROWS = 8


def distance_text(found: Distance) -> str:
    """The two values, the first change that helps or both nests, and where the energies differ."""
    return "\n".join([*_head(found), "", *_change(found), *_differences(found)])


def _head(found: Distance) -> Iterator[str]:
    given, best = found.given, found.best
    bound = "proven least" if best.status == "optimal" else f"best found, gap {percent(best.gap)}"
    yield f"{given.einsum.name} on {given.architecture.name}"
    yield f"  this mapping  {_values(given)}"
    yield f"  the optimum   {_values(best)} ({bound})"
    yield f"  distance      {_factor(found)}"


def _values(result: Result) -> str:
    cost = result.cost
    energy, cycles = engineering(cost.energy_pj * 1e-12, "J"), f"{count(cost.cycles)} cycles"
    first = "" if result.objective == "energy" else f"{result.objective} {objective(result.objective, result.value)}, "
    return f"{first}energy {energy}, {cycles}"


def _factor(found: Distance) -> str:
    if found.factor < 1:
        return f"{found.factor:.4g} times: it lies outside of the space that was searched, and is better than all in it"
    proven = "" if found.best.status == "optimal" else f", at most {found.at_most:.4g} times the least"
    if found.given.value == found.best.value:
        return f"none: the mapping is {'optimal' if not proven else 'as good as the best found' + proven}"
    return f"{found.factor:.4g} times, {percent(found.factor - 1)} more{proven}"


def _change(found: Distance) -> Iterator[str]:
    tried = f"{count(found.tried)} single changes tried, {count(found.legal)} legal, {count(found.better)} better"
    if found.changed is not None:
        yield f"the change that helps most: {found.words}"
        yield f"  {_values(found.changed)}: {percent(found.gain)} less ({tried})"
        yield from _nests("changed", found.given, found.changed)
    elif found.factor > 1:
        yield f"no single change helps ({tried})"
        yield from _nests("the optimum", found.given, found.best)


def _nests(name: str, given: Result, other: Result) -> Iterator[str]:
    """Both nests as one list: - is in the given one only, + in the other."""
    yield from ("", f"mapping (- as given, + {name})")
    here, there = (str(result.mapping).splitlines() for result in (given, other))
    yield from (f"  {line}".rstrip() for line in ndiff(here, there) if not line.startswith("?"))


def _differences(found: Distance) -> Iterator[str]:
    rows = [
        (level, what, engineering(here * 1e-12, "J"), engineering(there * 1e-12, "J"))
        for level, what, here, there in found.differences
    ]
    if rows:
        yield from ("", "energy")
        yield from table(("level", "tensor", "here", "at the optimum"), rows[:MOST_ROWS], names=2)
        if len(rows) > MOST_ROWS:
            yield f"and {len(rows) - MOST_ROWS} smaller differences"


def distance_data(found: Distance) -> dict[str, object]:
    """The document `polymap.distance/1`."""
    changed = found.changed
    return {
        "schema": SCHEMA,
        "objective": found.best.objective,
        "given": _data(found.given),
        "best": {**_data(found.best), "status": found.best.status, "lower_bound": found.best.lower_bound},
        "factor": found.factor,
        "factor_at_most": found.at_most,
        "change": {"words": found.words, "saves": found.gain, **_data(changed)} if changed else None,
        "changes": {"tried": found.tried, "legal": found.legal, "better": found.better},
        "differences": [
            {"level": level, "tensor": what, "energy_pj": here, "energy_pj_at_optimum": there}
            for level, what, here, there in found.differences
        ],
    }


def _data(result: Result) -> dict[str, object]:
    return {
        "value": result.value,
        "energy_pj": result.cost.energy_pj,
        "cycles": told(result.cost.cycles),
        "mapping": str(result.mapping).splitlines(),
    }
