"""What a word pays on the networks between two sites of its tensor, given the spatial factors and how they lie.

The instances under one parent that are served by one packet, and where they stand on a mesh, follow from the spatial
loops alone: `hops`, packets and arrivals for each element that a child fetches do not depend on the nest. So a network
is one more price per fetched element (docs/design/mapper.md, Networks).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import product
from math import prod

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.mapper.sharing import Choice, Unrolled, coupled, offset, unrolled
from polymap.mapper.space import Link
from polymap.mapper.traffic import Geometry
from polymap.model.trees import Branches, grown, none
from polymap.workload.einsum import Tensor

MOST_COUPLED = 1 << 12  # instances of ranks that meet in one coordinate, looked at one by one
Laid = tuple[int, int, int]  # a loop of `Order`
Vector = tuple[int, ...]


@dataclass(frozen=True)
class Fare:
    """pJ of one word over one link of a mesh into the next router, of setting out, and of being added to another."""

    hop: Fraction
    packet: Fraction
    joined: Fraction


def pays(array: Array) -> bool:
    """Whether words pay anything on the network of an array."""
    wiring = array.wiring
    return wiring is not None and bool(wiring.hop_of(1) or wiring.router_pj or wiring.reduce_pj)


def fare(array: Array, tensor: Tensor, parent: Memory) -> Fare:
    """What one word of a tensor pays on an array below one of its memories."""
    assert array.wiring is not None
    router, bits = array.wiring.router_pj, parent.element_bits(tensor)
    joined = array.wiring.reduce_pj if tensor.is_output else Fraction(0)
    return Fare(array.wiring.hop_of(bits) + router, router, joined)


def crossed(architecture: Architecture, link: Link) -> list[Array]:
    """The arrays that a tensor crosses between two sites, outermost first."""
    assert link.parent.memory is not None
    child = link.child.memory or architecture.compute
    first, last = architecture.index(link.parent.memory.name), architecture.index(child.name)
    return [level for level in architecture.hierarchy[first:last] if isinstance(level, Array)]


@dataclass(frozen=True)
class Passage:
    """A tensor on its way over the network of one array, in one class.

    `loops` are the spatial loops between its two sites, outermost first; `groups` are ranks unrolled on this array or
    further inside that meet in a coordinate, and `tiles` tell how far these step.
    """

    geometry: Geometry
    link: Link
    array: Array
    fare: Fare
    loops: tuple[Unrolled, ...]
    groups: tuple[frozenset[int], ...]
    tiles: Choice

    @cached_property
    def near(self) -> int:
        """Instances of the child for each one of the parent."""
        return prod(loop.trip for loop in self.loops)

    @cached_property
    def _inside(self) -> tuple[Unrolled, ...]:
        """The loops on arrays further inside."""
        index = self.geometry.skeleton.architecture.index
        return tuple(loop for loop in self.loops if index(loop.array.name) > index(self.array.name))

    @cached_property
    def outside(self) -> int:
        """Instances of the array for each one of the parent."""
        return self.near // prod(loop.trip for loop in (*self._here, *self._inside))

    @cached_property
    def _here(self) -> tuple[Unrolled, ...]:
        return tuple(loop for loop in self.loops if loop.array == self.array)

    @cached_property
    def alike(self) -> frozenset[int]:
        """Ranks of this array along which instances hold the same and share it."""
        return frozenset(loop.rank for loop in self._here if self._is_alike(loop))

    def _is_alike(self, loop: Unrolled) -> bool:
        return loop.shared and self.geometry.ranks[loop.rank] not in self.link.tensor.ranks

    @cached_property
    def _together(self) -> frozenset[int]:
        return frozenset[int]().union(*self.groups)

    @property
    def is_small(self) -> bool:
        """Whether ranks that meet have few enough instances to be looked at."""
        return prod(loop.trip for loop in self.loops if loop.rank in self._together) <= MOST_COUPLED

    def parts(self, order: Sequence[Laid]) -> list[Branches]:
        """The trees of each rank, or group of ranks that meet, with the loops of the array in this order."""
        dims, laid = len(self.array.shape), list(_placed(order))
        lines = [
            _line(trip, place, dim, dims, rank in self.alike)
            for (dim, rank, trip), place in laid
            if rank not in self._together
        ]
        return [self._further, *lines, *(self._met(laid, group) for group in self.groups)]

    @cached_property
    def _further(self) -> Branches:
        """One place, for each packet that instances further inside tell apart."""
        loops = (loop for loop in self._inside if loop.rank not in self._together and not self._is_alike(loop))
        return _line(1, 1, 0, len(self.array.shape), True).times(prod(loop.trip for loop in loops))

    def _met(self, laid: Sequence[tuple[Laid, int]], group: frozenset[int]) -> Branches:
        """The trees of ranks that meet: instances whose places differ may hold the same tile."""
        rows: list[tuple[int, Vector, Vector]] = []  # trip, place on the mesh, offset of the tile
        dims = len(self.array.shape)
        steps = {loop.rank: self._offset(loop) for loop in self._here}
        for (dim, rank, trip), place in reversed(laid):
            if rank in group:
                rows.append((trip, tuple(place * (d == dim) for d in range(dims)), steps[rank]))
                steps[rank] = tuple(trip * step for step in steps[rank])
        for loop in self._inside:
            if loop.rank in group:
                rows.append((loop.trip, (0,) * dims, self._offset(loop)))
        return _branches(tuple(sorted(rows)), dims)

    def _offset(self, loop: Unrolled) -> Vector:
        return offset(self.geometry, self.link.tensor, loop, self.tiles)

    def energy(self, order: Sequence[Laid]) -> Fraction:
        """pJ for every element that a child fetches."""
        trees = grown(self.parts(order))
        counts = int(trees.hops), int(trees.packets), int(trees.members) - int(trees.packets)
        prices = self.fare.hop, self.fare.packet, self.fare.joined
        paid = sum((price * count for price, count in zip(prices, counts)), Fraction(0))
        return paid * Fraction(self.outside, self.near)


def passages(geometry: Geometry, tiles: Choice) -> list[Passage]:
    """Every tensor over every network that it pays on."""
    architecture = geometry.skeleton.architecture
    found = []
    for link in geometry.skeleton.links:
        for array in crossed(architecture, link):
            if pays(array):
                assert link.parent.memory is not None
                loops = tuple(unrolled(geometry, link))
                place = architecture.index(array.name)
                within = [loop for loop in loops if architecture.index(loop.array.name) >= place]
                groups = coupled(geometry, link.tensor, within)
                paid = fare(array, link.tensor, link.parent.memory)
                found.append(Passage(geometry, link, array, paid, loops, groups, tiles))
    return found


def _placed(order: Sequence[Laid]) -> Iterator[tuple[Laid, int]]:
    """Each loop with its place value along its dimension."""
    for i, laid in enumerate(order):
        yield laid, prod(trip for dim, _, trip in order[i + 1 :] if dim == laid[0])


@lru_cache(maxsize=65536)
def _line(trip: int, place: int, dim: int, dims: int, alike: bool) -> Branches:
    """One loop by itself: one packet for all that are `alike`, or one for each."""
    at = [tuple(place * i * (d == dim) for d in range(dims)) for i in range(trip)]
    packets = [at] if alike else [[one] for one in at]
    return sum((Branches.of(places, 1, dims) for places in packets), start=none(dims))


@lru_cache(maxsize=65536)
def _branches(rows: tuple[tuple[int, Vector, Vector], ...], dims: int) -> Branches:
    packets: dict[Vector, set[Vector]] = {}
    for indices in product(*(range(trip) for trip, _, _ in rows)):
        at = tuple(sum(i * place[d] for i, (_, place, _) in zip(indices, rows)) for d in range(dims))
        tile = tuple(sum(parts) for parts in zip(*([i * step for step in row[2]] for i, row in zip(indices, rows))))
        packets.setdefault(tile, set()).add(at)
    return sum((Branches.of(places, 1, dims) for places in packets.values()), start=none(dims))
