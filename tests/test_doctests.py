"""Examples in docstrings say what the code does."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import polymap

PACKAGE = Path(polymap.__file__).resolve().parent
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_give_what_they_show(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = import_module(name.removesuffix(".__init__"))
    failed, tried = doctest.testmod(module)
    assert not failed, capsys.readouterr().out
    assert tried
