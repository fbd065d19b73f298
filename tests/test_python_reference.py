"""The reference of the Python package says what the docstrings say, of every public name."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import polymap


def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("python_reference", Path(__file__).with_name("python_reference.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_written_from_the_docstrings_of_today() -> None:
    written = writer()
    mend = "run: python tests/python_reference.py"
    assert written.PAGE.read_text(encoding="utf-8") == written.page(), mend


def test_every_public_name_has_its_heading() -> None:
    headings = [line for line in writer().page().splitlines() if line.startswith("#")]
    missing = [name for name in polymap.__all__ if not any(f"pm.{name}" in line.replace("\\", "") for line in headings)]
    assert missing == []
