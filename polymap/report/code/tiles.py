"""Which points of a rank, and which elements of a tensor, a tile has: as sums over the loops that have moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from polymap.report.code.linear import Linear, least
from polymap.report.code.nest import Nest, Turn
from polymap.workload.einsum import Affine


@dataclass(frozen=True)
class Interval:
    """The values from `low` to `last`."""

    low: Linear
    last: Linear

    @property
    def end(self) -> Linear:
        """The first value behind it."""
        return self.last + 1

    @property
    def is_single(self) -> bool:
        return self.low == self.last


def points(nest: Nest, rank: str, position: int, turns: Iterable[Turn], moved: int = 0) -> Interval:
    """The points of a rank in the tile at a position, or in one that stands `moved` points further.

    A tile before another one of the same rank is never short.
    """
    low, tile = nest.low(rank, turns) + moved, nest.tile(rank, position)
    last = low + (tile - 1)
    if moved >= 0 and nest.may_be_short(rank, position):
        last = least(last, nest.einsum.sizes[rank] - 1)
    return Interval(low, last)


def reach(affine: Affine, origin: int, of_rank: Callable[[str], Interval]) -> Interval:
    """The hull of one coordinate over a tile, counted from `origin`."""
    low = last = Linear((), affine.constant - origin)
    for rank, coefficient in affine.terms:
        found = of_rank(rank)
        near, far = (found.low, found.last) if coefficient > 0 else (found.last, found.low)
        low, last = low + near.times(coefficient), last + far.times(coefficient)
    return Interval(low, last)
