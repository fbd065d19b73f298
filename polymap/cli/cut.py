"""Messages that quote what a user wrote: long lines are cut, around the place that a caret points to."""

from __future__ import annotations

from itertools import pairwise

LONGEST = 400
AROUND = 60
MORE = "..."
_INDENT = "    "


def cut(text: str, longest: int = LONGEST) -> str:
    """The text with lines of at most `longest` characters; a caret still stands under what it points to.

    >>> cut("a" * 500, 20)
    'aaaaaaaaa...aaaaaaaa'
    >>> cut("(" * 200 + "!" + ")" * 200 + "\\n" + " " * 200 + "^").splitlines()[1].index("^")
    67
    """
    lines = text.split("\n")
    kept = [line if len(line) <= longest else None for line in lines]
    for at, (line, below) in enumerate(pairwise(lines)):
        if below.strip() == "^" and max(len(line), len(below)) > 2 * AROUND:
            kept[at], kept[at + 1] = _around(line, below.index("^"))
    return "\n".join(_middle(line, longest) if short is None else short for line, short in zip(lines, kept))


def _around(line: str, caret: int) -> tuple[str, str]:
    """The part of a line near a caret, and the line with the caret below it."""
    start = max(0, caret - AROUND)
    before = f"{_INDENT}{MORE}" if start else ""
    after = MORE if caret + AROUND < len(line) else ""
    shown = f"{before}{line[start : caret + AROUND]}{after}"
    return shown, " " * (len(before) + caret - start) + "^"


def _middle(line: str, longest: int) -> str:
    """Both ends of a line."""
    left = longest - len(MORE)
    return f"{line[: left - left // 2]}{MORE}{line[len(line) - left // 2 :]}"
