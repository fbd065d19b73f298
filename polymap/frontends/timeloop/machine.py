"""The section `architecture`: the tree of components -> storage levels and the compute level, outermost first."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor, prod, sqrt

from polymap import spec
from polymap.frontends.timeloop import energies, ignored
from polymap.frontends.timeloop.aside import LeftOut
from polymap.frontends.timeloop.energies import Energies
from polymap.quantity import number, shown

STORAGE = ("DRAM", "SRAM", "regfile", "smartbuffer", "storage")
COMPUTE = ("mac", "intmac", "fpmac", "compute")
RANGE = re.compile(r"(?P<name>.*?)(\[(?P<low>\d+)\.\.(?P<high>\d+)\])?")
BARE = Fraction(1)


@dataclass(frozen=True)
class Level:
    """One storage level. `size` in words, None without limit; rates in words per cycle; energies per vector access.

    `hop_pj` is per word and hop; `adds_above` tells whether it adds the updates that reach it.
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


@dataclass(frozen=True)
class _Component:
    reader: spec.Reader
    attributes: spec.Reader
    name: str
    kind: str
    copies: int


def machine(top: spec.Reader, left_out: LeftOut) -> Machine:
    """The machine, with everything of the ERT that belongs to it. Mistakes are noted."""
    tree = top.child("architecture")
    ignored.check_version(tree)
    if tree.has("nodes"):
        tree.wrong("`nodes` is the front end's input", "give its processed output, with `subtree`", key="nodes")
    found = tuple(_components(tree, 1, left_out))
    names = [component.name for component in found]
    ert, areas = energies.tables(top, names, left_out), energies.areas(top, names, left_out)
    storages = [component for component in found if _is_any(component.kind, STORAGE)]
    computes = [component for component in found if component not in storages]
    if len(computes) != 1 or not storages or found[-1] is not computes[0]:
        tree.wrong("there is not one compute level, below at least one memory", "give memories, then one compute level")
        return Machine((), "", (1, 1), BARE, BARE, areas)
    wire = energies.wire(ert)
    widths = zip(storages, _widths(found, areas), strict=False)
    levels = tuple(_level(component, ert.get(component.name), wire, width) for component, width in widths)
    compute = computes[0]
    energy = _compute_pj(compute, ert.get(compute.name, {}))
    return Machine(_gated(levels, storages, left_out), compute.name, _mesh(compute), energy, _clock(found), areas)


def _gated(levels: tuple[Level, ...], storages: Sequence[_Component], left_out: LeftOut) -> tuple[Level, ...]:
    """Only a level above can gate."""
    above = {level.name: [other.name for other in levels[:at]] for at, level in enumerate(levels)}
    found = []
    for level, component in zip(levels, storages, strict=True):
        is_lost = bool(level.gate) and level.gate not in above[level.name]
        if is_lost:
            reason = f"{shown(level.gate)} is no memory above {level.name}, so it gates nothing"
            left_out.tell(component.attributes.place_of("power_gated_at"), level.name, reason)
        found.append(replace(level, gate="") if is_lost else level)
    return tuple(found)


def _clock(found: tuple[_Component, ...]) -> Fraction:
    """Cycles per second; 1 GHz where the file does not say, as only cycles count."""
    for component in found:
        if component.attributes.has("global_cycle_seconds"):
            return 1 / component.attributes.value("global_cycle_seconds", _positive, BARE)
    return Fraction(10**9)


def _components(tree: spec.Reader, copies: int, left_out: LeftOut) -> Iterator[_Component]:
    """All components, outermost first: those of `local`, then those of the subtree."""
    for local in tree.children("local"):
        yield _component(local, copies, left_out)
    below = tree.children("subtree")
    if len(below) > 1:
        tree.wrong("the tree has branches", "only a chain of levels has an order", key="subtree")
    for subtree in below[:1]:
        _pass_over_defaults(subtree, left_out)
        _, inside = _name_and_copies(subtree)
        yield from _components(subtree, copies * inside, left_out)


def _pass_over_defaults(subtree: spec.Reader, left_out: LeftOut) -> None:
    """The attributes of a container say nothing that its components do not repeat."""
    left_out.known(subtree, ignored.TREE)
    attributes, reasons = subtree.child("attributes"), ignored.container()
    left_out.known(attributes, reasons)
    left_out.unknown(attributes, reasons)


def _name_and_copies(reader: spec.Reader) -> tuple[str, int]:
    match = RANGE.fullmatch(reader.text("name", required=True))
    assert match
    low, high = match["low"], match["high"]
    return match["name"], int(high) - int(low) + 1 if high else 1


def _component(local: spec.Reader, copies: int, left_out: LeftOut) -> _Component:
    left_out.known(local, ignored.COMPONENT)
    name, mine = _name_and_copies(local)
    attributes = local.child("attributes")
    left_out.known(attributes, ignored.ATTRIBUTES)
    attributes.has("global_cycle_seconds")
    kind = local.text("class", required=True)
    if not _is_any(kind, (*STORAGE, *COMPUTE)):
        local.wrong(f"{shown(kind)} is neither a memory nor a compute unit", "remove the component", key="class")
    return _Component(local, attributes, name, kind, copies * mine)


def _is_any(kind: str, words: tuple[str, ...]) -> bool:
    return any(word in kind for word in words)


def _mesh(component: _Component) -> tuple[int, int]:
    """Instances of a level along X and Y, over the whole chip."""
    a = component.attributes
    instances = a.integer("instances", component.copies)
    if a.has("meshX") and a.has("meshY"):
        return a.integer("meshX"), a.integer("meshY")
    if a.has("meshX"):
        return a.integer("meshX"), _rest(a, "meshX", instances)
    if a.has("meshY"):
        return _rest(a, "meshY", instances), a.integer("meshY")
    return instances, 1


def _rest(a: spec.Reader, key: str, instances: int) -> int:
    """Instances along the other dimension."""
    along = a.integer(key)
    if instances % along:
        a.wrong(f"{along} along one dimension do not divide the {instances} instances", "give both meshes", key=key)
    return max(1, instances // along)


def _first(attributes: spec.Reader, *keys: str, otherwise: int) -> int:
    """The first of several spellings that is there; all of them are known."""
    given = [key for key in keys if attributes.has(key)]
    return attributes.integer(given[0]) if given else otherwise


def _level(component: _Component, table: energies.Table | None, wire: Fraction | None, width_um: Fraction) -> Level:
    a = component.attributes
    word = _first(a, "word_bits", "word_width", "datawidth", otherwise=16)
    block, cluster = _block_and_cluster(a, word)
    size = _size(a, word, block)
    is_dram = "DRAM" in component.kind or a.text("technology") == "DRAM"
    builtin = energies.dram(word, block) if is_dram else energies.sram(word, block, cluster, size)
    return Level(
        name=component.name,
        mesh=_mesh(component),
        word_bits=word,
        block=block,
        cluster=cluster,
        size=size,
        buffering=a.value("multiple_buffering", _positive, BARE),
        min_utilization=a.number("min_utilization"),
        rates=_rates(a),
        scale=a.table("per_dataspace_bandwidth_consumption_scale", number),
        energies=_energies(a, table, builtin),
        address_pj=max(Fraction(0), a.number("addr_gen_energy")),
        gate=a.text("power_gated_at"),
        fill_latency=a.integer("network_fill_latency", 0, least=0),
        drain_latency=a.integer("network_drain_latency", 0, least=0),
        hop_pj=_hop(a, word, wire, width_um),
        router_pj=a.number("router_energy"),
        adds_above=a.flag("reduction_supported", not is_dram),
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
    width = _first(a, "width", "memory_width", otherwise=0)
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


def _size(a: spec.Reader, word: int, block: int) -> int | None:
    if a.has("entries"):
        return a.integer("entries")
    if a.has("depth"):
        return a.integer("depth") * block
    return floor(a.number("sizeKB") * 8192 / word) if a.has("sizeKB") else None


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


def _hop(a: spec.Reader, word: int, wire: Fraction | None, width_um: Fraction) -> Fraction:
    """pJ of a word over one hop of the network below a level, as long as the tile of its children is wide."""
    if a.has("network_type") and a.text("network_type") not in ("1:1", "1:M"):
        a.wrong("distributed multicast is not modelled", "remove `network_type`", key="network_type")
    per_mm = a.number("wire_energy", wire or Fraction(0))
    given, length = a.number("energy_per_hop"), a.number("tile_width", width_um)
    if a.has("energy_per_hop"):
        return given
    return word * length / 1000 * (per_mm if wire is None else wire)


def _widths(found: Sequence[_Component], areas: Mapping[str, Fraction]) -> tuple[Fraction, ...]:
    """Per component the width of one child's tile in um: the square root of the area of all inside, per child.

    The tool keeps areas in single precision.
    """
    sizes = [prod(_mesh(component)) for component in found]
    area = [_single(areas.get(component.name, Fraction(0))) * n for component, n in zip(found, sizes, strict=True)]
    inner = [(sum(area[k:]), sizes[k]) for k in range(1, len(found))]
    return (*(Fraction(sqrt(total / n)) for total, n in inner), Fraction(0))


def _single(value: Fraction) -> float:
    found: float = struct.unpack("f", struct.pack("f", float(value)))[0]
    return found


def _compute_pj(component: _Component, table: energies.Table) -> Fraction:
    a = component.attributes
    bits = _first(a, "word_bits", "word_width", "datawidth", otherwise=16)
    for key in ("width", "memory_width"):
        a.has(key)
    return energies.action(table, "compute", energies.mac(bits))
