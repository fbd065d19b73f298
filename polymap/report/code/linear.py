"""Sums of names times integers: what loop bounds and indices of generated code are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Linear:
    """`sum(coefficient * atom) + constant`; an atom is a variable, or the lesser of a sum and a number.

    >>> str(Linear((("m1", 8), ("m0", 1))) + 3), str(Linear() + 0)
    ('8 * m1 + m0 + 3', '0')
    """

    terms: tuple[tuple[Atom, int], ...] = ()
    constant: int = 0

    def __add__(self, other: Linear | int) -> Linear:
        if isinstance(other, int):
            return Linear(self.terms, self.constant + other)
        merged = dict(self.terms)
        for atom, coefficient in other.terms:
            merged[atom] = merged.get(atom, 0) + coefficient
        return Linear(tuple((n, c) for n, c in merged.items() if c), self.constant + other.constant)

    def times(self, factor: int) -> Linear:
        """The sum, each part multiplied."""
        return Linear(tuple((atom, c * factor) for atom, c in self.terms if factor), self.constant * factor)

    @property
    def is_single(self) -> bool:
        """Whether it is one name, or one number that is not negative: then it needs no parentheses."""
        if not self.terms:
            return self.constant >= 0
        return not self.constant and [coefficient for _, coefficient in self.terms] == [1]

    def __str__(self) -> str:
        if [coefficient for _, coefficient in self.terms] == [1] and isinstance(least := self.terms[0][0], Least):
            return str(Least(least.sum + self.constant, least.most + self.constant))
        positive_first = sorted(self.terms, key=lambda term: term[1] < 0)
        parts = [f"{'-' if c < 0 else '+'} {'' if abs(c) == 1 else f'{abs(c)} * '}{atom}" for atom, c in positive_first]
        if self.constant or not parts:
            parts.append(f"{'-' if self.constant < 0 else '+'} {abs(self.constant)}")
        text = " ".join(parts)
        return text.removeprefix("+ ") if text.startswith("+") else f"-{text[2:]}"


@dataclass(frozen=True)
class Least:
    """The lesser of a sum and a number."""

    sum: Linear
    most: int

    def __str__(self) -> str:
        return f"min({self.sum}, {self.most})"


Atom: TypeAlias = str | Least


def total(parts: Iterable[Linear]) -> Linear:
    """The sum of some sums."""
    found = Linear()
    for part in parts:
        found += part
    return found


def least(one: Linear, most: int) -> Linear:
    """The lesser of a sum and a number, as a sum.

    >>> str(least(Linear((("m0", 4),)) + 3, 9) + 1)
    'min(4 * m0 + 4, 10)'
    """
    return Linear(((Least(one, most), 1),)) if one.terms else Linear((), min(one.constant, most))
