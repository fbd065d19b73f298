"""Equations are numbered in one page, and the code that computes one cites its number."""

from __future__ import annotations

import re
from pathlib import Path

import polymap

PACKAGE = Path(polymap.__file__).resolve().parent
PAGE = PACKAGE.parent / "docs" / "reference" / "equations.md"


def numbered() -> list[int]:
    return [int(number) for number in re.findall(r"^\| \*\*\((\d+)\)\*\*", PAGE.read_text(encoding="utf-8"), re.M)]


def cited() -> set[int]:
    """Numbers after `Equation` or `Equations` in the docstrings of the model and of the geometry of tiles."""
    files = [*(PACKAGE / "model").rglob("*.py"), *(PACKAGE / "mapping").rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    phrases = re.findall(r"[Ee]quations? ((?:\d+(?:, | and )?)+)", text)
    return {int(number) for phrase in phrases for number in re.findall(r"\d+", phrase)}


def test_equations_are_numbered_without_a_gap() -> None:
    assert numbered() == list(range(1, len(numbered()) + 1))
    assert len(numbered()) > 10


def test_every_cited_equation_is_in_the_page_and_every_equation_is_cited() -> None:
    assert cited() == set(numbered())
