"""A machine as a table, for notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from polymap.markup import Markup, el, joined, table
from polymap.quantity import capacity_text

if TYPE_CHECKING:
    from polymap.architecture.hierarchy import Architecture, Level

HEAD = ("level", "kind", "instances", "capacity", "access", "read", "write", "keeps")


def html(machine: Architecture) -> Markup:
    """Name, clock, technology, and one row per level, outermost first; energies in pJ of one access."""
    technology = ", ".join(value for _, value in machine.technology)
    about = f"{float(machine.clock_hz) / 1e6:g} MHz{f', {technology}' if technology else ''}"
    return joined([el("b", machine.name), f" {about}", table(HEAD, _rows(machine))])


def _rows(machine: Architecture) -> Iterator[tuple[object, ...]]:
    for level in machine.hierarchy:
        yield (level.name, type(level).__name__.lower(), f"{machine.instances(level.name):,}", *_facts(level))


def _facts(level: Level) -> tuple[object, ...]:
    from polymap.architecture.hierarchy import Array, Compute

    if isinstance(level, Array):
        return (" x ".join(f"{name} {size}" for name, size in level.shape), "", "", "", "")
    if isinstance(level, Compute):
        return ("", "", f"{float(level.energy_pj):.4g}", "", "")
    room = capacity_text(level.capacity_bits) if level.capacity_bits else "unlimited"
    kept = "everything" if level.keeps is None else ", ".join((*level.keeps, *(f"({name})" for name in level.may_keep)))
    return (room, f"{level.width_bits} b", f"{float(level.read_pj):.4g}", f"{float(level.write_pj):.4g}", kept)
