"""Jinja templates to YAML text: in the sandbox of jinja2, in a process of its own with little time and memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from polymap.errors import Mistake, Place, SpecError
from polymap.spec import LARGEST_FILE

Settings: TypeAlias = "Mapping[str, bool | int | float | str]"

_MARKS = re.compile(r"\{\{|\{%|\{#")
_FILES = (
    "include",
    "include_all",
    "include_functions",
    "include_text",
    "add_to_path",
    "cwd",
    "path_exists",
    "find_path",
)
SECONDS = 20  # of the clock, on a busy machine; the process itself has two of its own


def is_template(text: str) -> bool:
    """Whether there is anything to expand."""
    return bool(_MARKS.search(text))


def expanded(text: str, file: str, settings: Settings) -> tuple[str, tuple[str, ...]]:
    """The text without templates, and which settings they do not name. Raises `SpecError`."""
    found = find_spec("jinja2")
    if found is None or found.origin is None:
        mend = "pip install 'polymap-engine[templates]', or write the values out"
        raise SpecError(Mistake(_first(text, file), "this is a template, and the package jinja2 is not there", mend))
    answer = _asked(text, file, settings, Path(found.origin).parent.parent)
    if "error" in answer:
        place = Place(file, answer["line"], 1) if answer["line"] else _first(text, file)
        raise SpecError(Mistake(place, f"the template cannot be expanded: {answer['error']}", _mend(answer["error"])))
    return answer["text"], tuple(answer["unused"])


def _asked(text: str, file: str, settings: Settings, packages: Path) -> dict[str, Any]:
    program = Path(__file__).with_name("render.py")
    asked = json.dumps({"text": text, "settings": dict(settings), "longest": LARGEST_FILE})
    command = [sys.executable, "-I", str(program), str(packages)]
    try:
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=SECONDS, check=False)
        answer = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        message = "the template takes more than two seconds or half a GiB to expand"
        raise SpecError(Mistake(_first(text, file), message, "make its loops shorter, or write them out")) from None
    assert isinstance(answer, dict)
    return answer


def _mend(error: str) -> str:
    name = error.partition("'")[2].partition("'")[0]
    if name in _FILES:
        return "a template reads no other file here: put the text in place of the call"
    return f"set it: --set {name}=..." if error.endswith("is undefined") and name.isidentifier() else ""


def _first(text: str, file: str) -> Place:
    """Where the first template of a text begins."""
    mark = _MARKS.search(text)
    at = mark.start() if mark else 0
    return Place(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
