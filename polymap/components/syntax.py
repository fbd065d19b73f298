"""Arithmetic in compound files: numbers with units, names of attributes, a fixed list of functions, and nothing else.

    choice  := sum ("if" sum ("<" | "<=" | ">" | ">=" | "==" | "!=") sum "else" choice)?
    sum     := product (("+" | "-") product)*
    product := signed (("*" | "/" | "//" | "%") signed)*
    signed  := "-" signed | power
    power   := atom ("**" signed)?
    atom    := number unit? | name | function "(" choice ("," choice)* ")" | "(" choice ")"

Nothing is executed: text becomes a tree of these, and the tree an `Amount`. Length, depth and exponents are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from polymap.components import amount
from polymap.components.amount import Amount
from polymap.quantity import Misread, choose, shown

LONGEST = 400
DEEPEST = 32

FUNCTIONS: dict[str, tuple[Callable[..., Amount], int, int]] = {  # with the least and the largest number of arguments
    "abs": (amount.absolute, 1, 1),
    "ceil": (amount.rounded_up, 1, 1),
    "floor": (amount.rounded_down, 1, 1),
    "log2": (amount.logarithm, 1, 1),
    "max": (amount.most, 1, 16),
    "min": (amount.least, 1, 16),
    "pow": (amount.power, 2, 2),
    "round": (amount.rounded, 1, 1),
    "sqrt": (amount.root, 1, 1),
}
_SUMS = {"+": amount.plus, "-": amount.minus}
_PRODUCTS = {"*": amount.times, "/": amount.over, "//": amount.whole_over, "%": amount.rest_over}

COMPARED = ("<", "<=", ">", ">=", "==", "!=")
IF, ELSE = "if", "else"

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)|(?P<word>[^\W\d]\w*)|(?P<sign>\*\*|//|[<>=!]=|[-+*/%(),<>]))"
)


@dataclass(frozen=True)
class Number:
    value: Amount


@dataclass(frozen=True)
class Name:
    """An attribute; `at` is the place of its first character in the text, from 1."""

    name: str
    at: int


@dataclass(frozen=True)
class Applied:
    """A function or an operator, applied to its operands."""

    apply: Callable[..., Amount]
    operands: tuple[Tree, ...]
    at: int


@dataclass(frozen=True)
class Choice:
    """The first of two trees where two others compare as they should, or the second: only that one is worked out."""

    then: Tree
    left: Tree
    sign: str
    right: Tree
    otherwise: Tree
    at: int


Tree: TypeAlias = "Number | Name | Applied | Choice"


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    at: int


END = "end"


@lru_cache(maxsize=1024)
def parse(text: str) -> Tree:
    """The tree of an expression. Raises Misread, with the place in the text."""
    if len(text) > LONGEST:
        raise Misread(f"{shown(text)} has {len(text)} characters", f"write at most {LONGEST}")
    parser = _Parser(tuple(_tokens(text)))
    tree = parser.choice(0)
    if parser.next.kind != END:
        raise _unexpected(parser.next)
    return tree


def placed(place: int, wrong: Misread) -> Misread:
    return Misread(f"{wrong.message}, at character {place}", wrong.mend) if "character" not in wrong.message else wrong


def _tokens(text: str) -> Iterator[Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if not match:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise Misread(f"{shown(text[at])} is not part of arithmetic, at character {at + 1}", _grammar())
        kind = str(match.lastgroup)
        yield Token(kind, match[kind], match.start(kind) + 1)
        at = match.end()
    yield Token(END, "the end", end + 1)


def _grammar() -> str:
    return f"write numbers, units, attributes, + - * / // % ** ( ), {', '.join(FUNCTIONS)} and `A if B > C else D`"


def _unexpected(token: Token) -> Misread:
    if token.kind != END:
        return Misread(f"{shown(token.text)} is not expected at character {token.at}", _grammar())
    mend = f"quote arithmetic that holds commas; {_grammar()}"
    return Misread(f"the end is not expected at character {token.at}", mend)


class _Parser:
    """Descends through the grammar; `depth` is that of the operand."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self.tokens, self.position = tokens, 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        self.position += 1
        return self.tokens[self.position - 1]

    def is_sign(self, *signs: str) -> bool:
        return self.next.kind == "sign" and self.next.text in signs

    def expect(self, sign: str) -> None:
        if not self.is_sign(sign):
            raise _unexpected(self.next)
        self.take()

    def choice(self, depth: int) -> Tree:
        then = self.sum(depth)
        if not self.is_word(IF):
            return then
        self.take()
        left = self.sum(depth)
        if not self.is_sign(*COMPARED):
            raise _unexpected(self.next)
        sign, right = self.take(), self.sum(depth)
        if not self.is_word(ELSE):
            raise _unexpected(self.next)
        self.take()
        return Choice(then, left, sign.text, right, self.choice(depth + 1), sign.at)

    def is_word(self, word: str) -> bool:
        return self.next.kind == "word" and self.next.text == word

    def sum(self, depth: int) -> Tree:
        found = self.product(depth)
        while self.is_sign(*_SUMS):
            sign = self.take()
            found = Applied(_SUMS[sign.text], (found, self.product(depth)), sign.at)
        return found

    def product(self, depth: int) -> Tree:
        found = self.signed(depth)
        while self.is_sign(*_PRODUCTS):
            sign = self.take()
            found = Applied(_PRODUCTS[sign.text], (found, self.signed(depth)), sign.at)
        return found

    def signed(self, depth: int) -> Tree:
        if depth > DEEPEST:
            raise Misread(f"the expression is nested more than {DEEPEST} deep", "write it in parts")
        if self.is_sign("-"):
            at = self.take().at
            return Applied(amount.negative, (self.signed(depth + 1),), at)
        found = self.atom(depth)
        if self.is_sign("**"):
            at = self.take().at
            return Applied(amount.power, (found, self.signed(depth + 1)), at)
        return found

    def atom(self, depth: int) -> Tree:
        token = self.take() if self.next.kind != END else self.next
        if token.kind == "number":
            return self.number(token)
        if token.kind == "word" and token.text not in (IF, ELSE):
            return self.call(token, depth) if self.is_sign("(") else Name(token.text, token.at)
        if token.text != "(":
            raise _unexpected(token)
        found = self.choice(depth + 1)
        self.expect(")")
        return found

    def number(self, token: Token) -> Tree:
        """A word right after a number can only be its unit."""
        plain = amount.number(Fraction(token.text))
        if self.next.kind != "word" or self.next.text in (IF, ELSE):
            return Number(plain)
        unit = self.take()
        try:
            return Number(amount.quantity(plain.value, unit.text))
        except Misread as wrong:
            raise placed(unit.at, wrong) from None

    def call(self, token: Token, depth: int) -> Tree:
        if token.text not in FUNCTIONS:
            mend = choose(token.text, FUNCTIONS, f"there are: {', '.join(FUNCTIONS)}")
            raise Misread(f"no function is called {shown(token.text)}, at character {token.at}", mend)
        operands = tuple(self.arguments(depth))
        apply, least, most = FUNCTIONS[token.text]
        if not least <= len(operands) <= most:
            takes = str(least) if least == most else f"{least} to {most}"
            raise Misread(f"`{token.text}` takes {takes}, not {len(operands)} numbers, at character {token.at}", "")
        return Applied(apply, operands, token.at)

    def arguments(self, depth: int) -> Iterator[Tree]:
        self.expect("(")
        yield self.choice(depth + 1)
        while self.is_sign(","):
            self.take()
            yield self.choice(depth + 1)
        self.expect(")")
