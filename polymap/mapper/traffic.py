"""Traffic of a class of mappings: how many elements each storage node fetches, over the lattice of its tile sizes.

A class fixes what is kept where (`Skeleton`), the spatial factors, and `sharing`: how many sibling instances
receive one copy of a tile. What remains are the temporal tile sizes at the stops and the order of the loops. Under the
residency rule a node's traffic depends on those only at one point, where the innermost relevant loop outside it (its
*closing* loop) begins: with the tile sizes of that moment, `fetched = |D| * steps * instances`, less the overlap of
consecutive tiles along the closing loop. Loops passed before are irrelevant to the tensor, so they have changed neither
its tile nor this product. That makes the cost of a mapping a sum over closings, and its minimum a dynamic program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from math import ceil, prod
from operator import mul
from typing import Any

import numpy as np

from polymap.architecture.hierarchy import Array
from polymap.mapper.groups import Alone
from polymap.mapper.lattice import Lattice, Values
from polymap.mapper.lattice import lattice as lattice_of
from polymap.mapper.pieces import Moves, Pieces
from polymap.mapper.space import Link, Site, Skeleton, StorageNode
from polymap.mapper.touched import Touched, mixes, touched
from polymap.mapper.unrolling import Factors, Spatial
from polymap.mapping.tiles import elements, extents
from polymap.workload.einsum import Affine, Tensor


@dataclass(frozen=True)
class Geometry:
    """Spatial and temporal extents of a class: `unrolled[i]` are the spatial factors of gap i, per rank."""

    skeleton: Skeleton
    spatial: Spatial
    # By (gap, rank): temporal tiles inside the arrays, where these decide what a domain's tiles touch and are known.
    tiles: tuple[tuple[tuple[int, int], int], ...] | None = None

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
        return self._above[stop]

    @cached_property
    def _above(self) -> tuple[Factors, ...]:
        return tuple(accumulate(self.unrolled, _times))

    def below(self, stop: int) -> Factors:
        """Spatial factors inside a stop, per rank."""
        return self._below[stop]

    @cached_property
    def _below(self) -> tuple[Factors, ...]:
        alone = (1,) * len(self.ranks)
        return tuple(accumulate(reversed(self.unrolled[1:]), _times, initial=alone))[::-1]

    def instances(self, stop: int) -> int:
        return prod(self.above(stop))

    @cached_property
    def touched(self) -> Touched | None:
        """What tiles touch, unless the domain is a box."""
        return None if self.skeleton.einsum.is_box else touched(self.skeleton.einsum)

    def at(self, tiles: Sequence[Mapping[tuple[int, int], int]]) -> Geometry:
        """The same where the tiles at the arrays are known; this one if that tells nothing, as on a box."""
        return replace(self, tiles=tuple(tiles[0].items())) if self.touched and tiles else self

    @cached_property
    def pieces(self) -> Pieces:
        """What cells touch exactly, where the tiles at the arrays are known."""
        return Pieces(self)

    def spread(self, stop: int) -> frozenset[str]:
        """Ranks that are unrolled outside a stop."""
        return frozenset(rank for rank, factor in zip(self.ranks, self.above(stop)) if factor > 1)

    @cached_property
    def compute_cycles(self) -> int:
        """Steps at which anything runs; at least, where the domain is no box."""
        if self.touched is None:
            used = prod(factor for unrolling in self.spatial.unrollings for factor in unrolling.factors)
            return prod(size for _, size in self.skeleton.einsum.ranks) // used
        last, cells = self.skeleton.last, Fraction(1)
        sizes, spread = dict(zip(self.ranks, self.above(last))), self.spread(last)
        for group, own in self.touched.shares(None):
            known = self.pieces.number(group, own, lambda gap, array: True)
            cells *= self.touched.in_group(group, own, sizes, spread) if known is None else known
        return ceil(cells)

    @cached_property
    def all_run(self) -> bool:
        """Whether every instance has points, wherever the loops stand."""
        return self.touched is None or self.touched.is_whole(self.spread(self.skeleton.last))

    @property
    def nodes(self) -> tuple[StorageNode, ...]:
        return self.skeleton.nodes

    def sizes(self, stop: int) -> Mapping[str, Values]:
        """Tile sizes per rank at a stop, temporal tile times the spatial factors inside, over the lattice."""
        return self._sizes[stop]

    @cached_property
    def _sizes(self) -> tuple[Mapping[str, Values], ...]:
        return tuple(
            {rank: tile * inner for rank, tile, inner in zip(self.ranks, self.lattice.tiles, inside)}
            for inside in self._below
        )

    def tile(self, tensor: Tensor, stop: int) -> Values:
        """Elements of a tensor's largest tile at a stop, over the lattice."""
        return np.asarray(self.elements(tensor, self.sizes(stop)), dtype=np.float64)

    def elements(self, tensor: Tensor, sizes: Mapping[str, Any]) -> Any:
        """Elements of a tensor's largest tile of these sizes, numbers or arrays."""
        return self.touched.largest(tensor, sizes) if self.touched else elements(tensor, sizes)

    def fetched(self, node: StorageNode) -> Values:
        """Elements fetched into all instances of a node when its closing loop keeps nothing; at least, where the domain
        is no box."""
        if self.touched:
            least = self.touched.fetched_in_groups(node.tensor, self.sizes(node.stop), self.spread(node.stop))
            return self._counted(node.tensor, least, lambda gap, array: gap > node.stop)
        return self.tile(node.tensor, node.stop) * self.lattice.steps * float(self.instances(node.stop))

    def crossing(self, node: StorageNode) -> Values:
        """The elements of `fetched` that cross from the parent, what instances share counting once; at least, on a
        domain that is no box."""
        assert self.touched
        sharers = self.sharers(Link(node.tensor, node.parent, Site(node.memory, node.stop)))
        least = self.touched.crossing_in_groups(node.tensor, self.sizes(node.stop), self.spread(node.stop), sharers)
        joint = self._together(node.tensor, node.parent.stop)
        together = self._counted(node.tensor, least, lambda gap, array: gap > node.stop or joint(gap, array))
        return np.maximum(together, self.shared(node, self.fetched(node)))

    def _together(self, tensor: Tensor, parent: int) -> Moves:
        """Which arrays' instances may get from a parent what is sent once; ranks of the tensor's own do not count."""
        return lambda gap, array: gap > parent and shares(tensor, array)

    def _counted(self, tensor: Tensor, least: Iterable[Values], moves: Moves) -> Values:
        """The product of counts of groups of ranks, exact for those whose pieces are known."""
        assert self.touched
        total = np.ones(())
        for (group, own), bound in zip(self.touched.shares(tensor), least):
            known = self.pieces.table(tensor, group, own, moves)
            total = total * (bound if known is None else np.where(np.isnan(known), bound, np.fmax(known, bound)))
        return total

    def sliding(self, node: StorageNode, rank: int, factor: int, gap: int) -> Values:
        """Elements fetched at least when a closing loop of several ranks' coordinate keeps what it holds, on a domain
        that is no box."""
        assert self.touched
        step = self.lattice.tiles[rank] * float(self.below(gap - 1)[rank])
        sizes, spread = self.sizes(node.stop), self.spread(node.stop)
        return self.touched.sliding(node.tensor, sizes, spread, self.ranks[rank], step, factor)

    def least_fetched(self, node: StorageNode) -> int:
        """What a node fetches at least, on a domain that is no box."""
        assert self.touched
        slides = any(mixes(own) for _, own in self.touched.shares(node.tensor))
        if slides:
            return int(self.elements(node.tensor, self.skeleton.einsum.sizes))
        return int(self.fetched(node).flat[-1])

    def shares_unlike(self, link: Link) -> bool:
        """Whether instances that may hold the same hold it at some steps only."""
        if self.touched is None:
            return False
        several = {rank for rank, number in self.sharers(link).items() if number > 1}
        shares = self.touched.shares(link.tensor)
        return any(several & set(group.ranks) for group, _ in shares if not isinstance(group, Alone))

    def shared(self, node: StorageNode, fetched: Values) -> Values:
        """What of the elements fetched crosses from the parent if all that may share do, on a domain that is no box."""
        sharers = self.sharers(Link(node.tensor, node.parent, Site(node.memory, node.stop)))
        return fetched / float(prod(sharers.values()))

    def sharers(self, link: Link) -> dict[str, int]:
        """Spatial factors of the loops along which instances may hold the same, on a domain that is no box."""
        alone = {c.ranks[0] for c in link.tensor.coordinates if len(c.ranks) == 1}
        found = dict.fromkeys(self.ranks, 1)
        arrays = [a for gap in self.skeleton.arrays[link.parent.stop + 1 : link.child.stop + 1] for a in gap]
        for unrolling in self.spatial.unrollings:
            if unrolling.array in arrays and shares(link.tensor, unrolling.array):
                for rank, factor in zip(self.ranks, unrolling.factors):
                    found[rank] *= 1 if rank in alone else factor
        return found

    def asked(self, link: Link, copies: Fraction) -> Fraction:
        """Elements that the computes ask for, what instances share counting once; at least, where the domain is no
        box."""
        if self.touched:
            total, joint = Fraction(1), self._together(link.tensor, link.parent.stop)
            for group, own in self.touched.shares(link.tensor):
                known = self.pieces.number(group, own, joint)
                total *= self.touched.asked(group, own, self.sharers(link)) if known is None else known
            return total
        return self.skeleton.einsum.computes / copies

    def held(self, tensor: Tensor, stop: int) -> int:
        """Elements that the instances of a stop ever hold, summed over them, at most, on a domain that is no box."""
        assert self.touched
        total, above = 1, dict(zip(self.ranks, self.above(stop)))
        for group, own in self.touched.shares(tensor):
            known = self.pieces.number(group, own, lambda gap, array: gap > stop, whole=True)
            total *= self.touched.held(group, own, above) if known is None else known
        return total

    def running(self, factors: Mapping[str, int]) -> int:
        """Instances that ever run, given the spatial factors outside; at least, where the domain is no box."""
        if self.touched is None:
            return prod(factors.values())
        sizes = {rank: size // factors[rank] for rank, size in self.skeleton.einsum.ranks}
        return ceil(self.touched.exactly(None, sizes, {rank for rank, factor in factors.items() if factor > 1}))

    def overlap(self, node: StorageNode, rank: int, gap: int) -> Values:
        """What one more step of a closing loop over `rank` in `gap` need not fetch, in the units of `fetched`."""
        name, step = self.ranks[rank], self.lattice.tiles[rank] * float(self.below(gap - 1)[rank])
        pairs = zip(node.tensor.coordinates, extents(node.tensor, self.sizes(node.stop)))
        shared = prod((_shared(c, extent, name, step) for c, extent in pairs), start=np.ones(()))
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
                whole = int(self.elements(tensor, self.skeleton.einsum.sizes))
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


def _shared(coordinate: Affine, extent: Values, rank: str, step: Values) -> Values:
    moved = abs(dict(coordinate.terms).get(rank, 0)) * step
    return np.maximum(0.0, extent - moved) if rank in coordinate.ranks else extent


def _times(some: Factors, others: Factors) -> Factors:
    return tuple(map(mul, some, others))


def least_elements(tensor: Tensor, sizes: Mapping[str, int]) -> int:
    """Elements of a tensor on a box of these sizes, at least: one rank per coordinate and no rank twice. Moving those
    alone touches a new element at every step."""
    found, moving = 1, set[str]()
    for coordinate in tensor.coordinates:
        found *= max((sizes[rank] for rank in coordinate.ranks if rank not in moving), default=1)
        moving |= set(coordinate.ranks)
    return found


def shares(tensor: Tensor, array: Array) -> bool:
    return array.reduces(tensor) if tensor.is_output else array.multicasts(tensor)
