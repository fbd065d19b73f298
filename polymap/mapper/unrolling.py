"""How much of each rank every array unrolls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from polymap.architecture.hierarchy import Architecture, Array
from polymap.errors import Unsolved
from polymap.workload.einsum import Einsum

Factors = tuple[int, ...]  # one factor per rank, in the einsum's order


@dataclass(frozen=True)
class Unrolling:
    """Spatial factors of one array: `factors` per rank, and `packing[d]`, the factors on its dimension d."""

    array: Array
    factors: Factors
    packing: tuple[Factors, ...]


@dataclass(frozen=True)
class Spatial:
    """Spatial factors of every gap and the unrollings behind them."""

    unrollings: tuple[Unrolling, ...]

    @property
    def used(self) -> tuple[str, ...]:
        """Arrays over which any rank is unrolled."""
        return tuple(u.array.name for u in self.unrollings if any(factor > 1 for factor in u.factors))

    def factors(self, arrays: tuple[Array, ...], ranks: int) -> Factors:
        chosen = [unrolling.factors for unrolling in self.unrollings if unrolling.array in arrays]
        return tuple(prod(factors[r] for factors in chosen) for r in range(ranks))


def spatials(einsum: Einsum, architecture: Architecture) -> Iterator[Spatial]:
    """Every unrolling of the ranks over the arrays that fits every array dimension; one packing for each."""
    yield from _unroll(tuple(size for _, size in einsum.ranks), architecture.arrays, ())


def _unroll(sizes: Factors, arrays: tuple[Array, ...], chosen: tuple[Unrolling, ...]) -> Iterator[Spatial]:
    if not arrays:
        yield Spatial(chosen)
        return
    for factors, packing in packings(sizes, tuple(size for _, size in arrays[0].shape)).items():
        rest = tuple(size // factor for size, factor in zip(sizes, factors))
        yield from _unroll(rest, arrays[1:], (*chosen, Unrolling(arrays[0], factors, packing)))


MOST_PACKINGS = 300_000


def packings(sizes: Factors, shape: tuple[int, ...]) -> dict[Factors, tuple[Factors, ...]]:
    """Divisor vectors of `sizes` that fit an array of this shape, each with the packing of fewest loops (first in
    order)."""
    packed: dict[Factors, tuple[Factors, ...]] = {(1,) * len(sizes): ()}
    for limit in shape:
        grown: dict[Factors, tuple[Factors, ...]] = {}
        for factors, packing in packed.items():
            rest = tuple(size // factor for size, factor in zip(sizes, factors))
            if len(grown) > MOST_PACKINGS:
                raise Unsolved(f"the ranks can be unrolled over an array of {shape} in more than {MOST_PACKINGS} ways")
            for vector in bounded_divisors(rest, limit):
                total = tuple(a * b for a, b in zip(factors, vector))
                candidate = (*packing, vector)
                if total not in grown or _loops(candidate) < _loops(grown[total]):
                    grown[total] = candidate
        packed = grown
    return packed


def _loops(packing: tuple[Factors, ...]) -> int:
    return sum(factor > 1 for factors in packing for factor in factors)


def bounded_divisors(sizes: Factors, limit: int) -> list[Factors]:
    """Vectors of divisors of `sizes` whose product is at most `limit`."""
    vectors: list[tuple[Factors, int]] = [((), 1)]
    for size in sizes:
        options = [d for d in range(1, min(size, limit) + 1) if size % d == 0]
        vectors = [((*v, d), volume * d) for v, volume in vectors for d in options if volume * d <= limit]
        if len(vectors) > MOST_PACKINGS:
            raise Unsolved(
                f"{len(sizes)} ranks can be unrolled over {limit} instances in more than {len(vectors)} ways"
            )
    return [vector for vector, _ in vectors]
