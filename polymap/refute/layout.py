"""One class laid out: zones between arrays in use, where each tensor rests in them, and what arrays share.

Zone 0 lies inside all arrays in use, zone z outside z of them; block z is the array between the zones z and z+1. All
that is here follows from docs/design/model.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import product
from math import prod
from operator import itemgetter
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.model.distinct import distinct
from polymap.refute.classes import Class, Factors
from polymap.workload.einsum import Affine, Einsum, Tensor

Tile: TypeAlias = Factors  # temporal tile per rank
Crossings: TypeAlias = Mapping[tuple[int, int], int]  # temporal tile of (block, rank) where the block stands
MOST_CROSSINGS = 4_096


@dataclass(frozen=True, eq=False)
class Site:
    """A tensor, number `of` in the einsum, at a memory; `number` counts its sites from the inside.

    Compared by identity: it is the key of much that is remembered.
    """

    tensor: Tensor
    of: int
    memory: Memory
    zone: int
    number: int


@dataclass(frozen=True)
class Layout:
    """A class of mappings of an einsum on an architecture. `sweeps` is the convention `continuing_sweep`."""

    einsum: Einsum
    architecture: Architecture
    cls: Class
    sweeps: bool = False

    @cached_property
    def ranks(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.einsum.ranks)

    @cached_property
    def blocks(self) -> tuple[tuple[Array, Factors], ...]:
        """Arrays in use with their factors, innermost first."""
        pairs = zip(self.architecture.arrays, self.cls.unrolled, strict=True)
        return tuple((array, factors) for array, factors in reversed(list(pairs)) if prod(factors) > 1)

    @property
    def last(self) -> int:
        """The outermost zone."""
        return len(self.blocks)

    @cached_property
    def inside(self) -> tuple[Factors, ...]:
        """Spatial factors inside each zone, per rank."""
        return tuple(self._spanned(range(zone)) for zone in range(self.last + 1))

    @cached_property
    def outside(self) -> tuple[Factors, ...]:
        """Spatial factors outside each zone, per rank."""
        return tuple(self._spanned(range(zone, self.last)) for zone in range(self.last + 1))

    def _spanned(self, blocks: range) -> Factors:
        return tuple(prod(self.blocks[block][1][r] for block in blocks) for r in range(len(self.ranks)))

    def instances(self, zone: int) -> int:
        return self._copied[zone]

    @cached_property
    def _copied(self) -> tuple[int, ...]:
        return tuple(map(prod, self.outside))

    @cached_property
    def whole(self) -> Tile:
        """Temporal factors of every rank."""
        return tuple(size // spatial for (_, size), spatial in zip(self.einsum.ranks, self.outside[0], strict=True))

    @cached_property
    def compute_cycles(self) -> int:
        return prod(self.whole)

    @cached_property
    def sites(self) -> tuple[tuple[Site, ...], ...]:
        """Of each tensor its sites, from the inside; the last one is its home, which nothing fills."""
        return tuple(tuple(self._sites(tensor, of)) for of, tensor in enumerate(self.einsum.tensors))

    def _sites(self, tensor: Tensor, of: int) -> Iterator[Site]:
        keeping = [m for m, held in zip(self.architecture.memories, self.cls.kept, strict=True) if tensor.name in held]
        place = self.architecture.index
        for number, memory in enumerate(reversed(keeping)):
            zone = sum(place(array.name) > place(memory.name) for array, _ in self.blocks)
            yield Site(tensor, of, memory, zone, number)

    @cached_property
    def relevant(self) -> tuple[frozenset[int], ...]:
        """Of each tensor the ranks that it depends on."""
        return tuple(frozenset(map(self.ranks.index, tensor.ranks)) for tensor in self.einsum.tensors)

    @cached_property
    def axes(self) -> tuple[tuple[tuple[tuple[int, int], ...], ...], ...]:
        """Of each tensor and coordinate the ranks and how far a step of each moves."""
        number = self.ranks.index
        return tuple(
            tuple(tuple((number(rank), abs(c)) for rank, c in axis.terms) for axis in tensor.coordinates)
            for tensor in self.einsum.tensors
        )

    @cached_property
    def sliding(self) -> tuple[frozenset[int], ...]:
        """Of each tensor the ranks along which its tiles may overlap: those that share a coordinate."""
        return tuple(frozenset(r for axis in axes if len(axis) > 1 for r, _ in axis) for axes in self.axes)

    def extents(self, site: Site, tile: Tile) -> list[int]:
        """Hull of a tile in each coordinate: a temporal tile and what is unrolled inside the site's zone."""
        inside = self.inside[site.zone]
        return [1 + sum(c * (tile[r] * inside[r] - 1) for r, c in axis) for axis in self.axes[site.of]]

    def held(self, site: Site, tile: Tile) -> int:
        """Elements of a tile."""
        key = site, self._parts[site.of](tile)
        known = self._held.get(key)
        if known is None:
            known = self._held[key] = prod(self.extents(site, tile))
        return known

    @cached_property
    def _parts(self) -> tuple[Callable[[Tile], object], ...]:
        """Of each tensor what takes from a tile the sizes that it depends on."""
        return tuple(itemgetter(*ranks) if ranks else len for ranks in self.relevant)

    @cached_property
    def _held(self) -> dict[tuple[Site, object], int]:
        return {}

    @cached_property
    def _stays(self) -> dict[tuple[Site, object, int, int], int]:
        return {}

    def fetched(self, site: Site, tile: Tile, rank: int | None = None, trip: int = 1, zone: int = 0) -> int:
        """What all instances of a site fetch whose closing loop over `rank`, in `zone`, begins at a tile.

        Without a rank nothing stays from one step to the next.
        """
        held, rounds = self.held(site, tile), self.compute_cycles // (prod(tile) * trip) * self._copied[site.zone]
        if rank is None:
            return held * rounds
        key = site, self._parts[site.of](tile), rank, zone
        stays = self._stays.get(key)
        if stays is None:
            stays = self._stays[key] = self._staying(site, tile, rank, zone)
        if self.sweeps:
            # Loops outside may move a tile that sweeps on to where it has been: they cost nothing at least.
            return held * self._copied[site.zone] + (trip - 1) * (held - stays) * rounds
        return (held + (trip - 1) * (held - stays)) * rounds

    def _staying(self, site: Site, tile: Tile, rank: int, zone: int) -> int:
        """Elements that a tile shares with the next one along a rank."""
        step = tile[rank] * self.inside[zone][rank]
        moved = (sum(c for r, c in axis if r == rank) * step for axis in self.axes[site.of])
        return prod(max(0, extent - move) for extent, move in zip(self.extents(site, tile), moved, strict=True))

    def least_fetched(self, site: Site) -> int:
        """Every instance fetches each element that it needs once: sums of sets are at least as large as their sizes
        together, less one each. A tile that sweeps on fetches what its closing loop brings, at least."""
        if self.sweeps and self.sliding[site.of]:
            own = sorted(self.relevant[site.of])
            axes = tuple(tuple((own.index(r), c) for r, c in axis) for axis in self.axes[site.of])
            spans = tuple((self.whole[r], self.inside[site.zone][r], r in self.sliding[site.of]) for r in own)
            return least_swept(axes, spans) * self.instances(site.zone)
        sizes = [size // spatial for (_, size), spatial in zip(self.einsum.ranks, self.outside[site.zone], strict=True)]
        needed, used = 1, set[str]()
        for axis in site.tensor.coordinates:
            mine = [sizes[self.ranks.index(rank)] for rank in axis.ranks if rank not in used]
            needed *= 1 + sum(size - 1 for size in mine)
            used |= set(axis.ranks)
        return needed * self.instances(site.zone)

    def seen(self, tensor: Tensor, zone: int) -> Fraction:
        """Output elements that pass through the instances of a zone, summed; hulls where a coordinate has holes."""
        parts = (self._passing(axis, zone) for axis in tensor.coordinates)
        return Fraction(prod(parts) * self.instances(zone))

    def _passing(self, axis: Affine, zone: int) -> int:
        sizes = self.einsum.sizes
        if len(axis.terms) == 1 and abs(axis.terms[0][1]) == 1:
            rank = self.ranks.index(axis.ranks[0])
            return sizes[axis.ranks[0]] // self.outside[zone][rank]
        return 1 + sum(abs(c) * (sizes[rank] - 1) for rank, c in axis.terms)

    # What arrays share.

    def crossed(self, site: Site | None, parent: Site) -> range:
        """The blocks between a site (None: the computes) and its parent."""
        return range(site.zone if site else 0, parent.zone)

    def copies(self, tensor: Tensor, blocks: range, tiles: Crossings) -> Fraction:
        """Instances of a tensor's tile per different tile, over the blocks; `tiles` says where loops stand that meet
        others in a coordinate, any value will do for the rest."""
        rows = [
            (factors[r], *self._offsets(tensor, r, tiles.get((block, r), 1) * self.inside[block][r]))
            for block, factors, r in self._sharing(tensor, blocks)
        ]
        return Fraction(prod(row[0] for row in rows), distinct(tuple(rows)) if rows else 1)

    def _offsets(self, tensor: Tensor, rank: int, step: int) -> tuple[int, ...]:
        return tuple(dict(axis.terms).get(self.ranks[rank], 0) * step for axis in tensor.coordinates)

    def _sharing(self, tensor: Tensor, blocks: range) -> Iterator[tuple[int, Factors, int]]:
        for block in blocks:
            array, factors = self.blocks[block]
            if array.reduces(tensor) if tensor.is_output else array.multicasts(tensor):
                yield from ((block, factors, r) for r, factor in enumerate(factors) if factor > 1)

    def meeting(self, tensor: Tensor, blocks: range) -> set[tuple[int, int]]:
        """Loops (block, rank) that meet one of another rank in a coordinate: where they stand decides on copies."""
        loops = {(block, r) for block, _, r in self._sharing(tensor, blocks)}
        found = set[tuple[int, int]]()
        for axis in tensor.coordinates:
            mine = {(block, r) for block, r in loops if self.ranks[r] in axis.ranks}
            found |= mine if len({r for _, r in mine}) > 1 else set()
        return found

    def crossings(self, loops: set[tuple[int, int]]) -> Iterator[dict[tuple[int, int], int]] | None:
        """Every place where loops may stand; None if there are too many."""
        ordered = sorted(loops)
        choices = [[t for t in range(1, self.whole[r] + 1) if self.whole[r] % t == 0] for _, r in ordered]
        if prod(map(len, choices)) > MOST_CROSSINGS:
            return None
        return (dict(zip(ordered, chosen, strict=True)) for chosen in product(*choices))

    def most_copies(self, tensor: Tensor, blocks: range) -> Fraction:
        """No places give more copies than this."""
        places = self.crossings(self.meeting(tensor, blocks))
        if places is None:
            return Fraction(prod(factors[r] for _, factors, r in self._sharing(tensor, blocks)))
        return max(self.copies(tensor, blocks, tiles) for tiles in places)


@lru_cache(maxsize=4096)
def least_swept(axes: tuple[tuple[tuple[int, int], ...], ...], sizes: tuple[tuple[int, int, bool], ...]) -> int:
    """What an instance fetches at least, whatever its tile, if only its closing loop brings anything.

    `sizes` are, of each rank that the tensor depends on, its temporal factors, what is unrolled inside, and whether
    tiles overlap along it; `axes` are the ranks of each coordinate with their coefficients.
    """
    divisors = [[d for d in range(1, whole + 1) if whole % d == 0] for whole, _, _ in sizes]
    found = []
    for tile in product(*divisors):
        spans = [t * inside for t, (_, inside, _) in zip(tile, sizes)]
        extents = [1 + sum(c * (spans[r] - 1) for r, c in axis) for axis in axes]
        held, steps = prod(extents), prod(whole // t for t, (whole, _, _) in zip(tile, sizes))
        if steps == 1:
            found.append(held)
        for rank, (whole, _, slides) in enumerate(sizes):
            left = whole // tile[rank]
            if left > 1 and not slides:
                found.append(held * steps)
            elif left > 1:
                moved = (sum(c for r, c in axis if r == rank) * spans[rank] for axis in axes)
                new = held - prod(max(0, extent - move) for extent, move in zip(extents, moved))
                trip = next(t for t in range(2, left + 1) if left % t == 0)  # the shorter the loop, the less
                found.append(held + (trip - 1) * new * (steps // trip))
    return min(found)
