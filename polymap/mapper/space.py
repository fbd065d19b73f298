"""The even mapspace as classes: which memories keep which tensors, and how much of each rank every array unrolls.

Even means, as in Timeloop: one storage node for each memory that keeps something, in the order of the hierarchy; at
most one temporal loop per rank between two nodes, and the spatial loops of the arrays in that gap innermost in it.

A *stop* is a place where the loop nest meets the hierarchy: a memory that keeps at least one tensor, or the compute
statement. *Gap* i lies between stop i-1 and stop i; it holds temporal loops and, innermost, the loops of the arrays
between the two.
In an even mapping all tensors of a memory share one storage node, so a mapping is: stops, spatial factors, tile sizes
at the stops, and an order of the temporal loops of every gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations, product
from math import prod

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.errors import Unsolved
from polymap.workload.einsum import Einsum, Tensor

Factors = tuple[int, ...]  # one factor per rank, in the einsum's order


@dataclass(frozen=True, eq=False)
class Skeleton:
    """One choice of what is kept where. `kept[i]` are the tensors of stop i; the last stop is the compute statement.

    Compared by identity: it is the key of caches that are asked for every part, and hashing a machine takes longer
    than they save.
    """

    einsum: Einsum
    architecture: Architecture
    memories: tuple[Memory, ...]
    kept: tuple[tuple[str, ...], ...]
    arrays: tuple[tuple[Array, ...], ...]

    @property
    def last(self) -> int:
        """Index of the compute statement among the stops; also the innermost gap."""
        return len(self.memories)

    @cached_property
    def chains(self) -> dict[str, tuple[int, ...]]:
        """The stops that keep each tensor, outermost first, closed by the compute statement."""
        return {
            tensor.name: (*(i for i, names in enumerate(self.kept) if tensor.name in names), self.last)
            for tensor in self.einsum.tensors
        }


def skeletons(einsum: Einsum, architecture: Architecture) -> Iterator[Skeleton]:
    """Every choice of kept tensors that `keeps` and `may_keep` allow and in which each tensor has a home."""
    for kept in product(*(_choices(einsum, memory) for memory in architecture.memories)):
        if all(any(tensor.name in names for names in kept) for tensor in einsum.tensors):
            yield _skeleton(einsum, architecture, kept)


def _choices(einsum: Einsum, memory: Memory) -> list[tuple[str, ...]]:
    must = einsum.kept_by(memory.keeps)
    may = [name for name in einsum.kept_by(memory.may_keep) if name not in must]
    subsets = chain.from_iterable(combinations(may, size) for size in range(len(may), -1, -1))
    return [tuple(t.name for t in einsum.tensors if t.name in must or t.name in subset) for subset in subsets]


def _skeleton(einsum: Einsum, architecture: Architecture, kept: tuple[tuple[str, ...], ...]) -> Skeleton:
    memories = [memory for memory, names in zip(architecture.memories, kept) if names]
    places = [*(architecture.index(memory.name) for memory in memories), len(architecture.hierarchy)]
    above = [architecture.hierarchy[begin:end] for begin, end in zip([0, *places], places)]
    arrays = tuple(tuple(level for level in levels if isinstance(level, Array)) for levels in above)
    return Skeleton(einsum, architecture, tuple(memories), (*(names for names in kept if names), ()), arrays)


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


def home(skeleton: Skeleton, tensor: Tensor) -> int:
    """The outermost stop that keeps a tensor."""
    return skeleton.chains[tensor.name][0]
