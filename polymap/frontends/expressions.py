"""Expressions in Python's notation -> trees, of which each front end walks the nodes that it knows.

Python's parser makes the tree: nothing is executed. Length and depth are bounded, so that walks may recurse.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from polymap.quantity import Misread, shown

SHORT = 60


def tree(text: str, longest: int, deepest: int, mend: str = "") -> ast.expr:
    """The tree of a text of at most `longest` characters, nested at most `deepest` deep. Raises `Misread`.

    >>> said(tree("2*(s0+1)", 400, 32))
    '2 * (s0 + 1)'
    """
    if len(text) > longest:
        raise Misread(f"{shown(text)} has {len(text)} characters", f"write at most {longest}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of some text that it parses, Python warns
            found = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Misread(f"{shown(text)} is no expression", mend) from None
    _check_depth(found, deepest)
    return found


def said(node: ast.expr) -> str:
    """The text of a node, for messages."""
    return ast.unparse(node)[:SHORT]


def _check_depth(found: ast.expr, deepest: int) -> None:
    level = [found]
    for _ in range(deepest):
        level = [operand for node in level for operand in _operands(node)]
    if level:
        raise Misread("the expression is nested too deeply", f"nest at most {deepest} deep")


def _operands(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions right inside, also those of keywords and loops."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        else:
            yield from _operands(child)
