"""Sizes that an exported program leaves open: symbols, and expressions of them."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from math import prod

from polymap.frontends.forms.form import Unfit, Value
from polymap.frontends.torch.program import Program, Tensor

LONGEST = 2000  # characters of an expression


class Unknown(ValueError):
    """An expression that is not understood, or that has an open symbol."""


def symbols(program: Program) -> dict[str, str]:
    """The names that `--set` may use, and the symbol that each stands for: `x[0]`, and torch's own, such as `s77`."""
    names: dict[str, str] = {}
    for tensor in program.inputs:
        for axis, size in enumerate(tensor.sizes):
            symbol = _symbol(size) if isinstance(size, str) else ""
            if symbol:
                names[f"{tensor.name}[{axis}]"] = symbol
    return {**names, **{symbol: symbol for symbol in names.values()}}


def _symbol(text: str) -> str:
    """The symbol that an expression is, if it is nothing else."""
    try:
        found = _parsed(text)
    except Unknown:
        return ""
    if isinstance(found, ast.Call) and isinstance(found.func, ast.Name) and found.func.id == "Symbol" and found.args:
        return str(found.args[0].value) if isinstance(found.args[0], ast.Constant) else ""
    return found.id if isinstance(found, ast.Name) else ""


def valued(tensor: Tensor, known: Mapping[str, int]) -> Value:
    """The tensor with numbers for sizes. Raises `Unfit` where one is not known."""
    try:
        sizes = tuple(size if isinstance(size, int) else evaluated(size, known) for size in tensor.sizes)
    except Unknown as error:
        raise Unfit(f"a size of tensor {tensor.name} is not known: {error}") from None
    return Value(sizes, tensor.bits)


def evaluated(text: str, known: Mapping[str, int]) -> int:
    """The number of an expression as torch prints it (`2*s0`) or stores it (`Mul(Integer(2), Symbol('s0'))`).

    >>> evaluated("2*s0 + 1", {"s0": 4}), evaluated("FloorDiv(Symbol('s0', integer=True), Integer(2))", {"s0": 5})
    (9, 2)
    """
    return _number(_parsed(text), known)


def _parsed(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise Unknown("its expression is too long")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of some text that it parses; here it is unknown
            return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unknown(f"{text[:60]!r} is no expression") from None


_INFIX: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}
_CALLS: Mapping[str, Callable[[list[int]], int]] = {
    "Integer": lambda numbers: numbers[0],
    "Add": sum,
    "Mul": prod,
    "FloorDiv": lambda numbers: numbers[0] // numbers[1],
    "CleanDiv": lambda numbers: numbers[0] // numbers[1],
    "Mod": lambda numbers: numbers[0] % numbers[1],
    "PythonMod": lambda numbers: numbers[0] % numbers[1],
    "Max": max,
    "Min": min,
}


def _number(node: ast.expr, known: Mapping[str, int]) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(node.operand, known)
    if isinstance(node, ast.Name) or (isinstance(node, ast.Call) and _symbol(ast.unparse(node))):
        return _known(_symbol(ast.unparse(node)), known)
    try:
        if isinstance(node, ast.BinOp) and type(node.op) in _INFIX:
            return _INFIX[type(node.op)](_number(node.left, known), _number(node.right, known))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            return _CALLS[node.func.id]([_number(argument, known) for argument in node.args])
    except (ZeroDivisionError, IndexError):
        raise Unknown(f"{ast.unparse(node)} has no value") from None
    raise Unknown(f"{ast.unparse(node)} is not understood")


def _known(symbol: str, known: Mapping[str, int]) -> int:
    if symbol not in known:
        raise Unknown(f"{symbol} is open")
    return known[symbol]
