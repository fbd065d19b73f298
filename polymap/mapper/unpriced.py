"""What the search does not price yet: it refuses such a machine, for its optimum would be one of another machine."""

from __future__ import annotations

from collections.abc import Iterator

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory
from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.model.conventions import Conventions

MEND = "leave it out, or price given mappings with `evaluate`"


def check_priced(architecture: Architecture, conventions: Conventions) -> None:
    """Raises `SpecError` naming what of machine and conventions `evaluate` prices and `optimize` does not."""
    found = [] if conventions.tiles_stay else [_unsearched(conventions)]
    found += [
        Mistake(level.place, f"optimize does not price {what} yet ({level.name}); evaluate does", MEND)
        for level in architecture.hierarchy
        for what in _unpriced(level)
    ]
    if found:
        raise SpecError(found)


def _unsearched(conventions: Conventions) -> Mistake:
    message = f"optimize does not search under the conventions {conventions.name} yet; evaluate prices under them"
    return Mistake(NOWHERE, message, "use the conventions `polymap` or `timeloop`")


def _unpriced(level: Memory | Array | Compute) -> Iterator[str]:
    if isinstance(level, Array):
        yield from _unpriced_network(level)
    elif isinstance(level, Memory):
        yield from _unpriced_memory(level)


def _unpriced_network(array: Array) -> Iterator[str]:
    if array.wiring and (array.wiring.hop_of(1) or array.wiring.router_pj or array.wiring.reduce_pj):
        yield "the energy of a network"
    if array.links:
        yield "links between neighbours"
    if array.share_halo:
        yield "shared halos"
    if array.fill_latency or array.drain_latency:
        yield "the latency of a network"


def _unpriced_memory(memory: Memory) -> Iterator[str]:
    if memory.address_pj:
        yield "address generation"
    if memory.reduce_pj:
        yield "temporal reduction"
    if memory.cluster > 1:
        yield "clusters"
    if memory.power_gated_at:
        yield "power gating"
    if memory.refetches or memory.reads_first or memory.passes_through:
        yield "tiles that are fetched again, first reads and accesses that pass through"
    if memory.min_utilization:
        yield "a least utilization"
