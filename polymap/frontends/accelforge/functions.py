"""Functions that expressions of AccelForge's files may call: of numbers, of times, and `len` of a set of tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from polymap.frontends.accelforge.kinds import GRAMMAR, Number, Tensors, Time, Value, bounded
from polymap.quantity import Misread


def _numbers(found: list[Value], least: int = 1, most: int = 16) -> list[Number]:
    numbers = [value for value in found if isinstance(value, Fraction | float) and not isinstance(value, bool)]
    if len(numbers) != len(found) or not least <= len(found) <= most:
        raise Misread("a function does not take these values", GRAMMAR)
    return numbers


def _added(found: list[Value]) -> Value:
    times = [value for value in found if isinstance(value, Time)]
    if times and len(times) == len(found):
        total = times[0]
        for time in times[1:]:
            total = total.plus(time)
        return total
    return bounded(sum(_numbers(found, 0), Fraction(0)))


def _longest(found: list[Value]) -> Value:
    times = [value for value in found if isinstance(value, Time)]
    if times and len(times) == len(found):
        return Time(tuple(one for time in times for one in time.sums))
    numbers = _numbers(found)
    return numbers[0] if len(numbers) == 1 else max(numbers)


def _shortest(found: list[Value]) -> Value:
    numbers = _numbers(found)
    return numbers[0] if len(numbers) == 1 else min(numbers)


def _size_of(found: list[Value]) -> Value:
    size = _numbers(found, 1, 1)[0]
    return -size if size < 0 else size


def _whole(found: list[Value], rounded: Callable[[Fraction], int]) -> Value:
    value = _numbers(found, 1, 1)[0]
    return Fraction(rounded(value)) if isinstance(value, Fraction) else value


def _real(found: list[Value], function: Callable[[float], float]) -> Value:
    value = float(_numbers(found, 1, 1)[0])
    try:
        return bounded(function(value))
    except (ValueError, OverflowError):
        raise Misread(f"a function does not take {value}", "write a positive number") from None


def _count(found: list[Value]) -> Value:
    if len(found) != 1 or not isinstance(found[0], Tensors):
        raise Misread("`len` counts a set of tensors", "write e.g. `len(All)`")
    return Fraction(len(found[0].names))


FUNCTIONS: dict[str, Callable[[list[Value]], Value]] = {
    "sum": _added,
    "max": _longest,
    "min": _shortest,
    "len": _count,
    "ceil": lambda found: _whole(found, math.ceil),
    "floor": lambda found: _whole(found, math.floor),
    "round": lambda found: _whole(found, round),
    "int": lambda found: _whole(found, math.trunc),
    "abs": _size_of,
    "log2": lambda found: _real(found, math.log2),
    "sqrt": lambda found: _real(found, math.sqrt),
}
