"""The figures of a search in a document: no claim rests on them, but they have to be such, and fit its certificate."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

from polymap.mapper.certificate import tally
from polymap.mapper.checks import INPUT, Check
from polymap.mapper.result import INTERRUPTED
from polymap.mapper.stated import unreadable

TALLIED = ("classes", "bounded", "solved")
NOTES = (INTERRUPTED, "cached", "as ")


def figures(search: dict[str, Any], outcomes: str | None, layer: str, file: str) -> Iterator[Check]:
    """The checks of the figures; `outcomes` are those of all classes, if the document has a certificate.

    Raises `SpecError` for what is no figure.
    """
    for name in TALLIED:
        if type(search.get(name)) is not int or search[name] < 0:
            raise unreadable(file, f"search.{name}", "a whole number of at least 0 belongs here")
    if type(search.get("seed")) is not int:
        raise unreadable(file, "search.seed", "a whole number belongs here")
    if type(search.get("cpu_s")) not in (int, float) or not 0 <= search["cpu_s"] < inf:
        raise unreadable(file, "search.cpu_s", "a number of seconds belongs here")
    note = search.get("note", INTERRUPTED)
    if not isinstance(note, str) or not note.startswith(NOTES):
        raise unreadable(file, "search.note", "'interrupted', 'cached' or 'as LAYER' belongs here")
    classes, bounded, solved = (search[name] for name in TALLIED)
    if outcomes is not None:
        found = dict(zip(TALLIED, tally(outcomes), strict=True))
        for name in TALLIED:
            method = "counted in the certificate"
            yield Check(layer, f"search.{name}", search[name], found[name], method, search[name] == found[name])
    elif bounded + solved > classes:
        yield Check(layer, "search.classes", classes, f"{bounded} bounded and {solved} solved", INPUT, agrees=False)
