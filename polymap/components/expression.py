"""What arithmetic of compound files is worth: a tree of `syntax` and the values of attributes -> an `Amount`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction

from polymap.components import amount
from polymap.components.amount import Amount
from polymap.components.syntax import FUNCTIONS, Applied, Choice, Name, Number, Tree, parse, placed
from polymap.quantity import Misread, near, shown

_COMPARED: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def names(tree: Tree) -> Iterator[Name]:
    """The attributes that an expression speaks of."""
    if isinstance(tree, Name):
        yield tree
    elif not isinstance(tree, Number):
        inner = tree.operands if isinstance(tree, Applied) else (tree.then, tree.left, tree.right, tree.otherwise)
        for operand in inner:
            yield from names(operand)


def evaluate(text: str, known: Mapping[str, object]) -> Amount:
    """The amount of an expression. Raises Misread for what it cannot be.

    >>> str(evaluate("2 * ceil(log2(capacity / 8 b))", {"capacity": amount.quantity(Fraction(1), "KiB")}))
    '20'
    """
    return value(parse(text), known)


def value(tree: Tree, known: Mapping[str, object]) -> Amount:
    """The amount of a tree. Raises Misread."""
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Name):
        return _named(tree, known)
    if isinstance(tree, Choice):
        return value(tree.then if _holds(tree, known) else tree.otherwise, known)
    operands = [value(operand, known) for operand in tree.operands]
    try:
        return tree.apply(*operands)
    except Misread as wrong:
        raise placed(tree.at, wrong) from None


def _holds(tree: Choice, known: Mapping[str, object]) -> bool:
    left, right = value(tree.left, known), value(tree.right, known)
    try:
        amount.same(left, right, "compared")
    except Misread as wrong:
        raise placed(tree.at, wrong) from None
    return _COMPARED[tree.sign](left.value, right.value)


def unknown(name: Name, known: Iterable[str]) -> Misread:
    """A name that no attribute has, with the nearest one."""
    known = tuple(known)
    guess = near(name.name, (*known, *FUNCTIONS))
    listed = f"there are: {', '.join(known) or 'none'}"
    mend = f"did you mean `{guess}`? {listed}" if guess else f"{listed}; a word stands in quotes of its own"
    return Misread(f"no attribute is called {shown(name.name)}, at character {name.at}", mend)


def _named(name: Name, known: Mapping[str, object]) -> Amount:
    if name.name not in known:
        raise unknown(name, known)
    found = known[name.name]
    if not isinstance(found, Amount):
        raise Misread(f"`{name.name}` is no number, at character {name.at}", "calculate with numbers only")
    return found
