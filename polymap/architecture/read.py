"""Architecture files (`polymap: architecture/1`) -> `Architecture`.

polymap: architecture/1
name: tiny
source: where the numbers come from
technology: {node: 65 nm, family: lp, voltage: 1 V, temperature: 300 K}    # what components are made in
components: my_parts                    # a folder with models of one's own, beside this file
clock: 200 MHz
hierarchy:                              # outermost first
  - memory: DRAM                        # the first memory may be unlimited, the others need a capacity
    width: 64 b                         # bits of one access, which the energies are for
    word: 16 b                          # room of one element, or {weight: 8 b, O: 24 b}; else its tensor's own bits
    energy: {read: 200 pJ, write: 200 pJ, update: 200 pJ}    # update is write unless given
    bandwidth: 3.2 GB/s                 # one rate is shared by reads and writes; or {read, write, shared, scale}
  - memory: buffer
    capacity: 4096 words                # words of `word` bits; or 8 KiB, 64 B, 512 b
    width: 16 b
    word: 16 b
    energy: {read: 6 pJ, write: 6 pJ}
    keeps: [input, output]              # roles or tensor names; without `keeps` and `may_keep`: everything
    may_keep: [weight]                  # the mapper decides; with `may_keep` alone nothing is kept for sure
    buffering: 2                        # copies of every tile: 1 unless given
    min_utilization: 0.5                # a mapping that fills less of the room for tiles is illegal
    cluster: 4                          # instances that share one access of the width
    address: 0.1 pJ                     # generating the address of one access
    reduce: 0.05 pJ                     # adding an update to the partial sum that is there
    refetches: [input]                  # a step fetches the whole tile, whatever the one before held
    reads_first: [output]               # the first update of an element reads it, too
    passes_through: [output]            # every access goes on to the memory above
    distributes: false                  # instances that share a tile hold a part each and hand it on
    power_gated_at: buffer              # leaks only where the mapping uses that level
    component: {sram: {banks: 2}}       # its model gives energy, leakage and area where the file does not
    arguments: {read: {activity: 0.3}}  # what the energies of its actions depend on
    leakage: 1 mW                       # per instance
    area: 0.1 mm2
  - array: PE
    shape:
      X: {size: 14, may_unroll: [k], reuses: [input], min_usage: 0.5 or most}    # or the size alone, as here:
      Y: 12
    network:
      multicast: true                   # or tensors: [input]; likewise the next three
      reduction: true                   # multicast and reduction are there unless denied, the others if given
      links: false                      # neighbours pass tiles on
      share_halo: false                 # overlapping tiles are read once above
      hop: 0.5 pJ                       # per word and hop; or wire: {energy: 0.08 pJ/b/mm, pitch: 0.1 mm}
      router: 0.3 pJ                    # per word and router
      reduce: 0.1 pJ                    # per word that an adder adds to another
      fill_latency: 10                  # cycles before the first word arrives, and until the last has left
      drain_latency: 10
      returns_sums: false               # the memory above adds nothing: partial sums come down to be added to
  - compute: MAC
    energy: 1 pJ
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from polymap import quantity, spec
from polymap.architecture.hierarchy import Architecture, Bandwidth, Compute, Level, Memory, Rate
from polymap.architecture.priced import NOTHING, Offer, Surroundings, priced
from polymap.architecture.whole import check_hierarchy
from polymap.architecture.wiring import array
from polymap.components.technology_read import technology as read_technology

if TYPE_CHECKING:
    from polymap.components.component import Component
    from polymap.components.registry import Registry

Source: TypeAlias = "str | os.PathLike[str] | Mapping[str, object] | Architecture"

ACTIONS = ("read", "write", "update")
_KINDS = ("memory", "array", "compute")
_NODE_WORDS = ("for", "parallel", "compute")
_TECHNOLOGY = ("node", "family", "voltage", "temperature", "extrapolate")


def architecture(source: Source, registry: Registry | None = None) -> Architecture:
    """The architecture meant by a shipped name, a path, YAML text, plain Python data or an `Architecture` itself.

    `registry` holds the models that price components, by default those that ship. Energies in pJ, capacities in bits,
    leakage in W, area in um2, rates per clock cycle; all but areas are exact.
    Raises SpecError with every mistake in the source.

    >>> architecture("eyeriss_like").instances("MAC")
    168
    """
    if isinstance(source, Architecture):
        return source
    with spec.reading(source, "architectures", "architecture/1") as top:
        name, origin = top.text("name", required=True), top.text("source")
        clock_hz = top.value("clock", quantity.frequency_hz, otherwise=Fraction(1), required=True)
        around, technology = _surroundings(top, registry), _described(top)
        items = top.children("hierarchy", required=True)
        levels = [_level(item, clock_hz, around, outermost=i == 0) for i, item in enumerate(items)]
        check_hierarchy(top, items, levels)
    hierarchy = tuple(level for level in levels if level)
    return Architecture(name, hierarchy, clock_hz, origin, top.place, technology)


def _surroundings(top: spec.Reader, registry: Registry | None) -> Surroundings:
    found = read_technology(top, "technology") if top.has("technology") else None
    clock = (("clock", top.description("clock")),) if top.has("clock") else ()
    return Surroundings(_registry(top, registry), found, clock)


def _registry(top: spec.Reader, given: Registry | None) -> Registry | None:
    """Whoever is given, and the models of the folder that the file names. Raises SpecError for mistakes in these:
    without them, components that are there would be missed."""
    folder = top.text("components")
    if not folder:
        return given
    from polymap.components.plugins import registry

    return (given or registry()).beside(folder_of(folder, top.place.file))


def folder_of(folder: str, file: str) -> str:
    """A folder that a file names is beside the file."""
    return os.path.join(os.path.dirname(file), folder) if os.path.isfile(file) else folder


def _described(top: spec.Reader) -> tuple[tuple[str, str], ...]:
    if top.has("technology") and not top.is_mapping("technology"):
        return (("node", top.description("technology")),)
    reader = top.child("technology")
    return tuple((key, reader.description(key)) for key in _TECHNOLOGY if reader.has(key))


def _level(item: spec.Reader, clock_hz: Fraction, around: Surroundings, outermost: bool) -> Level | None:
    """The level an item of the hierarchy describes; None, with the reason noted, if it is of no one kind."""
    kinds = [kind for kind in _KINDS if item.has(kind)]
    if len(kinds) != 1:
        item.ignore_rest()
        _note_kind(item, kinds)
        return None
    if kinds == ["memory"]:
        return _memory(item, clock_hz, around, outermost)
    return array(item, around) if kinds == ["array"] else _compute(item, around)


def _note_kind(item: spec.Reader, kinds: list[str]) -> None:
    if kinds:
        item.wrong(f"one level cannot be {' and '.join(kinds)}", "give each a `- ` of its own")
    elif item.is_there:
        guess = next((f"did you mean `{near}`? " for key in item.keys if (near := quantity.near(key, _KINDS))), "")
        item.wrong(
            "this level has no kind", f"{guess}begin with `- memory: NAME`, `- array: NAME` or `- compute: NAME`"
        )


# memories


def _memory(item: spec.Reader, clock_hz: Fraction, around: Surroundings, outermost: bool) -> Memory:
    item.what = "a memory"
    word_bits = None if item.is_mapping("word") else item.value("word", quantity.width_bits, otherwise=None)
    capacity, width = _capacity(item, word_bits, outermost), _width(item, word_bits)
    own = tuple(_offers(capacity, width))
    numbers = priced(item, ACTIONS, _access_energies(item), around, *own)
    energies = {"update": numbers.energies.get("write", NOTHING), **numbers.energies}
    keeps, may_keep = _kept(item)
    return Memory(
        name=_memory_name(item),
        width_bits=_checked_width(item, width, numbers.component),
        read_pj=energies.get("read", NOTHING),
        write_pj=energies.get("write", NOTHING),
        update_pj=energies["update"],
        capacity_bits=capacity,
        word_bits=word_bits,
        keeps=keeps,
        may_keep=may_keep,
        buffering=item.integer("buffering"),
        bandwidth=_bandwidth(item, clock_hz),
        leakage_w=numbers.leakage_w,
        area_um2=numbers.area_um2,
        source=item.text("source"),
        place=item.place,
        component=item.description("component"),
        words=item.table("word", quantity.width_bits) if item.is_mapping("word") else (),
        address_pj=item.value("address", quantity.energy_pj, otherwise=NOTHING),
        reduce_pj=item.value("reduce", quantity.energy_pj, otherwise=NOTHING),
        cluster=item.integer("cluster"),
        power_gated_at=item.name("power_gated_at"),
        min_utilization=item.value("min_utilization", _share, otherwise=NOTHING),
        refetches=item.names("refetches"),
        reads_first=item.names("reads_first"),
        passes_through=item.names("passes_through"),
        distributes=item.flag("distributes"),
        estimates=numbers.estimates,
    )


def _offers(capacity: int | None, width: int | None) -> Iterator[Offer]:
    """What a memory says of itself to its component: capacity and width, and the words that they make."""
    yield from ((key, f"{bits} b") for key, bits in (("capacity", capacity), ("width", width)) if bits)
    if capacity and width and capacity % width == 0:
        yield "words", str(capacity // width)


def _share(value: object) -> Fraction:
    share = quantity.number(value)
    if not 0 <= share <= 1:
        raise spec.Misread(f"{quantity.shown(value)} is no share", "give a number from 0 to 1")
    return share


def _memory_name(item: spec.Reader) -> str:
    """Mappings write `NAME holds ...` where they also write `for`, `parallel` and `compute`."""
    name = item.name("memory", required=True)
    if name in _NODE_WORDS:
        item.wrong(f"a memory cannot be called `{name}`: mappings use that word", "choose another name", key="memory")
    return name


def _capacity(item: spec.Reader, word_bits: int | None, outermost: bool) -> int | None:
    """Bits per instance; only the outermost memory may be unlimited."""
    if not item.has("capacity") and not outermost:
        item.wrong("`capacity` of a memory is missing", "add e.g. `capacity: 64 KiB`; only the outermost is unlimited")
    return item.value("capacity", lambda value: quantity.capacity_bits(value, word_bits), otherwise=None)


def _width(item: spec.Reader, word_bits: int | None) -> int | None:
    """Bits of one access, if the memory says so; a component may say it instead."""
    needed = not item.has("component")
    return item.value("width", lambda value: quantity.width_bits(value, word_bits), otherwise=None, required=needed)


def _checked_width(item: spec.Reader, width: int | None, component: Component | None) -> int:
    """The energies are those of an access of the component's width, which the memory may leave to it."""
    theirs = component.width_bits if component else None
    if component and not (width or theirs):
        item.wrong("`width` of a memory is missing, and its component has none", "add e.g. `width: 64 b`")
    if width and theirs and width != theirs:
        item.wrong(f"the component's accesses are {theirs} b wide, the memory's {width} b", "leave one of them out")
    return width or theirs or 1


def _needs_energy(item: spec.Reader, example: str) -> bool:
    """Whether there is an `energy:`; where there is no component either, its absence is noted, never taken as 0."""
    if not item.has("energy") and not item.has("component"):
        item.wrong(f"`energy` of {item.what} is missing", f"add `energy: {example}`, or a `component`")
    return item.has("energy")


def _access_energies(item: spec.Reader) -> dict[str, Fraction]:
    """The energies in pJ per access of the memory's width that the file says: of read, write, update."""
    example = "{read: 6 pJ, write: 6 pJ}"
    if _needs_energy(item, example) and not item.is_mapping("energy"):
        item.wrong("a memory's energies are given per action", f"write `energy: {example}`", key="energy")
        return dict.fromkeys(ACTIONS, NOTHING)
    energy, needed = item.child("energy"), not item.has("component")
    said = {key: energy.value(key, quantity.energy_pj, otherwise=None, required=needed) for key in ACTIONS[:2]}
    said["update"] = energy.value("update", quantity.energy_pj, otherwise=said["write"])
    return {key: value for key, value in said.items() if value is not None}


def _kept(item: spec.Reader) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """(keeps, may_keep): everything (None) is kept if neither is given."""
    keeps, may_keep = item.names("keeps"), item.names("may_keep")
    for name in may_keep:
        if name in keeps:
            item.wrong(f"`{name}` is in `keeps` and in `may_keep`", "leave it in one of them", key="may_keep")
    return keeps if item.has("keeps") or item.has("may_keep") else None, may_keep


def _bandwidth(item: spec.Reader, clock_hz: Fraction) -> Bandwidth:
    """One rate limits reads and writes together; a mapping limits them apart."""

    def rate(value: object) -> Rate:
        return Rate(*quantity.rate(value, clock_hz))

    if item.has("bandwidth") and not item.is_mapping("bandwidth"):
        return Bandwidth(shared=item.value("bandwidth", rate, otherwise=None))
    limits = item.child("bandwidth")
    read, write, shared = (limits.value(key, rate, otherwise=None) for key in ("read", "write", "shared"))
    return Bandwidth(read, write, shared, limits.table("scale", _scale))


def _scale(value: object) -> Fraction:
    scale = quantity.number(value)
    if scale < 0:
        raise spec.Misread(f"{quantity.shown(value)} is negative", "give a factor that is 0 or more")
    return scale


# compute


def _compute(item: spec.Reader, around: Surroundings) -> Compute:
    item.what = "a compute level"
    said = (
        {"compute": item.value("energy", quantity.energy_pj, otherwise=NOTHING)} if _needs_energy(item, "1 pJ") else {}
    )
    numbers = priced(item, ("compute",), said, around)
    return Compute(
        name=item.name("compute", required=True),
        energy_pj=numbers.energies.get("compute", NOTHING),
        leakage_w=numbers.leakage_w,
        area_um2=numbers.area_um2,
        source=item.text("source"),
        place=item.place,
        component=item.description("component"),
        estimates=numbers.estimates,
    )
