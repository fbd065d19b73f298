"""The located tree: what a file or a Python mapping says, each value with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from polymap.errors import Mistake, Place, SpecError
from polymap.quantity import shown

DEEPEST = 64
MOST_NODES = 200_000
LONGEST_KEY = 60
TAG = "!"  # the key under which a mapping has the name of its tag, where tags are read

_INTEGER = re.compile(r"[+-]?\d{1,40}")
_DECIMAL = re.compile(r"[+-]?(\d{1,40}\.\d{0,40}|\.\d{1,40}|\d{1,40}(?=[eE]))([eE][+-]?\d{1,3})?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}

Value: TypeAlias = str | int | Decimal | Fraction | bool | None


@dataclass(frozen=True)
class Scalar:
    """One value; `text` is how it was written, so that a rank called `007` or `true` keeps its name."""

    value: Value
    text: str
    place: Place


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[Located, ...]
    place: Place


@dataclass(frozen=True)
class Field:
    """One key of a mapping with the place of the key itself, and its value."""

    key: str
    place: Place
    value: Located


@dataclass(frozen=True)
class Fields:
    """A mapping, in the order of the file; keys are text."""

    fields: tuple[Field, ...]
    place: Place


Located: TypeAlias = Scalar | Items | Fields
Note: TypeAlias = Callable[[Mistake], None]


def described(node: Located) -> str:
    """What a node is, as messages say it."""
    if isinstance(node, Scalar):
        return "nothing" if node.value is None else shown(node.text)
    return "a list" if isinstance(node, Items) else "a mapping"


def plain_value(text: str) -> Value:
    """The value of an unquoted scalar: YAML 1.2's core rules, so `no`, `010` and `1:30` are not surprises."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text


def key_path(path: str, key: str | int) -> str:
    """`hierarchy` + 2 is `hierarchy[2]`; that + `capacity` is `hierarchy[2].capacity`. Long keys are cut."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if len(key) > LONGEST_KEY:
        key = f"{key[: LONGEST_KEY - 3]}..."
    return f"{path}.{key}" if path else key


def written(node: Located) -> str:
    """A node on one line, in YAML's flow style: `{sram: {width: 64 b, banks: 32}}`."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Items):
        return f"[{', '.join(map(written, node.items))}]"
    return f"{{{', '.join(f'{field.key}: {written(field.value)}' for field in node.fields)}}}"


def from_python(data: object, path: str = "", depth: int = 0) -> Located:
    """The located tree of plain Python data; places are key paths. Raises SpecError for what YAML cannot say."""
    if depth > DEEPEST:
        raise SpecError(Mistake(Place(path=path[:60]), f"the data is nested more than {DEEPEST} deep", "flatten it"))
    place = Place(path=path)
    if isinstance(data, Mapping):
        pairs = ((str(key), value, key_path(path, str(key))) for key, value in data.items())
        return Fields(tuple(Field(k, Place(path=p), from_python(v, p, depth + 1)) for k, v, p in pairs), place)
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return Items(tuple(from_python(v, key_path(path, i), depth + 1) for i, v in enumerate(data)), place)
    return _python_scalar(data, place)


def _python_scalar(data: object, place: Place) -> Scalar:
    if data is None or isinstance(data, (str, bool, int, Fraction)):
        return Scalar(data, str(data), place)
    if isinstance(data, (float, Decimal)) and Decimal(data).is_finite():
        return Scalar(Decimal(str(float(data))) if isinstance(data, float) else data, str(data), place)
    if hasattr(data, "__index__"):
        return Scalar(int(data.__index__()), str(data), place)
    kind = type(data).__name__
    raise SpecError(
        Mistake(
            place, f"a value of type {kind} ({shown(data)}) cannot be read", "give text, a number, a list or a mapping"
        )
    )
