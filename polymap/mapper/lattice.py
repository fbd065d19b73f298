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
class Lattice:
    """All divisor vectors of `sizes`: an array over the lattice has one axis per (rank, prime), indexed by exponent."""

    sizes: tuple[int, ...]

    @cached_property
    def axes(self) -> tuple[tuple[int, int, int], ...]:
        """(rank, prime, exponent) of every axis."""
        return tuple((r, p, e) for r, size in enumerate(self.sizes) for p, e in factorize(size))

    @cached_property
    def shape(self) -> Index:
        return tuple(exponent + 1 for _, _, exponent in self.axes)

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

    @cached_property
    def _known_shifts(self) -> dict[tuple[int, bool], list[tuple[int, Index]]]:
        return {}

    def shifts(self, rank: int) -> list[tuple[int, Index]]:
        """All factors > 1 of a rank with their index shifts (zero on the axes of other ranks)."""
        return self._known_shifts.setdefault((rank, False), []) or self._remember(rank, False)

    def prime_shifts(self, rank: int) -> list[tuple[int, Index]]:
        """The prime factors of a rank with their index shifts."""
        return self._known_shifts.setdefault((rank, True), []) or self._remember(rank, True)

    def _remember(self, rank: int, primes: bool) -> list[tuple[int, Index]]:
        found = self._primes(rank) if primes else self._all(rank)
        self._known_shifts[rank, primes] = found
        return found

    def _all(self, rank: int) -> list[tuple[int, Index]]:
        options: list[tuple[int, Index]] = [(1, ())]
        for r, prime, exponent in self.axes:
            powers = range(exponent + 1) if r == rank else range(1)
            options = [(f * prime**e, (*shift, e)) for f, shift in options for e in powers]
        return [(factor, shift) for factor, shift in options if factor > 1]

    def _primes(self, rank: int) -> list[tuple[int, Index]]:
        unit = tuple(0 for _ in self.axes)
        return [(self.axes[a][1], (*unit[:a], 1, *unit[a + 1 :])) for a in self.axes_of(rank)]
