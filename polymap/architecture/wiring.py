"""The `network:` of an array: which tensors it serves, and what a word costs on its way."""

from __future__ import annotations

from fractions import Fraction

from polymap import quantity, spec
from polymap.architecture.hierarchy import Array, Chosen, Wiring

_NOTHING = Fraction(0)
_PER_LENGTH = {"mm": Fraction(1), "um": Fraction(1000)}


def array(item: spec.Reader) -> Array:
    """The array that an item of the hierarchy describes."""
    item.what = "an array"
    shape = item.table("shape", quantity.count, required=True)
    if item.description("shape") == "{}":
        item.wrong("the array has no dimension", "write e.g. `shape: {X: 14, Y: 12}`", key="shape")
    network = item.child("network")
    return Array(
        name=item.name("array", required=True),
        shape=shape,
        multicast=_chosen(network, "multicast", True),
        reduction=_chosen(network, "reduction", True),
        links=_chosen(network, "links", False),
        place=item.place,
        share_halo=_chosen(network, "share_halo", False),
        wiring=_wiring(network),
        fill_latency=network.integer("fill_latency", 0, least=0),
        drain_latency=network.integer("drain_latency", 0, least=0),
        returns_sums=network.flag("returns_sums"),
    )


def _chosen(network: spec.Reader, key: str, otherwise: bool) -> Chosen:
    """`true`, `false`, or a list of tensor names and roles."""
    return network.names(key) if network.is_list(key) else network.flag(key, otherwise)


def _wiring(network: spec.Reader) -> Wiring | None:
    """None where no energy is given: that is not the same as none being spent."""
    given = [key for key in ("hop", "wire", "router", "reduce") if network.has(key)]
    if {"hop", "wire"} <= {*given}:
        network.wrong("`hop` and `wire` both say what a hop costs", "leave one of them out", key="wire")
    if given and not {"hop", "wire"} & {*given}:
        network.wrong(f"`{given[0]}` is given, but not what a hop costs", "add e.g. `hop: 0.5 pJ`, or `hop: 0 pJ`")
    wire_pj, pitch_mm = _wire(network) if network.has("wire") else (None, _NOTHING)
    wiring = Wiring(
        hop_pj=network.value("hop", quantity.energy_pj, otherwise=None),
        wire_pj=wire_pj,
        pitch_mm=pitch_mm,
        router_pj=network.value("router", quantity.energy_pj, otherwise=_NOTHING),
        reduce_pj=network.value("reduce", quantity.energy_pj, otherwise=_NOTHING),
    )
    return wiring if given else None


def _wire(network: spec.Reader) -> tuple[Fraction, Fraction]:
    """pJ per bit and mm, and the way between neighbours in mm."""
    wire = network.child("wire")
    energy = wire.value("energy", _wire_pj, otherwise=_NOTHING, required=True)
    return energy, wire.value("pitch", _millimetres, otherwise=_NOTHING, required=True)


def _wire_pj(value: object) -> Fraction:
    """An energy per bit and mm (or um) of wire, in pJ/b/mm."""
    energy, _, per = str(value).partition("/")
    data, _, length = per.replace(" ", "").partition("/")
    if data not in ("b", "bit") or length not in _PER_LENGTH:
        raise spec.Misread(f"{quantity.shown(value)} is not an energy per bit and length", "write e.g. `0.08 pJ/b/mm`")
    return quantity.energy_pj(energy) * _PER_LENGTH[length]


def _millimetres(value: object) -> Fraction:
    return quantity.measure(value, "length") * 1000
