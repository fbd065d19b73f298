"""The few operations on which the three readings of a formula differ.

A formula of this room runs on Python integers (one mapping), numpy arrays (many mappings of one loop nest) and sympy
expressions (printing). Sums and products are the same in all three; maxima, rounding and searches come through here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

# An int, a numpy array of integers (one entry per mapping) or a sympy expression.
Number: TypeAlias = Any
Rows: TypeAlias = tuple[tuple[Number, ...], ...]

_INT64_SAFE = 1 << 62


def maximum(*values: Number) -> Number:
    """The largest value, element by element for arrays."""
    if all(isinstance(value, (int, Fraction)) for value in values):
        return max(values)
    if _is_symbolic(values):
        return _symbolic_maximum(values)
    import numpy

    result, *others = [float(value) if isinstance(value, Fraction) else value for value in values]
    for value in others:
        result = numpy.maximum(result, value)
    return result


def ceiling(weighted: Sequence[tuple[int, Number]], divisor: Number) -> Number:
    """`ceil(sum(weight * value) / divisor)`, exact; weights are integers, the divisor is positive."""
    if type(divisor) is int and all(type(value) is int for _, value in weighted):
        return -(-sum(weight * value for weight, value in weighted) // divisor)
    if _is_symbolic([divisor, *(value for _, value in weighted)]):
        import sympy

        return sympy.ceiling(sum(weight * value for weight, value in weighted) / divisor)
    if _overflows(weighted, divisor):
        weighted = [(weight, _exact(value)) for weight, value in weighted]
        divisor = _exact(divisor)
    return -(-sum(weight * value for weight, value in weighted) // divisor)


def quotient(weighted: Sequence[tuple[int, Number]], divisor: Number) -> Number:
    """`sum(weight * value) / divisor`: a whole number or a fraction, exact; floats for arrays of 64-bit integers."""
    values = [divisor, *(value for _, value in weighted)]
    if all(type(value) is int for value in values):
        return _ratio(sum(weight * value for weight, value in weighted), divisor)
    if _is_symbolic(values):
        return sum(weight * value for weight, value in weighted) / divisor
    if any(getattr(value, "dtype", None) == "object" for value in values):
        import numpy

        return numpy.frompyfunc(_ratio, 2, 1)(sum(weight * value for weight, value in weighted), divisor)
    return sum(float(weight) * floats(value) for weight, value in weighted) / floats(divisor)


def _ratio(value: int, by: int) -> int | Fraction:
    exact = Fraction(value, by)
    return exact.numerator if exact.denominator == 1 else exact


def weighted(weights: Sequence[int], values: Sequence[Number]) -> Number:
    """`sum(weight * value)`, exact except for arrays, where it is a float: weights may be of any size."""
    if not all(type(value) is int for value in values) and any(hasattr(value, "dtype") for value in values):
        return sum(float(weight) * floats(value) for weight, value in zip(weights, values, strict=True))
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


def floats(value: Number) -> Number:
    """An array or an integer as 64-bit floats."""
    return value.astype(float) if hasattr(value, "dtype") else float(value)


def divided(value: Number, by: Number) -> Number:
    """`value / by` where that is known to be whole."""
    return value / by if _is_symbolic([value, by]) else value // by


def search(count: Callable[[Rows], int], rows: Rows) -> Number:
    """`count(rows)`, a function on integers only: entry by entry for arrays, a named function for symbols."""
    entries = [entry for row in rows for entry in row]
    if all(type(entry) is int for entry in entries):
        return count(rows)
    if _is_symbolic(entries):
        return _symbolic_function(count)(*rows)
    return _entry_by_entry(count, rows)


def _is_symbolic(values: Sequence[Number]) -> bool:
    return any(hasattr(value, "free_symbols") for value in values)


def _symbolic_maximum(values: Sequence[Number]) -> Number:
    import sympy

    if len(values) == 1:
        return values[0]
    numeric = all(sympy.sympify(value).is_number for value in values)
    return sympy.Max(*values, evaluate=numeric)


def _overflows(weighted: Sequence[tuple[int, Number]], divisor: Number) -> bool:
    """Whether an array's 64-bit integers could overflow; Python integers cannot."""
    if not any(hasattr(value, "dtype") for value in (divisor, *(value for _, value in weighted))):
        return False
    largest = sum(abs(weight) * _largest(value) for weight, value in weighted)
    return max(largest, _largest(divisor)) >= _INT64_SAFE


def _largest(value: Number) -> int:
    return int(value.max()) if hasattr(value, "dtype") else int(value)


def _exact(value: Number) -> Number:
    return value.astype(object) if hasattr(value, "dtype") else value


def _entry_by_entry(count: Callable[[Rows], int], rows: Rows) -> Number:
    """Equal columns are counted once: trips of many mappings repeat the same few combinations."""
    import numpy

    arrays = numpy.broadcast_arrays(*(entry for row in rows for entry in row))
    known: dict[tuple[int, ...], int] = {}
    width = len(rows[0])

    def one(column: tuple[int, ...]) -> int:
        if column not in known:
            known[column] = count(tuple(column[i : i + width] for i in range(0, len(column), width)))
        return known[column]

    columns = zip(*(array.ravel().tolist() for array in arrays), strict=True)
    counted = numpy.array([one(column) for column in columns], dtype=arrays[0].dtype)
    return counted.reshape(arrays[0].shape)


@cache
def _symbolic_function(count: Callable[[Rows], int]) -> Any:
    """A sympy function that stays unevaluated until all its arguments are integers."""
    import sympy

    def evaluate(_: type, *rows: Any) -> Any:
        if all(entry.is_Integer for row in rows for entry in row):
            return sympy.Integer(count(tuple(tuple(int(entry) for entry in row) for row in rows)))
        return None

    body = {"eval": classmethod(evaluate), "is_integer": True, "is_nonnegative": True}
    return type(count.__name__, (sympy.Function,), body)
