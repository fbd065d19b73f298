"""What nodes of a class fetch, and what of it crosses to them from their parents, where factors need not divide.

A tile of a node is one of `n_r` tiles of each rank r, of which the last may be short. Over all of them a coordinate of
ranks r with coefficients c_r holds

    sum of extents = prod n_r + sum over r of |c_r| (N_r - n_r) * prod over the others n

elements; for a rank by itself that is N_r. Ranks that do not concern a tensor multiply this by the number of their
*groups*: the tiles at the closing loop, times the instances that run inside each. All is exact where the steps of the
spatial loops are known (`Steps`); else from below, for N * s / T is a lower bound of the groups of an array that
unrolls by s inside tiles of T.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

from polymap.architecture.hierarchy import Array
from polymap.mapper.imperfect.unrolling import through
from polymap.mapper.space import Skeleton, StorageNode
from polymap.mapper.traffic import Geometry, shares
from polymap.mapper.unrolling import Factors
from polymap.workload.einsum import Affine, Tensor


@dataclass(frozen=True)
class Crossing:
    """The spatial loops of one rank over one array; unless `through`, the rank is whole outside it."""

    gap: int
    array: Array
    rank: int
    factor: int
    through: bool


@dataclass(frozen=True)
class Loops:
    """The spatial loops of a class, per rank, and what they share."""

    geometry: Geometry

    @property
    def skeleton(self) -> Skeleton:
        return self.geometry.skeleton

    @cached_property
    def sizes(self) -> Factors:
        return tuple(size for _, size in self.skeleton.einsum.ranks)

    @cached_property
    def below(self) -> tuple[Factors, ...]:
        return tuple(self.geometry.below(stop) for stop in range(self.skeleton.last + 1))

    @cached_property
    def crossing(self) -> tuple[tuple[Crossing, ...], ...]:
        """The spatial loops of every gap, of the innermost array first."""
        chosen = {u.array.name: u for u in self.geometry.spatial.unrollings}
        return tuple(
            tuple(
                Crossing(gap, array, rank, factor, open_)
                for array in reversed(arrays)
                for rank, (factor, open_) in enumerate(zip(chosen[array.name].factors, through(chosen[array.name])))
                if factor > 1
            )
            for gap, arrays in enumerate(self.skeleton.arrays)
        )

    @cached_property
    def unrolled(self) -> frozenset[int]:
        """Ranks with spatial loops."""
        return frozenset(crossing.rank for gap in self.crossing for crossing in gap)

    @cached_property
    def several(self) -> bool:
        """Whether a rank is unrolled over more than one array: instances inside then depend on tiles."""
        return sum(len(gap) for gap in self.crossing) > len(self.unrolled)

    def least_instances(self, stop: int) -> Factors:
        """Instances along each rank that run at least."""
        found = [1] * len(self.sizes)
        for gap in range(stop, -1, -1):
            for crossing in self.crossing[gap]:
                rank, factor = crossing.rank, crossing.factor
                found[rank] = (factor - 1) * found[rank] + 1 if found[rank] > 1 else factor
        return tuple(found)

    def shared(self, tensor: Tensor, parent: int, child: int) -> Factors:
        """Spatial factors per rank between two stops on arrays that share the tensor."""
        chosen = {u.array.name: u.factors for u in self.geometry.spatial.unrollings}
        found = [1] * len(self.sizes)
        for gap in range(parent + 1, child + 1):
            for array in self.skeleton.arrays[gap]:
                if shares(tensor, array):
                    found = [a * b for a, b in zip(found, chosen[array.name])]
        return tuple(found)


def places(loops: Loops, tensor: Tensor) -> tuple[tuple[tuple[tuple[int, int], ...], ...], tuple[int, ...]]:
    """(|coefficient|, rank) of every coordinate, and the ranks that do not concern the tensor."""
    index = {name: r for r, (name, _) in enumerate(loops.skeleton.einsum.ranks)}
    coordinates = tuple(tuple((abs(k), index[name]) for name, k in c.terms) for c in tensor.coordinates)
    return coordinates, tuple(r for name, r in index.items() if name not in tensor.ranks)


def extents(coordinate: Sequence[tuple[int, int]], sizes: Factors, tiles: Sequence[Any]) -> Any:
    """Elements of a coordinate over all its tiles, of which there are so many of each rank."""
    total = prod((tiles[r] for _, r in coordinate), start=1)
    for k, r in coordinate:
        total = total + k * (sizes[r] - tiles[r]) * prod((tiles[q] for _, q in coordinate if q != r), start=1)
    return total


def overlaps(coordinate: Sequence[tuple[int, int]], rank: int, sizes: Factors, tiles: Sequence[Any]) -> Any:
    """What tiles keep at most of the ones before them along a rank, over all tiles of the other ranks."""
    others = [(k, r) for k, r in coordinate if r != rank]
    return extents(others, sizes, tiles) - prod((tiles[r] for _, r in others), start=1)


def kept(
    coordinate: Sequence[tuple[int, int]],
    rank: int,
    sizes: Factors,
    tile: Sequence[int],
    tiles: Sequence[int],
    step: int,
) -> int:
    """What they keep where tile sizes are known; `step` is how far the closing loop moves the rank."""
    own = next(k for k, r in coordinate if r == rank)
    others = [(k, r) for k, r in coordinate if r != rank]
    total = 0
    for combination in product(*(_sizes(sizes[r], tile[r], tiles[r]) for _, r in others)):
        extra = sum(k * (size - 1) for (k, _), (size, _) in zip(others, combination))
        total += prod(times for _, times in combination) * max(0, 1 + own * (tile[rank] - 1 - step) + extra)
    return total


def _sizes(size: int, tile: int, tiles: int) -> list[tuple[int, int]]:
    """(size, how many) of the tiles of a rank."""
    last = size - (tiles - 1) * tile
    return [(tile, tiles - 1), (last, 1)] if tiles > 1 else [(last, 1)]


@dataclass(frozen=True)
class Flow:
    """What of a node's tensor is asked for: by the node, or (`crossing`) of its parent.

    `shared` are the spatial factors of which one instance is served for all; `alike` divides what remains where two
    ranks of one coordinate are shared: tiles may repeat along diagonals. If `rough`, windows count once only.
    """

    tensor: Tensor
    stop: int
    coordinates: tuple[tuple[tuple[int, int], ...], ...]
    others: tuple[int, ...]
    shared: Factors
    sharing: frozenset[tuple[int, str]]  # (gap, array) of those
    alike: float
    rough: bool

    def whole(self, sizes: Factors, tiles: Sequence[Any], groups: Sequence[Any]) -> Any:
        """Elements where nothing is kept: `tiles` of every rank at the node, groups of those that do not concern it."""
        total: Any = prod((self.extents(c, sizes, tiles) for c in self.coordinates), start=1)
        return total * self.rest(groups)

    def extents(self, coordinate: Sequence[tuple[int, int]], sizes: Factors, tiles: Sequence[Any]) -> Any:
        """Elements of a coordinate over all its tiles, at least."""
        if self.rough and [k for k, _ in coordinate] != [1]:
            return max((sizes[r] for _, r in coordinate), default=1)
        return extents(coordinate, sizes, tiles)

    def rest(self, groups: Sequence[Any]) -> Any:
        total: Any = prod((-(-groups[r] // self.shared[r]) for r in self.others), start=1)
        return total / self.alike if self.alike > 1 else total


def flow(loops: Loops, tensor: Tensor, stop: int, parent: int | None) -> Flow:
    """The flow into a stop (parent None), or out of a parent's stop to it."""
    coordinates, others = places(loops, tensor)
    nothing = (1,) * len(loops.sizes)
    shared = nothing if parent is None else loops.shared(tensor, parent, stop)
    alike = 1.0
    for c in coordinates:
        factors = [shared[r] for _, r in c if shared[r] > 1]
        alike *= prod(factors) / max(factors) if len(factors) > 1 else 1
    gaps = range(0 if parent is None else parent + 1, 0 if parent is None else stop + 1)
    sharing = {(gap, a.name) for gap in gaps for a in loops.skeleton.arrays[gap] if shares(tensor, a)}
    return Flow(tensor, stop, coordinates, others, shared, frozenset(sharing), alike, loops.several)


def node_flows(loops: Loops, node: StorageNode) -> tuple[Flow, Flow]:
    """What a node fetches, and what its parent is asked for."""
    return flow(loops, node.tensor, node.stop, None), flow(loops, node.tensor, node.stop, node.parent.stop)


def is_once(einsum_tensors: Sequence[Tensor]) -> bool:
    """Whether no rank occurs in two coordinates of a tensor."""
    return all(sum(len(c.ranks) for c in t.coordinates) == len(t.ranks) for t in einsum_tensors)


def one_rank(coordinate: Affine) -> bool:
    return len(coordinate.terms) == 1 and abs(coordinate.terms[0][1]) == 1
