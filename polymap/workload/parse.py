"""Einsum text to its accesses: `O[n,k,p,q] += I[n,c,2*p+r-1,2*q+s-1] * W[k,c,r,s]`.

    einsum  = access "+=" access { "*" access }
    access  = NAME "[" [ index { "," index } ] "]"
    index   = [ "+" | "-" ] product { ( "+" | "-" ) product }
    product = factor { "*" factor }
    factor  = NUMBER | NAME | "(" index ")" | ( "+" | "-" ) factor

A NAME in an index is a constant if it is listed as one, else a rank. An index must come out affine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import NoReturn

from polymap.errors import Mistake, Place, SpecError
from polymap.workload.einsum import Affine
from polymap.workload.statement import LIMIT, Access, Statement, ranks_of

DEPTH = 50
LONGEST_INDEX = 60  # of an index in a message
TEXT = Place("einsum", 1, 1)

TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>[0-9]+)|(?P<sign>\+=|[][(),=*+-])|(?P<bad>.)"
)


@dataclass(frozen=True)
class Token:
    """`kind` is name, number, sign, bad or end; `start` counts characters from 0."""

    kind: str
    text: str
    start: int

    def __str__(self) -> str:
        return f"'{self.text}'" if self.text else "the end"


@dataclass(frozen=True)
class Linear:
    """An index while it is read: coefficients per rank (zeros stay until the end) and a constant."""

    terms: dict[str, int] = field(default_factory=dict)
    constant: int = 0

    def plus(self, other: Linear) -> Linear:
        terms = dict(self.terms)
        for rank, coefficient in other.terms.items():
            terms[rank] = terms.get(rank, 0) + coefficient
        return Linear(terms, self.constant + other.constant)

    def times(self, factor: int) -> Linear:
        return Linear({rank: factor * coefficient for rank, coefficient in self.terms.items()}, factor * self.constant)

    def affine(self) -> Affine:
        return Affine(tuple((rank, c) for rank, c in self.terms.items() if c), self.constant)


def parse(text: str, constants: Mapping[str, int] | None = None, place: Place = TEXT) -> Statement:
    """Read einsum text; `constants` gives the integers that named constants stand for.

    `place` is where the text stands in a file, if it does. Raises `SpecError` with every mistake that can be found,
    each with the line of text and a caret under the column.
    """
    parser = _Parser(text, dict(constants or {}), place)
    statement = parser.statement()
    parser.check(statement)
    if parser.mistakes:
        raise SpecError(parser.mistakes)
    return statement


def tokens(text: str) -> Iterator[Token]:
    for match in TOKEN.finditer(text):
        if match.lastgroup != "space":
            yield Token(str(match.lastgroup), match.group(), match.start())
    yield Token("end", "", len(text))


def caret(text: str, start: int) -> str:
    """The line of `text` that holds character `start`, and a caret under it."""
    begin = text.rfind("\n", 0, start) + 1
    line = text[begin:].split("\n", 1)[0].replace("\t", " ")
    return f"\n    {line}\n    {' ' * (start - begin)}^"


class _Parser:
    """Recursive descent over the tokens. A mistake of form stops it; mistakes of meaning are collected."""

    def __init__(self, text: str, constants: dict[str, int], place: Place) -> None:
        self.text, self.constants, self.place = text, constants, place
        self.tokens = list(tokens(text))
        self.at = 0
        self.depth = 0
        self.mistakes: list[Mistake] = []
        self.first_use: dict[str, int] = {}
        self.used_constants: set[str] = set()

    # What stands next.

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self, *signs: str) -> Token | None:
        """The next token if it is one of `signs`, taken; else None."""
        if self.next.kind == "sign" and self.next.text in signs:
            self.at += 1
            return self.tokens[self.at - 1]
        return None

    def expect(self, sign: str, mend: str = "") -> Token:
        token = self.take(sign)
        if token is None:
            self.stop(f"expected '{sign}' but found {self.next}", mend)
        return token

    # What is wrong.

    def mistake(self, start: int, message: str, mend: str = "") -> Mistake:
        return Mistake(self.place_of(start), message + caret(self.text, start), mend)

    def place_of(self, start: int) -> Place:
        """In a file, where the whole text begins: how the file quotes and folds it is not known here."""
        if self.place != TEXT:
            return self.place
        line = self.text.count("\n", 0, start)
        return replace(TEXT, line=line + 1, column=start - self.text.rfind("\n", 0, start))

    def note(self, start: int, message: str, mend: str = "") -> None:
        self.mistakes.append(self.mistake(start, message, mend))

    def stop(self, message: str, mend: str = "") -> NoReturn:
        self.note(self.next.start, message, mend)
        raise SpecError(self.mistakes)

    # The grammar.

    def statement(self) -> Statement:
        output = self.access()
        self.update()
        inputs = [self.access()]
        while self.take("*"):
            inputs.append(self.access())
        if self.next.kind != "end":
            self.stop(f"expected '*' and another input, or the end, but found {self.next}")
        return Statement(output, tuple(inputs), ranks_of((output, *inputs)), frozenset(self.used_constants))

    def update(self) -> None:
        if self.next.text == "=":
            self.stop("'=' would assign; an einsum accumulates", "write '+=' instead of '='")
        self.expect("+=", "an einsum reads: O[...] += A[...] * B[...]")

    def access(self) -> Access:
        name = self.next
        if name.kind != "name":
            self.stop(f"expected a tensor name but found {name}", "an einsum reads: O[...] += A[...] * B[...]")
        self.at += 1
        self.expect("[", f"write the coordinates of {name.text} in brackets; '{name.text}[]' is a scalar")
        return Access(name.text, self.coordinates(), name.start)

    def coordinates(self) -> tuple[Affine, ...]:
        if self.take("]"):
            return ()
        found = [self.coordinate()]
        while self.take(","):
            found.append(self.coordinate())
        if not self.take("]"):
            self.stop(f"expected ',' or ']' but found {self.next}", _index_mend(self.next))
        return tuple(found)

    def coordinate(self) -> Affine:
        start = self.next.start
        affine = self.index().affine()
        if any(abs(number) >= LIMIT for number in (affine.constant, *dict(affine.terms).values())):
            written = self.text[start : self.next.start].strip()
            text = written if len(written) <= LONGEST_INDEX else f"{written[:LONGEST_INDEX]}..."
            self.note(start, f"a coefficient or constant of index {text} is 2^31 or more", "shrink the stride")
        return affine

    def index(self) -> Linear:
        self.depth += 1
        if self.depth > DEPTH:
            self.stop(f"more than {DEPTH} parentheses inside each other")
        total = self.product()
        while sign := self.take("+", "-"):
            total = total.plus(self.product().times(-1 if sign.text == "-" else 1))
        self.depth -= 1
        return total

    def product(self) -> Linear:
        start = self.next.start
        factors = [self.factor()]
        while self.take("*"):
            factors.append(self.factor())
        if sum(1 for factor in factors if factor.terms) > 1:
            product = self.text[start : self.next.start].strip()
            self.note(start, f"index {product} is not affine: it multiplies ranks", "multiply ranks by constants only")
            return Linear({rank: 1 for factor in factors for rank in factor.terms})
        ranks = next((factor for factor in factors if factor.terms), Linear({}, 1))
        return ranks.times(prod(factor.constant for factor in factors if factor is not ranks))

    def factor(self) -> Linear:
        sign = 1
        while token := self.take("+", "-"):
            sign = -sign if token.text == "-" else sign
        return self.operand().times(sign)

    def operand(self) -> Linear:
        token = self.next
        if self.take("("):
            inner = self.index()
            self.expect(")")
            return inner
        if token.kind not in ("name", "number"):
            self.stop(f"expected a rank or a number but found {token}", _index_mend(token) or self.operand_mend())
        self.at += 1
        return self.number(token) if token.kind == "number" else self.name(token)

    def operand_mend(self) -> str:
        before = self.tokens[self.at - 1].text
        return f"write one after '{before}', or leave that out" if before in ("+", "-", "*", ",") else "write one here"

    def number(self, token: Token) -> Linear:
        if len(token.text.lstrip("0")) > 10:
            self.note(token.start, "the number is too large", "numbers stay below 2^31 = 2147483648")
            return Linear()
        return Linear({}, int(token.text))

    def name(self, token: Token) -> Linear:
        if token.text in self.constants:
            self.used_constants.add(token.text)
            return Linear({}, self.constants[token.text])
        self.first_use.setdefault(token.text, token.start)
        return Linear({token.text: 1})

    # The meaning.

    def check(self, statement: Statement) -> None:
        self.check_tensors((statement.output, *statement.inputs))
        for rank in (rank for rank in self.first_use if rank not in statement.ranks):
            self.note(self.first_use[rank], f"rank {rank} vanishes: its coefficients add up to 0", "leave it out")

    def check_tensors(self, accesses: tuple[Access, ...]) -> None:
        output = accesses[0].name
        seen: set[str] = set()
        for access in accesses:
            if access.name in seen:
                what = "is both output and input" if access.name == output else "is named twice"
                self.note(access.start, f"tensor {access.name} {what}", "give the second use another name")
            seen.add(access.name)
            kind = "rank" if access.name in self.first_use else "constant"
            if access.name in self.first_use or access.name in self.used_constants:
                self.note(access.start, f"{access.name} names both a tensor and a {kind}", "rename one of them")


def _index_mend(token: Token) -> str:
    if token.kind in ("name", "number"):
        return "write products with '*', as in 2*p"
    return "an index is a sum of ranks times integers" if token.kind == "bad" or token.text in ("(", "[") else ""
