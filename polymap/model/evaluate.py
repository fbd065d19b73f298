"""The reading on integers: one mapping, exact counts, exact energy."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from polymap.architecture.hierarchy import Architecture
from polymap.errors import IllegalMapping
from polymap.mapping.nest import Mapping, Storage
from polymap.model.conventions import Conventions
from polymap.model.conventions import conventions as preset
from polymap.model.cost import Component, Cost, Traffic, Transport
from polymap.model.counting import Sets
from polymap.model.nest import skeleton
from polymap.model.network import Haul
from polymap.model.quantities import Counts
from polymap.model.reading import Setting, Totals, Use, prepare, totals
from polymap.model.replay import check_habits, replay
from polymap.model.slowdown import in_floats
from polymap.workload.einsum import Einsum

prepared = lru_cache(maxsize=32)(prepare)


def evaluate(
    einsum: Einsum,
    architecture: Architecture,
    mapping: Mapping,
    conventions: str | Conventions = "polymap",
    check: bool = True,
    sets: Sets | None = None,
) -> Cost:
    """Counts, energy and time of one mapping: exact totals over all used instances, in elements, pJ and cycles.

    With `check` the mapping is held against the legality rules first. `sets` counts what needs general integer sets.
    The equations are in docs/design/model.md and exact.md. Raises `IllegalMapping` for a mapping that breaks a rule,
    `SpecError` for unknown conventions, `NeedsSets` where `sets` is needed and not given, and `PolymapError` where an
    exact count is out of reach.
    """
    chosen = preset(conventions)
    restated = replay(einsum, architecture, mapping, chosen, check) if chosen.continuing_sweep else None
    if restated:
        return restated
    check_habits(architecture, chosen)
    setting = prepared(einsum, architecture, chosen)
    measured = chosen.holes == "exact" or chosen.tiles_slide or not einsum.is_box
    if check:
        _check(einsum, architecture, mapping, measured)
    result = cost(setting, mapping, sets)
    if check and measured:
        _check_fit(setting, result)
    return in_floats(result, einsum, architecture, chosen) if chosen.cycles_in_floats else result


def _check(einsum: Einsum, architecture: Architecture, mapping: Mapping, measured: bool) -> None:
    """Every rule, but for capacity where that depends on measured tiles."""
    from polymap.mapping.legality import RULES, STRUCTURE, check

    check(einsum, architecture, mapping, STRUCTURE if measured else RULES)


def _check_fit(setting: Setting, result: Cost) -> None:
    from polymap.mapping.legality import capacity_mistake

    found = (
        capacity_mistake(memory, [(setting.einsum.tensor(row.tensor), row.tile_elements) for row in rows])
        for memory in setting.architecture.memories
        for rows in [[row for row in result.traffic if row.level == memory.name]]
    )
    mistakes = [mistake for mistake in found if mistake]
    if mistakes:
        raise IllegalMapping(mistakes)


def cost(setting: Setting, mapping: Mapping, sets: Sets | None = None) -> Cost:
    """The cost of a legal mapping in a prepared setting: what the mapper calls many times."""
    nodes = mapping.without_unit_loops().nodes
    shape = skeleton(nodes, setting.einsum.tensors, setting.dimensions)
    trips = [node.trip for node in nodes if not isinstance(node, Storage)]
    return _cost(setting, totals(setting, shape, trips, sets))


def _cost(setting: Setting, result: Totals) -> Cost:
    compute = result.uses[-1]
    return Cost(
        traffic=tuple(_traffic(setting, row, pj) for row, pj in zip(result.rows, result.energies, strict=True)),
        components=tuple(_component(setting, use, result.powered_cycles) for use in result.uses),
        compute_level=compute.place.level.name,
        compute_instances=compute.instances,
        physical_compute_instances=compute.place.instances,
        computes=result.computes,
        compute_cycles=result.compute_cycles,
        compute_energy=setting.compute_pj * result.computes,
        cycles=result.cycles,
        clock_hz=setting.architecture.clock_hz,
        area_um2=setting.area_um2,
        networks=tuple(_transport(haul) for haul in result.networks),
    )


def _transport(haul: Haul) -> Transport:
    energy = None if haul.energy is None else Fraction(haul.energy, haul.denominator)
    counts = (haul.words, haul.delivered, haul.word_hops, haul.link_words)
    return Transport(haul.array.name, haul.tensor, haul.parent, haul.child, *counts, energy)


def _traffic(setting: Setting, row: Counts, energy: int) -> Traffic:
    exact = Fraction(energy, setting.prices[row.level, row.tensor].denominator)
    return Traffic(row.level, row.tensor, row.tile, row.instances, row.reads, row.fills, row.updates, exact)


def _component(setting: Setting, use: Use, cycles: int) -> Component:
    level = use.place.level
    leakage = use.place.leakage * (cycles * use.powered) if use.place.leakage else Fraction(0)
    capacity = getattr(level, "capacity_bits", None)
    return Component(level.name, use.instances, use.cycles, leakage, use.occupied_bits, capacity)
