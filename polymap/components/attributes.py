"""Readers of attributes: what a user wrote to a float in the unit that models calculate in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from polymap import quantity
from polymap.quantity import Misread, shown


def positive(dimension: str, per: float = 1.0) -> Callable[[object], float]:
    """Reads an amount above 0 of a dimension of `quantity.UNITS`; `per` units of the table make one of the result."""
    return partial(_positive, dimension=dimension, per=per)


def _positive(value: object, dimension: str, per: float) -> float:
    return float(quantity.measure_above_zero(value, dimension)) / per


def above_zero(what: str, mend: str) -> Callable[[object], float]:
    """Reads a plain number above 0; what else is given `is no WHAT`."""
    return partial(_above_zero, what=what, mend=mend)


def _above_zero(value: object, what: str, mend: str) -> float:
    amount = float(quantity.number(value))
    if amount <= 0:
        raise Misread(f"{shown(value)} is no {what}", mend)
    return amount


def share(value: object) -> float:
    """A number from 0 to 1."""
    amount = quantity.number(value)
    if not 0 <= amount <= 1:
        raise Misread(f"{shown(value)} is no share", "give a number from 0 to 1")
    return float(amount)


def one_of(*words: str) -> Callable[[object], str]:
    """Reads one of a few words."""
    return partial(_one_of, words=words)


def _one_of(value: object, words: tuple[str, ...]) -> str:
    if value not in words:
        guess = quantity.near(str(value), words)
        mend = f"did you mean `{guess}`?" if guess else f"use one of: {', '.join(words)}"
        raise Misread(f"{shown(value)} is not known here", mend)
    return str(value)


def bits(value: object, below: int = 65) -> int:
    """A number of bits, from 1 to 64 unless said, with or without the unit: `8` or `8 b`."""
    has_unit = isinstance(value, str) and not value.strip().isdigit()
    return quantity.count(quantity.width_bits(value) if has_unit else value, below=below)


def side_by_side(value: object) -> int:
    """Wires or bits of a flit: as many as there may be, with or without the unit."""
    return bits(value, below=quantity.LARGEST_COUNT)
