"""Trees of words over one array, put together from parts of the ranks that have nothing to do with each other.

What an instance fetches is a product over the parts, and so are the sets of instances that fetch the same. Along one
dimension of the mesh the farthest of them stands at the sum of what each part adds to its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Protocol, TypeAlias

from polymap.model.neighbours import Pair
from polymap.model.readings import Number

Vector: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Trees:
    """Words of a whole run over one array: that set out, that arrive at instances, and times the links they travel."""

    packets: Number
    members: Number
    hops: Number


@dataclass(frozen=True)
class Branches:
    """One part's share: sums over all packets of the part, times the elements of each.

    `stems[d]` counts the different places of a packet's members in the dimensions before `d`, `reaches[d]` adds up,
    over these, how far the farthest member stands in dimension `d`. There is one more stem than dimensions.
    """

    stems: Vector
    reaches: Vector

    def __add__(self, other: Branches) -> Branches:
        return Branches(_plus(self.stems, other.stems), _plus(self.reaches, other.reaches))

    def times(self, often: int) -> Branches:
        """So many of them."""
        return Branches(tuple(often * n for n in self.stems), tuple(often * n for n in self.reaches))

    @classmethod
    def of(cls, places: Iterable[Vector], size: int, dims: int) -> Branches:
        """Of one packet of so many elements whose members stand at these places.

        >>> Branches.of([(2, 0), (2, 3), (0, 1)], 1, 2)
        Branches(stems=(1, 2, 3), reaches=(2, 4))
        """
        found = list(places)
        farthest: list[dict[Vector, int]] = [{} for _ in range(dims)]
        for at in found:
            for d, line in enumerate(farthest):
                line[at[:d]] = max(line.get(at[:d], 0), at[d])
        stems = [size * len({at[:d] for at in found}) for d in range(dims + 1)]
        return cls(tuple(stems), tuple(size * sum(line.values()) for line in farthest))


def none(dims: int) -> Branches:
    """No packets."""
    return Branches((0,) * (dims + 1), (0,) * dims)


def _plus(one: Vector, other: Vector) -> Vector:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def grown(parts: Sequence[Branches]) -> Trees:
    """The trees of all parts together.

    `hops = sum over dimensions d and parts of reaches[d] * prod over the other parts of stems[d]`.
    """
    hops = sum(reached(parts, d) for d in range(len(parts[0].reaches))) if parts else 0
    return Trees(prod(part.stems[0] for part in parts), prod(part.stems[-1] for part in parts), hops)


def reached(parts: Sequence[Branches], dim: int) -> int:
    """Links of these trees along one dimension."""
    return sum(
        part.reaches[dim] * prod(other.stems[dim] for o, other in enumerate(parts) if o != p)
        for p, part in enumerate(parts)
    )


class Networks(Protocol):
    """Counts what crosses between a tensor's parent and child where more is asked than the sharing of equal tiles."""

    def trees(self, pair: Pair, array: int) -> Trees:
        """What travels on one array, by its index in the hierarchy."""

    def halo_reads(self, pair: Pair) -> Number:
        """Elements that the parent sends where arrays share halos."""


class Links(Protocol):
    """Counts what neighbours pass on to one another."""

    def passed(self, pair: Pair) -> tuple[Number, Number]:
        """Elements that the parent sends where neighbours pass tiles on, and those that they pass on."""
