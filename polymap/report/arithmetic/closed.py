"""Closed forms on boxes with perfect factors: a count as a formula in the trips, and what the searches in it add up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polymap.model.naming import Search, spoken
from polymap.model.nest import Access
from polymap.model.sweep import visits
from polymap.report.arithmetic.case import Case
from polymap.report.arithmetic.equation import Equation, equation, leaf

MOST_LOOPS = 12
_SEARCHES = {
    "distinct": "different sums of one multiple per row: (how many multiples, of what, in each coordinate)",
    "tiles": "different tiles among the instances that no neighbour serves, looked at one by one",
    "served": "instances whose tile a neighbour held at the step before, looked at one by one",
    "packets": "different tiles that enter the mesh, looked at one by one",
    "members": "instances at which a tile arrives, looked at one by one",
    "edges": "links that one word of every tile travels, looked at one by one",
}


def quantity(case: Case, access: Access, node: int, what: str, note: str) -> Equation:
    """A quantity of a tensor at one of its memories."""
    nodes, _ = case.carried_in_trips(access.tensor.name)
    return in_trips(case, what, getattr(nodes[node], what), note)


def run(case: Case, name: str, counted: Callable[[Any], Any], note: str) -> Equation:
    """A count of the whole run, which the engine of symbols gives."""
    return in_trips(case, name, counted(case.symbols.run), note)


def in_trips(case: Case, name: str, expression: Any, note: str) -> Equation:
    """An expression in the symbols of the trips."""
    text = spoken(case.formulas, expression, case.trips)
    trips = {str(symbol): trip for symbol, trip in zip(case.formulas.symbols, case.trips, strict=True)}
    details = [f"{symbol} = {trips[symbol]}: {case.loop_of(symbol)}" for symbol in text.trips]
    return equation(name, text.text, [_search(case, found) for found in text.searches], trips, note, details)


def _search(case: Case, found: Search) -> Equation:
    if found.function == "swept" and len(found.rows) <= MOST_LOOPS:
        return _swept(case, found)
    rows = ", ".join(str(row).replace(" ", "") for row in found.rows)
    return leaf(found.name, found.value, _SEARCHES.get(found.function, "counted by search"), (f"rows {rows}",))


def _swept(case: Case, found: Search) -> Equation:
    """What one instance fetches while it keeps the overlap of a tile that moves steadily on."""
    terms, details = [], []
    for visit in visits(found.rows):
        terms.append(f"{visit.times}*{visit.new}" if visit.times > 1 else str(visit.new))
        loop = f"as `{case.loop_of(found.texts[visit.loop][0])}` moves on" if visit.loop else "at the first step"
        details.append(f"{_often(visit.times)} {visit.new} new elements {loop}")
    size = " x ".join(map(str, found.rows[0][1:]))
    note = f"one instance, a tile of {size}: a loop's second iteration stands for all later ones"
    return equation(found.name, " + ".join(terms), note=note, details=details)


def _often(times: int) -> str:
    return "once" if times == 1 else f"{times} times"
