"""Values that expressions of AccelForge's files have: numbers, sets of tensors, times as sums over actions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from polymap.quantity import Misread

MOST_BITS = 512
INFINITE = math.inf
GRAMMAR = "write numbers, names, tensors with ~ | &, + - * / // % **, comparisons, `A if B else C`, min, max, sum, len"

Number: TypeAlias = "Fraction | float"  # a float is infinite


class Unnamed(Misread):
    """A name that stands for nothing."""


@dataclass(frozen=True)
class Tensors:
    """A set of tensors, by name."""

    names: frozenset[str]


@dataclass(frozen=True)
class Action:
    """One action of a component; `throughput` in actions per second."""

    name: str
    throughput: Number


@dataclass(frozen=True)
class Time:
    """Seconds: the longest of sums of seconds per call, times the calls of each action."""

    sums: tuple[tuple[tuple[str, Fraction], ...], ...]

    @classmethod
    def calls(cls, action: str) -> Time:
        return cls((((action, Fraction(1)),),))

    def times(self, factor: Fraction) -> Time:
        return Time(tuple(tuple((name, each * factor) for name, each in one) for one in self.sums))

    def plus(self, other: Time) -> Time:
        """Of two sums; the longest of several cannot be added."""
        if len(self.sums) != 1 or len(other.sums) != 1:
            raise Misread("a sum of the longest of several times has no counterpart", "write the longest outermost")
        total = dict(self.sums[0])
        for name, each in other.sums[0]:
            total[name] = total.get(name, Fraction(0)) + each
        return Time((tuple(total.items()),))


Value: TypeAlias = "Number | bool | Tensors | Time | tuple[Action, ...] | Action"


@dataclass(frozen=True)
class Known:
    """What names stand for; `all` are the tensors there are, `bits` those of an element of each."""

    names: Mapping[str, Value] = field(default_factory=dict)
    all: frozenset[str] = frozenset()
    bits: Mapping[str, Fraction] = field(default_factory=dict)

    def with_names(self, more: Mapping[str, Value]) -> Known:
        return replace(self, names={**self.names, **more})


def truth(value: Value) -> bool:
    """As Python takes it: an empty set and 0 are false."""
    return bool(value.names) if isinstance(value, Tensors) else bool(value)


def bounded(found: Number) -> Number:
    if isinstance(found, float):
        if math.isnan(found):
            raise Misread("an infinite value less or divided by another has no value", "write numbers")
        return found if math.isinf(found) else Fraction(Decimal(repr(found)))
    if max(found.numerator.bit_length(), found.denominator.bit_length()) > MOST_BITS:
        raise Misread(f"a number has more than {MOST_BITS} binary digits", "write smaller numbers")
    return found
