"""Words of every file: text, names and truth values, read from a plain value."""

from __future__ import annotations

import re

from polymap.quantity import Misread, shown

LONGEST_TEXT = 10_000
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def text(value: object) -> str:
    """Text that is not empty and at most `LONGEST_TEXT` long. Raises Misread."""
    if not isinstance(value, str) or not value.strip():
        raise Misread(f"{shown(value)} is not text" if value != "" else "the text is empty", "write some text")
    if len(value) > LONGEST_TEXT:
        raise Misread(f"{shown(value)} has {len(value)} characters", f"write at most {LONGEST_TEXT}")
    return value


def flag(value: object) -> bool:
    """`true` or `false`. Raises Misread."""
    if not isinstance(value, bool):
        raise Misread(f"{shown(value)} is neither true nor false", "write `true` or `false`")
    return value


def identifier(value: object) -> str:
    """A name as loop nests and einsums write it: a letter or `_`, then letters, digits, `_` or `-`. Raises Misread."""
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
        what = "the name is empty" if value in ("", None) else f"{shown(value)} is not a name"
        raise Misread(what, "begin with a letter, go on with letters, digits, `_` or `-`")
    return value
