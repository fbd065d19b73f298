"""Exact numbers as text that polymap's files hold."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

DIGITS = 25


def decimal(value: Fraction) -> str:
    """A number without exponent, exact where it has at most 25 digits.

    >>> decimal(Fraction(3, 8)), decimal(Fraction(12)), decimal(Fraction(1, 3))
    ('0.375', '12', '0.3333333333333333333333333')
    """
    written = format(Context(prec=DIGITS).divide(Decimal(value.numerator), Decimal(value.denominator)), "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def amount(value: Fraction, unit: str) -> str:
    """A quantity, e.g. `0.375 pJ`."""
    return f"{decimal(value)} {unit}"
