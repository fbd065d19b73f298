"""Traffic of a class of mappings: how many elements each storage node fetches, over the lattice of its tile sizes.

A class fixes what is kept where (`Skeleton`), the spatial factors, and `sharing`: how many sibling instances
receive one copy of a tile. What remains are the temporal tile sizes at the stops and the order of the loops. Under the
residency rule a node's traffic depends on those only at one point, where the innermost relevant loop outside it (its
*closing* loop) begins: with the tile sizes of that moment, `fetched = |D| * steps * instances`, less the overlap of
consecutive tiles along the closing loop. Loops passed before are irrelevant to the tensor, so they have changed neither
its tile nor this product. That makes the cost of a mapping a sum over closings, and its minimum a dynamic program.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from polymap.architecture.hierarchy import Array
from polymap.mapper.lattice import Lattice, Values
from polymap.mapper.lattice import lattice as lattice_of
from polymap.mapper.space import Skeleton, StorageNode
from polymap.mapper.unrolling import Factors, Spatial
from polymap.mapping.tiles import elements
from polymap.workload.einsum import Affine, Tensor


@dataclass(frozen=True)
class Geometry:
    """Spatial and temporal extents of a class: `unrolled[i]` are the spatial factors of gap i, per rank."""

    skeleton: Skeleton
    spatial: Spatial

    @cached_property
    def ranks(self) -> tuple[str, ...]:
        return tuple(rank for rank, _ in self.skeleton.einsum.ranks)

    @cached_property
    def unrolled(self) -> tuple[Factors, ...]:
        return tuple(self.spatial.factors(arrays, len(self.ranks)) for arrays in self.skeleton.arrays)

    @cached_property
    def lattice(self) -> Lattice:
        sizes = (size for _, size in self.skeleton.einsum.ranks)
        return lattice_of(tuple(size // factor for size, factor in zip(sizes, self.above(self.skeleton.last))))

    def above(self, stop: int) -> Factors:
        """Spatial factors outside a stop, per rank."""
        return tuple(prod(gap[r] for gap in self.unrolled[: stop + 1]) for r in range(len(self.ranks)))

    def below(self, stop: int) -> Factors:
        """Spatial factors inside a stop, per rank."""
        return tuple(prod(gap[r] for gap in self.unrolled[stop + 1 :]) for r in range(len(self.ranks)))

    def instances(self, stop: int) -> int:
        return prod(self.above(stop))

    @cached_property
    def compute_cycles(self) -> int:
        return prod(self.lattice.sizes)

    @property
    def nodes(self) -> tuple[StorageNode, ...]:
        return self.skeleton.nodes

    def sizes(self, stop: int) -> dict[str, Values]:
        """Tile sizes per rank at a stop, temporal tile times the spatial factors inside, over the lattice."""
        return {rank: tile * inner for rank, tile, inner in zip(self.ranks, self.lattice.tiles, self.below(stop))}

    def tile(self, tensor: Tensor, stop: int) -> Values:
        """Elements of a tensor's tile at a stop, over the lattice."""
        return np.asarray(elements(tensor, self.sizes(stop)), dtype=np.float64)

    def fetched(self, node: StorageNode) -> Values:
        """Elements fetched into all instances of a node when its closing loop keeps nothing."""
        return self.tile(node.tensor, node.stop) * self.lattice.steps * float(self.instances(node.stop))

    def overlap(self, node: StorageNode, rank: int, gap: int) -> Values:
        """What one more step of a closing loop over `rank` in `gap` need not fetch, in the units of `fetched`."""
        name, sizes = self.ranks[rank], self.sizes(node.stop)
        step = self.lattice.tiles[rank] * float(self.below(gap - 1)[rank])
        shared = prod((_shared(c, sizes, name, step) for c in node.tensor.coordinates), start=np.ones(()))
        return shared * self.lattice.steps * float(self.instances(node.stop))

    def bits(self, node: StorageNode) -> Values:
        """Room that a node's tile takes in its memory, over the lattice."""
        memory = node.memory
        return self.tile(node.tensor, node.stop) * float(memory.element_bits(node.tensor) * memory.buffering)

    @cached_property
    def rooms(self) -> dict[str, float]:
        """Bits that each limited memory leaves to nodes that are fetched: what tensors at home take is taken off."""
        limited = ((k.memory.name, k.memory.capacity_bits) for k in self.skeleton.kept)
        rooms = {name: float(bits) for name, bits in limited if bits is not None}
        for name, home in self.skeleton.homes.items():
            if home.memory and home.name in rooms:
                tensor = self.skeleton.einsum.tensor(name)
                whole = elements(tensor, self.skeleton.einsum.sizes)
                rooms[home.name] -= whole * home.memory.element_bits(tensor) * home.memory.buffering
        return rooms

    def at_home(self, stop: int) -> Values:
        """0 where tensors whose limited home is at a stop are whole, infinity elsewhere and if they do not fit."""
        legal = np.ones(self.lattice.shape, dtype=bool)
        for name, home in self.skeleton.homes.items():
            if home.stop == stop and home.name in self.rooms:
                tensor = self.skeleton.einsum.tensor(name)
                legal &= self.rooms[home.name] >= 0
                for r, rank in enumerate(self.ranks):
                    if rank in tensor.ranks:
                        legal = legal & (self.lattice.tiles[r] == self.lattice.sizes[r]) & (self.above(stop)[r] == 1)
        return np.where(legal, 0.0, np.inf)


def _shared(coordinate: Affine, sizes: dict[str, Values], rank: str, step: Values) -> Values:
    extent = 1 + sum((abs(c) * (sizes[r] - 1) for r, c in coordinate.terms), start=np.zeros(()))
    moved = abs(dict(coordinate.terms).get(rank, 0)) * step
    return np.maximum(0.0, extent - moved)


def shares(tensor: Tensor, array: Array) -> bool:
    return array.reduces(tensor) if tensor.is_output else array.multicasts(tensor)
