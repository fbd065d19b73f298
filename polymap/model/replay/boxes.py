"""Boxes of data coordinates: hulls of tiles, their differences and how they move."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor, prod
from typing import TypeAlias

Vector: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Box:
    """All points with `low <= point < high`, coordinate by coordinate."""

    low: Vector
    high: Vector

    @property
    def size(self) -> int:
        return prod(max(0, high - low) for low, high in zip(self.low, self.high, strict=True))

    def common(self, other: Box) -> Box:
        low = tuple(max(a, b) for a, b in zip(self.low, other.low, strict=True))
        return Box(low, tuple(min(a, b) for a, b in zip(self.high, other.high, strict=True)))

    def moved(self, by: Vector) -> Box:
        return Box(added(self.low, by), added(self.high, by))


Region: TypeAlias = tuple[Box, ...]


def added(a: Vector, b: Vector) -> Vector:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def size(region: Region) -> int:
    return sum(box.size for box in region)


def difference(box: Box, other: Box | None) -> Region:
    """`box` without `other`, as disjoint boxes cut off axis by axis.

    >>> difference(Box((0, 0), (3, 3)), Box((1, 0), (4, 2)))
    (Box(low=(0, 0), high=(1, 3)), Box(low=(1, 2), high=(3, 3)))
    """
    common = box.common(other) if other else box
    if other is None or not common.size:
        return (box,) if box.size else ()
    found: list[Box] = []
    for axis in range(len(box.low)):
        for low, high in ((box.low[axis], common.low[axis]), (common.high[axis], box.high[axis])):
            if low < high:
                found.append(Box(_with(box.low, axis, low), _with(box.high, axis, high)))
        box = Box(_with(box.low, axis, common.low[axis]), _with(box.high, axis, common.high[axis]))
    return tuple(found)


def translation(new: Box, old: Box) -> Vector:
    """How far the centre of a box has moved, each coordinate rounded half away from zero."""
    twice = (a + b - c - d for a, b, c, d in zip(new.low, new.high, old.low, old.high, strict=True))
    return tuple(rounded(Fraction(move, 2)) for move in twice)


def rounded(value: Fraction) -> int:
    """The nearest integer, halves away from zero."""
    return floor(value + Fraction(1, 2)) if value >= 0 else -floor(-value + Fraction(1, 2))


def _with(vector: Vector, axis: int, value: int) -> Vector:
    return (*vector[:axis], value, *vector[axis + 1 :])
