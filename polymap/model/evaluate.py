"""The reading on integers: one mapping, exact counts, exact energy."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.nest import Mapping, Storage
from polymap.model.conventions import Conventions
from polymap.model.conventions import conventions as preset
from polymap.model.cost import Component, Cost, Traffic
from polymap.model.nest import skeleton
from polymap.model.reading import Setting, Totals, Use, leaking_instances, prepare, totals
from polymap.model.traffic import Counts
from polymap.workload.einsum import Einsum

prepared = lru_cache(maxsize=32)(prepare)


def evaluate(
    einsum: Einsum,
    architecture: Architecture,
    mapping: Mapping,
    conventions: str | Conventions = "polymap",
    check: bool = True,
) -> Cost:
    """Counts, energy and time of one mapping: exact totals over all used instances, in elements, pJ and cycles.

    With `check` the mapping is held against the legality rules first. The equations are in docs/design/model.md.
    Raises `IllegalMapping` for a mapping that breaks a rule, `SpecError` for unknown conventions and `PolymapError`
    where an exact count is out of reach.
    """
    if check:
        from polymap.mapping.legality import check as check_legality

        check_legality(einsum, architecture, mapping)
    return cost(prepared(einsum, architecture, preset(conventions)), mapping)


def cost(setting: Setting, mapping: Mapping) -> Cost:
    """The cost of a legal mapping in a prepared setting: what the mapper calls many times."""
    nodes = mapping.without_unit_loops().nodes
    shape = skeleton(nodes, setting.einsum.tensors, setting.dimensions)
    trips = [node.trip for node in nodes if not isinstance(node, Storage)]
    return _cost(setting, totals(setting, shape, trips))


def _cost(setting: Setting, result: Totals) -> Cost:
    compute = result.uses[-1]
    return Cost(
        traffic=tuple(_traffic(setting, row, pj) for row, pj in zip(result.rows, result.energies, strict=True)),
        components=tuple(_component(setting, use, result.cycles) for use in result.uses),
        compute_level=compute.place.level.name,
        compute_instances=compute.instances,
        physical_compute_instances=compute.place.instances,
        computes=result.computes,
        compute_cycles=result.compute_cycles,
        compute_energy=setting.compute_pj * result.computes,
        cycles=result.cycles,
        clock_hz=setting.architecture.clock_hz,
        area_um2=setting.area_um2,
    )


def _traffic(setting: Setting, row: Counts, energy: int) -> Traffic:
    exact = Fraction(energy, setting.prices[row.level, row.tensor].denominator)
    return Traffic(row.level, row.tensor, row.tile, row.instances, row.reads, row.fills, row.updates, exact)


def _component(setting: Setting, use: Use, cycles: int) -> Component:
    level = use.place.level
    leakage = use.place.leakage * (cycles * leaking_instances(setting, use)) if use.place.leakage else Fraction(0)
    capacity = getattr(level, "capacity_bits", None)
    return Component(level.name, use.instances, use.cycles, leakage, use.occupied_bits, capacity)
