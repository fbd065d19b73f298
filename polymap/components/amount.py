"""Amounts with dimensions: what expressions calculate with, exactly, so that bits are never added to joules."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, log2, sqrt
from typing import TypeAlias

from polymap.quantity import UNITS, Misread, near, shown

# What each dimension of `UNITS` is in powers of base units, and how much of these its own unit is.
_DIMENSIONS: dict[str, tuple[tuple[tuple[str, int], ...], Fraction]] = {
    "capacity": ((("b", 1),), Fraction(1)),
    "energy": ((("J", 1),), Fraction(1, 10**12)),
    "frequency": ((("s", -1),), Fraction(1)),
    "power": ((("J", 1), ("s", -1)), Fraction(1)),
    "area": ((("m", 2),), Fraction(1, 10**12)),
    "time": ((("s", 1),), Fraction(1)),
    "length": ((("m", 1),), Fraction(1)),
    "voltage": ((("V", 1),), Fraction(1)),
    "temperature": ((("K", 1),), Fraction(1)),
    "resistance": ((("J", -1), ("V", 2), ("s", 1)), Fraction(1)),
    "capacitance": ((("J", 1), ("V", -2)), Fraction(1)),
}
_WRITTEN = {
    (("b", 1),): ("b", 1),
    (("J", 1),): ("pJ", 10**12),
    (("s", -1),): ("Hz", 1),
    (("J", 1), ("s", -1)): ("W", 1),
    (("m", 2),): ("um2", 10**12),
    (("s", 1),): ("ns", 10**9),
    (("m", 1),): ("nm", 10**9),
    (("V", 1),): ("V", 1),
    (("K", 1),): ("K", 1),
    (("J", -1), ("V", 2), ("s", 1)): ("ohm", 1),
    (("J", 1), ("V", -2)): ("fF", 10**15),
}
_LARGEST = Fraction(10) ** 30
_MOST_DIGITS = 512  # bits of a numerator or denominator, beyond which a double is exact enough
LARGEST_EXPONENT = 64

Powers: TypeAlias = "tuple[tuple[str, int], ...]"


@dataclass(frozen=True)
class Amount:
    """`value` in base units (b, J, s, m, V, K); `powers` are their exponents, none for a plain number."""

    value: Fraction
    powers: Powers = ()

    @property
    def unit(self) -> str:
        """The unit it is written in: `b`, `pJ`, ... or a product of base units."""
        product = "*".join(base if power == 1 else f"{base}^{power}" for base, power in self.powers)
        return _WRITTEN[self.powers][0] if self.powers in _WRITTEN else product

    def __str__(self) -> str:
        """As a file would say it.

        >>> str(quantity(Fraction(8), "KiB")), str(Amount(Fraction(1, 4)))
        ('65536 b', '0.25')
        """
        scale = _WRITTEN.get(self.powers, ("", 1))[1]
        return f"{decimal(self.value * scale)} {self.unit}".rstrip()


def decimal(value: Fraction) -> str:
    """The decimal number, exact where it ends within 17 digits.

    >>> decimal(Fraction(1, 8)), decimal(Fraction(3))
    ('0.125', '3')
    """
    return str(int(value)) if value.denominator == 1 else repr(float(value))


def number(value: int | float | Fraction) -> Amount:
    return checked(Amount(Fraction(value)))


def quantity(value: Fraction, unit: str) -> Amount:
    """A number of units. Raises Misread for one that is not known."""
    for dimension, (powers, one) in _DIMENSIONS.items():
        if unit in UNITS[dimension]:
            return checked(Amount(value * UNITS[dimension][unit] * one, powers))
    known = [unit for dimension in _DIMENSIONS for unit in UNITS[dimension]]
    guess = near(unit, known)
    raise Misread(f"{shown(unit)} is not a unit", f"did you mean `{guess}`?" if guess else "use e.g. b, KiB, pJ, nm")


def is_unit(word: str) -> bool:
    return any(word in UNITS[dimension] for dimension in _DIMENSIONS)


def checked(amount: Amount) -> Amount:
    """The amount, with digits that no machine has cut off. Raises Misread beyond 1e30."""
    value = amount.value
    if value and not 1 / _LARGEST < abs(value) < _LARGEST:
        raise Misread("the result is out of range", "keep numbers between 1e-30 and 1e30")
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_DIGITS:
        return Amount(Fraction(float(value)), amount.powers)
    return amount


def plus(a: Amount, b: Amount) -> Amount:
    same(a, b, "added")
    return checked(Amount(a.value + b.value, a.powers))


def minus(a: Amount, b: Amount) -> Amount:
    same(a, b, "subtracted")
    return checked(Amount(a.value - b.value, a.powers))


def times(a: Amount, b: Amount) -> Amount:
    return checked(Amount(a.value * b.value, _merged(a.powers, b.powers, 1)))


def over(a: Amount, b: Amount) -> Amount:
    return checked(Amount(a.value / _divisor(b), _merged(a.powers, b.powers, -1)))


def whole_over(a: Amount, b: Amount) -> Amount:
    """How often `b` fits into `a`."""
    same(a, b, "divided as whole numbers")
    return checked(Amount(Fraction(a.value // _divisor(b))))


def rest_over(a: Amount, b: Amount) -> Amount:
    same(a, b, "divided as whole numbers")
    return checked(Amount(a.value % _divisor(b), a.powers))


def power(a: Amount, b: Amount) -> Amount:
    """Exponents are plain numbers, and small: whole ones for what has a unit."""
    exponent = _plain(b, "an exponent")
    if abs(exponent) > LARGEST_EXPONENT:
        raise Misread(f"the exponent {decimal(exponent)} is out of range", f"keep it within {LARGEST_EXPONENT}")
    if not a.value and exponent < 0:
        raise Misread("a division by zero", "")
    if exponent.denominator == 1:
        _small(a.value, int(exponent))
        return checked(Amount(a.value ** int(exponent), tuple((base, p * int(exponent)) for base, p in a.powers)))
    base = _plain(a, "the base of a power that is no whole number")
    if base < 0:
        raise Misread("a power of a negative number that is no whole number", "")
    return checked(Amount(Fraction(float(base) ** float(exponent))))


def _small(value: Fraction, exponent: int) -> None:
    """Told before it is calculated."""
    if value and abs(log2(abs(value.numerator)) - log2(value.denominator)) * abs(exponent) > 100:
        raise Misread("the result is out of range", "keep numbers between 1e-30 and 1e30")


def rounded_up(a: Amount) -> Amount:
    return Amount(Fraction(ceil(_plain(a, "`ceil`"))))


def rounded_down(a: Amount) -> Amount:
    return Amount(Fraction(floor(_plain(a, "`floor`"))))


def rounded(a: Amount) -> Amount:
    """Halves go to the even neighbour."""
    return Amount(Fraction(round(_plain(a, "`round`"))))


def logarithm(a: Amount) -> Amount:
    """To the base 2."""
    value = _plain(a, "`log2`")
    if value <= 0:
        raise Misread("a logarithm of what is not more than 0", "")
    return number(log2(value))


def root(a: Amount) -> Amount:
    value = _plain(a, "`sqrt`")
    if value < 0:
        raise Misread("a square root of a negative number", "")
    return number(sqrt(value))


def least(*amounts: Amount) -> Amount:
    _all_same(amounts, "compared")
    return min(amounts, key=lambda amount: amount.value)


def most(*amounts: Amount) -> Amount:
    _all_same(amounts, "compared")
    return max(amounts, key=lambda amount: amount.value)


def absolute(a: Amount) -> Amount:
    return Amount(abs(a.value), a.powers)


def negative(a: Amount) -> Amount:
    return Amount(-a.value, a.powers)


def _all_same(amounts: tuple[Amount, ...], what: str) -> None:
    for other in amounts[1:]:
        same(amounts[0], other, what)


def same(a: Amount, b: Amount, what: str) -> None:
    """Raises Misread unless both have the same unit, so that they can be `what`."""
    if a.powers != b.powers:
        kinds = " and ".join(f"an amount in {each.unit}" if each.powers else "a plain number" for each in (a, b))
        raise Misread(f"{kinds} cannot be {what}", "make their units agree")


def _divisor(a: Amount) -> Fraction:
    if not a.value:
        raise Misread("a division by zero", "")
    return a.value


def _plain(a: Amount, what: str) -> Fraction:
    if a.powers:
        raise Misread(f"{what} cannot be an amount in {a.unit}", "divide it by an amount in the same unit")
    return a.value


def _merged(a: Powers, b: Powers, sign: int) -> Powers:
    sums = dict(a)
    for base, exponent in b:
        sums[base] = sums.get(base, 0) + sign * exponent
    return tuple(sorted((base, exponent) for base, exponent in sums.items() if exponent))
