"""The whole model in one pass: from a skeleton and its trips to counts, energy and cycles, in any reading."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory
from polymap.model.conventions import Conventions
from polymap.model.energy import Price, access_energy, leakage_per_cycle, price
from polymap.model.latency import Port, cycles_needed, ports
from polymap.model.nest import Access, Places, Skeleton, array_places, nest, used_instances
from polymap.model.readings import Number, maximum
from polymap.model.traffic import Counts, tensor_counts
from polymap.workload.einsum import Einsum


@dataclass(frozen=True)
class Place:
    """A memory or the compute unit where it stands: index in the hierarchy, physical instances, leakage, limits.

    `leakage` is in pJ per clock cycle and instance.
    """

    level: Memory | Compute
    index: int
    instances: int
    leakage: Fraction
    ports: tuple[Port, ...]


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
    """One level in a mapping: instances used, cycles it needs, bits occupied per instance."""

    place: Place
    instances: Number
    cycles: Number
    occupied_bits: Number


@dataclass(frozen=True)
class Totals:
    """A mapping in one reading. `energies` match `rows`, each over its price's denominator, in pJ."""

    rows: tuple[Counts, ...]
    energies: tuple[Number, ...]
    uses: tuple[Use, ...]
    computes: Number
    compute_cycles: Number
    cycles: Number


def prepare(einsum: Einsum, architecture: Architecture, conventions: Conventions) -> Setting:
    """Everything of the model that all mappings of an einsum on an architecture have in common."""
    prices = {(memory.name, t.name): price(memory, t) for memory in architecture.memories for t in einsum.tensors}
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
        places.append(Place(level, index, instances, leakage, limits))
    return tuple(places)


def totals(setting: Setting, skeleton: Skeleton, trips: Sequence[Number]) -> Totals:
    """The model. Trips are integers, arrays or symbols, one per loop of the skeleton, all greater than 1."""
    walked = nest(skeleton.slots, trips)
    counts = {
        (row.level, row.tensor): row
        for access in setting.accesses
        for row in tensor_counts(access, skeleton.homes[access.tensor.name], walked, setting.conventions)
    }
    rows = tuple(counts[key] for key in setting.prices if key in counts)
    energies = tuple(access_energy(row, setting.prices[row.level, row.tensor]) for row in rows)
    time = walked.times[-1]
    uses = tuple(_use(setting, place, used_instances(walked, place.index), time, rows) for place in setting.places)
    cycles = maximum(time, *(use.cycles for use in uses if use.place.ports))
    return Totals(rows, energies, uses, time * walked.spaces[-1], time, cycles)


def _use(setting: Setting, place: Place, instances: Number, time: Number, rows: Sequence[Counts]) -> Use:
    level = place.level
    if isinstance(level, Compute):
        return Use(place, instances, time, 0)
    mine = [row for row in rows if row.level == level.name]
    bits = sum(row.tile * setting.prices[row.level, row.tensor].element_bits for row in mine)
    return Use(place, instances, cycles_needed(place.ports, mine, instances), level.buffering * bits)


def leaking_instances(setting: Setting, use: Use) -> Number:
    """Instances of a level that leak: all, or only those the mapping uses."""
    return use.place.instances if setting.conventions.idle_instances_leak else use.instances
