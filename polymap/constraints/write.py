"""`Constraints` -> the document `polymap: constraints/1`, which reads back to equal constraints."""

from __future__ import annotations

from typing import Any

from polymap.constraints.amount import ONE_OF, Amount
from polymap.constraints.statements import Constraints, Factor, Kept, Order, Ranks, Statement, Tile, Utilization
from polymap.errors import Mistake, SpecError

Document = dict[str, Any]


def document(constraints: Constraints) -> Document:
    """Plain data, in the order of the statements within each level. Raises `SpecError` where statements of several
    files speak of one thing: a file says it once."""
    top: Document = {"polymap": "constraints/1"}
    top |= {key: text for key, text in (("name", constraints.name), ("source", constraints.source)) if text}
    for statement in constraints.statements:
        _write(top, statement)
    return top


def _write(top: Document, statement: Statement) -> None:
    if isinstance(statement, Kept):
        _name(_at(top, "keep", statement.memory), statement, statement.how, statement.tensors)
    elif isinstance(statement, Ranks):
        _name(_at(top, statement.section, statement.level), statement, statement.how, statement.ranks)
    elif isinstance(statement, Factor):
        _put(_at(top, statement.section, statement.level, "factors"), statement, statement.rank, statement.amount)
    elif isinstance(statement, Order):
        _order(_at(top, "loops", statement.memory), statement.pattern)
    elif isinstance(statement, Tile):
        path = (statement.memory, statement.tensor) if statement.tensor else (statement.memory,)
        _put(_at(top, "tiles", *path), statement, statement.rank, statement.amount)
    elif isinstance(statement, Utilization):
        _put(_at(top, "utilization"), statement, statement.level, statement.amount)


def _at(top: Document, *path: str) -> Document:
    """The mapping under some keys, made where it is not there yet."""
    for key in path:
        top = top.setdefault(key, {})
    return top


def _name(level: Document, statement: Statement, how: str, names: tuple[str, ...]) -> None:
    if how == "only":
        _once(level, statement, how)
    level.setdefault(how, []).extend(names)


def _put(level: Document, statement: Statement, name: str, amount: Amount) -> None:
    _once(level, statement, name)
    level[name] = _plain(amount)


def _once(level: Document, statement: Statement, key: str) -> None:
    if key in level:
        message = f"'{statement.text}' stands beside another statement about the same, and one file says it once"
        raise SpecError(Mistake(statement.place, message, "write the constraints of each file by themselves"))


def _order(level: Document, pattern: str) -> None:
    """One order stands alone, several make a list."""
    given = level.get("order", [])
    orders = [*(given if isinstance(given, list) else [given]), pattern]
    level["order"] = orders if len(orders) > 1 else pattern


def _plain(amount: Amount) -> object:
    """A number, a list of numbers, or the condition as text."""
    first = amount.conditions[0]
    if len(amount.conditions) > 1 or first.relation != ONE_OF or any(n.denominator > 1 for n in first.numbers):
        return str(amount)
    return int(first.numbers[0]) if len(first.numbers) == 1 else [int(number) for number in first.numbers]
