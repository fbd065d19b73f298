"""A generated program, as a tree that prints in any language with loops and arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

ELEMENTS, FLAGS, NUMBERS = "elements", "flags", "numbers"


@dataclass(frozen=True)
class Cell:
    """An element of an array; indices are texts."""

    array: str
    indices: tuple[str, ...]


@dataclass(frozen=True)
class Product:
    """The product of some elements."""

    factors: tuple[Cell, ...]


Value: TypeAlias = Cell | Product | str


@dataclass(frozen=True)
class Comment:
    """A line of text."""

    text: str


@dataclass(frozen=True)
class Scope:
    """Lines with names of their own."""

    body: tuple[Line, ...]


@dataclass(frozen=True)
class For:
    """`variable` runs from `start` to before `stop`, as long as the first text of `within` is less than the second."""

    variable: str
    start: str
    stop: str
    body: tuple[Line, ...]
    note: str = ""
    within: tuple[str, str] | None = None


@dataclass(frozen=True)
class If:
    """`body` where all conditions hold (or, with `any`, one of them), else `otherwise`."""

    conditions: tuple[str, ...]
    body: tuple[Line, ...]
    otherwise: tuple[Line, ...] = ()
    any: bool = False


@dataclass(frozen=True)
class Let:
    """An integer with a name; it may be `Set` again if it `changes`."""

    name: str
    value: str
    changes: bool = False


@dataclass(frozen=True)
class Hold:
    """An element with a name."""

    name: str
    value: Value
    changes: bool = False


@dataclass(frozen=True)
class Set:
    """`target = value`."""

    target: Cell | str
    value: Value


@dataclass(frozen=True)
class Add:
    """`target += value`."""

    target: Cell | str
    value: Value


@dataclass(frozen=True)
class Count:
    """One more of what `counter` counts, unless all conditions of `unless` hold; `only` where a name is true."""

    counter: str
    unless: tuple[str, ...] = ()
    only: str = ""


@dataclass(frozen=True)
class CountAgain:
    """One more of what `counter` counts, unless this is the first time for `mark`; `only` where a name is true."""

    counter: str
    mark: Cell
    only: str = ""


@dataclass(frozen=True)
class Log:
    """A list of what was sent, empty at first: at most `length` keys of `width` integers."""

    length: int
    width: int


@dataclass(frozen=True)
class IsFirst:
    """`first` is whether the key is not on the list of what was sent; then it is put there."""

    key: tuple[str, ...]


Line: TypeAlias = Comment | Scope | For | If | Let | Hold | Set | Add | Count | CountAgain | Log | IsFirst


@dataclass(frozen=True)
class Buffer:
    """An array of the program: its name, its extents, what it is for, and of what it is."""

    name: str
    extents: tuple[int, ...]
    note: str
    of: str = ELEMENTS


@dataclass(frozen=True)
class Argument:
    """A tensor of the caller: name, shape, whether the program writes it, and what its indices mean."""

    name: str
    shape: tuple[int, ...]
    is_output: bool
    note: str = ""


@dataclass(frozen=True)
class Program:
    """A function: its heading, arguments, arrays, counters (by the names of the model's numbers) and lines."""

    name: str
    heading: tuple[str, ...]
    arguments: tuple[Argument, ...]
    buffers: tuple[Buffer, ...]
    counters: tuple[str, ...]
    body: tuple[Line, ...]
    largest: int

    def printed(self, lines: Iterable[Line]) -> tuple[Line, ...]:
        """The lines that are printed: what counts only where there are counters."""
        return tuple(line for line in lines if self.counters or not isinstance(line, Count | CountAgain))


def inner(line: Line) -> tuple[Line, ...]:
    """The lines inside a line."""
    if isinstance(line, For | Scope):
        return line.body
    return (*line.body, *line.otherwise) if isinstance(line, If) else ()


def every(lines: Iterable[Line]) -> Iterable[Line]:
    """All lines, from the outside in."""
    for line in lines:
        yield line
        yield from every(inner(line))


def texts(line: Line) -> tuple[str, ...]:
    """What a line itself says of integers: bounds, conditions, values and indices."""
    if isinstance(line, For):
        return (line.start, line.stop, *(line.within or ()))
    if isinstance(line, If):
        return line.conditions
    if isinstance(line, Let):
        return (line.value,)
    if isinstance(line, IsFirst):
        return line.key
    if isinstance(line, Set | Add):
        return (*_indices(line.target), *_indices(line.value))
    if isinstance(line, CountAgain):
        return line.mark.indices
    return _indices(line.value) if isinstance(line, Hold) else ()


def _indices(value: Value) -> tuple[str, ...]:
    if isinstance(value, Product):
        return tuple(index for factor in value.factors for index in factor.indices)
    return value.indices if isinstance(value, Cell) else (value,)
