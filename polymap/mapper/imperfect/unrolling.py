"""How much of each rank every array unrolls, where factors need not divide.

A rank may be unrolled along several dimensions of an array, by factors a and b: its tiles are numbered to `a * b`, of
which the last ones may be empty if the rank is whole outside the array. How many are not is what costs depend on, and
is the factor of the unrolling; its `packing` may hold more.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from math import prod

from polymap.architecture.hierarchy import Architecture, Array
from polymap.constraints.bind import Limits
from polymap.mapper.unrolling import Factors, Side, Spatial, Unrolling, is_most, said, side
from polymap.workload.einsum import Einsum

Through = tuple[bool, ...]


def spatials(einsum: Einsum, architecture: Architecture) -> Iterator[Spatial]:
    """Every unrolling of the ranks over the arrays that some nest has and that keeps to the dimensions' rules."""
    known: set[tuple[tuple[Factors, Through], ...]] = set()
    for spatial in _unroll(einsum, tuple(size for _, size in einsum.ranks), architecture.arrays):
        key = tuple((u.factors, through(u)) for u in spatial.unrollings)
        if key not in known and is_most(einsum, spatial):
            known.add(key)
            yield spatial


def _unroll(einsum: Einsum, tiles: Factors, arrays: tuple[Array, ...]) -> Iterator[Spatial]:
    """`tiles` are left of each rank outside the arrays further in, at most."""
    if not arrays:
        yield Spatial(())
        return
    for unrolling in unrollings(einsum, tiles, arrays[-1]):
        left = tuple(-(-n // factor) for n, factor in zip(tiles, unrolling.factors))
        for outer in _unroll(einsum, left, arrays[:-1]):
            yield Spatial((*outer.unrollings, unrolling))


def unrollings(einsum: Einsum, tiles: Factors, array: Array, limits: Limits | None = None) -> list[Unrolling]:
    """The unrollings over one array that limits allow. Where it depends on the packing whether a dimension is used as
    much as can be, all packings are listed, those of fewest loops first; otherwise one of fewest loops for all factors
    or, under limits, for all factors and as many instances."""
    every = any(rule.or_most for _, rule in array.rules)
    found: dict[tuple[object, ...], Unrolling] = {}
    ways: dict[Factors, list[Through]] = {}
    shares = [list(_vectors(tiles, side(einsum, array, dimension))) for dimension, _ in array.shape]
    loops = {vector: sum(factor > 1 for factor in vector) for vectors in shares for vector in vectors}
    for packing in sorted(product(*shares), key=lambda packing: sum(map(loops.__getitem__, packing))):
        used = prod(map(prod, packing)) if limits else 0
        for spread in product(*map(_filled, tiles, zip(*packing))):
            factors, open_ = zip(*spread)
            key = factors, packing if every else (open_, used)
            if key in found:
                continue
            unrolling = Unrolling(array, factors, packing)
            if limits is None or limits.allows_unrolling(*said(einsum, unrolling)):
                found[key] = unrolling
                ways.setdefault(factors, []).append(open_)
    if every or limits:
        return list(found.values())
    return [u for u in found.values() if not any(_covers(other, through(u)) for other in ways[u.factors])]


def _vectors(tiles: Factors, along: Side) -> Iterator[Factors]:
    """Factors of every rank along one dimension."""
    found: list[tuple[Factors, int]] = [((), 1)]
    for n, allowed in zip(tiles, along.allowed):
        most = n if allowed else 1
        found = [((*v, f), volume * f) for v, volume in found for f in range(1, min(most, along.size // volume) + 1)]
    return (vector for vector, volume in found if volume >= along.least)


@lru_cache(maxsize=65536)
def _filled(tiles: int, row: Factors) -> tuple[tuple[int, bool], ...]:
    """Numbers of tiles that loops of these trips can run over, and whether the rank may go on outside; less than all
    if their outermost one is cut short."""
    trips = tuple(factor for factor in row if factor > 1)
    whole = prod(trips)
    least = whole if len(trips) < 2 else min(whole - whole // trip for trip in trips) + 1
    return tuple((n, n == whole) for n in range(least, min(whole, tiles) + 1))


def _covers(a: tuple[bool, ...], b: tuple[bool, ...]) -> bool:
    return a != b and all(x >= y for x, y in zip(a, b))


def through(unrolling: Unrolling) -> tuple[bool, ...]:
    """Whether each rank may go on outside the array: not where some of its tiles there are empty."""
    return tuple(prod(row) == factor for row, factor in zip(zip(*unrolling.packing), unrolling.factors))
