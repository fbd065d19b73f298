"""Values back from their canonical JSON data: the inverse of `polymap.mapper.digest.canonical`."""

from __future__ import annotations

import json
import types
from dataclasses import fields, is_dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Value = TypeVar("Value")
UNIONS = (Union, types.UnionType)


def restored(data: object, kind: type[Value]) -> Value:
    """The value of dataclass `kind` that `data` is the canonical form of. Raises `ValueError` for any other data.

    >>> from polymap.architecture import Rate
    >>> from polymap.mapper.digest import canonical
    >>> restored(canonical(Rate(Fraction(1, 3))), Rate)
    Rate(per_cycle=Fraction(1, 3), in_words=False)
    """
    found: Value = _value(data, kind)
    return found


def fingerprint(data: object) -> str:
    """The digest that the value of canonical `data` has, whether or not `data` can be restored.

    >>> from polymap.mapper.digest import canonical, digest
    >>> fingerprint(canonical(Fraction(1, 3))) == digest(Fraction(1, 3))
    True
    """
    return sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _value(data: object, hint: Any) -> Any:
    origin = get_origin(hint)
    if origin in UNIONS:
        return _one_of(data, get_args(hint))
    if origin is tuple:
        return _tuple(data, get_args(hint))
    if is_dataclass(hint):
        return _dataclass(data, hint)
    return _plain(data, hint)


def _plain(data: object, hint: Any) -> Any:
    if hint is Fraction and isinstance(data, str):
        return _fraction(data)
    if hint is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        return data
    if hint is type(None) and data is None:
        return None
    if hint in (int, str, bool) and type(data) is hint:
        return data
    raise ValueError(f"{data!r} stands where {getattr(hint, '__name__', hint)} belongs")


def _fraction(text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"'{text}' is no rational number") from None


def _tuple(data: object, hints: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise ValueError(f"{data!r} stands where a list belongs")
    each = hints[:1] * len(data) if hints[1:] == (Ellipsis,) else hints
    if len(each) != len(data):
        raise ValueError(f"a list of {len(data)} stands where one of {len(each)} belongs")
    return tuple(_value(item, hint) for item, hint in zip(data, each, strict=True))


def _dataclass(data: object, kind: Any) -> Any:
    if not isinstance(data, dict) or data.get("type") != kind.__name__:
        raise ValueError(f"this is no {kind.__name__}")
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind) if field.compare}
    if set(data) - {"type"} != known:
        odd = ", ".join(sorted(map(str, (set(data) - {"type"}) ^ known)))
        raise ValueError(f"a {kind.__name__} of another version of polymap: {odd}")
    try:
        return kind(**{name: _value(data[name], hints[name]) for name in known})
    except TypeError as error:
        raise ValueError(str(error)) from None


def _one_of(data: object, hints: tuple[Any, ...]) -> Any:
    for hint in hints:
        if is_dataclass(hint) and isinstance(data, dict) and data.get("type") == hint.__name__:  # type: ignore[union-attr]
            return _dataclass(data, hint)  # what is wrong in it says more than that nothing fits
        try:
            return _value(data, hint)
        except ValueError:
            continue
    raise ValueError(f"{data!r} is nothing that belongs here")
