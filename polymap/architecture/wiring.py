"""Arrays: their dimensions, which tensors their `network:` serves, and what a word costs on its way."""

from __future__ import annotations

from fractions import Fraction

from polymap import quantity, spec
from polymap.architecture.dimensions import dimensions
from polymap.architecture.hierarchy import Array, Chosen, Wiring

REUSED = "let it multicast or reduce the tensors of `reuses`, or leave `reuses` out"
_NOTHING = Fraction(0)
_PER_LENGTH = {"mm": Fraction(1), "um": Fraction(1000)}


def array(item: spec.Reader) -> Array:
    """The array that an item of the hierarchy describes."""
    item.what = "an array"
    shape, rules = dimensions(item)
    network = item.child("network")
    multicast, reduction = _chosen(network, "multicast", True), _chosen(network, "reduction", True)
    if not multicast and not reduction and any(rule.reuses for _, rule in rules):
        item.wrong("the network of the array shares nothing, so nothing is reused along `shape`", REUSED, key="network")
    return Array(
        name=item.name("array", required=True),
        shape=shape,
        multicast=multicast,
        reduction=reduction,
        links=_chosen(network, "links", False),
        place=item.place,
        share_halo=_chosen(network, "share_halo", False),
        wiring=_wiring(network),
        fill_latency=network.integer("fill_latency", 0, least=0),
        drain_latency=network.integer("drain_latency", 0, least=0),
        returns_sums=network.flag("returns_sums"),
        rules=rules,
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
