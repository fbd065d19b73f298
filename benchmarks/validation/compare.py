"""Predictions beside published figures: ratios, errors after calibration, how far each kind of model is off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import exp, log, sqrt

from read import Macro, Row, macros

from polymap.report.numbers import area

INTRODUCTION = """\
# Component models beside published chips

    python benchmarks/validation [--write]

Published figures and the components that should predict them are data, each with its source and how it was obtained:
`benchmarks/validation/sets/*.yaml`. This page is what the command prints.

* *raw* is what polymap says with no factor fitted to the chip, *raw / published* how far it is off.
* *calibrated*: rows of a group have one factor, fitted to the first of them (`fit`). The error of the others is what
  the shape of the model leaves.
* *from memory*: the published figure was not found in a source that could be read. It is shown and counts nowhere.
* A converter's energy is 5/4 of what a conversion takes: at its full rate a fifth of it is counted as leakage.
* Other tools multiply their models by constants of their own for each of these chips: an ADC's energy by 0.275 (Jia),
  3.15 (Wang), 3.5 (Sinangil), 1.3 to 26 (Albireo), cell capacitances by 0.1 to 6.5, areas of drivers by 5 to 10. The
  agreement that they publish has these constants in it.
"""

HEAD_OF_KINDS = ("| kind | figures | raw / published | typical factor |", "|---|---|---|---|")
HEAD = ("| figure | published | raw | raw / published | calibrated | error | model |", "|---|---|---|---|---|---|---|")
QUANTITY = {"pJ": "energy", "uW": "energy", "um2": "area"}


def document() -> str:
    """The page of the documentation."""
    found = macros()
    return "\n".join([INTRODUCTION, *_kinds(found), "", *(line for macro in found for line in _macro(macro))])


def factors(rows: Iterable[Row]) -> dict[str, float]:
    """The calibration factor of each group: what makes its first row exact."""
    found: dict[str, float] = {}
    for row in rows:
        if row.group:
            found.setdefault(row.group, row.published / row.raw)
    return found


def spread(rows: Iterable[Row]) -> float:
    """Root mean square of the logarithms of published over raw: the error (log) of taking the model as it is."""
    squares = [log(row.published / row.raw) ** 2 for row in rows]
    return sqrt(sum(squares) / len(squares))


def counted(found: Iterable[Macro]) -> dict[str, list[Row]]:
    """The rows that count, by kind and quantity: of each group its first, for the others say the same again."""
    kinds: dict[str, list[Row]] = {}
    seen: set[tuple[str, str]] = set()
    for row in (row for macro in found for row in macro.rows if not row.from_memory):
        if not row.group or (row.macro, row.group) not in seen:
            kinds.setdefault(f"{row.kind}, {QUANTITY[row.unit]}", []).append(row)
        seen.add((row.macro, row.group))
    return kinds


def _kinds(found: Iterable[Macro]) -> Iterator[str]:
    yield from ("## How far models are off", "", *HEAD_OF_KINDS)
    for kind, rows in sorted(counted(found).items()):
        ratios = sorted(row.raw / row.published for row in rows)
        yield f"| {kind} | {len(rows)} | {ratios[0]:.3g} .. {ratios[-1]:.3g} | {exp(spread(rows)):.3g} |"
    yield ""
    yield "Of a group the first row counts alone. The typical factor is e to the root mean square of the logarithms."


def _macro(macro: Macro) -> Iterator[str]:
    yield from (f"## {macro.name}", "", f"{macro.source}. Obtained from: {macro.obtained}.", "", *HEAD)
    fitted = factors(macro.rows)
    seen: set[str] = set()
    for row in macro.rows:
        yield _line(row, fitted, row.group in seen)
        seen.add(row.group)
    notes = [f"* {row.what}: {row.note}." for row in macro.rows if row.note]
    yield from ("", *notes, *([f"* Not modelled: {macro.not_modelled}."] if macro.not_modelled else []), "")


def _line(row: Row, fitted: dict[str, float], predicted: bool) -> str:
    published = f"{_amount(row.published, row.unit)}{' (from memory)' if row.from_memory else ''}"
    calibrated, error = "", ""
    if row.group:
        amount = row.raw * fitted[row.group]
        calibrated, error = _amount(amount, row.unit), f"{amount / row.published - 1:+.1%}" if predicted else "fit"
    ratio, models = f"{row.raw / row.published:.3g}", ", ".join(f"`{name}`" for name in row.models)
    cells = (row.what, published, _amount(row.raw, row.unit), ratio, calibrated, error, models)
    return f"| {' | '.join(cells)} |"


def _amount(value: float, unit: str) -> str:
    if unit == "um2":
        return area(value)
    larger = {"uW": (1e6, "W"), "pJ": (1e3, "nJ")}
    smaller = {"uW": (1e3, "mW"), "pJ": (1e-3, "fJ")}
    if value >= larger[unit][0]:
        return f"{value / larger[unit][0]:.4g} {larger[unit][1]}"
    if unit in smaller and (value >= smaller[unit][0] if unit == "uW" else value < 0.1):
        return f"{value / smaller[unit][0]:.4g} {smaller[unit][1]}"
    return f"{value:.4g} {unit}"
