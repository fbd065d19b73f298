"""The cache: answers of earlier searches by the content of the question. It saves time and changes no answer."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture
from polymap.explore.equal import answer_of, content, words
from polymap.explore.store import Store, Warn
from polymap.mapper.digest import canonical, digest
from polymap.mapper.document import versions
from polymap.mapper.query import Query
from polymap.mapper.restore import restored
from polymap.mapper.result import Result
from polymap.workload.einsum import Einsum

VARIABLE = "POLYMAP_CACHE"
OFF = "off"
FILE = "answers.sqlite"
CACHED = "cached"
# Rooms whose code has a say in an answer.
ROOMS = (
    "spec",
    "workload",
    "architecture",
    "constraints",
    "mapping",
    "model",
    "polyhedral",
    "refute",
    "mapper",
    "explore",
)


class Cache:
    """Answers in the file of a folder. Only those that the same question always has are kept: see `Search.final`."""

    def __init__(self, folder: Path, warn: Warn) -> None:
        self._store = Store(folder / FILE, lambda text: warn(f"cache: {text}"))

    def find(self, einsum: Einsum, architecture: Architecture, query: Query) -> Result | None:
        """The answer that a search would give, from an earlier one; its mapping is checked and priced again."""
        key = _key(einsum, architecture, query)
        text = self._store.get(key)
        if text is None:
            return None
        try:
            found = _answer(restored(json.loads(text), Result), einsum, architecture, query)
        except (ValueError, TypeError, LookupError, ArithmeticError):  # whoever wrote it did not mean an answer
            found = None
        if found is None:
            self._store.drop(key, "is no answer to its question")
        return found

    def keep(self, result: Result, query: Query) -> None:
        """Keep an answer, if it does not depend on when the search ended."""
        if result.search and result.search.final:
            key = _key(result.einsum, result.architecture, query)
            self._store.put(key, json.dumps(canonical(result), separators=(",", ":")))

    def close(self) -> None:
        self._store.close()


Source: TypeAlias = "Cache | str | os.PathLike[str]"


@contextmanager
def opened(source: Source | None) -> Iterator[Cache | None]:
    """A cache, or that of a folder, whose trouble is a Python warning; it is closed afterwards."""
    cache = Cache(Path(source), _warn) if isinstance(source, (str, os.PathLike)) else source
    try:
        yield cache
    finally:
        if cache:
            cache.close()


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=2)


def folder(choice: str | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder that is meant: the choice, else `POLYMAP_CACHE`, else the platform's; None for `off`."""
    said = choice or environment.get(VARIABLE) or str(_usual(environment))
    return None if said == OFF else Path(said).expanduser()


def _usual(environment: Mapping[str, str]) -> Path:
    """Where programs keep what they can make again."""
    home = Path(os.path.expanduser("~"))
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "polymap"
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "polymap" / "cache"
    return Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "polymap"


def _key(einsum: Einsum, architecture: Architecture, query: Query) -> str:
    """What an answer depends on: the einsum up to names, the machine, the question but for its time limit, and the
    program."""
    question = _question(query)
    parts = (content(einsum, words(architecture, question)), digest(architecture), digest(question), made_by())
    return sha256("\n".join(parts).encode()).hexdigest()


def _question(query: Query) -> Query:
    return replace(query, time_limit=None, conventions=query.rules)


@lru_cache(maxsize=1)
def made_by() -> str:
    """A digest of the program: its own code, and the versions of Python and the libraries."""
    package = Path(__file__).parent.parent
    found = sha256(repr(versions()).encode())
    for room in ROOMS:
        for file in sorted((package / room).rglob("*.py")):
            found.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


def _answer(kept: Result, einsum: Einsum, architecture: Architecture, query: Query) -> Result | None:
    spoken = words(architecture, _question(query))
    if kept.architecture != architecture or content(kept.einsum, spoken) != content(einsum, spoken):
        return None
    found = answer_of(einsum, kept, CACHED)
    return found and replace(found, architecture=architecture)
