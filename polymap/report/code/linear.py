"""Sums of names times integers: what loop bounds and indices of generated code are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Linear:
    """`sum(coefficient * name) + constant`; a name is a variable, or a call such as `min(4 * p1 + 4, 13)`.

    >>> str(Linear((("m1", 8), ("m0", 1))) + 3), str(Linear() + 0)
    ('8 * m1 + m0 + 3', '0')
    """

    terms: tuple[tuple[str, int], ...] = ()
    constant: int = 0

    def __add__(self, other: Linear | int) -> Linear:
        if isinstance(other, int):
            return Linear(self.terms, self.constant + other)
        merged = dict(self.terms)
        for name, coefficient in other.terms:
            merged[name] = merged.get(name, 0) + coefficient
        return Linear(tuple((n, c) for n, c in merged.items() if c), self.constant + other.constant)

    def times(self, factor: int) -> Linear:
        """The sum, each part multiplied."""
        return Linear(tuple((name, c * factor) for name, c in self.terms if factor), self.constant * factor)

    @property
    def is_single(self) -> bool:
        """Whether it is one name, or one number that is not negative: then it needs no parentheses."""
        if not self.terms:
            return self.constant >= 0
        return not self.constant and [coefficient for _, coefficient in self.terms] == [1]

    def __str__(self) -> str:
        positive_first = sorted(self.terms, key=lambda term: term[1] < 0)
        parts = [f"{'-' if c < 0 else '+'} {'' if abs(c) == 1 else f'{abs(c)} * '}{name}" for name, c in positive_first]
        if self.constant or not parts:
            parts.append(f"{'-' if self.constant < 0 else '+'} {abs(self.constant)}")
        text = " ".join(parts)
        return text.removeprefix("+ ") if text.startswith("+") else f"-{text[2:]}"


def total(parts: Iterable[Linear]) -> Linear:
    """The sum of some sums."""
    found = Linear()
    for part in parts:
        found += part
    return found


def least(one: Linear, most: int) -> Linear:
    """The lesser of a sum and a number."""
    return Linear((), min(one.constant, most)) if not one.terms else Linear(((f"min({one}, {most})", 1),))
