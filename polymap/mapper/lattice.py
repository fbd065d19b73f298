"""Tile sizes as a dense lattice: one axis for each prime of each rank, so that divisibility is the order of the
indices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Index = tuple[int, ...]


@lru_cache(maxsize=4096)
def factorize(number: int) -> tuple[tuple[int, int], ...]:
    """Primes and their exponents, by trial division: sizes of ranks are small."""
    found, prime = [], 2
    while prime * prime <= number:
        exponent = 0
        while number % prime == 0:
            number, exponent = number // prime, exponent + 1
        if exponent:
            found.append((prime, exponent))
        prime += 1
    return (*found, (number, 1)) if number > 1 else tuple(found)


@lru_cache(maxsize=512)
def lattice(sizes: tuple[int, ...]) -> Lattice:
    """The lattice of these sizes; classes with equal sizes share one."""
    return Lattice(sizes)


@dataclass(frozen=True)
class Shift:
    """A factor of one rank as a step of the indices, and of places in a flat array (`offset`); `near` and `far` are
    slices of the lattice before and after it."""

    factor: int
    index: Index
    offset: int

    @cached_property
    def near(self) -> tuple[slice, ...]:
        return tuple(slice(None, -step or None) for step in self.index)

    @cached_property
    def far(self) -> tuple[slice, ...]:
        return tuple(slice(step, None) for step in self.index)


@dataclass(frozen=True)
class Lattice:
    """All divisor vectors of `sizes`: an array over the lattice has one axis per (rank, prime), indexed by exponent."""

    sizes: tuple[int, ...]

    @cached_property
    def axes(self) -> tuple[tuple[int, int, int], ...]:
        """(rank, prime, exponent) of every axis, the longest last: numpy's inner loops run along it. A lattice of one
        point has an axis, too: numpy makes numbers of arrays without axes."""
        found = ((r, p, e) for r, size in enumerate(self.sizes) for p, e in factorize(size))
        return tuple(sorted(found, key=lambda axis: axis[2])) or ((0, 1, 0),)

    @cached_property
    def shape(self) -> Index:
        return tuple(exponent + 1 for _, _, exponent in self.axes)

    @cached_property
    def strides(self) -> Index:
        """How far apart neighbours along each axis are in a flat array."""
        return tuple(prod(self.shape[axis + 1 :]) for axis in range(len(self.shape)))

    @property
    def points(self) -> int:
        return prod(self.shape)

    def axes_of(self, rank: int) -> tuple[int, ...]:
        return tuple(axis for axis, (r, _, _) in enumerate(self.axes) if r == rank)

    @cached_property
    def tiles(self) -> tuple[Values, ...]:
        """For each rank its tile size at every point, broadcastable to `shape`."""
        return tuple(self._tile(rank) for rank in range(len(self.sizes)))

    def _tile(self, rank: int) -> Values:
        values: Values = np.ones((1,) * len(self.axes))
        for axis in self.axes_of(rank):
            _, prime, exponent = self.axes[axis]
            powers = np.array([float(prime) ** e for e in range(exponent + 1)])
            values = values * powers.reshape([-1 if a == axis else 1 for a in range(len(self.axes))])
        return values

    @cached_property
    def steps(self) -> Values:
        """Temporal steps outside a tile: the product of size / tile over all ranks."""
        total: Values = np.full(self.shape, float(prod(self.sizes)))
        for tile in self.tiles:
            total = total / tile
        return np.round(total)

    def tile_at(self, index: Index) -> tuple[int, ...]:
        """The divisor vector at a lattice point."""
        tile = [1] * len(self.sizes)
        for (rank, prime, _), exponent in zip(self.axes, index):
            tile[rank] *= prime**exponent
        return tuple(tile)

    def index_of(self, tile: tuple[int, ...]) -> Index:
        """The lattice point of a divisor vector."""
        return tuple(dict(factorize(tile[rank])).get(prime, 0) for rank, prime, _ in self.axes)

    @property
    def dimensions(self) -> int:
        return len(self.axes)

    def shifts(self, rank: int) -> tuple[Shift, ...]:
        """All factors > 1 of a rank."""
        return self._shifts[rank]

    def prime_shifts(self, rank: int) -> tuple[Shift, ...]:
        """The prime factors of a rank."""
        return self._prime_shifts[rank]

    def shift(self, factors: tuple[int, ...]) -> Shift:
        """The step from any tile to its multiple."""
        return self._step(prod(factors), self.index_of(factors))

    def lower(self, values: Values, rank: int, inwards: bool) -> None:
        """Put at every tile the least of a table over all tiles that are multiples of it along a rank (inwards), or of
        which it is one."""
        for axis in self.axes_of(rank):
            size, along = self.shape[axis], values.reshape(-1, self.shape[axis], self.strides[axis])
            for place in range(size - 2, -1, -1) if inwards else range(1, size):
                here = along[:, place]
                np.minimum(here, along[:, place + 1 if inwards else place - 1], out=here)

    @cached_property
    def _shifts(self) -> tuple[tuple[Shift, ...], ...]:
        return tuple(tuple(self._all(rank)) for rank in range(len(self.sizes)))

    @cached_property
    def _prime_shifts(self) -> tuple[tuple[Shift, ...], ...]:
        return tuple(tuple(self._primes(rank)) for rank in range(len(self.sizes)))

    def _all(self, rank: int) -> list[Shift]:
        options: list[tuple[int, Index]] = [(1, ())]
        for r, prime, exponent in self.axes:
            powers = range(exponent + 1) if r == rank else range(1)
            options = [(f * prime**e, (*index, e)) for f, index in options for e in powers]
        return [self._step(factor, index) for factor, index in options if factor > 1]

    def _primes(self, rank: int) -> list[Shift]:
        unit = tuple(0 for _ in self.axes)
        return [self._step(self.axes[a][1], (*unit[:a], 1, *unit[a + 1 :])) for a in self.axes_of(rank)]

    def _step(self, factor: int, index: Index) -> Shift:
        return Shift(factor, index, sum(step * stride for step, stride in zip(index, self.strides)))
