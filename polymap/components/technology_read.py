"""How a technology is written: `{node: 45 nm, family: lp, voltage: 0.9 V, temperature: 300 K, extrapolate: true}`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from polymap import quantity, spec
from polymap.components.technology import FAMILIES, Technology
from polymap.quantity import Misread, shown


def technology(reader: spec.Reader, base: Technology | None = None) -> Technology:
    """The technology a mapping describes; what it leaves out is as in `base`, or the default. Mistakes are noted."""
    node = reader.value("node", _length_nm, otherwise=0.0, required=base is None)
    start = base or Technology(node)
    return replace(
        start,
        node_nm=node or start.node_nm,
        family=reader.value("family", _family, otherwise=start.family),
        voltage_v=reader.value("voltage", lambda v: float(quantity.measure(v, "voltage")), otherwise=start.voltage_v),
        temperature_k=reader.value(
            "temperature", lambda value: float(quantity.measure(value, "temperature")), otherwise=start.temperature_k
        ),
        extrapolate=reader.flag("extrapolate", start.extrapolate),
    )


def _length_nm(value: object) -> float:
    length = quantity.measure(value, "length")
    if not length:
        raise Misread(f"{shown(value)} is not more than 0", "give a node, e.g. `45 nm`")
    return float(length * Fraction(10) ** 9)


def _family(value: object) -> str:
    if value not in FAMILIES:
        raise Misread(f"{shown(value)} is not a family of devices", f"use one of: {', '.join(FAMILIES)}")
    return str(value)
