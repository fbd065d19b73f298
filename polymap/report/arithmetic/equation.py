"""Equations whose value is what their printed text gives: `reads = crossing + drains = 8 + 4 = 12`."""

from __future__ import annotations

import ast
import operator
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any, TypeAlias

Number: TypeAlias = int | Fraction
WIDTH = 116
MOST_DIGITS = 15

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: Fraction(a) / b,
    ast.Pow: operator.pow,
}
_CALLED: dict[str, Callable[..., Any]] = {"max": max, "min": min, "ceil": ceil, "floor": floor, "abs": abs}


@dataclass(frozen=True)
class Equation:
    """`name = formula = values = value`: `formula` speaks by name of `parts` and of other numbers of the result.

    `values` is the formula with every name replaced by its number. `note` says in words what is counted, `details` say
    more, a line each.
    """

    name: str
    formula: str
    values: str
    value: Number
    note: str = ""
    details: tuple[str, ...] = ()
    parts: tuple[Equation, ...] = ()

    def lines(self, depth: int = 0) -> Iterator[tuple[int, Equation]]:
        """The equation and those of its parts, each once, with how deep they stand."""
        yield depth, self
        for part in self.parts:
            yield from part.lines(depth + 1)

    def to_dict(self, depth: int) -> dict[str, object]:
        """One line of `explain --json`; `depth` is that of the line it belongs to, plus one."""
        return {
            "depth": depth,
            "name": self.name,
            "formula": self.formula,
            "values": self.values,
            "value": plain(self.value),
            "note": self.note,
            "details": list(self.details),
        }


def equation(
    name: str,
    template: str,
    parts: Sequence[Equation] = (),
    given: Mapping[str, Number] | None = None,
    note: str = "",
    details: Sequence[str] = (),
) -> Equation:
    """The equation of a template such as `{crossing} + {drains}`; `given` are numbers that need no line of their own.

    >>> equation("reads", "{crossing} + 2 * {drains}", given={"crossing": 8, "drains": 4}).value
    16
    """
    known = {**{part.name: part.value for part in parts}, **(given or {})}
    formula = values = template
    for key, value in known.items():
        formula = formula.replace(f"{{{key}}}", key)
        values = values.replace(f"{{{key}}}", factor(value))
    return Equation(name, formula, values, evaluated(values), note, tuple(details), tuple(parts))


def leaf(name: str, value: Number, note: str, details: Sequence[str] = ()) -> Equation:
    """A number that is looked at, not computed."""
    return Equation(name, spelled(value), spelled(value), value, note, tuple(details))


def evaluated(text: str) -> Number:
    """The exact value of arithmetic in decimals and fractions: `+ - * / **`, `max`, `min`, `ceil`, `floor`, `abs`.

    >>> evaluated("ceil((1 + 0.5) / 2) * max(3, 4)")
    4
    """
    return _whole(_value(ast.parse(text, mode="eval").body, text))


def _value(node: ast.AST, text: str) -> Any:
    if isinstance(node, ast.Constant):
        return Fraction(ast.get_source_segment(text, node) or "")
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, text)
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_value(node.left, text), _value(node.right, text))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _CALLED[node.func.id](*(_value(argument, text) for argument in node.args))
    raise ValueError(f"no arithmetic: {text}")


def _whole(value: Number) -> Number:
    return int(value) if value == int(value) else value


def plain(value: Number) -> int | float:
    """A number as JSON has it: whole if it is, else a float."""
    return int(value) if value == int(value) else float(value)


def factor(value: Number) -> str:
    """A number as part of a formula: in brackets if it has a sign or is a fraction."""
    text = spelled(value)
    return f"({text})" if "/" in text or text.startswith("-") else text


def spelled(value: Number) -> str:
    """An exact number: an integer, a short decimal, else a fraction.

    >>> spelled(Fraction(5, 4)), spelled(Fraction(1, 3)), spelled(7)
    ('1.25', '1/3', '7')
    """
    exact = Fraction(value)
    if exact.denominator == 1:
        return str(exact.numerator)
    for digits in range(1, MOST_DIGITS):
        if 10**digits % exact.denominator == 0:
            whole, rest = divmod(abs(exact.numerator) * (10**digits // exact.denominator), 10**digits)
            return f"{'-' * (exact < 0)}{whole}.{rest:0{digits}d}".rstrip("0")
    return f"{exact.numerator}/{exact.denominator}"


# text


def equations_text(found: Equation, shown: Callable[[Number], str]) -> list[str]:
    """An equation and its parts as lines, parts indented; `shown` writes values."""
    return [line for depth, each in found.lines() for line in _equation_text(each, "  " * (depth + 1), shown)]


def _equation_text(found: Equation, indent: str, shown: Callable[[Number], str]) -> list[str]:
    sides = [found.formula, found.values, shown(found.value)]
    sides = [side for n, side in enumerate(sides) if side not in sides[:n]]
    one = f"{indent}{found.name} = {' = '.join(sides)}"
    lines = [one] if len(one) <= WIDTH else _broken(found.name, sides, indent)
    details = [f"{indent}    {detail}" for detail in found.details]
    if not found.note:
        return [*lines, *details]
    if len(lines[-1]) + len(found.note) + 4 <= WIDTH:
        return [*lines[:-1], f"{lines[-1]}    {found.note}", *details]
    return [
        *lines,
        *textwrap.wrap(found.note, WIDTH, initial_indent=f"{indent}    ", subsequent_indent=f"{indent}    "),
        *details,
    ]


def _broken(name: str, sides: Sequence[str], indent: str) -> list[str]:
    """Every side of a long equation on lines of its own, broken before an operator."""
    lines = [f"{indent}{name}"]
    for side in sides:
        lines += _wrapped(f"= {side}", f"{indent}  ")
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    lines, line = list[str](), indent
    for piece in text.replace(" + ", "\n+ ").replace(" * ", "\n* ").split("\n"):
        if len(line) + len(piece) + 1 > WIDTH and line.strip():
            lines.append(line)
            line = f"{indent}  "
        line += piece if not line.strip() else f" {piece}"
    return [*lines, line]
