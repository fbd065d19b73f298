"""Arrays: their dimensions, which tensors their `network:` serves, and what a word costs on its way."""

from __future__ import annotations

from fractions import Fraction

from polymap import quantity, spec
from polymap.architecture.dimensions import dimensions
from polymap.architecture.hierarchy import Array, Chosen, Wiring
from polymap.architecture.priced import Surroundings, decimal, of_component
from polymap.components.estimate import Estimate

REUSED = "let it multicast or reduce the tensors of `reuses`, or leave `reuses` out"
_NOTHING = Fraction(0)
# The action of a component that a word pays for: over one link, through one router, into one adder.
_ACTIONS = {"hop": "transfer", "router": "hop", "reduce": "compute"}
_PER_LENGTH = {"mm": Fraction(1), "um": Fraction(1000)}


def array(item: spec.Reader, around: Surroundings) -> Array:
    """The array that an item of the hierarchy describes."""
    item.what = "an array"
    shape, rules = dimensions(item)
    network = item.child("network")
    multicast, reduction = _chosen(network, "multicast", True), _chosen(network, "reduction", True)
    if not multicast and not reduction and any(rule.reuses for _, rule in rules):
        item.wrong("the network of the array shares nothing, so nothing is reused along `shape`", REUSED, key="network")
    name = item.name("array", required=True)
    estimates = _estimates(network, name, around)
    return Array(
        name=name,
        shape=shape,
        multicast=multicast,
        reduction=reduction,
        links=_chosen(network, "links", False),
        place=item.place,
        share_halo=_chosen(network, "share_halo", False),
        wiring=_wiring(network, estimates),
        fill_latency=network.integer("fill_latency", 0, least=0),
        drain_latency=network.integer("drain_latency", 0, least=0),
        returns_sums=network.flag("returns_sums"),
        rules=rules,
        estimates=tuple(estimates.items()),
    )


def _chosen(network: spec.Reader, key: str, otherwise: bool) -> Chosen:
    """`true`, `false`, or a list of tensor names and roles."""
    return network.names(key) if network.is_list(key) else network.flag(key, otherwise)


def _estimates(network: spec.Reader, name: str, around: Surroundings) -> dict[str, Estimate]:
    """What component models say of the energies that are not given as numbers."""
    made = [key for key in _ACTIONS if network.is_mapping(key)]
    found = {key: of_component(network.child(key), f"{name}.{key}", _ACTIONS[key], around) for key in made}
    return {key: estimate for key, estimate in found.items() if estimate is not None}


def _wiring(network: spec.Reader, estimates: dict[str, Estimate]) -> Wiring | None:
    """None where no energy is given: that is not the same as none being spent."""

    def energy(key: str, otherwise: Fraction | None) -> Fraction | None:
        if network.is_mapping(key):
            return decimal(estimates[key]) if key in estimates else _NOTHING
        return network.value(key, quantity.energy_pj, otherwise=otherwise)

    given = [key for key in ("hop", "wire", "router", "reduce") if network.has(key)]
    if {"hop", "wire"} <= {*given}:
        network.wrong("`hop` and `wire` both say what a hop costs", "leave one of them out", key="wire")
    if given and not {"hop", "wire"} & {*given}:
        network.wrong(f"`{given[0]}` is given, but not what a hop costs", "add e.g. `hop: 0.5 pJ`, or `hop: 0 pJ`")
    wire_pj, pitch_mm = _wire(network) if network.has("wire") else (None, _NOTHING)
    wiring = Wiring(
        hop_pj=energy("hop", None),
        wire_pj=wire_pj,
        pitch_mm=pitch_mm,
        router_pj=energy("router", _NOTHING) or _NOTHING,
        reduce_pj=energy("reduce", _NOTHING) or _NOTHING,
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
