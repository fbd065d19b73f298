"""From a part and the loops of its gaps to a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polymap.mapper.problem import Part
from polymap.mapping.nest import Mapping, Node, Spatial, Storage, Temporal

Loops = tuple[tuple[int, int], ...]  # (rank, trip), innermost first


def mapping_of(part: Part, gaps: Sequence[Loops]) -> Mapping:
    """The mapping whose gaps, innermost first, hold these temporal loops; spatial loops stand innermost in their
    gap."""
    skeleton = part.geometry.skeleton
    nodes: list[Node] = []
    for stop, memory in enumerate(skeleton.memories):
        nodes.append(Storage(memory.name, skeleton.kept[stop]))
        loops = gaps[skeleton.last - 1 - stop]
        nodes.extend(Temporal(part.geometry.ranks[rank], trip) for rank, trip in reversed(loops))
        nodes.extend(_parallel(part, stop + 1))
    return Mapping(tuple(nodes))


def _parallel(part: Part, gap: int) -> Iterator[Spatial]:
    architecture = part.geometry.skeleton.architecture
    for unrolling in part.geometry.spatial.unrollings:
        if unrolling.array in part.geometry.skeleton.arrays[gap]:
            for (dim, _), factors in zip(unrolling.array.shape, unrolling.packing):
                on = architecture.dimension_label(unrolling.array, dim)
                for rank, factor in zip(part.geometry.ranks, factors):
                    if factor > 1:
                        yield Spatial(rank, factor, on)
