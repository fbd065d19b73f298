"""Counts by integer sets: the product over independent groups of ranks, each the points of disjoint pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from polymap.model.nest import Access
from polymap.polyhedral import IntegerSets, spoken
from polymap.report.arithmetic.case import Case
from polymap.report.arithmetic.equation import Equation, equation, leaf

MOST_PIECES = 12
LARGEST = "the largest tile of any step, found among steps that stand for all others"


def quantity(case: Case, engine: IntegerSets, access: Access, node: int, what: str, note: str, value: int) -> Equation:
    """A quantity of a tensor at one of its memories, `value`."""
    factors = spoken.quantity(engine, access, case.homes(access.tensor.name), node, what)
    if not factors:
        return leaf(what, value, LARGEST if what == "tile" else f"points of an integer set: {note}")
    return multiplied(what, factors, note)


def run(engine: IntegerSets, name: str, counted: Callable[[IntegerSets], int], note: str) -> Equation:
    """A count of the whole run."""
    factors = spoken.run(engine, counted)
    return multiplied(name, factors, note) if factors else leaf(name, counted(engine), note)


def multiplied(name: str, factors: Sequence[spoken.Counted], note: str) -> Equation:
    """The product of the factors; those of one point are left out where others are left."""
    said = [found for found in factors if found.points != 1] or list(factors[:1])
    parts = [_factor(found) for found in said]
    return equation(name, " * ".join(f"{{{part.name}}}" for part in parts), parts, note=note)


def _factor(found: spoken.Counted) -> Equation:
    name, pieces = "_".join(found.ranks), len(found.pieces)
    note = f"points of an integer set over {', '.join(found.ranks)} and its loops"
    if 1 < pieces <= MOST_PIECES:
        return equation(name, " + ".join(map(str, found.pieces)), note=f"{note}: {pieces} pieces", details=[found.text])
    return leaf(name, found.points, note if pieces <= 1 else f"{note}, in {pieces} pieces", [found.text])
