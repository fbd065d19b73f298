"""Groups of ranks that a domain or a data coordinate ties together, cut into cells: what the points of cells touch.

A *cell* is a block of `sizes[n]` points of every rank n of the group. `own` are the data coordinates of a tensor over
the ranks of the group; where there are none, a cell with points touches one thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from polymap.model.band import Band, Window
from polymap.model.lines import Line
from polymap.workload.einsum import Affine

if TYPE_CHECKING:
    from polymap.workload.ties import Points

Own: TypeAlias = tuple[Affine, ...]
Sizes: TypeAlias = tuple[int, ...]


class Group(Protocol):
    """Ranks and their points; `extents` are the sizes of the box around."""

    @property
    def ranks(self) -> tuple[str, ...]: ...

    @property
    def extents(self) -> Sizes: ...

    def met(self, own: Own, sizes: Sizes) -> int:
        """Elements that a cell touches, summed over all cells."""

    def largest(self, own: Own, sizes: Sizes) -> int:
        """The most elements that a cell touches."""

    def held(self, own: Own, most: int) -> int:
        """Points that touch an element, but at most so many of each, summed over all elements."""

    def is_gapless(self, own: Own, sizes: Sizes, rank: int) -> bool:
        """Whether the values of a rank that touch an element, in cells of the others, follow one another."""

    @property
    def one_sided(self) -> bool:
        """Whether the points are those of two ranks of which the difference has one limit."""


@dataclass(frozen=True)
class Alone:
    """One rank of which every point runs."""

    rank: str
    size: int
    one_sided = False

    @property
    def ranks(self) -> tuple[str, ...]:
        return (self.rank,)

    @property
    def extents(self) -> Sizes:
        return (self.size,)

    def met(self, own: Own, sizes: Sizes) -> int:
        return self.size if own else -(-self.size // sizes[0])

    def largest(self, own: Own, sizes: Sizes) -> int:
        return min(self.size, sizes[0]) if own else 1

    def held(self, own: Own, most: int) -> int:
        return self.size if own else min(most, self.size)

    def is_gapless(self, own: Own, sizes: Sizes, rank: int) -> bool:
        return True


@dataclass(frozen=True)
class Banded:
    """Two ranks with `low <= i - j <= high`, each coordinate of one of them: closed forms along one rank."""

    band: Band
    extents: Sizes

    @property
    def ranks(self) -> tuple[str, ...]:
        return self.band.first, self.band.second

    @property
    def one_sided(self) -> bool:
        return self.band.low is None or self.band.high is None

    @cached_property
    def window(self) -> Window:
        beyond = 2 * sum(self.extents)
        low, high = self.band.low, self.band.high
        return Window(-beyond if low is None else low, beyond if high is None else high)

    def _has(self, own: Own) -> tuple[bool, bool]:
        named = {rank for coordinate in own for rank in coordinate.ranks}
        return self.ranks[0] in named, self.ranks[1] in named

    def _lengths(self, own: Own, sizes: Sizes) -> Points:
        """For every cell of the first rank the cells of the second that it meets; a rank of its own in cells of 1."""
        first, second = (1 if mine else size for mine, size in zip(self._has(own), sizes))
        begin = np.arange(0, self.extents[0], first, dtype=np.int64)
        end = np.minimum(begin + first, self.extents[0]) - 1
        low = np.maximum(0, begin - self.window.high)
        high = np.minimum(self.extents[1] - 1, end - self.window.low)
        found: Points = np.where(low <= high, high // second - low // second + 1, 0)
        return found

    def met(self, own: Own, sizes: Sizes) -> int:
        return int(self._lengths(own, sizes).sum())

    def largest(self, own: Own, sizes: Sizes) -> int:
        first, second = (Line((), extent, min(size, extent)) for extent, size in zip(self.extents, sizes))
        has_first, has_second = self._has(own)
        if has_first and has_second:
            return self.window.largest(first, second, self.window.points)
        if has_first:
            return self.window.largest(first, second, self.window.touched)
        turned = self.window.turned()
        return turned.largest(second, first, turned.touched) if has_second else 1

    def held(self, own: Own, most: int) -> int:
        has_first, has_second = self._has(own)
        if has_first == has_second:
            points = self.met((), (1, 1))
            return points if has_first else min(most, points)
        lengths = (self if has_first else self._turned())._lengths((), (1, 1))
        return int(np.minimum(lengths, most).sum())

    def _turned(self) -> Banded:
        window = self.window.turned()
        return Banded(Band(self.band.second, self.band.first, window.low, window.high), self.extents[::-1])

    def is_gapless(self, own: Own, sizes: Sizes, rank: int) -> bool:
        return True


@dataclass(frozen=True, eq=False)
class Scattered:
    """Ranks of which the points are listed, any coordinates."""

    ranks: tuple[str, ...]
    extents: Sizes
    points: Points
    one_sided = False

    def met(self, own: Own, sizes: Sizes) -> int:
        return len(np.unique(self._keys(own, sizes)))

    def largest(self, own: Own, sizes: Sizes) -> int:
        cells = packed(self.points // np.array(sizes))
        pairs = np.unique(np.stack([cells, packed(self._values(own))]), axis=1)
        return int(np.unique(pairs[0], return_counts=True)[1].max())

    def begun(self, own: Own, sizes: Sizes, rank: int, step: int, trip: int) -> int:
        """The same as `met`, but in all cells along a loop of a rank every element counts once."""
        return len(np.unique(self._keys(own, sizes, (rank, step, trip))))

    def held(self, own: Own, most: int) -> int:
        times = np.unique(packed(self._values(own)), return_counts=True)[1]
        return int(np.minimum(times, most).sum())

    def is_gapless(self, own: Own, sizes: Sizes, rank: int) -> bool:
        single = tuple(1 if n == rank else size for n, size in enumerate(sizes))
        others = np.delete(self.points // np.array(single), rank, axis=1)
        key = packed(np.concatenate([others, self._values(own)], axis=1))
        pairs = np.unique(np.stack([key, self.points[:, rank]]), axis=1)
        follows = (pairs[0, 1:] != pairs[0, :-1]) | (pairs[1, 1:] == pairs[1, :-1] + 1)
        return bool(follows.all())

    def _keys(self, own: Own, sizes: Sizes, along: tuple[int, int, int] | None = None) -> Points:
        """One number for every (cell, element) that a point is in."""
        cells = self.points // np.array(sizes)
        if along:
            rank, step, trip = along
            values = self.points[:, rank]
            cells[:, rank] = values // (step * trip) * step + values % step // sizes[rank]
        return packed(np.concatenate([cells, self._values(own)], axis=1))

    def _values(self, own: Own) -> Points:
        columns = [
            sum((c * self.points[:, self.ranks.index(rank)] for rank, c in at.terms), start=np.zeros(len(self.points)))
            for at in own
        ]
        return np.array(columns, dtype=np.int64).reshape(len(own), len(self.points)).T


def packed(rows: Points) -> Points:
    """Every row as one number, different rows as different ones."""
    total = np.zeros(len(rows), dtype=np.int64)
    if not rows.shape[1]:
        return total
    spans = (rows.max(axis=0) - rows.min(axis=0) + 1).tolist()
    if prod(spans) >= 1 << 62:
        return np.unique(rows, axis=0, return_inverse=True)[1].astype(np.int64).reshape(-1)
    for column, span in zip((rows - rows.min(axis=0)).T, spans):
        total = total * span + column
    return total
