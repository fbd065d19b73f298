"""Reading pages of the tests: their figures, and what Chromium makes of them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zlib import MAX_WBITS, decompress

from polymap.markup import PACKED

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --enable-logging=stderr --v=0 --virtual-time-budget=3000"
)


class Reader(HTMLParser):
    """Figures of a page by key, the carried data, and all text."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: list[tuple[str, Any]] = []
        self.data: Any = None
        self.scripts = 0
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "data-key" in given:
            self.figures.append((str(given["data-key"]), json.loads(str(given["data-value"]))))
        if tag == "script":
            self._inside = str(given.get("id") or given.get("type") or "")
            self.scripts += self._inside != PACKED

    def handle_data(self, data: str) -> None:
        if self._inside == "polymap-data":
            self.data = json.loads(data)
        if self._inside == PACKED:
            self.figures += read(decompress(b64decode(data), -MAX_WBITS).decode()).figures
        self._inside = ""


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def at(document: Any, key: str) -> Any:
    """What stands under a key path such as `layers.0.totals.cycles`."""
    for part in key.split("."):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def rendered(file: Path, folder: Path, *more: str) -> tuple[str, list[str]]:
    """The page as Chromium has it after its scripts ran, and what it wrote on its console."""
    assert CHROMIUM
    command = [CHROMIUM, *QUIET.split(), f"--user-data-dir={folder}", *more, "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    return done.stdout, re.findall(r"^.*CONSOLE.*$", done.stderr, re.MULTILINE)
