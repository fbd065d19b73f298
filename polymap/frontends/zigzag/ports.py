"""Ports of a memory: bits of an access and per cycle, in the present form and in that of versions before 3.8."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from polymap import spec
from polymap.frontends.aside import LeftOut
from polymap.quantity import shown

KINDS = ("read", "write", "read_write")
_LOOSE = "ports serve whichever tensor asks here, not one direction of one operand each"
_DIRECTIONS = ("fh", "fl", "th", "tl")
_PORT = re.compile(r"(rw|wr|r|w)_port_\d+")


@dataclass(frozen=True)
class Ports:
    """Bits of one read and one write, and bits per cycle: of all reads, all writes, and both together."""

    read_width: int
    write_width: int
    rates: Mapping[str, int]


def ports(reader: spec.Reader, left_out: LeftOut) -> Ports:
    """The ports of a memory. Mistakes are noted."""
    listed = reader.children("ports", required=True)
    if reader.has("r_bw"):
        return _counted(reader, listed, left_out)
    found = [_port(port, left_out) for port in listed]
    if not found:
        reader.wrong("a memory has no ports", "give it one for reads and one for writes", key="ports")
        return Ports(1, 1, {})
    widths = {kind: [width for other, width in found if kind in other] for kind in ("read", "write")}
    for kind in (kind for kind, there in widths.items() if not there):
        reader.wrong(f"no port can {kind}", f"give one of type {kind} or read_write", key="ports")
    rates = {kind: sum(width for other, width in found if other == kind) for kind in KINDS}
    return _ports(max(widths["read"], default=1), max(widths["write"], default=1), rates)


def _port(port: spec.Reader, left_out: LeftOut) -> tuple[str, int]:
    port.text("name")
    kind, width = port.text("type", required=True), port.integer("bandwidth_max", required=True, below=2**31)
    port.integer("bandwidth_min", 1, below=2**31)
    if kind not in KINDS:
        port.wrong(f"{shown(kind)} is no type of a port", f"use one of: {', '.join(KINDS)}", key="type")
    left_out.known(port, {"allocation": _LOOSE})
    return kind, width


def _counted(reader: spec.Reader, listed: tuple[spec.Reader, ...], left_out: LeftOut) -> Ports:
    """The older form: numbers of ports, of one width for reads and one for writes."""
    for port in listed:
        left_out.known(port, dict.fromkeys(_DIRECTIONS, _LOOSE))
        for key in (key for key in _DIRECTIONS if port.has(key)):
            if not _PORT.fullmatch(port.text(key)):
                port.wrong(f"{shown(port.text(key))} is no port", "write e.g. `r_port_1`", key=key)
    read, write = reader.integer("r_bw", below=2**31), reader.integer("w_bw", required=True, below=2**31)
    numbers = {kind: reader.integer(f"{kind}_port", 0, least=0, below=2**20) for kind in ("r", "w", "rw")}
    if not any(numbers.values()):
        reader.wrong("a memory has no ports", "give `r_port`, `w_port` or `rw_port`", key="ports")
    rates = {"read": numbers["r"] * read, "write": numbers["w"] * write, "read_write": numbers["rw"] * min(read, write)}
    return _ports(read, write, rates)


def _ports(read: int, write: int, rates: Mapping[str, int]) -> Ports:
    """A port for both serves either; together they do no more than all ports can."""
    both = rates["read_write"]
    found = {"read": rates["read"] + both, "write": rates["write"] + both}
    if both and not rates["read"] and not rates["write"]:
        return Ports(read, write, {"shared": both})
    if both:
        found["shared"] = rates["read"] + rates["write"] + both
    return Ports(read, write, {port: rate for port, rate in found.items() if rate})
