"""Tables of what actions cost (ERT, ART) as Accelergy and Timeloop write them: components, and rows of actions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from polymap import spec
from polymap.errors import Place

# The first action that the table has is taken; what none of them names keeps its value from the built-in table.
ACTIONS = {
    "read": ("random_read", "read"),
    "fill": ("random_fill", "random_write", "fill", "write"),
    "update": ("random_update", "random_write", "update", "write"),
    "leak": ("leak",),
    "compute": ("mac_random", "mult_random", "mac", "mult", "compute", "random_compute"),
    "transfer": ("transfer_random",),
}


def paths(section: spec.Reader) -> Iterator[tuple[str, spec.Reader]]:
    """The tables with the paths of their components; version 0.2 writes them as keys."""
    if section.is_mapping("tables"):
        tables = section.child("tables")
        yield from ((key, tables.child(key)) for key in tables.keys)
    else:
        for table in section.children("tables", required=True):
            yield table.text("name", required=True), table


def component(path: str) -> str:
    """`system.PE[0..3].RF[1..4]` is RF."""
    return re.sub(r"\[[^]]*\]$", "", path).rpartition(".")[2]


def rows(table: spec.Reader) -> Iterator[tuple[str, Place, spec.Reader]]:
    """Action, its place and row. Version 0.2 has actions as keys, each with one row or a list of them."""
    if table.has("actions"):
        for action in table.children("actions"):
            yield action.text("name", required=True), action.place_of("name"), action
        return
    for name in table.keys:
        for row in table.children(name) if table.is_list(name) else (table.child(name),):
            yield name, table.place_of(name), row
