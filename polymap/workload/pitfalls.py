"""What ISL reads in silence otherwise than it was meant: refused, so that no wrong domain is counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

Finding: TypeAlias = "tuple[str, str]"

_TOKEN = re.compile(r"[0-9]+|[A-Za-z_][A-Za-z0-9_']*|\S")
_PRODUCT = re.compile(r"([A-Za-z_]\w*)\s*\*\s*([A-Za-z_]\w*)")
_ROUNDED = ("floor", "ceil", "floord", "ceild")
_MOD = ("mod", "%")
_JOINING = ("and", "or", "not", "implies", "exists")


def pitfalls(text: str) -> Iterator[Finding]:
    """What is treacherous in a domain's text: what it is, and how to mend it."""
    strange = next((letter for letter in text if not (" " <= letter <= "~" or letter in "\t\r\n")), "")
    if strange:
        yield f"the character {strange!a} has no meaning", "write plain ASCII, e.g. <=, >=, != and and"
        return
    plain = re.sub("#.*", "", text)
    yield from _beyond(plain)
    tokens = _TOKEN.findall(plain)
    yield from _quotients(tokens)
    yield from _factors(tokens)


def product(text: str) -> str:
    """The first product of two names in a text that ISL cannot read; nothing if there is none.

    >>> product("{ [p,r] : p * r < 3 }")
    'p * r'
    """
    found = _PRODUCT.search(text)
    return found[0] if found else ""


def _beyond(text: str) -> Iterator[Finding]:
    """ISL stops reading at the closing brace."""
    rest = text.partition("}")[2].strip()
    if rest:
        yield f"'{rest[:40]}' stands behind the set", "put all constraints inside one pair of braces"


def _quotients(tokens: list[str]) -> Iterator[Finding]:
    """`i < 7/2` is read as `i <= 7/2 - 1`; only inside of floor, ceil and brackets a quotient is what it seems."""
    around: list[bool] = []
    for at, token in enumerate(tokens):
        if token in "([":
            around.append(token == "[" or (at > 0 and tokens[at - 1] in _ROUNDED))
        elif token in ")]" and around:
            around.pop()
        elif token == "/" and not any(around):
            yield "a quotient is not affine", "write floor(i/2) or ceil(i/2), or multiply both sides of the comparison"
            return


def _factors(tokens: list[str]) -> Iterator[Finding]:
    """`mod` binds more tightly than a factor or a sign before it: `2*i mod 3` is read as `2*(i mod 3)`."""
    for at, token in enumerate(tokens):
        if token in _MOD:
            first = _operand(tokens, at)
            if _is_factor(tokens, first):
                said = "".join(tokens[first - (2 if tokens[first - 1] == "*" else 1) : at])
                yield f"mod behind '{said}' may be read in two ways", "write e.g. (2*i) mod 3 or 2*(i mod 3)"
                return


def _operand(tokens: list[str], end: int) -> int:
    """Where the operand begins that ends before `end`: a name, a number, or all of a pair of brackets."""
    depth, at = 0, end - 1
    while at > 0:
        depth += (tokens[at] in ")]") - (tokens[at] in "([")
        if depth <= 0:
            break
        at -= 1
    return at - 1 if at > 0 and tokens[at - 1] in _ROUNDED else at


def _is_factor(tokens: list[str], at: int) -> bool:
    """Whether a factor, or a sign that subtracts from nothing, stands right before the operand at `at`."""
    before, earlier = ([""] * 2 + tokens[:at])[:-3:-1]
    return before == "*" or before.isdigit() or (before == "-" and not _ends_operand(earlier))


def _ends_operand(token: str) -> bool:
    return token in (")", "]") or (token[:1].isalnum() and token not in (*_JOINING, *_MOD))
