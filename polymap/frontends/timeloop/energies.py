"""Energies per vector access: the user's, the energy reference table's (ERT), or the built-in table's (PAT)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from polymap import spec
from polymap.frontends.aside import LeftOut
from polymap.frontends.reference_tables import ACTIONS, component, paths, rows
from polymap.frontends.timeloop import ignored
from polymap.frontends.timeloop.wires import single
from polymap.quantity import shown

WIRES = ("wire", "Wire")

Table = Mapping[str, Fraction]


@dataclass(frozen=True)
class Energies:
    """pJ per vector access, and pJ leaked per cycle and instance."""

    read: Fraction
    fill: Fraction
    update: Fraction
    leak: Fraction


def tables(top: spec.Reader, components: Sequence[str], left_out: LeftOut) -> Mapping[str, Table]:
    """Per component the energy of every action, the largest over its argument lists."""
    return {name: _actions(table, left_out) for name, table in _tables(top, "ERT", (*components, *WIRES), left_out)}


def areas(top: spec.Reader, components: Sequence[str], left_out: LeftOut) -> Mapping[str, Fraction]:
    """Per component its area in um2, from the ART."""
    found = _tables(top, "ART", components, left_out)
    return {name: table.number("area", required=True) for name, table in found}


def _tables(top: spec.Reader, key: str, known: Sequence[str], left_out: LeftOut) -> Iterator[tuple[str, spec.Reader]]:
    """Component and table, of a section that may be absent. Tables of other components are read and told."""
    if not top.has(key):
        return
    section = top.child(key)
    ignored.check_version(section)
    for path, table in paths(section):
        name = component(path)
        if name not in known:
            reason = f"the architecture has no component {shown(name)}, so this table of the {key} is not used"
            left_out.tell(table.place, name, reason)
        yield name, table


def _actions(table: spec.Reader, left_out: LeftOut) -> Table:
    found: dict[str, Fraction] = {}
    for name, place, row in rows(table):
        row.has("arguments")
        energy = row.number("energy", required=True)
        found[name] = max(energy, found.get(name, energy))
        if not any(name in names for names in ACTIONS.values()):
            left_out.tell(place, name, f"no access or operation is the action {shown(name)}")
    return found


def action(table: Table, kind: str, otherwise: Fraction) -> Fraction:
    return next((table[name] for name in ACTIONS[kind] if name in table), otherwise)


def of_memory(table: Table, builtin: Fraction) -> Energies:
    read, fill, update = (action(table, kind, builtin) for kind in ("read", "fill", "update"))
    return Energies(read, fill, update, action(table, "leak", Fraction(0)))


def dram(word_bits: int, block: int) -> Fraction:
    """Built-in: 200 pJ per 16 bits."""
    return Fraction(200 * word_bits * block, 16)


def sram(word_bits: int, block: int, cluster: int, words: int | None) -> Fraction:
    """Built-in: grows with width and height; a memory without a size is free."""
    if words is None:
        return Fraction(0)
    width, height = word_bits * block * cluster, ceil(Fraction(words, block))
    return (Fraction(10, 199) * (Fraction(width * height, 8192) - Fraction(1, 2)) + 1) * width / 16 / cluster


def mac(bits: int) -> Fraction:
    """Built-in: 1 pJ for 16 bits, growing with the square."""
    return Fraction(bits, 16) ** 2


def wire(found: Mapping[str, Table], names: Sequence[str] = WIRES) -> Fraction | None:
    """pJ per bit and mm of all networks, if the ERT says so: in single precision, as that tool keeps it."""
    given = [single(action(found[name], "transfer", Fraction(0))) for name in names if name in found]
    return next((energy for energy in given if energy), None)
