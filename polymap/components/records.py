"""The CSV files of `specs/components/`, each read once: lines that begin with `#` say where the rows come from."""

from __future__ import annotations

import csv
from functools import cache

from polymap import spec


@cache
def records(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a shipped file, each by the names of its columns. The rows are shared: do not change them."""
    text = spec.text_of(spec.specs_folder() / "components" / f"{name}.csv")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return tuple(csv.DictReader(lines))
