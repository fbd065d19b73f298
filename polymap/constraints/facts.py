"""What a complete mapping says to each question that a statement may ask of it. Loops of trip 1 say nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture, Array
from polymap.mapping.nest import Mapping as LoopNest
from polymap.mapping.nest import Spatial, Storage, Temporal
from polymap.mapping.tiles import largest_sizes
from polymap.workload.einsum import Einsum

Loops: TypeAlias = tuple[tuple[str, int], ...]  # (rank, trip), outermost first
Unrolling: TypeAlias = Mapping[str, Mapping[str, int]]  # dimension -> rank -> factor
Sizes: TypeAlias = Mapping[str, int]  # rank -> size of a tile


@dataclass(frozen=True)
class Facts:
    """All of a mapping, by the levels it speaks of.

    `kept`: tensors by memory. `unrollings`: by array. `loops`: the temporal loops that belong to each memory, that is,
    whose nearest storage node above is one of that memory's. `tiles`: sizes along all ranks, by memory and tensor.
    `nodes`: the indices of the nodes behind each answer, by question and level.
    """

    kept: Mapping[str, tuple[str, ...]]
    unrollings: Mapping[str, Unrolling]
    loops: Mapping[str, Loops]
    tiles: Mapping[str, Mapping[str, Sizes]]
    nodes: Mapping[tuple[str, str], tuple[int, ...]]

    def where(self, question: str, level: str) -> str:
        """The nodes behind an answer, as messages show them: `mapping[2], mapping[5]`; nothing if there are none."""
        return ", ".join(f"mapping[{index}]" for index in self.nodes.get((question, level), ()))


def facts(einsum: Einsum, architecture: Architecture, mapping: LoopNest) -> Facts:
    """The facts of a mapping; names that the einsum or the machine do not have are passed over."""
    memories = [memory.name for memory in architecture.memories]
    stored = {name: list(_stored(mapping, name)) for name in memories}
    unrolled = {array.name: list(_unrolled(architecture, array, mapping)) for array in architecture.arrays}
    looped = {name: [(index, loop) for index, memory, loop in owned(mapping) if memory == name] for name in memories}
    nodes = {
        **{("kept", name): tuple(index for index, _ in found) for name, found in stored.items()},
        **{("unrollings", name): tuple(index for index, _, _ in found) for name, found in unrolled.items()},
        **{("loops", name): tuple(index for index, _ in found) for name, found in looped.items()},
    }
    return Facts(
        kept={name: tuple(tensor for _, node in found for tensor in node.tensors) for name, found in stored.items()},
        unrollings={name: _factors((dim, loop) for _, dim, loop in found) for name, found in unrolled.items()},
        loops={name: tuple((loop.rank, loop.trip) for _, loop in found) for name, found in looped.items()},
        tiles={name: _tiles(einsum, mapping, found) for name, found in stored.items()},
        nodes=nodes,
    )


def owned(mapping: LoopNest) -> Iterator[tuple[int, str, Temporal]]:
    """(index, memory, loop) of every temporal loop; the memory is that of the nearest storage node above it, or of the
    first one if there is none above."""
    memory = next((node.level for node in mapping.nodes if isinstance(node, Storage)), "")
    for index, node in enumerate(mapping.nodes):
        if isinstance(node, Storage):
            memory = node.level
        elif isinstance(node, Temporal) and node.trip > 1:
            yield index, memory, node


def _stored(mapping: LoopNest, memory: str) -> Iterator[tuple[int, Storage]]:
    for index, node in enumerate(mapping.nodes):
        if isinstance(node, Storage) and node.level == memory:
            yield index, node


def _unrolled(architecture: Architecture, array: Array, mapping: LoopNest) -> Iterator[tuple[int, str, Spatial]]:
    """(index, dimension, loop) of the spatial loops on an array."""
    for index, node in enumerate(mapping.nodes):
        on = architecture.dimension(node.on) if isinstance(node, Spatial) and node.trip > 1 else None
        if on and isinstance(node, Spatial) and on[0].name == array.name:
            yield index, on[1], node


def _factors(loops: Iterable[tuple[str, Spatial]]) -> Unrolling:
    found: dict[str, dict[str, int]] = {}
    for dim, loop in loops:
        factors = found.setdefault(dim, {})
        factors[loop.rank] = factors.get(loop.rank, 1) * loop.trip
    return found


def _tiles(einsum: Einsum, mapping: LoopNest, stored: Iterable[tuple[int, Storage]]) -> dict[str, Sizes]:
    """Sizes along all ranks of the tile of each tensor at its node."""
    found: dict[str, Sizes] = {}
    for index, node in stored:
        below = largest_sizes(einsum, mapping.nodes[index + 1 :])
        sizes = {rank: below.get(rank, 1) for rank in einsum.sizes}
        found |= dict.fromkeys(node.tensors, sizes)
    return found
