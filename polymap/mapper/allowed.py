"""What statements leave of the factors on each dimension of an array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from polymap.architecture.hierarchy import Array
from polymap.constraints.amount import divisors
from polymap.constraints.bind import Limits
from polymap.constraints.limits import ShareLimit, UnrollingLimit


@dataclass(frozen=True)
class Allowed:
    """One dimension of an array under statements."""

    array: Array
    dimension: str
    limits: Limits

    @cached_property
    def factors(self) -> tuple[frozenset[int], ...]:
        """For every rank the factors along this dimension that may be part of an allowed one."""
        return tuple(frozenset(self._factors(rank, size)) for rank, size in self.limits.einsum.ranks)

    def _factors(self, rank: str, size: int) -> Iterator[int]:
        bounded = list(self._bounded(rank, size))
        for factor in divisors(size):
            if all(factor in few if alone else any(f % factor == 0 for f in few) for alone, few in bounded):
                yield factor

    def _bounded(self, rank: str, size: int) -> Iterator[tuple[bool, frozenset[int]]]:
        """The factors that each statement allows, and whether it is about this dimension alone."""
        for limit in self.limits.limits:
            if isinstance(limit, UnrollingLimit) and rank in dict(limit.amounts):
                amount = dict(limit.amounts)[rank]
                for array, dims in limit.fields:
                    if array == self.array.name and self.dimension in dims:
                        yield len(dims) == 1, frozenset(d for d in divisors(size) if amount.allows(d))

    def allows(self, vector: tuple[int, ...]) -> bool:
        """Whether the statements about how much of this dimension is used allow these factors along it."""
        unrolling = {self.dimension: dict(zip(self.limits.einsum.sizes, vector))}
        return all(limit.allows_unrolling(self.array.name, unrolling) for limit in self._shares)

    @cached_property
    def _shares(self) -> list[ShareLimit]:
        shares = [limit for limit in self.limits.limits if isinstance(limit, ShareLimit) and not limit.is_total]
        return [limit for limit in shares if (self.array, (self.dimension,)) in limit.fields]
