"""The section `architecture`: the tree of components -> storage levels and the compute level, outermost first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

from polymap import spec
from polymap.frontends.aside import LeftOut
from polymap.frontends.timeloop import energies, ignored
from polymap.frontends.timeloop.energies import Energies
from polymap.frontends.timeloop.tree import Component, components
from polymap.frontends.timeloop.wires import distributes, hop, widths
from polymap.quantity import number, shown

BARE = Fraction(1)
WIDTH = ("width", "memory_width", "data_storage_width")
DEPTH = ("depth", "memory_depth", "data_storage_depth")


@dataclass(frozen=True)
class Level:
    """One storage level. `size` in words, None without limit; rates in words per cycle; energies per vector access.

    `hop_pj` is per word and hop; `adds_above` tells whether it adds the updates that reach it, `distributes` whether
    its instances hand words on to each other.
    """

    name: str
    mesh: tuple[int, int]
    word_bits: int
    block: int
    cluster: int
    size: int | None
    buffering: Fraction
    min_utilization: Fraction
    rates: dict[str, Fraction]
    scale: tuple[tuple[str, Fraction], ...]
    energies: Energies
    address_pj: Fraction
    gate: str
    fill_latency: int
    drain_latency: int
    hop_pj: Fraction
    router_pj: Fraction
    adds_above: bool
    distributes: bool
    reader: spec.Reader

    @property
    def effective_size(self) -> int | None:
        return None if self.size is None else floor(self.size / self.buffering)


@dataclass(frozen=True)
class Machine:
    """Storage levels outermost first, and the compute level: its name, mesh, energy of one operation.

    `areas` are in um2, by the name of the level.
    """

    levels: tuple[Level, ...]
    compute: str
    mesh: tuple[int, int]
    compute_pj: Fraction
    clock_hz: Fraction
    areas: Mapping[str, Fraction]


def machine(top: spec.Reader, left_out: LeftOut) -> Machine:
    """The machine, with everything of the ERT that belongs to it. Mistakes are noted."""
    tree = top.child("architecture")
    ignored.check_version(tree)
    found = components(tree, left_out)
    names = [component.name for component in found]
    ert, areas = energies.tables(top, names, left_out), energies.areas(top, names, left_out)
    storages = [component for component in found if component.is_memory]
    computes = [component for component in found if not component.is_memory]
    is_known = all(component.kind for component in found)
    if not is_known or len(computes) != 1 or not storages:
        if is_known:
            tree.wrong("there is not one compute level and at least one memory", "give memories and one compute level")
        for component in found:
            component.attributes.ignore_rest()
        return Machine((), "", (1, 1), BARE, BARE, areas)
    wire = energies.wire(ert)
    below = zip(storages, widths(found, areas), strict=False)
    levels = tuple(_level(component, ert.get(component.name), wire, width, left_out) for component, width in below)
    compute = computes[0]
    energy = _compute_pj(compute, ert.get(compute.name, {}))
    return Machine(_gated(levels, storages, left_out), compute.name, compute.mesh, energy, _clock(found), areas)


def _gated(levels: tuple[Level, ...], storages: Sequence[Component], left_out: LeftOut) -> tuple[Level, ...]:
    """Only a level above can gate; a name that no level has is a mistake there, too."""
    names = [level.name for level in levels]
    above = {level.name: [other.name for other in levels[:at]] for at, level in enumerate(levels)}
    found = []
    for level, component in zip(levels, storages, strict=True):
        if level.gate and level.gate not in names:
            mend = f"use one of: {', '.join(names)}"
            component.attributes.wrong(f"there is no memory {shown(level.gate)}", mend, key="power_gated_at")
        is_lost = level.gate in names and level.gate not in above[level.name]
        if is_lost:
            reason = f"{shown(level.gate)} is no memory above {level.name}, so it gates nothing"
            left_out.tell(component.attributes.place_of("power_gated_at"), level.name, reason)
        found.append(replace(level, gate="") if is_lost else level)
    return tuple(found)


def _clock(found: tuple[Component, ...]) -> Fraction:
    """Cycles per second; 1 GHz where the file does not say, as only cycles count."""
    for component in found:
        if component.attributes.has("global_cycle_seconds"):
            return 1 / component.attributes.value("global_cycle_seconds", _positive, BARE)
    return Fraction(10**9)


def _first(attributes: spec.Reader, *keys: str, otherwise: int) -> int:
    """The first of several spellings that is there; all of them are known."""
    given = [key for key in keys if attributes.has(key)]
    return attributes.integer(given[0]) if given else otherwise


def _level(
    component: Component, table: energies.Table | None, wire: Fraction | None, width_um: Fraction, left_out: LeftOut
) -> Level:
    a = component.attributes
    word = _first(a, "word_bits", "word_width", "datawidth", otherwise=16)
    block, cluster = _block_and_cluster(a, word)
    size = _size(a, word, block, left_out)
    is_dram = "DRAM" in component.kind or a.text("technology") == "DRAM"
    if is_dram and cluster > 1:
        a.wrong(
            "a DRAM has no clusters", "leave `cluster_size` out", key="cluster_size" if a.has("cluster_size") else None
        )
    builtin = energies.dram(word, block) if is_dram else energies.sram(word, block, cluster, size)
    return Level(
        name=component.name,
        mesh=component.mesh,
        word_bits=word,
        block=block,
        cluster=cluster,
        size=size,
        buffering=a.value("multiple_buffering", _positive, BARE),
        min_utilization=_min_utilization(a, size),
        rates=_rates(a),
        scale=a.table("per_dataspace_bandwidth_consumption_scale", number),
        energies=_energies(a, table, builtin),
        address_pj=max(Fraction(0), a.number("addr_gen_energy")),
        gate=a.text("power_gated_at"),
        fill_latency=a.integer("network_fill_latency", 0, least=0),
        drain_latency=a.integer("network_drain_latency", 0, least=0),
        hop_pj=hop(a, word, wire, width_um),
        router_pj=a.number("router_energy"),
        adds_above=a.flag("reduction_supported", not is_dram),
        distributes=distributes(a),
        reader=component.reader,
    )


def _positive(value: object) -> Fraction:
    found = number(value)
    if found <= 0:
        raise spec.Misread(f"{shown(value)} is not more than 0", "give a positive number")
    return found


def _block_and_cluster(a: spec.Reader, word: int) -> tuple[int, int]:
    """Words per access and instances that share one; either may follow from the width."""
    has_block = a.has("block_size") or a.has("n_words")
    block, cluster = _first(a, "block_size", "n_words", otherwise=1), a.integer("cluster_size")
    width = _first(a, *WIDTH, otherwise=0)
    if not width:
        return block, cluster
    if has_block and not a.has("cluster_size"):
        cluster = max(1, width // (word * block))
    elif not has_block:
        block = max(1, width // cluster // word)
    if block * word * cluster != width:
        text = f"{block} words x {word} b x {cluster} instances are not the {width} b of `width`"
        a.wrong(text, "make width = block_size x word_bits x cluster_size", key="width")
    return block, cluster


def _size(a: spec.Reader, word: int, block: int, left_out: LeftOut) -> int | None:
    """Words, from `entries` before `depth`; that tool takes no `sizeKB` beside them."""
    given = [key for key in ("entries", *DEPTH, "sizeKB") if a.has(key)]
    if "sizeKB" in given[1:]:
        text = f"`{given[0]}` and `sizeKB` both say the size, and that tool refuses this"
        a.wrong(text, "leave one of them out", key="sizeKB")
    for key in given[1:]:
        if key != "sizeKB":
            left_out.tell(a.place_of(key), key, f"`{given[0]}` says the size, so `{key}` is not used")
    if not given:
        return None
    if given[0] == "entries":
        return a.integer("entries")
    return a.integer(given[0]) * block if given[0] in DEPTH else floor(a.number("sizeKB") * 8192 / word)


def _min_utilization(a: spec.Reader, size: int | None) -> Fraction:
    share = a.number("min_utilization")
    if share and size is None:
        a.wrong("a memory without a size has no utilization", "give its `entries`", key="min_utilization")
    return share if size is not None else Fraction(0)


def _rates(a: spec.Reader) -> dict[str, Fraction]:
    """Words per cycle and instance; the old `bandwidth` is half for reads and half for writes."""
    found = {port: a.number(f"{port}_bandwidth") for port in ("read", "write", "shared") if a.has(f"{port}_bandwidth")}
    if a.has("bandwidth"):
        half = a.number("bandwidth") / 2
        found = {"read": half, "write": half, **found}
    return found


def _energies(a: spec.Reader, table: energies.Table | None, builtin: Fraction) -> Energies:
    if a.has("vector_access_energy"):
        given = a.number("vector_access_energy")
        return Energies(given, given, given, Fraction(0))
    return energies.of_memory(table or {}, builtin)


def _compute_pj(component: Component, table: energies.Table) -> Fraction:
    """The table's before the user's, and that before the built-in one."""
    a = component.attributes
    bits = _first(a, "word_bits", "word_width", "datawidth", otherwise=16)
    for key in WIDTH:
        a.has(key)
    return energies.action(table, "compute", a.number("energy", energies.mac(bits)))
