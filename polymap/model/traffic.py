"""What moves: tiles fetched, what crosses the network, first writes; per tensor and memory. See docs/design/model.md.

Every function is a formula over the products of a `Nest` and reads on integers, arrays and symbols alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from polymap.mapping.tiles import extents
from polymap.model.conventions import Conventions
from polymap.model.distinct import counting, distinct
from polymap.model.nest import Access, Nest
from polymap.model.quantities import Quantities
from polymap.model.readings import Number, Rows, maximum, search
from polymap.model.sweep import swept


def fetched(access: Access, nest: Nest, position: int, hull: Sequence[Number], conventions: Conventions) -> Number:
    """Elements that one instance at a position fetches during the run (an output: sends up).

    `(|D| + (f - 1) (|D| - prod_d max(0, E_d - s_d))) * steps outside j`, j being the innermost relevant temporal loop.
    Equation 2.
    """
    if not conventions.tiles_stay:
        return prod(hull) * nest.times[position]
    relevant = [loop for loop in nest.temporal_above(position) if nest.slots[loop].rank in access.ranks]
    if not relevant:
        return prod(hull)
    if conventions.continuing_sweep and access.slides:
        return search(swept, _sweep_rows(access, nest, hull, relevant[-1]))
    return _tiles_along(access, nest, hull, relevant[-1]) * nest.times[relevant[-1]]


def _tiles_along(access: Access, nest: Nest, hull: Sequence[Number], loop: int) -> Number:
    """New elements while one loop runs: the first tile whole, then what each shift uncovers. Equation 3."""
    tile, trip, rank = prod(hull), nest.trips[loop], nest.slots[loop].rank
    if any(terms.keys() == {rank} for terms in access.coefficients):
        return tile * trip  # a coordinate of this rank alone moves past its tile at once
    step = nest.steps[loop]
    kept = prod(
        maximum(0, extent - abs(terms[rank]) * step) if rank in terms else extent
        for extent, terms in zip(hull, access.coefficients, strict=True)
    )
    return tile + (trip - 1) * (tile - kept)


def _sweep_rows(access: Access, nest: Nest, hull: Sequence[Number], innermost: int) -> Rows:
    loops = nest.temporal_above(innermost + 1)
    return ((1, *hull), *(_vector(access.coefficients, nest, loop) for loop in loops))


def _vector(coefficients: Sequence[Mapping[str, int]], nest: Nest, loop: int) -> tuple[Number, ...]:
    """Trip of a loop, then how far one iteration moves the tile in each coordinate."""
    rank, step = nest.slots[loop].rank, nest.steps[loop]
    return (nest.trips[loop], *(terms.get(rank, 0) * step for terms in coefficients))


def crossing(access: Access, nest: Nest, parent: int, child: int, each: Number) -> Number:
    """What passes the parent's port when every child instance fetches `each`: equal tiles of siblings pass once.

    Equation 4. Loops on arrays whose network does not share (inputs: multicast, outputs: reduction) count in full.
    """
    near = nest.spatial_between(parent, child)
    shared = [loop for loop in near if _shares(access, nest, loop)]
    apart = prod(nest.trips[loop] for loop in near if loop not in shared)
    return each * nest.spaces[parent] * apart * _different_offsets(access, nest, shared)


def _shares(access: Access, nest: Nest, loop: int) -> bool:
    return nest.slots[loop].shares(access.tensor)


def _different_offsets(access: Access, nest: Nest, loops: Sequence[int]) -> Number:
    """How many different tiles the instances of some spatial loops hold. Equation 5."""
    if not loops:
        return 1
    ranks = frozenset(nest.slots[loop].rank for loop in loops)
    return prod(
        _group_offsets([access.coefficients[d] for d in coordinates], nest, shared, loops)
        for coordinates, shared in access.coupled(ranks)
    )


def _group_offsets(
    coefficients: Sequence[Mapping[str, int]], nest: Nest, ranks: frozenset[str], loops: Sequence[int]
) -> Number:
    mine = [loop for loop in loops if nest.slots[loop].rank in ranks]
    if len(ranks) <= 1:
        return prod(nest.trips[loop] for loop in mine)  # steps of one rank are mixed-radix digits: all differ
    return search(distinct, tuple(_vector(coefficients, nest, loop) for loop in mine))


def union(access: Access, nest: Nest, loops: Sequence[int], hull: Sequence[Number]) -> Number:
    """Distinct elements of a tile that some loops move about: the union of all its places."""
    ranks = frozenset(nest.slots[loop].rank for loop in loops)
    return prod(
        _group_union([hull[d] for d in coordinates], [access.coefficients[d] for d in coordinates], nest, shared, loops)
        for coordinates, shared in access.coupled(ranks)
    )


def _group_union(
    hull: Sequence[Number],
    coefficients: Sequence[Mapping[str, int]],
    nest: Nest,
    ranks: frozenset[str],
    loops: Sequence[int],
) -> Number:
    mine = [loop for loop in loops if nest.slots[loop].rank in ranks]
    if not mine or (len(ranks) == 1 and any(terms.keys() == ranks for terms in coefficients)):
        return prod(hull) * prod(nest.trips[loop] for loop in mine)  # tiles do not overlap
    return search(distinct, (*_box(hull), *(_vector(coefficients, nest, loop) for loop in mine)))


def _box(hull: Sequence[Number]) -> Rows:
    """The elements of a tile as one unit-step loop per coordinate."""
    return tuple((size, *(int(i == d) for i in range(len(hull)))) for d, size in enumerate(hull))


def seen(access: Access, nest: Nest, position: int, hull: Sequence[Number]) -> Number:
    """Distinct elements that pass through one instance during the run: the union of its hull tiles over all steps.

    Equation 6.
    """
    return union(access, nest, nest.temporal_above(position), hull)


def tensor_quantities(
    access: Access, homes: Sequence[tuple[str, int]], nest: Nest, conventions: Conventions
) -> tuple[Quantities, ...]:
    """Quantities at every memory that keeps the tensor, outermost first; the computes are the last consumer."""
    stops = [_stop(access, nest, position, conventions) for _, position in homes]
    end = len(nest.slots)
    stops.append(Stop(end, extents(access.tensor, {}), nest.times[end]))
    return tuple(_named(access, nest, level, stops[i], stops[i + 1]) for i, (level, _) in enumerate(homes))


@dataclass(frozen=True)
class Stop:
    """Where a tensor rests on its way: a memory or the compute statement; `flow` is what one instance fetches."""

    position: int
    hull: Sequence[Number]
    flow: Number


def _stop(access: Access, nest: Nest, position: int, conventions: Conventions) -> Stop:
    hull = extents(access.tensor, nest.tiles[position])
    return Stop(position, hull, fetched(access, nest, position, hull, conventions))


def _named(access: Access, nest: Nest, level: str, here: Stop, below: Stop) -> Quantities:
    with counting(access.tensor.name, level):
        return _quantities(access, nest, level, here, below)


def _quantities(access: Access, nest: Nest, level: str, here: Stop, below: Stop) -> Quantities:
    instances = nest.spaces[here.position]
    cross = crossing(access, nest, here.position, below.position, below.flow)
    known = (level, prod(here.hull), instances, here.flow * instances, cross)
    if not access.tensor.is_output:
        return Quantities(*known)
    held = seen(access, nest, here.position, here.hull) * instances
    arriving = _arriving(access, nest, here, below) * instances if access.may_have_holes else held
    return Quantities(*known, held, arriving)


def _arriving(access: Access, nest: Nest, here: Stop, below: Stop) -> Number:
    """Distinct elements that reach one instance from below. Without holes in hull tiles these are all it has `seen`."""
    siblings = nest.spatial_between(here.position, below.position)
    return union(access, nest, nest.temporal_above(below.position) + siblings, below.hull)
