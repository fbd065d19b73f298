"""Every order of loops that a mapping can have, without its storage nodes: `exhaust_uneven` puts those in.

Loops are temporal loops and *blocks*, a block being the spatial loops of one array. Blocks stand in the order of the
hierarchy. Sequences are grown from the inside, where what a loop spans is known, so that imperfect trips can be
checked one by one: a loop of trip f that spans st points per iteration is legal if `(f - 1) * st < size`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, permutations, product
from math import prod
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture, Array
from polymap.mapping.nest import Loop, Spatial, Temporal
from polymap.workload.einsum import Einsum
from tests.oracles.dimensions import keeps_to_rules

PERFECT, IMPERFECT = "perfect", "imperfect"


@dataclass(frozen=True)
class Rules:
    """Which mappings are left out because another of the same cost is listed; `exhaust_uneven` has the arguments."""

    merge: bool = True
    lift: bool = True
    outermost: bool = True
    tail: bool = True
    below_block: bool = True
    packing: bool = True
    neighbours: bool = True


@dataclass(frozen=True)
class Block:
    """The spatial loops of one array, outermost first."""

    array: Array
    loops: tuple[Spatial, ...]

    @property
    def trips(self) -> dict[str, int]:
        """Product of the trips of every rank in the block."""
        ranks = dict.fromkeys(loop.rank for loop in self.loops)
        return {rank: prod(loop.trip for loop in self.loops if loop.rank == rank) for rank in ranks}


Item: TypeAlias = Temporal | Block
Sequence: TypeAlias = tuple[Item, ...]
Covered: TypeAlias = Mapping[str, int]


def is_special(array: Array) -> bool:
    """Whether a network counts more than equal tiles: then it matters where in a block a loop stands."""
    return array.wiring is not None or bool(array.links) or bool(array.share_halo)


def sequences(
    einsum: Einsum, architecture: Architecture, factors: str, rules: Rules, most_same: int
) -> Iterator[Sequence]:
    """All orders of loops whose trips fit the ranks, outermost first.

    With `merge`, at most `most_same` neighbours are temporal loops of one rank.
    """
    grow = _Perfect(einsum) if factors == PERFECT else _Imperfect(einsum)
    limit = most_same if rules.merge else None
    for blocks in product(*(choices(einsum, architecture, array, factors, rules) for array in architecture.arrays)):
        chosen = tuple(block for block in blocks if block.loops)
        if grow.can(chosen) and keeps_to_rules(
            einsum, architecture, [loop for block in chosen for loop in block.loops]
        ):
            yield from _grown(grow, chosen, dict.fromkeys(einsum.sizes, 1), (), limit)


class _Perfect:
    """Trips multiply to the size of their rank."""

    def __init__(self, einsum: Einsum) -> None:
        self.sizes = einsum.sizes

    def can(self, blocks: tuple[Block, ...]) -> bool:
        return all(size % _spread(blocks, rank) == 0 for rank, size in self.sizes.items())

    def trips(self, rank: str, covered: Covered, blocks: tuple[Block, ...]) -> Iterator[int]:
        left = self.sizes[rank] // (covered[rank] * _spread(blocks, rank))
        return (trip for trip in range(2, left + 1) if left % trip == 0)

    def placed(self, block: Block, covered: Covered) -> Block | None:
        return block

    def is_done(self, covered: Covered) -> bool:
        return all(covered[rank] == size for rank, size in self.sizes.items())


class _Imperfect:
    """Trips cover their rank, and no iteration of a loop is always empty."""

    def __init__(self, einsum: Einsum) -> None:
        self.sizes = einsum.sizes

    def can(self, blocks: tuple[Block, ...]) -> bool:
        return True

    def trips(self, rank: str, covered: Covered, blocks: tuple[Block, ...]) -> Iterator[int]:
        return iter(range(2, -(-self.sizes[rank] // covered[rank]) + 1))

    def placed(self, block: Block, covered: Covered) -> Block | None:
        """The block in the first of its orders in which every loop is legal."""
        return next(
            (Block(block.array, order) for order in permutations(block.loops) if self._fit(order, covered)), None
        )

    def _fit(self, loops: tuple[Spatial, ...], covered: Covered) -> bool:
        span = dict(covered)
        for loop in reversed(loops):
            if (loop.trip - 1) * span[loop.rank] >= self.sizes[loop.rank]:
                return False
            span[loop.rank] *= loop.trip
        return True

    def is_done(self, covered: Covered) -> bool:
        return all(covered[rank] >= size for rank, size in self.sizes.items())


def _grown(
    grow: _Perfect | _Imperfect, blocks: tuple[Block, ...], covered: Covered, inner: Sequence, same: int | None
) -> Iterator[Sequence]:
    """Sequences that end in `inner`, which spans `covered`; `blocks` are still to be placed outside it."""
    if not blocks and grow.is_done(covered):
        yield inner
        return
    for rank in covered:
        repeats = bool(inner) and isinstance(inner[0], Temporal) and inner[0].rank == rank
        if repeats and same == 0:
            continue
        left = same - 1 if same is not None and repeats else same
        for trip in grow.trips(rank, covered, blocks):
            wider = {**covered, rank: covered[rank] * trip}
            yield from _grown(grow, blocks, wider, (Temporal(rank, trip), *inner), left)
    if blocks:
        placed = grow.placed(blocks[-1], covered)
        if placed:
            wider = {rank: span * placed.trips.get(rank, 1) for rank, span in covered.items()}
            yield from _grown(grow, blocks[:-1], wider, (placed, *inner), same)


def _spread(blocks: tuple[Block, ...], rank: str) -> int:
    return prod(block.trips.get(rank, 1) for block in blocks)


def choices(einsum: Einsum, architecture: Architecture, array: Array, factors: str, rules: Rules) -> Iterator[Block]:
    """Every block of an array that its dimensions allow, the empty one included; one loop per rank and dimension."""
    dims = [(architecture.dimension_label(array, dim), size) for dim, size in array.shape]
    known: set[tuple[object, ...]] = set()
    for shares in product(*(list(_share(einsum.ranks, size, factors)) for _, size in dims)):
        loops = tuple(
            Spatial(rank, trip, label)
            for (label, _), trips in zip(dims, shares, strict=True)
            for (rank, _), trip in zip(einsum.ranks, trips, strict=True)
            if trip > 1
        )
        if is_special(array):
            yield from (Block(array, order) for order in _orders(loops))
            continue
        key = _packing(einsum, shares, factors)
        if not rules.packing or array.rules or key not in known:
            yield Block(array, loops)
        known.add(key)


def _share(ranks: tuple[tuple[str, int], ...], room: int, factors: str) -> Iterator[tuple[int, ...]]:
    """Trips of every rank on one dimension of an array."""
    if not ranks:
        yield ()
        return
    (_, size), rest = ranks[0], ranks[1:]
    for trip in range(1, min(size, room) + 1):
        if factors == IMPERFECT or size % trip == 0:
            yield from ((trip, *others) for others in _share(rest, room // trip, factors))


def _packing(einsum: Einsum, shares: tuple[tuple[int, ...], ...], factors: str) -> tuple[object, ...]:
    """What the cost can see of a block: the product of every rank's trips, or, as legality sees them, the trips."""
    by_rank = zip(*shares, strict=True)
    if factors == PERFECT:
        return tuple(prod(trips) for trips in by_rank)
    return tuple(tuple(sorted(trip for trip in trips if trip > 1)) for trips in by_rank)


def _orders(loops: tuple[Spatial, ...]) -> Iterator[tuple[Spatial, ...]]:
    """Orders of a block's loops, up to exchanging neighbours that have neither the rank nor the dimension in common."""
    for order in permutations(loops):
        if all(_are_tied(a, b) or loops.index(a) < loops.index(b) for a, b in pairwise(order)):
            yield order


def _are_tied(a: Spatial, b: Spatial) -> bool:
    return a.rank == b.rank or a.on == b.on


def flat(sequence: Sequence) -> Iterator[Loop]:
    """The loops of a sequence, outermost first."""
    for item in sequence:
        yield from item.loops if isinstance(item, Block) else (item,)
