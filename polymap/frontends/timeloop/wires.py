"""What a hop of the network below a memory costs."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import prod, sqrt

from polymap import spec
from polymap.frontends.timeloop.tree import Component

KINDS = ("1:1", "1:N", "M:N")


def distributes(a: spec.Reader) -> bool:
    """Whether instances of a memory hand words on to each other (`M:N`)."""
    kind = a.text("network_type", KINDS[0])
    if kind not in KINDS:
        a.wrong(f"there is no network of type {kind}", f"use one of: {', '.join(KINDS)}", key="network_type")
    return kind == KINDS[-1]


def hop(a: spec.Reader, word: int, wire: Fraction | None, width_um: Fraction) -> Fraction:
    """pJ of a word over one hop of the network below a level, as long as the tile of its children is wide."""
    bits = a.integer("network_word_bits", word)
    per_mm = a.number("wire_energy", wire or Fraction(0))
    given, length = a.number("energy_per_hop"), a.number("tile_width", width_um)
    if a.has("energy_per_hop"):
        return given
    return bits * length / 1000 * (per_mm if wire is None else wire)


def widths(found: Sequence[Component], areas: Mapping[str, Fraction]) -> tuple[Fraction, ...]:
    """Per component the width of one child's tile in um: the square root of the area of all inside, per child.

    The tool keeps areas in single precision.
    """
    sizes = [prod(component.mesh) for component in found]
    area = [
        float(single(areas.get(component.name, Fraction(0)))) * n for component, n in zip(found, sizes, strict=True)
    ]
    inner = [(sum(area[k:]), sizes[k]) for k in range(1, len(found))]
    return (*(Fraction(sqrt(total / n)) for total, n in inner), Fraction(0))


def single(value: Fraction) -> Fraction:
    """A number as a 32-bit float holds it."""
    found: float = struct.unpack("f", struct.pack("f", float(value)))[0]
    return Fraction(found)
