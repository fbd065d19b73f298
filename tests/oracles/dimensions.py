"""What may run in parallel along the dimensions of arrays that have rules, by trying everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

from polymap.architecture.hierarchy import Architecture, DimensionRule
from polymap.mapping.nest import Spatial
from polymap.workload.einsum import Einsum


def keeps_to_rules(einsum: Einsum, architecture: Architecture, loops: Sequence[Spatial]) -> bool:
    """Whether spatial loops over all arrays together keep to the rules of every dimension."""
    return all(
        _keeps(einsum, rule, size, [loop for loop in loops if loop.on in here], [n for n in loops if n.on not in here])
        for array in architecture.arrays
        for dimension, size in array.shape
        for rule in [dict(array.rules).get(dimension)]
        for here in [(dimension, f"{array.name}.{dimension}")]
        if rule
    )


def _keeps(einsum: Einsum, rule: DimensionRule, size: int, here: list[Spatial], others: list[Spatial]) -> bool:
    if any(loop.trip > 1 and not _may_stand(einsum, rule, loop.rank) for loop in here):
        return False
    used = prod(loop.trip for loop in here)
    return used >= rule.min_usage * size or (rule.or_most and used >= max(_uses(einsum, rule, size, others)))


def _may_stand(einsum: Einsum, rule: DimensionRule, rank: str) -> bool:
    """A tensor is reused where a step of the rank moves none of its coordinates."""
    reused = [t for t in einsum.tensors if t.name in rule.reuses or t.role in rule.reuses]
    moves = any(r == rank and coefficient for t in reused for axis in t.coordinates for r, coefficient in axis.terms)
    return not moves and (rule.may_unroll is None or rank in rule.may_unroll)


def _uses(einsum: Einsum, rule: DimensionRule, size: int, others: list[Spatial]) -> Iterator[int]:
    """How many instances every choice of divisors uses, of what other dimensions leave of the ranks."""
    ranks = [(rank, n) for rank, n in einsum.ranks if _may_stand(einsum, rule, rank)]
    left = [-(-n // prod(loop.trip for loop in others if loop.rank == rank)) for rank, n in ranks]
    for trips in product(*(range(1, n + 1) for n in left)):
        if prod(trips) <= size and not any(n % trip for n, trip in zip(left, trips, strict=True)):
            yield prod(trips)
