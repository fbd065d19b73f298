"""The whole model in one pass: from a skeleton and its trips to counts, energy and cycles, in any reading."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory
from polymap.model.conventions import Conventions
from polymap.model.counting import Engine, Engines, Sets
from polymap.model.energy import Price, access_energy, leakage_per_cycle, price
from polymap.model.latency import Port, cycles_needed, ports
from polymap.model.nest import Access, Places, Skeleton, array_places, nest
from polymap.model.network import Haul, carried
from polymap.model.quantities import Counts, actions
from polymap.model.readings import Number, maximum
from polymap.workload.einsum import Einsum


@dataclass(frozen=True)
class Place:
    """A memory or the compute unit where it stands: index in the hierarchy, physical instances, leakage, limits.

    `leakage` is in pJ per clock cycle and instance. What gates its power has the index `gate` in the hierarchy and
    `gated` instances below it; without it `gated` is 0.
    """

    level: Memory | Compute
    index: int
    instances: int
    leakage: Fraction
    ports: tuple[Port, ...]
    gate: int = 0
    gated: int = 0


@dataclass(frozen=True)
class Setting:
    """An einsum on an architecture, prepared: everything that does not depend on the mapping."""

    einsum: Einsum
    architecture: Architecture
    conventions: Conventions
    accesses: tuple[Access, ...]
    prices: MappingOf[tuple[str, str], Price]
    places: tuple[Place, ...]
    dimensions: Places
    compute_pj: Fraction
    area_um2: float


@dataclass(frozen=True)
class Use:
    """One level in a mapping: instances used and powered, cycles it needs, bits occupied per instance."""

    place: Place
    instances: Number
    cycles: Number
    occupied_bits: Number
    powered: Number


@dataclass(frozen=True)
class Totals:
    """A mapping in one reading. `energies` match `rows`, each over its price's denominator, in pJ.

    Instances leak during `powered_cycles`: networks fill and drain in the other `cycles`.
    """

    rows: tuple[Counts, ...]
    energies: tuple[Number, ...]
    uses: tuple[Use, ...]
    computes: Number
    compute_cycles: Number
    cycles: Number
    powered_cycles: Number
    networks: tuple[Haul, ...]


def prepare(einsum: Einsum, architecture: Architecture, conventions: Conventions) -> Setting:
    """Everything of the model that all mappings of an einsum on an architecture have in common."""
    prices = {
        (memory.name, t.name): price(memory, t, architecture.instances(memory.name), conventions.address_per_access)
        for memory in architecture.memories
        for t in einsum.tensors
    }
    places = _places(einsum, architecture)
    accesses = tuple(Access.of(tensor) for tensor in einsum.tensors)
    area = float(sum(place.level.area_um2 * place.instances for place in places))
    energy = Fraction(architecture.compute.energy_pj)
    dimensions = array_places(architecture)
    return Setting(einsum, architecture, conventions, accesses, prices, places, dimensions, energy, area)


def _places(einsum: Einsum, architecture: Architecture) -> tuple[Place, ...]:
    places, instances = [], 1
    for index, level in enumerate(architecture.hierarchy):
        if isinstance(level, Array):
            instances *= level.fanout
            continue
        limits = ports(level, einsum.tensors) if isinstance(level, Memory) else ()
        leakage = leakage_per_cycle(level.leakage_w, architecture.clock_hz)
        places.append(Place(level, index, instances, leakage, limits, *_gate(architecture, level, instances)))
    return tuple(places)


def totals(setting: Setting, skeleton: Skeleton, trips: Sequence[Number], sets: Sets | None = None) -> Totals:
    """The model. Trips are integers, arrays or symbols, one per loop of the skeleton, all greater than 1.

    `sets` counts what no engine of the model can; without it `NeedsSets` is raised there. Cycles are equation 15.
    """
    walked = nest(skeleton.slots, trips)
    engines = Engines(setting.einsum, setting.conventions, walked, sets)
    counted = [_counts(setting, access, skeleton, engines) for access in setting.accesses]
    counts = {(row.level, row.tensor): row for rows, _ in counted for row in rows}
    rows = tuple(counts[key] for key in setting.prices if key in counts)
    energies = tuple(access_energy(row, setting.prices[row.level, row.tensor]) for row in rows)
    run = engines.run
    time = run.cycles()
    uses = tuple(_use(setting, place, run, time, rows) for place in setting.places)
    cycles = maximum(time, *(use.cycles for use in uses if use.place.ports))
    whole = cycles + latency(setting.architecture)
    powered = whole if setting.conventions.latency_leaks else cycles
    networks = tuple(haul for _, hauls in counted for haul in hauls)
    return Totals(rows, energies, uses, run.computes(), time, whole, powered, networks)


def latency(architecture: Architecture) -> int:
    """Cycles in which networks fill before the first compute and drain after the last."""
    return sum(array.fill_latency + array.drain_latency for array in architecture.arrays)


def _counts(
    setting: Setting, access: Access, skeleton: Skeleton, engines: Engines
) -> tuple[tuple[Counts, ...], tuple[Haul, ...]]:
    tensor, computes = access.tensor, engines.run.computes()
    nodes, hauls = carried(setting.architecture, access, skeleton.homes[tensor.name], engines, computes)
    chosen = setting.conventions
    found = actions(tensor.name, tensor.is_output, nodes, chosen.drains_are_read, chosen.all_write_first)
    return found, hauls


def _gate(architecture: Architecture, level: Memory | Compute, instances: int) -> tuple[int, int]:
    """Index of what gates the power of a level, and how many instances of the level are below each of its instances."""
    if isinstance(level, Compute) or not level.power_gated_at:
        return 0, 0
    return architecture.index(level.power_gated_at), instances // architecture.instances(level.power_gated_at)


def _use(setting: Setting, place: Place, run: Engine, time: Number, rows: Sequence[Counts]) -> Use:
    level, instances = place.level, run.used(place.index)
    powered = _powered(setting, place, run, instances)
    if isinstance(level, Compute):
        return Use(place, instances, time, 0, powered)
    mine = [row for row in rows if row.level == level.name]
    bits = sum(row.tile * setting.prices[row.level, row.tensor].element_bits for row in mine)
    cycles = cycles_needed(place.ports, mine, instances, setting.conventions.whole_cycles)
    return Use(place, instances, cycles, level.buffering * bits, powered)


def _powered(setting: Setting, place: Place, run: Engine, instances: Number) -> Number:
    """Instances that leak: those below an instance in use of what gates them; else all, or those the mapping uses."""
    if place.gated:
        return place.gated * run.used(place.gate)
    return place.instances if setting.conventions.idle_instances_leak else instances
