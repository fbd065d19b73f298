"""A fingerprint of an input: SHA-256 over the canonical JSON of its value, wherever the value was read from."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from fractions import Fraction
from hashlib import sha256


def canonical(value: object) -> object:
    """`value` as plain JSON data: dataclasses by type and compared fields (so without `Place`), rationals as text."""
    if is_dataclass(value) and not isinstance(value, type):
        compared = {field.name: canonical(getattr(value, field.name)) for field in fields(value) if field.compare}
        return {"type": type(value).__name__, **compared}
    if isinstance(value, (tuple, list)):
        return [canonical(item) for item in value]
    if isinstance(value, Fraction):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} has no canonical form")


def digest(value: object) -> str:
    """Hexadecimal SHA-256 of a frozen value; equal values have equal digests, on every machine and version of Python.

    >>> digest(Fraction(1, 2)) == digest(Fraction(2, 4))
    True
    """
    text = json.dumps(canonical(value), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()
