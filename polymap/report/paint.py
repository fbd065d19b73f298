"""Colours of a terminal, where they are wanted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

CODES = {"bold": "1", "good": "32", "open": "33", "parallel": "36", "dim": "2"}


class Paint:
    """Puts text in colour, or leaves it as it is if `on` is false.

    >>> Paint(True)("optimal", "good"), Paint(False)("optimal", "good")
    ('\\x1b[32moptimal\\x1b[0m', 'optimal')
    """

    def __init__(self, on: bool = False) -> None:
        self.on = on

    def __call__(self, text: str, kind: str) -> str:
        return f"\x1b[{CODES[kind]}m{text}\x1b[0m" if self.on else text


def wanted(stream: TextIO | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream is a terminal that shows colours, and nobody asked for none (https://no-color.org)."""
    if stream is None or environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return stream.isatty()
