"""CSV files of components -> `Table`: the header says what the columns are, and what is wrong is told with its line.

    component, width [b], action, energy [pJ], area [um2], node [nm], scales_as, source
    my_buffer, 16, read, 0.8, 120, 28, sram_macro, our test chip
    my_buffer, 32, read, 1.5, 230, 28, sram_macro, our test chip

Columns between `component` and `action` are attributes, those after it are from a fixed list. A unit stands in the
header or in each cell. An empty cell of an attribute fits all values, an empty amount is not known.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePath

from polymap import quantity, spec
from polymap.components import term
from polymap.components.amount import Amount, is_unit
from polymap.components.amount import quantity as amount_of
from polymap.components.model import Action, Attribute
from polymap.components.table import Row, Table
from polymap.components.technology import FAMILIES, Technology
from polymap.components.term import Value
from polymap.errors import Mistake, Place
from polymap.quantity import Misread, choose, near, shown

COMPONENT, ACTION, SOURCE = "component", "action", "source"
# Amounts after `action`: the dimension of their unit, and how many of the unit that models answer in one is.
AMOUNTS = {
    "energy": ("energy", 1),
    "delay": ("time", 10**9),
    "area": ("area", 1),
    "leakage": ("power", 10**6),
}
_MADE = {"node": "length", "voltage": "voltage"}
_WORDS = ("family", "scales_as", "error", SOURCE)
AFTER = (*AMOUNTS, *_MADE, *_WORDS)
REQUIRED = (COMPONENT, ACTION, "energy", SOURCE)
RIGHT = "component, ATTRIBUTE [UNIT], ..., action, energy [pJ], delay [ns], area [um2], leakage [uW], node [nm], \
voltage [V], family, scales_as, error, source"
_COLUMN = re.compile(r"(?P<name>[^\[\]]*[^\[\]\s])\s*(?:\[(?P<unit>[^\[\]]+)\])?")


@dataclass(frozen=True)
class Column:
    name: str
    unit: str = ""


def tables(text: str, file: str) -> tuple[Table, ...]:
    """The models of a CSV file, one for each class in it. Raises SpecError with every mistake."""
    mistakes = spec.Mistakes()
    lines = list(_lines(text, file, mistakes))
    header = _header(lines[0] if lines else (1, []), file, mistakes)
    mistakes.check()
    rows = [row for number, cells in lines[1:] if (row := _row(header, number, cells, file, mistakes))]
    if not rows:
        mistakes.note(Mistake(Place(file), "the table has no rows", "add one below the header"))
    _check_once(rows, file, mistakes)
    mistakes.check()
    return tuple(_table(prices, rows, header, file) for prices in dict.fromkeys(row.prices for row in rows))


def _lines(text: str, file: str, mistakes: spec.Mistakes) -> Iterator[tuple[int, list[str]]]:
    """The number and the cells of each line, but for empty ones and those that begin with `#`."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            yield number, [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True))]
        except csv.Error as error:
            mistakes.note(Mistake(Place(file, number), f"the line cannot be read: {error}", "shorten its cells"))


def _header(line: tuple[int, list[str]], file: str, mistakes: spec.Mistakes) -> tuple[Column, ...]:
    place = Place(file, line[0])
    columns = tuple(_column(cell) for cell in line[1])
    names = [column.name for column in columns]
    for message, mend in _wrong_with(columns, names):
        mistakes.note(Mistake(place, message, f"{mend}the header is: {RIGHT}"))
    return columns


def _column(cell: str) -> Column:
    match = _COLUMN.fullmatch(cell)
    return Column(match["name"], match["unit"] or "") if match else Column(cell)


def _wrong_with(columns: Sequence[Column], names: list[str]) -> Iterator[tuple[str, str]]:
    for name in (name for name in REQUIRED if name not in names):
        guess = near(name, [each for each in names if each not in (COMPONENT, *AFTER, ACTION)])
        yield f"the column `{name}` is missing", f"is it {shown(guess)}? " if guess else ""
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield f"two columns are called {shown(name)}", ""
    if COMPONENT in names and names[0] != COMPONENT:
        yield f"the first column is {shown(names[0])}", ""
    for name in names[names.index(ACTION) + 1 :] if ACTION in names else ():
        if name not in AFTER and name not in (COMPONENT, ACTION):
            guess = near(name, AFTER)
            yield f"{shown(name)} is not a column after `action`", f"did you mean `{guess}`? " if guess else ""
    yield from _wrong_units(columns)


def _wrong_units(columns: Sequence[Column]) -> Iterator[tuple[str, str]]:
    for column in columns:
        dimension = AMOUNTS.get(column.name, ("", 1))[0] or _MADE.get(column.name, "")
        known = dimension in quantity.UNITS and column.unit in quantity.UNITS[dimension]
        if column.unit and not (known if dimension else is_unit(column.unit)):
            of = f" of {dimension}" if dimension else ""
            yield f"{shown(column.unit)} in {shown(column.name)} is not a unit{of}", ""


def _row(header: Sequence[Column], line: int, cells: list[str], file: str, mistakes: spec.Mistakes) -> Row | None:
    if len(cells) != len(header):
        message = f"the row has {len(cells)} cells, and the header {len(header)}"
        mistakes.note(Mistake(Place(file, line), message, "quote cells that hold commas; leave unknown ones empty"))
        return None
    found = {column.name: (column, cell) for column, cell in zip(header, cells)}
    names = [column.name for column in header]
    reader = _Cells(found, file, line, mistakes)
    attributes = ((name, reader.value(name)) for name in names[1 : names.index(ACTION)])
    amounts = ((name, reader.amount(name)) for name in AMOUNTS)
    return Row(
        prices=reader.word(COMPONENT),
        attributes=tuple((name, value) for name, value in attributes if value is not None),
        action=reader.word(ACTION) if found[ACTION][1] else "",
        amounts=tuple((name, value) for name, value in amounts if value is not None),
        made=reader.made(),
        scales_as=reader.one_of("scales_as", _laws()),
        sigma=reader.error(),
        source=reader.text(SOURCE),
        line=line,
    )


def _laws() -> tuple[str, ...]:
    from polymap.components.scaling import LAWS

    return tuple(LAWS)


@dataclass(frozen=True)
class _Cells:
    """The cells of a row; what is wrong with one is noted with its line and column."""

    cells: Mapping[str, tuple[Column, str]]
    file: str
    line: int
    mistakes: spec.Mistakes

    def wrong(self, name: str, message: str, mend: str) -> None:
        self.mistakes.note(Mistake(Place(self.file, self.line, path=name), message, mend))

    def cell(self, name: str) -> str:
        """What stands there, with the unit of its column; empty where there is nothing."""
        column, cell = self.cells.get(name, (Column(name), ""))
        return f"{cell} {column.unit}" if cell and column.unit else cell

    def word(self, name: str) -> str:
        try:
            return spec.identifier(self.cell(name))
        except Misread as wrong:
            self.wrong(name, wrong.message, wrong.mend)
            return ""

    def text(self, name: str) -> str:
        if not self.cell(name):
            self.wrong(name, f"the {name} is missing", "say where the numbers come from")
        return self.cell(name)

    def one_of(self, name: str, words: Sequence[str]) -> str:
        word = self.cell(name)
        if word and word not in words:
            self.wrong(name, f"{shown(word)} is no {name}", choose(word, words, f"use one of: {', '.join(words)}"))
        return word

    def value(self, name: str) -> Value | None:
        column, cell = self.cells[name]
        try:
            if column.unit and cell:
                return amount_of(quantity.number(cell), column.unit)
            return term.literal(_number(cell)) if cell else None
        except Misread as wrong:
            self.wrong(name, wrong.message, wrong.mend)
            return None

    def measure(self, name: str, dimension: str) -> Fraction | None:
        try:
            return quantity.measure(self.cell(name), dimension) if self.cell(name) else None
        except Misread as wrong:
            self.wrong(name, wrong.message, wrong.mend)
            return None

    def amount(self, name: str) -> float | None:
        dimension, units = AMOUNTS[name]
        found = self.measure(name, dimension)
        return None if found is None else float(found * units)

    def made(self) -> Technology | None:
        node, voltage = self.measure("node", "length"), self.measure("voltage", "voltage")
        family = self.one_of("family", FAMILIES) or FAMILIES[0]
        if not node:
            if voltage is not None or self.cell("scales_as") or node is not None:
                self.wrong("node", "the node is missing", "give the node, e.g. `28 nm`")
            return None
        return Technology(float(node * 10**9), family, None if voltage is None else float(voltage))

    def error(self) -> float:
        """`0.1` or `10 %`."""
        text = self.cell("error")
        try:
            share = quantity.number(text.removesuffix("%").strip()) if text else Fraction(0)
        except Misread as wrong:
            self.wrong("error", wrong.message, "write e.g. `10 %`")
            return 0.0
        if share < 0:
            self.wrong("error", f"{shown(text)} is negative", "write e.g. `10 %`")
        return float(share / 100 if text.endswith("%") else share)


def _number(cell: str) -> object:
    try:
        return quantity.number(cell)
    except Misread:
        return {"true": True, "false": False}.get(cell, cell)


def _check_once(rows: Sequence[Row], file: str, mistakes: spec.Mistakes) -> None:
    seen: dict[object, int] = {}
    for row in rows:
        key = (row.prices, row.attributes, row.action, row.made)
        if key in seen:
            message = f"component, attributes, action and technology are those of line {seen[key]}"
            mistakes.note(Mistake(Place(file, row.line), message, "keep one"))
        seen.setdefault(key, row.line)


def _table(prices: str, rows: Sequence[Row], header: Sequence[Column], file: str) -> Table:
    mine = tuple(row for row in rows if row.prices == prices)
    used = dict.fromkeys(name for row in mine for name, _ in row.attributes)
    attributes = tuple(Attribute(column.name, _reader, column.unit) for column in header if column.name in used)
    actions = tuple(Action(name) for name in dict.fromkeys(row.action for row in mine) if name)
    source = "; ".join(dict.fromkeys(row.source for row in mine))
    return Table(PurePath(file).stem, prices, source, attributes, actions, mine, file)


def _reader(given: object) -> Value:
    """A value that rows are held against."""
    found = term.literal(given)
    if isinstance(found, Amount) and found.value < 0:
        raise Misread(f"{shown(given)} is negative", "give an amount that is 0 or more")
    return found
