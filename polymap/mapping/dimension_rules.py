"""Legality of spatial loops along the dimensions of arrays that have rules of their own."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from functools import lru_cache
from math import ceil, prod

from polymap.architecture.hierarchy import Architecture, Array
from polymap.errors import Mistake, Place
from polymap.mapping.broken import broken
from polymap.mapping.nest import Mapping, Spatial
from polymap.workload.einsum import Einsum


def unrollable(einsum: Einsum, array: Array, dimension: str) -> tuple[str, ...]:
    """The ranks that may be unrolled along a dimension, in the einsum's order."""
    rule = array.rule(dimension)
    moving = {rank for name in einsum.kept_by(rule.reuses) for rank in einsum.tensor(name).ranks}
    allowed = einsum.sizes if rule.may_unroll is None else rule.may_unroll
    return tuple(rank for rank in einsum.sizes if rank in allowed and rank not in moving)


def least_usage(einsum: Einsum, array: Array, dimension: str, elsewhere: MappingType[str, int]) -> int:
    """How many instances along a dimension a mapping must use at least.

    `elsewhere` are the trips of each rank on all other dimensions of all arrays; they matter only to `or_most`.
    """
    rule = array.rule(dimension)
    wanted = ceil(rule.min_usage * dict(array.shape)[dimension])
    return min(wanted, reach(einsum, array, dimension, elsewhere)) if rule.or_most else wanted


def reach(einsum: Einsum, array: Array, dimension: str, elsewhere: MappingType[str, int]) -> int:
    """The most instances along a dimension that divisors of what is left of the ranks can use."""
    sizes = einsum.sizes
    left = (-(-sizes[rank] // max(1, elsewhere.get(rank, 1))) for rank in unrollable(einsum, array, dimension))
    return _largest(tuple(sorted(left)), dict(array.shape)[dimension])


@lru_cache(maxsize=65536)
def _largest(sizes: tuple[int, ...], limit: int) -> int:
    """The largest product of one divisor of each size that is no more than `limit`."""
    products = {1}
    for size in sizes:
        divisors = [d for d in range(1, min(size, limit) + 1) if size % d == 0]
        products = {product * d for product in products for d in divisors if product * d <= limit}
    return max(products)


def check_unrolled(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """Along a dimension run only ranks that may be unrolled there, and none that a tensor reused there depends on."""
    return [
        broken(mapping, index, _why_not(einsum, array, dimension, loop.rank), _instead(einsum, array, dimension))
        for array, dimension in _ruled(architecture)
        for index, loop in _along(architecture, mapping, array, dimension)
        if loop.rank in einsum.sizes and loop.rank not in unrollable(einsum, array, dimension)
    ]


def check_usage(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """Along every dimension, the trips multiply to what the array's `min_usage` asks for."""
    found = []
    for array, dimension in _ruled(architecture):
        loops = [loop for _, loop in _along(architecture, mapping, array, dimension)]
        others = [loop for loop in mapping.loops if isinstance(loop, Spatial) and loop not in loops]
        elsewhere = {rank: prod(loop.trip for loop in others if loop.rank == rank) for rank in einsum.sizes}
        least, used = least_usage(einsum, array, dimension, elsewhere), prod(loop.trip for loop in loops)
        if used < least:
            found.append(_unused(array, dimension, used, least))
    return found


def _unused(array: Array, dimension: str, used: int, least: int) -> Mistake:
    rule, size = array.rule(dimension), dict(array.shape)[dimension]
    asked = f"{float(rule.min_usage):g}{' or the most that can be' if rule.or_most else ''}: {least}"
    text = f"{used} of {size} instances along {dimension} of {array.name} are used, but `min_usage` is {asked}"
    return Mistake(Place(path="mapping"), text, f"make the loops on {dimension} longer")


def _why_not(einsum: Einsum, array: Array, dimension: str, rank: str) -> str:
    rule = array.rule(dimension)
    moved = [name for name in einsum.kept_by(rule.reuses) if rank in einsum.tensor(name).ranks]
    if moved:
        return f"{rank} moves {' and '.join(moved)}, which must be the same along {dimension} of {array.name}"
    return f"{rank} may not be unrolled along {dimension} of {array.name}"


def _instead(einsum: Einsum, array: Array, dimension: str) -> str:
    allowed = unrollable(einsum, array, dimension)
    return f"unroll {' or '.join(allowed)} there" if allowed else "no rank may be unrolled there: make it a `for` loop"


def _ruled(architecture: Architecture) -> Iterator[tuple[Array, str]]:
    """Dimensions with rules of their own."""
    for array in architecture.arrays:
        yield from ((array, dimension) for dimension, _ in array.rules)


def _along(architecture: Architecture, mapping: Mapping, array: Array, dimension: str) -> Iterator[tuple[int, Spatial]]:
    """Spatial loops of more than one trip on a dimension, with their places."""
    for index, node in enumerate(mapping.nodes):
        found = architecture.dimension(node.on) if isinstance(node, Spatial) and node.trip != 1 else None
        if found and (found[0].name, found[1]) == (array.name, dimension):
            assert isinstance(node, Spatial)
            yield index, node
