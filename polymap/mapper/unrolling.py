"""How much of each rank every array unrolls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from polymap.architecture.hierarchy import Architecture, Array
from polymap.constraints.bind import Limits
from polymap.errors import Unsolved
from polymap.mapper.allowed import Allowed
from polymap.mapping.dimension_rules import least_usage, unrollable
from polymap.workload.einsum import Einsum

Factors = tuple[int, ...]  # one factor per rank, in the einsum's order
Order = tuple[tuple[int, int, int], ...]  # loops of an array, outermost first: dimension, rank and trip


@dataclass(frozen=True)
class Unrolling:
    """Spatial factors of one array: `factors` per rank, and `packing[d]`, the factors on its dimension d.

    `order`, where it matters, are the loops outermost first: dimension, rank and trip.
    """

    array: Array
    factors: Factors
    packing: tuple[Factors, ...]
    order: Order = ()

    @property
    def loops(self) -> Order:
        """The loops, outermost first: dimension, rank and trip."""
        each = ((d, r, f) for d, factors in enumerate(self.packing) for r, f in enumerate(factors))
        return self.order or tuple(loop for loop in each if loop[2] > 1)

    @property
    def is_full(self) -> bool:
        """Whether all that the packing has room for is used. If not, the shorter loop has to be the outer one."""
        return all(prod(on) == factor for on, factor in zip(zip(*self.packing), self.factors))


@dataclass(frozen=True)
class Spatial:
    """Spatial factors of every gap and the unrollings behind them."""

    unrollings: tuple[Unrolling, ...]

    @property
    def used(self) -> tuple[str, ...]:
        """Arrays over which any rank is unrolled."""
        return tuple(u.array.name for u in self.unrollings if any(factor > 1 for factor in u.factors))

    @property
    def factors_of_arrays(self) -> tuple[Factors, ...]:
        return tuple(unrolling.factors for unrolling in self.unrollings)

    def factors(self, arrays: tuple[Array, ...], ranks: int) -> Factors:
        chosen = [unrolling.factors for unrolling in self.unrollings if unrolling.array in arrays]
        return tuple(prod(factors[r] for factors in chosen) for r in range(ranks))


def spatials(einsum: Einsum, architecture: Architecture, limits: Limits | None = None) -> Iterator[Spatial]:
    """Every unrolling of the ranks over the arrays that fits every array dimension and keeps to its rules and to the
    limits; one packing for each."""
    known: set[tuple[Factors, ...]] = set()
    for spatial in _unroll(einsum, tuple(size for _, size in einsum.ranks), architecture.arrays, (), limits):
        factors = tuple(unrolling.factors for unrolling in spatial.unrollings)
        stated = dict(said(einsum, unrolling) for unrolling in spatial.unrollings)
        if factors not in known and is_most(einsum, spatial) and (limits is None or limits.allows_unrollings(stated)):
            known.add(factors)
            yield spatial


def _unroll(
    einsum: Einsum,
    sizes: Factors,
    arrays: tuple[Array, ...],
    chosen: tuple[Unrolling, ...],
    limits: Limits | None,
) -> Iterator[Spatial]:
    if not arrays:
        yield Spatial(chosen)
        return
    for unrolling in unrollings(einsum, sizes, arrays[0], limits):
        if limits is None or limits.allows_unrolling(*said(einsum, unrolling)):
            rest = tuple(size // factor for size, factor in zip(sizes, unrolling.factors))
            yield from _unroll(einsum, rest, arrays[1:], (*chosen, unrolling), limits)


def said(einsum: Einsum, unrolling: Unrolling) -> tuple[str, dict[str, dict[str, int]]]:
    """An unrolling as limits are asked about it: (array, {dimension: {rank: factor}})."""
    dims = (dim for dim, _ in unrolling.array.shape)
    return unrolling.array.name, {d: dict(zip(einsum.sizes, factors)) for d, factors in zip(dims, unrolling.packing)}


def is_most(einsum: Einsum, spatial: Spatial) -> bool:
    """Whether each dimension that must be used as much as can be is, given what the others leave."""
    ranks = tuple(einsum.sizes)
    whole = tuple(prod(u.factors[r] for u in spatial.unrollings) for r in range(len(ranks)))
    for unrolling in spatial.unrollings:
        for (dimension, _), here in zip(unrolling.array.shape, unrolling.packing):
            if unrolling.array.rule(dimension).or_most:
                elsewhere = {rank: all_ // own for rank, all_, own in zip(ranks, whole, here)}
                if prod(here) < least_usage(einsum, unrolling.array, dimension, elsewhere):
                    return False
    return True


MOST_PACKINGS = 300_000


@dataclass(frozen=True)
class Side:
    """A dimension of an array for one einsum: its size, which ranks may be unrolled along it, and its least use."""

    size: int
    allowed: tuple[bool, ...]
    least: int = 1
    stated: Allowed | None = None

    def vectors(self, sizes: Factors) -> Iterator[Factors]:
        """The factors of the ranks along this dimension."""
        free = tuple(size if allowed else 1 for size, allowed in zip(sizes, self.allowed))
        vectors = bounded_divisors(free, self.size, self.stated.factors if self.stated else ())
        used = (vector for vector in vectors if prod(vector) >= self.least)
        return (vector for vector in used if self.stated is None or self.stated.allows(vector))


def unrollings(einsum: Einsum, sizes: Factors, array: Array, limits: Limits | None = None) -> list[Unrolling]:
    """The unrollings of ranks of these sizes over an array. Where it depends on the packing whether a dimension is used
    as much as can be, all packings are listed, those of fewest loops first; otherwise one for all factors."""
    every = any(rule.or_most for _, rule in array.rules)
    found = packings(sizes, tuple(side(einsum, array, dimension, limits) for dimension, _ in array.shape), every)
    return [Unrolling(array, tuple(map(prod, zip(*packing))), packing) for packing in found]


def side(einsum: Einsum, array: Array, dimension: str, limits: Limits | None = None) -> Side:
    allowed, rule = unrollable(einsum, array, dimension), array.rule(dimension)
    least = 1 if rule.or_most else least_usage(einsum, array, dimension, {})
    stated = None if limits is None else Allowed(array, dimension, limits)
    return Side(dict(array.shape)[dimension], tuple(rank in allowed for rank in einsum.sizes), least, stated)


def packings(sizes: Factors, sides: tuple[Side, ...], every: bool = False) -> list[tuple[Factors, ...]]:
    """Divisor vectors of `sizes` along each side. Of packings with the same products the one of fewest loops (first in
    order), or, if asked for, `every` one, fewest loops first."""
    packed: dict[object, tuple[Factors, ...]] = {(): ()}
    for side in sides:
        grown: dict[object, tuple[Factors, ...]] = {}
        for packing in packed.values():
            factors = tuple(map(prod, zip(*packing))) or (1,) * len(sizes)
            rest = tuple(size // factor for size, factor in zip(sizes, factors))
            if len(grown) > MOST_PACKINGS:
                shape = tuple(side.size for side in sides)
                raise Unsolved(f"the ranks can be unrolled over an array of {shape} in more than {MOST_PACKINGS} ways")
            for vector in side.vectors(rest):
                candidate = (*packing, vector)
                key = candidate if every else tuple(a * b for a, b in zip(factors, vector))
                if key not in grown or _loops(candidate) < _loops(grown[key]):
                    grown[key] = candidate
        packed = grown
    return sorted(packed.values(), key=_loops) if every else list(packed.values())


def _loops(packing: tuple[Factors, ...]) -> int:
    return sum(factor > 1 for factors in packing for factor in factors)


def bounded_divisors(sizes: Factors, limit: int, few: tuple[frozenset[int], ...] = ()) -> list[Factors]:
    """Vectors of divisors of `sizes` whose product is at most `limit`; each is one of `few`, if they are given."""
    vectors: list[tuple[Factors, int]] = [((), 1)]
    for rank, size in enumerate(sizes):
        options = [d for d in range(1, min(size, limit) + 1) if size % d == 0 and (not few or d in few[rank])]
        vectors = [((*v, d), volume * d) for v, volume in vectors for d in options if volume * d <= limit]
        if len(vectors) > MOST_PACKINGS:
            raise Unsolved(
                f"{len(sizes)} ranks can be unrolled over {limit} instances in more than {len(vectors)} ways"
            )
    return [vector for vector, _ in vectors]
