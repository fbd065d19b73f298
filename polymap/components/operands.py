"""How amounts of arithmetic grow with their operands: power laws of bits through the points of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from polymap.components.estimate import Estimate, Origin
from polymap.components.logarithmic import along

# Standard deviation (log) per e-fold of the bits beyond the points of a table.
BEYOND = 0.3


@dataclass(frozen=True)
class Format:
    """A floating-point number: bits of exponent and of mantissa, without the hidden one; a sign besides."""

    exponent: int
    mantissa: int

    @property
    def significand(self) -> int:
        """Bits that are multiplied or added: the mantissa and the hidden bit."""
        return self.mantissa + 1

    def __str__(self) -> str:
        return f"e{self.exponent} m{self.mantissa}"


FORMATS = {"fp16": Format(5, 10), "fp32": Format(8, 23), "fp64": Format(11, 52)}


@dataclass(frozen=True)
class Point:
    """An amount of a unit at so many bits, as a table has it."""

    what: str
    bits: float
    amount: float


@dataclass(frozen=True)
class Curve:
    """The points of one amount, fewest bits first: power laws between them, and the outer ones beyond.

    `per_exponent_bit` is part of an amount, too: exponents are added by an adder of their own.
    """

    points: tuple[Point, ...]
    unit: str
    source: str
    error: str
    sigma: float
    per_exponent_bit: float = 0.0

    def at(self, bits: float, exponent: int = 0) -> Estimate:
        """The amount at so many bits of operands or significand."""
        value = self._value(bits, exponent)
        beyond = self._beyond(bits)
        errors = ((self.error, self.sigma), *(((f"{self.error}_bits", BEYOND * beyond),) if beyond else ()))
        return Estimate(value, self.unit, lambda: self._origin(bits, exponent, value), errors)

    def _value(self, bits: float, exponent: int) -> float:
        if len(self.points) == 1:
            return self.points[0].amount
        amounts = [point.amount for point in self.points]
        return along([point.bits for point in self.points], amounts, bits) + self.per_exponent_bit * exponent

    def _beyond(self, bits: float) -> float:
        """How far outside of the points, in e-folds."""
        return max(0.0, log(self.points[0].bits / bits), log(bits / self.points[-1].bits))

    def _origin(self, bits: float, exponent: int, value: float) -> Origin:
        parts = tuple(Origin(p.what, self.source, p.amount, self.unit) for p in self.points)
        exponents = Origin("one bit of exponent", self.source, self.per_exponent_bit, self.unit, weight=exponent)
        what = f"power law of the bits through these, at {bits:g} b"
        return Origin(what, "", value, self.unit, parts=(*parts, exponents) if exponent else parts)


def integers(points: Sequence[Point], unit: str, source: str, error: str, sigma: float) -> Curve:
    """A curve of operations on integers."""
    return Curve(tuple(points), unit, source, error, sigma)


def floats(
    points: Sequence[tuple[str, float]], per_exponent_bit: float, unit: str, source: str, error: str, sigma: float
) -> Curve:
    """A curve of operations on floating-point numbers, from amounts of formats by name."""
    formats = [(name, FORMATS[name], amount) for name, amount in points]
    without = (
        Point(f"{name} less its exponent", f.significand, amount - per_exponent_bit * f.exponent)
        for name, f, amount in formats
    )
    return Curve(tuple(without), unit, source, error, sigma, per_exponent_bit)
