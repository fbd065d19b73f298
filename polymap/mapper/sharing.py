"""How many sibling instances share one copy of a tile, per (tensor, parent, child), and which tile sizes that depends
on.

Siblings hold equal tiles where their unrolled loops do not move the tile. When two ranks of one data coordinate are
unrolled (a row of an image and a row of a filter, say), tiles repeat along diagonals, and how often depends on the
steps of those loops, that is on tile sizes at the array. A class is then split by these numbers, so that each part has
fixed ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np

from polymap.architecture.hierarchy import Architecture, Array
from polymap.mapper.lattice import Values
from polymap.mapper.pieces import choices
from polymap.mapper.space import Kept, Link
from polymap.mapper.traffic import Geometry, shares
from polymap.mapper.unrolling import Unrolling
from polymap.model.conventions import Conventions
from polymap.model.distinct import distinct
from polymap.workload.einsum import Einsum, Tensor

Crossing = tuple[str, str]  # tensor and memory it goes to (empty: the computes)
Choice = dict[tuple[int, int], int]  # temporal tile of (gap, rank) at the gap's inner stop


@dataclass(frozen=True)
class Unrolled:
    """One spatial loop between two stops: its step is the tile at the gap's inner stop times `inner`.

    If `linked`, neighbours along it may pass tiles on, which changes how often the parent is read (`passes_on`).
    """

    gap: int
    array: Array
    rank: int
    trip: int
    inner: int
    shared: bool
    linked: bool = False


@dataclass(frozen=True)
class Sharing:
    """Copies of a tile per link, and the tile sizes for which they hold: alternatives of (gap, rank) -> temporal
    tile.

    Where networks have energies: `hauls`, what an element that arrives on a link pays in pJ, in the `layout` of the
    spatial factors; if `loose`, at least.
    """

    copies: dict[Crossing, Fraction]
    tiles: tuple[Choice, ...] = ()
    hauls: dict[Crossing, Fraction] = field(default_factory=dict)
    layout: tuple[Unrolling, ...] = ()
    loose: bool = False

    def is_like(self, other: Sharing) -> bool:
        """Whether as many instances share, and words pay the same."""
        return (self.copies, self.hauls) == (other.copies, other.hauls)

    def mask(self, geometry: Geometry, stop: int) -> Values:
        """0 where a temporal tile at a stop is one of the alternatives, infinity elsewhere."""
        here = {tuple((key, t) for key, t in choice.items() if key[0] == stop) for choice in self.tiles}
        if not any(here):
            return np.zeros(())
        allowed = np.zeros(geometry.lattice.shape, dtype=bool)
        for choice in here:
            allowed |= np.logical_and.reduce(
                np.broadcast_arrays(*(geometry.lattice.tiles[rank] == tile for (_, rank), tile in choice), allowed)[:-1]
            )
        return np.where(allowed, 0.0, np.inf)


def crossing(link: Link) -> Crossing:
    return link.tensor.name, link.child.name


def unrolled(geometry: Geometry, link: Link) -> list[Unrolled]:
    """The spatial loops between the ends of a link, outermost first."""
    found = []
    chosen = {unrolling.array.name: unrolling.factors for unrolling in geometry.spatial.unrollings}
    for gap in range(link.parent.stop + 1, link.child.stop + 1):
        arrays = geometry.skeleton.arrays[gap]
        for i, array in enumerate(arrays):
            for rank, trip in enumerate(chosen[array.name]):
                if trip > 1:
                    inner = prod(chosen[other.name][rank] for other in arrays[i + 1 :])
                    linked = array.links_of(link.tensor) and _slides(geometry, link.tensor, rank)
                    found.append(Unrolled(gap, array, rank, trip, inner, shares(link.tensor, array), linked))
    return found


def _slides(geometry: Geometry, tensor: Tensor, rank: int) -> bool:
    """Whether steps of a rank and of another one can move a tile of an input alike: then an instance may come to need
    what its neighbour held. With perfect factors no other two instances ever hold the same at different steps: the
    trips of a rank are the digits of its values."""
    sizes, name = geometry.skeleton.einsum.sizes, geometry.ranks[rank]
    mixing = (c.ranks for c in tensor.coordinates if name in c.ranks)
    return not tensor.is_output and any(sizes[other] > 1 for ranks in mixing for other in ranks if other != name)


def passes_unkept(
    einsum: Einsum, architecture: Architecture, kept: Sequence[Kept], conventions: Conventions
) -> Iterator[tuple[Array, Tensor]]:
    """Arrays along whose links a tensor passes to where nothing keeps it, as at the computes. There it may be what a
    neighbour had the step before: that depends on the order of the loops, and counts of a class say nothing of it."""
    for array in architecture.arrays:
        place = architecture.index(array.name)
        for tensor in einsum.tensors:
            at = [architecture.index(k.memory.name) for k in kept if tensor.name in k.tensors]
            stays = any(memory > place for memory in at) and conventions.tiles_stay
            if array.links_of(tensor) and any(memory < place for memory in at) and not stays:
                yield array, tensor


def passes_on(geometry: Geometry) -> bool:
    """Whether neighbours may pass tiles on."""
    return any(loop.linked for link in geometry.skeleton.links for loop in unrolled(geometry, link))


def mixed(geometry: Geometry, tensor: Tensor, loops: list[Unrolled]) -> set[int]:
    """Ranks unrolled on sharing arrays that meet another such rank in one data coordinate."""
    return set().union(*coupled(geometry, tensor, loops))


def coupled(geometry: Geometry, tensor: Tensor, loops: list[Unrolled]) -> tuple[frozenset[int], ...]:
    """The groups in which ranks unrolled on sharing arrays meet in data coordinates."""
    names = {geometry.ranks[loop.rank]: loop.rank for loop in loops if loop.shared}
    groups: list[frozenset[int]] = []
    for coordinate in tensor.coordinates:
        met = frozenset(names[rank] for rank in coordinate.ranks if rank in names)
        groups, joined = [g for g in groups if not g & met], [g for g in groups if g & met]
        groups.append(met.union(*joined))
    return tuple(group for group in groups if len(group) > 1)


def copies(geometry: Geometry, tensor: Tensor, loops: list[Unrolled], tiles: Choice) -> Fraction:
    """Instances per distinct tile, on average; `tiles` gives the temporal tile of mixed ranks, any value will do
    for the others.

    Where neighbours may pass tiles on, at most: of those along a line, the one that is foremost in the direction in
    which the tile moves holds what none held before, so that the parent is read for one at least.
    """
    rows = tuple(_row(geometry, tensor, loop, tiles) for loop in loops if loop.shared and not loop.linked)
    alike = prod(loop.trip for loop in loops if loop.shared or loop.linked)
    return Fraction(alike, distinct(rows) if rows else 1)


def _row(geometry: Geometry, tensor: Tensor, loop: Unrolled, tiles: Choice) -> tuple[int, ...]:
    return (loop.trip, *offset(geometry, tensor, loop, tiles))


def offset(geometry: Geometry, tensor: Tensor, loop: Unrolled, tiles: Choice) -> tuple[int, ...]:
    """How far a step of a loop moves the tile, per coordinate."""
    tile = tiles.get((loop.gap, loop.rank), 1) * geometry.below(loop.gap)[loop.rank]
    step, name = tile * loop.inner, geometry.ranks[loop.rank]
    return tuple(dict(c.terms).get(name, 0) * step for c in tensor.coordinates)


def sharings(geometry: Geometry) -> list[Sharing]:
    """The parts of a class with fixed copies; a single one unless mixed ranks are unrolled on a box. On a domain that
    is no box, the parts for which it is known what instances run through."""
    if geometry.touched:
        found = {crossing(link): Fraction(prod(geometry.sharers(link).values())) for link in geometry.skeleton.links}
        return [Sharing(found, (choice,)) for choice in choices(geometry)] or [Sharing(found)]
    all_loops = {crossing(link): (link.tensor, unrolled(geometry, link)) for link in geometry.skeleton.links}
    keys = sorted({(loop.gap, loop.rank) for t, loops in all_loops.values() for loop in loops
                   if loop.rank in mixed(geometry, t, loops)})  # fmt: skip
    groups: dict[tuple[object, ...], tuple[dict[Crossing, Fraction], list[Choice]]] = {}
    for values in product(*(_divisors(geometry.lattice.sizes[rank] if gap < geometry.skeleton.last else 1)
                            for gap, rank in keys)):  # fmt: skip
        choice = dict(zip(keys, values))
        found = {end: copies(geometry, t, loops, choice) for end, (t, loops) in all_loops.items()}
        # Tiles at one stop may be grouped by their effect; across stops each combination stays apart.
        signature = (*found.items(), *(values if len({gap for gap, _ in keys}) > 1 else ()))
        groups.setdefault(signature, (found, []))[1].append(choice)
    return [Sharing(found, tuple(choices) if keys else ()) for found, choices in groups.values()]


def optimistic(alternatives: list[Sharing]) -> Sharing:
    """The most copies and the least that words pay of any alternative on each link, whatever the tiles: prices under it
    are lower bounds for all."""
    copies = {end: max(sharing.copies[end] for sharing in alternatives) for end in alternatives[0].copies}
    return Sharing(copies, hauls={end: min(s.hauls[end] for s in alternatives) for end in alternatives[0].hauls})


def _divisors(size: int) -> list[int]:
    return [d for d in range(1, size + 1) if size % d == 0]
