"""Every mapping of the even mapspace whose trips cover their ranks, one by one; see `exhaust` for what is even."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product
from math import prod

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.legality import mistakes
from polymap.mapping.nest import Mapping, Node, Spatial
from polymap.workload.einsum import Einsum
from tests.oracles.exhaust import Frame, Slot, frames, spatial, temporal


def mappings(einsum: Einsum, architecture: Architecture) -> Iterator[Mapping]:
    """All that the legality rules accept; of the orders of spatial loops in a gap the first."""
    for frame in frames(einsum, architecture):
        spreads = [list(_spread(size, frame.slots[::-1])) for _, size in einsum.ranks]
        for chosen in product(*spreads):
            factors = {rank: trips[::-1] for (rank, _), trips in zip(einsum.ranks, chosen)}
            if _fan_out(frame, [trips[::-1] for trips in chosen]):
                yield from _ordered(einsum, architecture, frame, factors)


def _spread(tiles: int, slots: tuple[Slot, ...]) -> Iterator[tuple[int, ...]]:
    """Trips of a rank, innermost slot first, that leave one tile. Of loops on one array the order is left open."""
    if not slots:
        if tiles == 1:
            yield ()
        return
    beside = next((i for i, slot in enumerate(slots) if slot.on is None), len(slots)) or 1
    options = product(*(range(1, (slot.size or tiles) + 1) for slot in slots[:beside]))
    for trips in options:
        # Too long altogether is sorted out by legality, which knows the order.
        if prod(trips) < 2 * tiles or beside == 1:
            if beside == 1 and trips[0] > tiles:
                continue
            yield from ((*trips, *rest) for rest in _spread(-(-tiles // prod(trips)), slots[beside:]))


def _fan_out(frame: Frame, factors: list[tuple[int, ...]]) -> bool:
    return all(slot.size is None or prod(f[i] for f in factors) <= slot.size for i, slot in enumerate(frame.slots))


def _ordered(
    einsum: Einsum, architecture: Architecture, frame: Frame, factors: dict[str, tuple[int, ...]]
) -> Iterator[Mapping]:
    loops = [list(permutations(temporal(einsum, frame, factors, gap))) for gap in range(len(frame.nodes))]
    across = [spatial(einsum, frame, factors, gap) for gap in range(len(frame.nodes))]
    for orders in product(*loops):
        for parallel in product(*(_arrangements(architecture, here) for here in across)):
            nodes: list[Node] = []
            for storage, outer, inner in zip(frame.nodes, orders, parallel, strict=True):
                nodes += (storage, *outer, *inner)
            if not mistakes(einsum, architecture, Mapping(tuple(nodes))):
                yield Mapping(tuple(nodes))
                break


def _arrangements(architecture: Architecture, loops: tuple[Spatial, ...]) -> list[tuple[Spatial, ...]]:
    """Orders of spatial loops in which arrays follow the hierarchy."""

    def place(loop: Spatial) -> int:
        found = architecture.dimension(loop.on)
        assert found is not None
        return architecture.index(found[0].name)

    return [order for order in permutations(loops) if [place(x) for x in order] == sorted(map(place, order))]
