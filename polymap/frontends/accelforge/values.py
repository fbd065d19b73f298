"""What expressions of AccelForge's files are worth.

Of the tree only the nodes named here are walked: nothing is executed, no attribute of an object is looked up. Length,
depth, powers and digits are bounded.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from polymap.frontends.accelforge.functions import FUNCTIONS
from polymap.frontends.accelforge.kinds import (
    GRAMMAR,
    INFINITE,
    Action,
    Known,
    Number,
    Tensors,
    Time,
    Unnamed,
    Value,
    bounded,
    truth,
)
from polymap.frontends.expressions import said, tree
from polymap.quantity import Misread, near, shown

LONGEST, DEEPEST = 400, 32


def evaluate(given: object, known: Known) -> Value:
    """The value of what stands in a file. Raises `Misread`.

    >>> evaluate("8 * 38.4e9", Known()), evaluate("1 / 4 if 2 > 1 else inf", Known())
    (Fraction(307200000000, 1), Fraction(1, 4))
    """
    if isinstance(given, bool):
        return given
    if isinstance(given, int | Decimal | Fraction):
        return bounded(Fraction(given))
    return _value(tree(str(given).strip(), LONGEST, DEEPEST, GRAMMAR), known)


def number(given: object, known: Known) -> Number:
    """A number, which may be infinite. Raises `Misread`."""
    found = evaluate(given, known)
    if isinstance(found, bool) or not isinstance(found, Fraction | float):
        raise Misread(f"{shown(given)} is no number", "calculate with numbers only")
    return found


def tensors(given: object, known: Known) -> frozenset[str]:
    """A set of tensors. Raises `Misread`."""
    found = evaluate(given, known)
    if not isinstance(found, Tensors):
        raise Misread(
            f"{shown(given)} is no set of tensors", "write e.g. `input | output`, `~weight`, `All`, `Nothing`"
        )
    return found.names


def _value(node: ast.expr, known: Known) -> Value:
    walk = _NODES.get(type(node))
    if walk is None:
        raise Misread(f"{shown(said(node))} is not read", GRAMMAR)
    return walk(node, known)


def _constant(node: ast.Constant, known: Known) -> Value:
    if isinstance(node.value, bool):
        return node.value
    if isinstance(node.value, int):
        return bounded(Fraction(node.value))
    if isinstance(node.value, float) and math.isfinite(node.value):
        return bounded(node.value)
    raise Misread(f"{shown(node.value)} is no number", GRAMMAR)


def _name(node: ast.Name, known: Known) -> Value:
    fixed: dict[str, Value] = {"inf": INFINITE, "All": Tensors(known.all), "Nothing": Tensors(frozenset())}
    found = known.names.get(node.id, fixed.get(node.id))
    if found is None:
        names = (*known.names, *fixed)
        guess = near(node.id, names)
        mend = f"did you mean `{guess}`? " if guess else ""
        raise Unnamed(f"nothing is called {shown(node.id)} here", f"{mend}there are: {', '.join(names)}")
    return found


def _attribute(node: ast.Attribute, known: Known) -> Value:
    of = _value(node.value, known)
    if isinstance(of, Action) and node.attr == "n_calls":
        return Time.calls(of.name)
    if isinstance(of, Action) and node.attr == "throughput":
        return of.throughput
    if isinstance(of, Tensors) and node.attr == "tensors":
        return of
    if isinstance(of, Tensors) and node.attr == "bits_per_value":
        return _bits(of, known)
    raise Misread(f"`.{node.attr}` is not read", "there are .bits_per_value, .tensors, .n_calls and .throughput")


def _bits(of: Tensors, known: Known) -> Fraction:
    found = {known.bits.get(name) for name in of.names}
    if len(found) != 1 or None in found:
        what = "tensors of different sizes" if len(found) > 1 else "tensors whose bits are not known"
        raise Misread(f"`bits_per_value` of {what}", "name the file of the workload, too, and one tensor here")
    return next(bits for bits in found if bits is not None)


def _unary(node: ast.UnaryOp, known: Known) -> Value:
    of = _value(node.operand, known)
    if isinstance(node.op, ast.Not):
        return not truth(of)
    if isinstance(node.op, ast.Invert) and isinstance(of, Tensors):
        return Tensors(known.all - of.names)
    if isinstance(node.op, ast.USub | ast.UAdd) and isinstance(of, Fraction):
        return -of if isinstance(node.op, ast.USub) else of
    raise Misread(f"{shown(said(node))} has no value", GRAMMAR)


_SETS: dict[type[ast.operator], Callable[[frozenset[str], frozenset[str]], frozenset[str]]] = {
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.Sub: operator.sub,
    ast.BitXor: operator.xor,
}
_SUMS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def _binary(node: ast.BinOp, known: Known) -> Value:
    left, right = _value(node.left, known), _value(node.right, known)
    kind = type(node.op)
    if isinstance(left, Tensors) and isinstance(right, Tensors) and kind in _SETS:
        return Tensors(_SETS[kind](left.names, right.names))
    if isinstance(left, Time) or isinstance(right, Time):
        return _timed(left, kind, right)
    if _is_number(left) and _is_number(right):
        return _calculated(left, kind, right)
    raise Misread(f"{shown(said(node))} has no value", GRAMMAR)


def _is_number(value: Value) -> bool:
    return isinstance(value, Fraction | float) and not isinstance(value, bool)


def _calculated(left: Value, kind: type[ast.operator], right: Value) -> Number:
    assert isinstance(left, Fraction | float)
    assert isinstance(right, Fraction | float)
    try:
        found = _power(left, right) if kind is ast.Pow else _SUMS[kind](left, right)
    except KeyError:
        raise Misread("this operator takes no numbers", GRAMMAR) from None
    except ZeroDivisionError:
        raise Misread("a division by 0", "divide by another number") from None
    return bounded(found)


def _power(left: Number, right: Number) -> Number:
    """Exact for whole exponents that are not large."""
    if isinstance(left, Fraction) and isinstance(right, Fraction) and right.denominator == 1 and abs(right) <= DEEPEST:
        return Fraction(left ** int(right))
    try:
        found: object = float(left) ** float(right)
    except (OverflowError, ZeroDivisionError):
        raise Misread("a power is too large", "write smaller numbers") from None
    if not isinstance(found, float):
        raise Misread("a power is no real number", "write a base of 0 or more")
    return float(found)


def _timed(left: Value, kind: type[ast.operator], right: Value) -> Time:
    if isinstance(left, Time) and isinstance(right, Time) and kind is ast.Add:
        return left.plus(right)
    if isinstance(left, Time) and kind is ast.Div and _is_number(right) and right != 0:
        assert isinstance(right, Fraction | float)
        return left.times(Fraction(0) if isinstance(right, float) else 1 / right)
    if kind is ast.Mult:
        time, factor = (left, right) if isinstance(left, Time) else (right, left)
        if isinstance(time, Time) and isinstance(factor, Fraction):
            return time.times(factor)
    raise Misread("times are added, and multiplied and divided by numbers", GRAMMAR)


def _choice(node: ast.IfExp, known: Known) -> Value:
    return _value(node.body if truth(_value(node.test, known)) else node.orelse, known)


def _logical(node: ast.BoolOp, known: Known) -> Value:
    found = [truth(_value(value, known)) for value in node.values]
    return all(found) if isinstance(node.op, ast.And) else any(found)


_COMPARED: dict[type[ast.cmpop], Callable[[Number, Number], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def _compared(node: ast.Compare, known: Known) -> Value:
    values = [_value(value, known) for value in (node.left, *node.comparators)]
    found = []
    for sign, left, right in zip(node.ops, values, values[1:]):
        compare = _COMPARED.get(type(sign))
        if compare is None or not isinstance(left, Fraction | float) or not isinstance(right, Fraction | float):
            raise Misread(f"{shown(said(node))} compares no numbers", GRAMMAR)
        found.append(compare(left, right))
    return all(found)


def _called(node: ast.Call, known: Known) -> Value:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in FUNCTIONS or node.keywords or not node.args:
        raise Misread(f"{shown(said(node.func))} is no function here", f"use: {', '.join(FUNCTIONS)}")
    if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp | ast.ListComp):
        found = _over_actions(node.args[0], known)
    else:
        found = [_value(argument, known) for argument in node.args]
    return FUNCTIONS[name](found)


def _over_actions(node: ast.GeneratorExp | ast.ListComp, known: Known) -> list[Value]:
    """`... for a in actions`, the only loop there is."""
    loop = node.generators[0]
    if len(node.generators) > 1 or loop.ifs or not isinstance(loop.target, ast.Name):
        raise Misread(f"{shown(said(node))} is not read", "write `... for a in actions`")
    over = _value(loop.iter, known)
    if not isinstance(over, tuple):
        raise Misread(f"{shown(said(loop.iter))} is no list of actions", "write `... for a in actions`")
    return [_value(node.elt, known.with_names({loop.target.id: action})) for action in over]


_NODES: dict[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.IfExp: _choice,
    ast.BoolOp: _logical,
    ast.Compare: _compared,
    ast.Call: _called,
}
