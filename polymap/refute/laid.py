"""How the factors of an array are laid on its dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture, Array
from polymap.constraints.bind import Limits
from polymap.refute.classes import Factors, Kept, Side, kept_choices, sides, unrollings
from polymap.workload.einsum import Einsum

Laid: TypeAlias = tuple[Factors, ...]  # of each rank its factors along the dimensions of an array


@dataclass(frozen=True)
class Subject:
    """What a claim is about: mappings that meet the statements, if there are any."""

    einsum: Einsum
    architecture: Architecture
    limits: Limits | None = None

    def kept_choices(self) -> list[Kept]:
        """What is kept where in all of them."""
        choices = kept_choices(self.einsum, self.architecture)
        return choices if self.limits is None else [kept for kept in choices if self._allows(self.limits, kept)]

    def _allows(self, limits: Limits, kept: Kept) -> bool:
        memories = [memory.name for memory in self.architecture.memories]
        return all(map(limits.allows_kept, memories, kept))

    def unrollings(self) -> Iterator[tuple[Factors, ...]]:
        """What they unroll."""
        for unrolled in unrollings(self.einsum, self.architecture):
            if self.limits is None or laid(self.einsum, self.architecture, unrolled, self.limits) is not None:
                yield unrolled


def laid(
    einsum: Einsum, architecture: Architecture, unrolled: tuple[Factors, ...], limits: Limits | None = None
) -> tuple[Laid, ...] | None:
    """The first way to lay the factors of each array on its dimensions that the rules, and limits, allow."""
    ways = [_ways(einsum, array, each, limits) for array, each in zip(architecture.arrays, unrolled, strict=True)]
    for chosen in product(*ways):
        said = {array.name: _said(einsum, array, each) for array, each in zip(architecture.arrays, chosen)}
        if limits is None or limits.allows_unrollings(said):
            return chosen
    return None


def _ways(einsum: Einsum, array: Array, factors: Factors, limits: Limits | None) -> Iterator[Laid]:
    along = sides(einsum, array)
    for split in _splits(0, factors, along):
        used = map(prod, zip(*split, strict=True))
        is_allowed = limits is None or limits.allows_unrolling(array.name, _said(einsum, array, split))
        if is_allowed and all(use >= side.least for use, side in zip(used, along, strict=True)):
            yield split


def _said(einsum: Einsum, array: Array, split: Laid) -> dict[str, dict[str, int]]:
    """Dimension -> rank -> factor."""
    return {
        dimension: {rank: trips[n] for (rank, _), trips in zip(einsum.ranks, split, strict=True)}
        for n, (dimension, _) in enumerate(array.shape)
    }


def _splits(rank: int, factors: Factors, along: tuple[Side, ...]) -> Iterator[Laid]:
    """Ways to split each factor over the dimensions that have room."""
    if not factors:
        yield ()
        return
    mosts = [side.size if rank in side.ranks else 1 for side in along]
    for split in product(*([d for d in range(1, min(most, factors[0]) + 1) if factors[0] % d == 0] for most in mosts)):
        if prod(split) == factors[0]:
            left = tuple(replace(side, size=side.size // d) for side, d in zip(along, split, strict=True))
            yield from ((split, *others) for others in _splits(rank + 1, factors[1:], left))
