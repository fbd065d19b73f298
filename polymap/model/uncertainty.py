"""How far energy and area may be off: sums of what component models say of every action, with their errors.

An energy is linear in the energies of its actions: it is the sum of accesses times pJ per access. The parts of a row
are recovered from its counts; where the conventions count otherwise than rows show, they are shares of its energy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory
from polymap.components.estimate import Estimate, total
from polymap.model.cost import Cost, Traffic, Transport
from polymap.model.energy import Price, access_energy, price
from polymap.model.quantities import Counts
from polymap.workload.einsum import Einsum

FLOWS = ("read", "write", "update")
Parts = Iterator[tuple[float, Estimate]]


def energy(cost: Cost, einsum: Einsum, architecture: Architecture) -> Estimate:
    """The energy of a cost in pJ as the sum of its actions; what a file says outright has no error."""
    return total("energy", [*_accesses(cost, einsum, architecture), *_rest(cost, einsum, architecture)], "pJ")


def area(architecture: Architecture) -> Estimate:
    """Area of all memories and units in um2."""
    levels = [level for level in architecture.hierarchy if not isinstance(level, Array)]
    parts = [(float(architecture.instances(level.name)), _area_of(level)) for level in levels]
    return total("area", parts, "um2")


def _area_of(level: Memory | Compute) -> Estimate:
    return _said(level, "area") or _given(level.area_um2, "um2", f"area of {level.name}")


def _said(level: Memory | Compute, what: str) -> Estimate | None:
    return dict(level.estimates).get(what)


def _given(value: float, unit: str, what: str) -> Estimate:
    return Estimate.given(value, unit, f"{what}, as the file says")


def _accesses(cost: Cost, einsum: Einsum, architecture: Architecture) -> Parts:
    for row in cost.traffic:
        yield from _row(row, *_priced(row, einsum, architecture))


def _priced(row: Traffic, einsum: Einsum, architecture: Architecture) -> tuple[Memory, Price]:
    """The memory of a row, and the price of its actions alone: addresses are not the component's."""
    memory = architecture.memory(row.level)
    alone = price(memory, einsum.tensor(row.tensor), architecture.instances(row.level), address_per_access=False)
    return memory, replace(alone, elements=(0, 0, 0), addition=0)


def of_row(row: Traffic, einsum: Einsum, architecture: Architecture) -> Estimate:
    """The energy of one tensor at one memory in pJ, as the sum of its reads, fills and updates."""
    return total(f"{row.tensor} at {row.level}", _row(row, *_priced(row, einsum, architecture)), "pJ")


def _row(row: Traffic, memory: Memory, cost: Price) -> Parts:
    """What reads, fills and updates of a row cost, each with its estimate, and the rest of its energy."""
    rest = row.energy_pj
    for flow, action in enumerate(FLOWS):
        said = _said(memory, action) or (_said(memory, "write") if action == "update" else None)
        if said and said.value:
            part = min(_flow_pj(row, cost, flow), rest)
            yield part / said.value, said
            rest -= part
    if rest:
        yield rest, _given(1.0, "pJ", f"{row.level} {row.tensor}")


def _flow_pj(row: Traffic, cost: Price, flow: int) -> float:
    alone = tuple(pj if i == flow else 0 for i, pj in enumerate(cost.energies))
    counts = Counts(row.level, row.tensor, row.tile_elements, row.instances, row.reads, row.fills, row.updates)
    return float(access_energy(counts, replace(cost, energies=(alone[0], alone[1], alone[2])))) / cost.denominator


def _rest(cost: Cost, einsum: Einsum, architecture: Architecture) -> Parts:
    """Computes, leakage and networks."""
    unit = architecture.compute
    yield from _share(float(cost.compute_energy), _said(unit, "compute"), f"computes of {unit.name}")
    levels = {level.name: level for level in architecture.hierarchy if not isinstance(level, Array)}
    for row in cost.components:
        yield from _share(float(row.leakage), _leak(levels[row.level]), f"leakage of {row.level}")
    arrays = {array.name: array for array in architecture.arrays}
    for moved in cost.networks:
        yield from _hauled(moved, arrays[moved.array], einsum, architecture.memory(moved.parent))


def _hauled(moved: Transport, array: Array, einsum: Einsum, parent: Memory) -> Parts:
    """What links and adders cost, each with its estimate; the rest of the energy went into routers."""
    rest = moved.energy_pj or 0.0
    if rest and array.wiring:
        said, wiring, tensor = dict(array.estimates), array.wiring, einsum.tensor(moved.tensor)
        joined = (moved.delivered or 0) - (moved.words or 0) if tensor.is_output else 0
        links, hop = (moved.word_hops or 0) + (moved.link_words or 0), wiring.hop_of(parent.element_bits(tensor))
        for what, count, pj in (("hop", links, hop), ("reduce", joined, wiring.reduce_pj)):
            part = max(0.0, min(rest, float(count * pj)))
            yield from _share(part, said.get(what), f"network of {array.name}")
            rest -= part
        yield from _share(rest, said.get("router"), f"network of {array.name}")


def _leak(level: Memory | Compute) -> Estimate | None:
    """A level's leakage as energy: one pJ of it has the relative error of its power."""
    said = _said(level, "leakage")
    return replace(said.named("one pJ leaked"), value=1.0, unit="pJ") if said and said.value else None


def _share(energy_pj: float, said: Estimate | None, what: str) -> Parts:
    if energy_pj:
        yield (energy_pj / said.value, said) if said and said.value else (energy_pj, _given(1.0, "pJ", what))
