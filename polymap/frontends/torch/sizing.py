"""Sizes that an exported program leaves open: symbols, and expressions of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from math import prod

from polymap.frontends.expressions import said, tree
from polymap.frontends.forms.form import Unfit, Value
from polymap.frontends.torch.program import Program, Tensor
from polymap.quantity import Misread

LONGEST, DEEPEST = 2000, 100


def symbols(program: Program) -> dict[str, str]:
    """The names that `--set` may use, and the symbol that each stands for: `x[0]`, and torch's own, such as `s77`."""
    names: dict[str, str] = {}
    for tensor in program.inputs:
        for axis, size in enumerate(tensor.sizes):
            symbol = _open(size) if isinstance(size, str) else ""
            if symbol:
                names[f"{tensor.name}[{axis}]"] = symbol
    return {**names, **{symbol: symbol for symbol in names.values()}}


def _open(text: str) -> str:
    """The symbol that a text is, if it is nothing else."""
    try:
        return _symbol(tree(text, LONGEST, DEEPEST))
    except Misread:
        return ""


def _symbol(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Symbol" and node.args:
        return str(node.args[0].value) if isinstance(node.args[0], ast.Constant) else ""
    return node.id if isinstance(node, ast.Name) else ""


def valued(tensor: Tensor, known: Mapping[str, int]) -> Value:
    """The tensor with numbers for sizes. Raises `Unfit` where one is not known."""
    try:
        sizes = tuple(size if isinstance(size, int) else evaluated(size, known) for size in tensor.sizes)
    except Misread as error:
        raise Unfit(f"a size of tensor {tensor.name} is not known: {error}") from None
    return Value(sizes, tensor.bits)


def evaluated(text: str, known: Mapping[str, int]) -> int:
    """The number of an expression as torch prints it (`2*s0`) or stores it (`Mul(Integer(2), Symbol('s0'))`).

    Raises `Misread` for what is not understood, or has a symbol that is not known.

    >>> evaluated("2*s0 + 1", {"s0": 4}), evaluated("FloorDiv(Symbol('s0', integer=True), Integer(2))", {"s0": 5})
    (9, 2)
    """
    return _number(tree(text, LONGEST, DEEPEST), known)


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
    symbol = _symbol(node)
    if symbol:
        return _known(symbol, known)
    try:
        if isinstance(node, ast.BinOp) and type(node.op) in _INFIX:
            return _INFIX[type(node.op)](_number(node.left, known), _number(node.right, known))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args and node.func.id in _CALLS:
            return _CALLS[node.func.id]([_number(argument, known) for argument in node.args])
    except (ZeroDivisionError, IndexError):
        raise Misread(f"{said(node)} has no value") from None
    raise Misread(f"{said(node)} is not understood")


def _known(symbol: str, known: Mapping[str, int]) -> int:
    if symbol not in known:
        raise Misread(f"{symbol} is open")
    return known[symbol]
