"""The `shape:` of an array: its dimensions, and what may run in parallel along each."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

from polymap import quantity, spec
from polymap.architecture.hierarchy import ANYTHING, DimensionRule

Shape: TypeAlias = tuple[tuple[str, int], ...]
Rules: TypeAlias = tuple[tuple[str, DimensionRule], ...]
OR_MOST = " or most"
NO_USAGE = (Fraction(0), False)


def dimensions(item: spec.Reader) -> tuple[Shape, Rules]:
    """(dimension, size) of an array, and the rules of those dimensions that have any."""
    found = item.table("shape", _plain, required=True, detailed=_detailed)
    if item.description("shape") == "{}":
        item.wrong("the array has no dimension", "write e.g. `shape: {X: 14, Y: 12}`", key="shape")
    shape = tuple((name, size) for name, (size, _) in found)
    return shape, tuple((name, rule) for name, (_, rule) in found if rule != ANYTHING)


def _plain(value: object) -> tuple[int, DimensionRule]:
    return quantity.count(value), ANYTHING


def _detailed(side: spec.Reader) -> tuple[int, DimensionRule]:
    size = side.integer("size", required=True)
    may_unroll = side.names("may_unroll") if side.has("may_unroll") else None
    share, or_most = side.value("min_usage", _usage, otherwise=NO_USAGE)
    return size, DimensionRule(may_unroll, side.names("reuses"), share, or_most)


def _usage(value: object) -> tuple[Fraction, bool]:
    """A share of the instances, and whether the most that can be reached is enough: `1 or most`."""
    text = str(value).rstrip()
    or_most = text.endswith(OR_MOST)
    share = quantity.number(text.removesuffix(OR_MOST) if or_most else value)
    if not 0 < share <= 1:
        raise spec.Misread(
            f"{quantity.shown(value)} is no share of the instances",
            "give a number above 0 and up to 1, e.g. `0.5`, or `1 or most`",
        )
    return share, or_most
