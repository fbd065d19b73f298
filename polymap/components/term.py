"""What stands for a value in a compound file: a value, the name of an attribute, arithmetic, or a list of these.

Text is arithmetic. A lone name that no attribute has is a word, passed on as it is (`lp`); other words stand in
quotes of their own (`"'ddr4-3200'"`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from polymap import quantity, spec
from polymap.components import amount
from polymap.components.amount import Amount
from polymap.components.expression import names, unknown, value
from polymap.components.syntax import Applied, Name, Number, Tree, parse
from polymap.quantity import Misread, shown

_WORD = re.compile(r"[^\W\d]\w*")

Value: TypeAlias = "Amount | str | bool | tuple[Value, ...]"


@dataclass(frozen=True)
class Exactly:
    """A value, whatever the attributes are."""

    value: Value


@dataclass(frozen=True)
class Calculated:
    """An attribute's value, or arithmetic with attributes."""

    tree: Tree


@dataclass(frozen=True)
class Several:
    terms: tuple[Term, ...]


Term: TypeAlias = "Exactly | Calculated | Several"


@dataclass(frozen=True)
class Derived:
    """A default that follows from the attributes before it."""

    term: Term
    text: str

    def __call__(self, known: Mapping[str, Value]) -> Value:
        """Raises Misread."""
        return worth(self.term, known)

    def __str__(self) -> str:
        return self.text


def default(given: object, known: Iterable[str]) -> Value | Derived:
    """A default as it is written, after `known` attributes. Raises Misread."""
    found = term(given, known)
    return Derived(found, str(given)) if _speaks(found) else worth(found, {})


def _speaks(found: Term) -> bool:
    """Whether a term depends on an attribute."""
    if isinstance(found, Several):
        return any(_speaks(each) for each in found.terms)
    return isinstance(found, Calculated) and any(True for _ in names(found.tree))


def literal(given: object) -> Value:
    """The value that a user's attribute is: an amount, a truth value, a word, or a list. Raises Misread."""
    if isinstance(given, bool):
        return given
    if isinstance(given, (int, float, Decimal, Fraction)):
        return amount.number(quantity.number(given))
    if isinstance(given, (tuple, list)):
        return tuple(literal(item) for item in given)
    text = spec.text(given)
    try:
        tree = parse(text)
    except Misread:
        return text
    return value(tree, {}) if _is_number(tree) else text


def _is_number(tree: Tree) -> bool:
    signed = isinstance(tree, Applied) and tree.apply is amount.negative and isinstance(tree.operands[0], Number)
    return signed or isinstance(tree, Number)


def term(given: object, known: Iterable[str]) -> Term:
    """What is written, with `known` attributes. Raises Misread."""
    if isinstance(given, (tuple, list)):
        return Several(tuple(term(item, known) for item in given))
    if not isinstance(given, str):
        return Exactly(literal(given))
    if given[:1] in ("'", '"') and given[:1] == given[-1:] and len(given) > 2:
        return Exactly(given[1:-1])
    known = tuple(known)
    if _WORD.fullmatch(given) and given not in known:
        return Exactly(given)
    return Calculated(_known_only(parse(given), known))


def _known_only(tree: Tree, known: tuple[str, ...]) -> Tree:
    for name in names(tree):
        if name.name not in known:
            raise unknown(name, known)
    return tree


def worth(given: Term, known: Mapping[str, Value]) -> Value:
    """The value of a term where attributes have the values `known`. Raises Misread."""
    if isinstance(given, Exactly):
        return given.value
    if isinstance(given, Several):
        return tuple(worth(each, known) for each in given.terms)
    return known[given.tree.name] if isinstance(given.tree, Name) else value(given.tree, known)


def as_written(found: Value) -> object:
    """A value as a user writes it: what attributes of other models read."""
    if isinstance(found, tuple):
        return tuple(as_written(each) for each in found)
    if isinstance(found, Amount):
        return str(found) if found.powers else found.value
    return found


def times(given: Term, known: Mapping[str, Value]) -> Fraction:
    """A plain number, 0 or more. Raises Misread."""
    found = worth(given, known)
    if not isinstance(found, Amount) or found.powers or found.value < 0:
        raise Misread(f"{shown(as_written(found))} is no number of times", "give a plain number that is 0 or more")
    return found.value


def count(given: Term, known: Mapping[str, Value]) -> int:
    """A whole number, 0 or more. Raises Misread."""
    found = times(given, known)
    if found.denominator != 1:
        raise Misread(
            f"{shown(amount.decimal(found))} is not a whole number", "round it with `ceil`, `floor` or `round`"
        )
    return int(found)
