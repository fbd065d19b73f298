"""Every key that a reader of files asks for by its name is in the reference of its kind of file."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import polymap
from polymap import spec

PACKAGE = Path(polymap.__file__).resolve().parent
REFERENCE = PACKAGE.parent / "docs" / "reference"
# The pages that document what the readers of a room ask for.
PAGES = {
    "architecture": ("architecture.md", "components.md"),
    "components": ("components.md", "architecture.md"),
    "constraints": ("constraints.md",),
    "mapping": ("mapping.md",),
    "workload": ("workload.md",),
}
GETTERS = {
    name
    for name, method in inspect.getmembers(spec.Reader, inspect.isfunction)
    if "key" in inspect.signature(method).parameters and not name.startswith("_")
}


def asked(room: str) -> set[str]:
    """Keys that are written out where the files of a room call a getter of `Reader`."""
    return {key for path in sorted((PACKAGE / room).rglob("*.py")) for key in keys_of(path)}


def keys_of(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)) if "Reader" in text else ()
    for call in calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in GETTERS and call.args:
            key = call.args[0]
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isidentifier():
                yield key.value


def is_documented(key: str, text: str) -> bool:
    return any(form in text for form in (f"`{key}`", f"`{key}:", f".{key}`", f"{key}:", f"{{{key}:", f"`{key} "))


@pytest.mark.parametrize("room", PAGES)
def test_every_key_is_documented(room: str) -> None:
    text = "\n".join((REFERENCE / page).read_text(encoding="utf-8") for page in PAGES[room])
    keys = asked(room)
    assert keys
    assert sorted(key for key in keys if not is_documented(key, text)) == []


def test_a_key_that_nobody_wrote_of_is_found() -> None:
    assert not is_documented("nonesuch", (REFERENCE / "architecture.md").read_text(encoding="utf-8"))
