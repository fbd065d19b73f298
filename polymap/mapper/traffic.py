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
from numpy.typing import NDArray

from polymap.architecture.hierarchy import Array
from polymap.mapper.lattice import Lattice, Values
from polymap.mapper.lattice import lattice as lattice_of
from polymap.mapper.space import Factors, Skeleton, Spatial
from polymap.mapper.states import StorageNode, states
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
        """Every node that is fetched from a parent; the compute statement is no node here, its traffic is fixed."""
        return states(self.skeleton, ()).nodes

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

    def fits(self, stop: int) -> Values:
        """0 where the tiles of a stop's memory fit and tensors at home there are whole, infinity elsewhere."""
        legal = self._within_capacity(stop) & self._at_home(stop)
        return np.where(legal, 0.0, np.inf)

    def _within_capacity(self, stop: int) -> NDArray[np.bool_]:
        memory, einsum = self.skeleton.memories[stop], self.skeleton.einsum
        if memory.capacity_bits is None:
            return np.ones(self.lattice.shape, dtype=bool)
        tensors = [einsum.tensor(name) for name in self.skeleton.kept[stop]]
        bits = sum(self.tile(t, stop) * float(memory.element_bits(t)) for t in tensors)
        return np.broadcast_to(np.asarray(bits * memory.buffering <= memory.capacity_bits), self.lattice.shape)

    def _at_home(self, stop: int) -> NDArray[np.bool_]:
        legal = np.ones(self.lattice.shape, dtype=bool)
        for name in self.skeleton.kept[stop]:
            if self.skeleton.chains[name][0] == stop:
                tensor = self.skeleton.einsum.tensor(name)
                for r, rank in enumerate(self.ranks):
                    if rank in tensor.ranks:
                        legal = legal & (self.lattice.tiles[r] == self.lattice.sizes[r]) & (self.above(stop)[r] == 1)
        return legal


def _shared(coordinate: Affine, sizes: dict[str, Values], rank: str, step: Values) -> Values:
    extent = 1 + sum((abs(c) * (sizes[r] - 1) for r, c in coordinate.terms), start=np.zeros(()))
    moved = abs(dict(coordinate.terms).get(rank, 0)) * step
    return np.maximum(0.0, extent - moved)


def shares(tensor: Tensor, array: Array) -> bool:
    return array.reduces(tensor) if tensor.is_output else array.multicasts(tensor)
