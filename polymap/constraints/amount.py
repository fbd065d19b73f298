"""Amounts: what a factor, a tile size or a share may be. `4`, `<= 8`, `2..6`, `multiple of 4 and at most 64`, `whole`.

An amount is a conjunction of conditions. Counts are whole numbers from 1; shares are fractions from 0 to 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isqrt, lcm

from polymap import quantity
from polymap.quantity import Misread, shown

LARGEST = 2**31
ONE_OF, AT_LEAST, AT_MOST = "one of", "at least", "at most"
MULTIPLE, DIVISOR, POWER, WHOLE = "multiple of", "divisor of", "power of", "whole"

Number = int | Fraction

_HOLDS: dict[str, Callable[[Number, tuple[Number, ...]], bool]] = {
    ONE_OF: lambda value, numbers: value in numbers,
    AT_LEAST: lambda value, numbers: value >= numbers[0],
    AT_MOST: lambda value, numbers: value <= numbers[0],
    MULTIPLE: lambda value, numbers: value % numbers[0] == 0,
    DIVISOR: lambda value, numbers: numbers[0] % value == 0,
    POWER: lambda value, numbers: _is_power(int(value), int(numbers[0])),
}
_SYMBOLS = {AT_LEAST: ">=", AT_MOST: "<="}
_WORDS = {
    **dict.fromkeys(("", "=", "==", "exactly", ONE_OF), ONE_OF),
    **dict.fromkeys((">=", AT_LEAST), AT_LEAST),
    **dict.fromkeys(("<=", AT_MOST), AT_MOST),
    **{word: word for word in (MULTIPLE, DIVISOR, POWER)},
}
_PART = re.compile(rf"(?P<word>{'|'.join(map(re.escape, sorted(_WORDS, reverse=True)))})\s*(?P<numbers>[0-9.][^a-z]*)")
_RANGE = re.compile(r"(?P<low>\d+)\s*\.\.\s*(?P<high>\d+)")
COUNTS = "write e.g. `4`, `[1, 2, 4]`, `at most 8`, `2..6`, `multiple of 4`, `power of 2`, `divisor of 64` or `whole`"
SHARES = "write e.g. `at least 0.5`, `at most 90 %` or `1`"


@dataclass(frozen=True)
class Condition:
    """One relation to some numbers; `whole` has none and means the size of the rank or more."""

    relation: str
    numbers: tuple[Number, ...] = ()

    def __str__(self) -> str:
        numbers = ", ".join(_written(number) for number in self.numbers)
        word = _SYMBOLS.get(self.relation, self.relation)
        return numbers if self.relation == ONE_OF and len(self.numbers) == 1 else f"{word} {numbers}".strip()

    def allows(self, value: Number) -> bool:
        return _HOLDS[self.relation](value, self.numbers)


@dataclass(frozen=True)
class Amount:
    """All of its conditions hold.

    >>> amount = count_amount("multiple of 4 and <= 8")
    >>> amount.allowed([2, 4, 6, 8, 12]), str(amount)
    ([False, True, False, True, False], 'multiple of 4 and <= 8')
    """

    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.conditions))

    def of(self, size: int) -> Amount:
        """The same amount of a rank of this size: `whole` becomes a number."""
        conditions = (Condition(AT_LEAST, (size,)) if c.relation == WHOLE else c for c in self.conditions)
        return Amount(tuple(conditions))

    def multiple_of(self, number: int) -> Amount:
        """The same amount, of multiples of a number only."""
        return Amount((*self.conditions, Condition(MULTIPLE, (number,))))

    def allows(self, value: Number) -> bool:
        return all(condition.allows(value) for condition in self.conditions)

    def allowed(self, values: Iterable[Number]) -> list[bool]:
        return [self.allows(value) for value in values]

    @property
    def lowest(self) -> Number:
        """A number that no allowed value is below: of a share, the largest such number."""
        return max((min(c.numbers) for c in self.conditions if c.relation in (ONE_OF, AT_LEAST)), default=0)

    def least(self, most: int) -> int | None:
        """The smallest allowed whole number from 1 to `most`; None if there is none."""
        return next((value for value in self._candidates(most) if value <= most and self.allows(value)), None)

    def _candidates(self, most: int) -> Sequence[int]:
        """Whole numbers in rising order, the smallest allowed one among them."""
        numbers = {c.relation: [int(number) for number in c.numbers] for c in self.conditions}
        if ONE_OF in numbers:
            return sorted(numbers[ONE_OF])
        if DIVISOR in numbers:
            return divisors(numbers[DIVISOR][0])
        if POWER in numbers:
            return [numbers[POWER][0] ** i for i in range(most.bit_length() + 1)]
        step = lcm(*(int(c.numbers[0]) for c in self.conditions if c.relation == MULTIPLE))
        return [-(-max(1, int(self.lowest)) // step) * step]


def exactly(*numbers: Number) -> Amount:
    """One of these numbers."""
    return Amount((Condition(ONE_OF, numbers),))


def at_least(number: Number) -> Amount:
    return Amount((Condition(AT_LEAST, (number,)),))


def divisors(number: int) -> list[int]:
    """In rising order."""
    small = [d for d in range(1, isqrt(number) + 1) if number % d == 0]
    return sorted({*small, *(number // d for d in small)})


def count_amount(value: object) -> Amount:
    """An amount of whole numbers from 1. Raises `Misread`."""
    amount = Amount(tuple(c for part in _parts(value) for c in _count_conditions(part)))
    if amount.of(1).least(LARGEST) is None:
        raise Misread(f"no number is {shown(amount)}", "leave one of the conditions out")
    return amount


def share_amount(value: object) -> Amount:
    """An amount of shares, from 0 to 1. Raises `Misread`."""
    amount = Amount(tuple(_share_condition(part) for part in _parts(value)))
    bounds = [number for condition in amount.conditions for number in condition.numbers]
    if not any(amount.allows(bound) for bound in bounds):
        raise Misread(f"no share is {shown(amount)}", "leave one of the conditions out")
    return amount


def _parts(value: object) -> list[str]:
    text = str(value).lower() if isinstance(value, bool) else " ".join(str(value).split())
    return re.split(r"\s+and\s+", text)


def _count_conditions(part: str) -> tuple[Condition, ...]:
    if part in (WHOLE, "none"):
        return (Condition(WHOLE),) if part == WHOLE else exactly(1).conditions
    if span := _RANGE.fullmatch(part):
        return Condition(AT_LEAST, (_count(span["low"]),)), Condition(AT_MOST, (_count(span["high"]),))
    return (_condition(part, COUNTS, _count),)


def _share_condition(part: str) -> Condition:
    match = _PART.fullmatch(part)
    if match and _WORDS[match["word"]] not in (ONE_OF, AT_LEAST, AT_MOST):
        raise Misread(f"{shown(part)} is no condition on a share", SHARES)
    return _condition(part, SHARES, _share)


def _condition(part: str, mend: str, parse: Callable[[str], Number]) -> Condition:
    match = _PART.fullmatch(part)
    numbers = re.split(r"\s*,\s*", match["numbers"]) if match else []
    if not match or (len(numbers) > 1 and match["word"] != ONE_OF):
        raise Misread(f"{shown(part)} is no amount", mend)
    found = Condition(_WORDS[match["word"]], tuple(parse(number) for number in numbers))
    if found.relation == POWER and found.numbers[0] < 2:
        raise Misread(f"{shown(part)}: the powers of {found.numbers[0]} are all the same", "write e.g. `power of 2`")
    return found


def _count(text: str) -> int:
    return quantity.count(text, 1, LARGEST)


def _share(text: str) -> Fraction:
    number = quantity.number(text.removesuffix("%").rstrip()) / (100 if text.endswith("%") else 1)
    if not 0 <= number <= 1:
        raise Misread(f"{shown(text)} is no share", "give a number from 0 to 1, or up to 100 %")
    return number


def _is_power(value: int, base: int) -> bool:
    while value > 1 and value % base == 0:
        value //= base
    return value == 1


def _written(number: Number) -> str:
    """As a decimal number: what was read was one."""
    return format(Decimal(number.numerator) / Decimal(number.denominator), "f")
