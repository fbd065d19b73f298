"""From a part and what stands in its gaps to a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from polymap.mapper.labels import Item
from polymap.mapper.problem import Part
from polymap.mapper.space import StorageNode
from polymap.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from polymap.mapping.tidy import tidy

Gap: TypeAlias = Sequence[Item]  # innermost first


def mapping_of(part: Part, gaps: Sequence[Gap]) -> Mapping:
    """The mapping whose gaps, innermost first, hold these loops and nodes. Nodes that are not among them stand at their
    stops, spatial loops innermost in their gap."""
    skeleton = part.geometry.skeleton
    inwards: list[Node] = []
    for gap, items in zip(range(skeleton.last, 0, -1), gaps):
        inwards += reversed(list(_parallel(part, gap)))
        inwards += (node for item in items for node in _nodes(part, item))
        placed = frozenset(i for item in items if isinstance(item, frozenset) for i in item)
        inwards += _at_stop(part, gap - 1, placed)
    inwards += reversed(list(_parallel(part, 0)))
    return Mapping(tidy(reversed(inwards), skeleton.einsum, skeleton.architecture))


def _nodes(part: Part, item: Item) -> Iterator[Node]:
    if isinstance(item, frozenset):
        yield from (_storage(part.geometry.nodes[i]) for i in item)
    else:
        rank, trip = item
        yield Temporal(part.geometry.ranks[rank], trip)


def _storage(node: StorageNode) -> Storage:
    return Storage(node.memory.name, (node.tensor.name,))


def _at_stop(part: Part, stop: int, placed: frozenset[int]) -> Iterator[Storage]:
    for i, node in enumerate(part.geometry.nodes):
        if node.stop == stop and i not in placed:
            yield _storage(node)
    for name, home in part.geometry.skeleton.homes.items():
        if home.stop == stop:
            yield Storage(home.name, (name,))


def _parallel(part: Part, gap: int) -> Iterator[Spatial]:
    architecture = part.geometry.skeleton.architecture
    for unrolling in part.geometry.spatial.unrollings:
        if unrolling.array in part.geometry.skeleton.arrays[gap]:
            for (dim, _), factors in zip(unrolling.array.shape, unrolling.packing):
                on = architecture.dimension_label(unrolling.array, dim)
                for rank, factor in zip(part.geometry.ranks, factors):
                    if factor > 1:
                        yield Spatial(rank, factor, on)
