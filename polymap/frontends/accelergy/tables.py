"""Accelergy's tables of energies and areas (ERT, ART) -> a table of components in CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from polymap import spec
from polymap.errors import Place
from polymap.frontends.amounts import decimal
from polymap.frontends.aside import LeftOut
from polymap.frontends.reference_tables import ACTIONS, component, paths, rows
from polymap.quantity import shown

HEADER = ("component", "action", "energy [pJ]", "area [um2]", "leakage [uW]", "source")
SOURCE = "converted from Accelergy's tables"
# What an action of a component is called in an architecture of polymap.
NAMES = {"read": "read", "fill": "write", "update": "update", "compute": "compute"}
LEAK, CYCLE = "leak", "global_cycle_seconds"


@dataclass
class Found:
    """What the tables say of a component: pJ by action, um2, uW."""

    energies: dict[str, Fraction] = field(default_factory=dict)
    area: Fraction | None = None
    leakage: Fraction | None = None


def components(top: spec.Reader, left_out: LeftOut) -> dict[str, Found]:
    """Components by name, from the sections that are there."""
    energies, areas = _tables(top, "ERT"), _tables(top, "ART")
    names = _names([path for path, _ in (*energies, *areas)])
    found = {name: Found() for name in names.values()}
    for path, table in energies:
        _add_energies(found[names[_plain(path)]], table, left_out)
    for path, table in areas:
        found[names[_plain(path)]].area = table.number("area", required=True)
    return found


def _tables(top: spec.Reader, key: str) -> list[tuple[str, spec.Reader]]:
    if not top.has(key):
        return []
    section = top.child(key)
    section.text("version")
    return list(paths(section))


def _plain(path: str) -> str:
    """A path without ranges, which that tool writes in one table and leaves out in the other."""
    return re.sub(r"\[[^]]*\]", "", path)


def _names(listed: Sequence[str]) -> dict[str, str]:
    """The last part of each path; of paths that share it, the whole."""
    plain = list(dict.fromkeys(map(_plain, listed)))
    last = [component(path) for path in plain]
    return {path: re.sub(r"\W", "_", name if last.count(name) == 1 else path) for path, name in zip(plain, last)}


def _add_energies(found: Found, table: spec.Reader, left_out: LeftOut) -> None:
    energies: dict[str, Fraction] = {}
    for name, place, row in rows(table):
        arguments = row.child("arguments") if row.is_mapping("arguments") else None
        row.has("arguments")
        energy = row.number("energy", required=True)
        if name == LEAK:
            found.leakage = _leakage(energy, arguments, place, left_out)
            continue
        if arguments:
            arguments.ignore_rest()
        if name in energies:
            reason = f"of several energies of {shown(name)}, by arguments, the largest is taken"
            left_out.tell(place, name, reason)
        energies[name] = max(energy, energies.get(name, energy))
    renamed = {_action(name, energies): energy for name, energy in energies.items()}
    found.energies.update({**energies, **renamed})


def _action(name: str, there: dict[str, Fraction]) -> str:
    """What polymap calls an action, if it is the one that stands for it."""
    for kind, called in NAMES.items():
        if name == next((each for each in ACTIONS[kind] if each in there), None):
            return called
    return name


def _leakage(energy: Fraction, arguments: spec.Reader | None, place: Place, left_out: LeftOut) -> Fraction | None:
    """uW, if the length of the cycle is known that the energy is of."""
    cycle = arguments.number(CYCLE) if arguments and arguments.has(CYCLE) else Fraction(0)
    if arguments:
        arguments.ignore_rest()
    if not cycle and energy:
        left_out.tell(place, LEAK, f"the leakage is an energy per cycle, and no `{CYCLE}` says how long that is")
    return energy / cycle / 10**6 if cycle else None if energy else Fraction(0)


def text(found: dict[str, Found]) -> str:
    """The table; the first row of a component holds its area and leakage."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(row for name, each in found.items() for row in _lines(name, each))
    return out.getvalue()


def _lines(name: str, found: Found) -> Iterator[tuple[str, ...]]:
    standing = ("" if amount is None else decimal(amount) for amount in (found.area, found.leakage))
    yield name, "", "", *standing, SOURCE
    yield from ((name, action, decimal(energy), "", "", SOURCE) for action, energy in found.energies.items())
