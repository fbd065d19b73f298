"""How a technology is written: `45 nm`, or `{node: 45 nm, family: lp, voltage: 0.9 V, temperature: 300 K}`.

Where `extrapolate: true` stands there, too, tables may be left. A component, or a part of one, may state only what
differs from the technology around it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from polymap import quantity, spec
from polymap.components.technology import FAMILIES, Technology
from polymap.quantity import Misread, shown

UNREAD = Technology(1.0)  # no model is asked in it: what it would say of 1 nm is no mistake of the user


@dataclass(frozen=True)
class Stated:
    """What is stated of a technology; None is not."""

    node_nm: float | None = None
    family: str | None = None
    voltage_v: float | None = None
    temperature_k: float | None = None
    extrapolate: bool | None = None

    def over(self, base: Technology | None) -> Technology | None:
        """The technology that `base` is with this stated of it; None where no node is known."""
        stated = {name: value for name, value in vars(self).items() if value is not None}
        if base is None and self.node_nm is None:
            return None
        return replace(base or Technology(0.0), **stated)


def stated(reader: spec.Reader, key: str) -> Stated:
    """What stands under a key: a node alone, or a mapping. Mistakes are noted."""
    return _node(reader, key) if _is_alone(reader, key) else _stated(reader.child(key))


def technology(reader: spec.Reader, key: str, base: Technology | None = None) -> Technology:
    """The technology under a key; what it leaves out is as in `base`, or the default. Mistakes are noted; `UNREAD` is
    what they leave no node of."""
    if _is_alone(reader, key):
        found = _node(reader, key).over(base)
    else:
        inside = reader.child(key)
        found = _stated(inside).over(base)
        if found is None and not inside.has("node"):
            inside.wrong(f"`node` of `{key}` is missing", "add e.g. `node: 45 nm`")
    return found or UNREAD


def _is_alone(reader: spec.Reader, key: str) -> bool:
    return reader.has(key) and not reader.is_mapping(key)


def _node(reader: spec.Reader, key: str) -> Stated:
    return Stated(node_nm=reader.value(key, _length_nm, otherwise=None))


def _stated(inside: spec.Reader) -> Stated:
    return Stated(
        node_nm=inside.value("node", _length_nm, otherwise=None),
        family=inside.value("family", _family, otherwise=None),
        voltage_v=inside.value("voltage", _voltage_v, otherwise=None),
        temperature_k=inside.value("temperature", _temperature_k, otherwise=None),
        extrapolate=inside.value("extrapolate", spec.flag, otherwise=None),
    )


def _length_nm(value: object) -> float:
    return float(quantity.measure_above_zero(value, "length", "a node, e.g. `45 nm`") * 10**9)


def _voltage_v(value: object) -> float:
    return float(quantity.measure_above_zero(value, "voltage", "a voltage, e.g. `0.9 V`"))


def _temperature_k(value: object) -> float:
    return float(quantity.measure_above_zero(value, "temperature", "a temperature, e.g. `300 K`"))


def _family(value: object) -> str:
    if value not in FAMILIES:
        raise Misread(f"{shown(value)} is not a family of devices", f"use one of: {', '.join(FAMILIES)}")
    return str(value)
