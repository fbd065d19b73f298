"""What words pay on networks at least, for thousands of unrollings at once and whatever the layout.

On a mesh whose dimension d has `s_d` places of instances that are served by one packet, and `c_d` of such sets, the
least links of a layout have the served ones side by side: for each element that an instance fetches

    (sum over d of prod(s_e for e before d) * (s_d - 1 + s_d * (c_d - 1) / 2)) / prod(s_d)

links. Any factors of the dimensions that multiply to `s` and `c` are tried, so ranks and rules are not asked. Where
ranks of one coordinate meet, nothing is known of the links: 0 is less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import inf

import numpy as np
from numpy.typing import NDArray

from polymap.architecture.hierarchy import Array
from polymap.mapper.hauling import crossed, fare, pays
from polymap.mapper.lattice import Values
from polymap.mapper.space import Link, Skeleton
from polymap.mapper.traffic import shares

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Tolls:
    """Of one frame; `arrays` are those in use. Factors of unrollings are given by (unrolling, array, rank)."""

    skeleton: Skeleton
    arrays: tuple[Array, ...]

    def of(self, link: Link, loops: Whole) -> tuple[Values, Values]:
        """For each unrolling pJ of each element that arrives on a link, at least, and how many instances are sure to
        fetch the same."""
        between = crossed(self.skeleton.architecture, link)
        paid = np.zeros(len(loops))
        for place, array in enumerate(between):
            if pays(array):
                paid += self._on(link, loops, array, between[place + 1 :])
        return paid, self._alike(link, loops[:, self._columns(between)])

    def _on(self, link: Link, loops: Whole, array: Array, inside: list[Array]) -> Values:
        assert link.parent.memory is not None
        each = fare(array, link.tensor, link.parent.memory)
        beyond, within = self._served(link, loops, inside), self._served(link, loops, [array, *inside])
        links = self._links(link, loops, array, inside)
        paid = float(each.hop) * links / beyond + float(each.packet) / within
        return np.asarray(paid + float(each.joined) * (1 / beyond - 1 / within))

    def _served(self, link: Link, loops: Whole, arrays: list[Array]) -> Values:
        """Instances of some arrays that one word serves, at most: where ranks meet, as many as can."""
        factors = loops[:, self._columns([a for a in arrays if shares(link.tensor, a)])].prod(axis=1)
        different = np.ones(len(loops), dtype=np.int64)
        for coordinate in link.tensor.coordinates:
            if coordinate.ranks:
                different *= factors[:, [self._rank(rank) for rank in coordinate.ranks]].max(axis=1)
        return np.asarray(factors.prod(axis=1) // different, dtype=np.float64)

    def _alike(self, link: Link, loops: Whole) -> Values:
        """Instances along ranks that do not concern the tensor."""
        others = [r for r, (rank, _) in enumerate(self.skeleton.einsum.ranks) if rank not in link.tensor.ranks]
        return np.asarray(loops[:, :, others].prod(axis=(1, 2)), dtype=np.float64)

    def _links(self, link: Link, loops: Whole, array: Array, inside: list[Array]) -> Values:
        if array not in self.arrays:
            return np.zeros(len(loops))
        here = loops[:, self._columns([array])]
        served = self._alike(link, here) if shares(link.tensor, array) else np.ones(len(loops))
        apart = here.prod(axis=(1, 2)) / served
        shape = tuple(size for _, size in array.shape)
        pairs, row = np.unique(np.stack([served, apart], axis=1), axis=0, return_inverse=True)
        least = np.array([_least_links(shape, int(s), int(c)) for s, c in pairs.tolist()])
        return np.where(self._meet(link, loops, [array, *inside]), 0.0, least[row.reshape(-1)])

    def _meet(self, link: Link, loops: Whole, arrays: list[Array]) -> NDArray[np.bool_]:
        """Where ranks of one coordinate meet."""
        factors = loops[:, self._columns([a for a in arrays if shares(link.tensor, a)])].prod(axis=1)
        found = np.zeros(len(loops), dtype=np.bool_)
        for coordinate in link.tensor.coordinates:
            found |= (factors[:, [self._rank(rank) for rank in coordinate.ranks]] > 1).sum(axis=1) > 1
        return found

    def _columns(self, arrays: list[Array]) -> list[int]:
        return [number for number, array in enumerate(self.arrays) if array in arrays]

    def _rank(self, name: str) -> int:
        return list(self.skeleton.einsum.sizes).index(name)


@lru_cache(maxsize=65536)
def _least_links(shape: tuple[int, ...], served: int, apart: int) -> float:
    """Links for each element that an instance fetches, in the best layout of so many instances that one packet serves,
    of each of so many."""
    least = inf
    for along in _splits(shape, served, apart):
        links, before = 0.0, 1
        for s, c in along:
            links += before * (s - 1 + s * (c - 1) / 2)
            before *= s
        least = min(least, links)
    return least / served


def _splits(shape: tuple[int, ...], served: int, apart: int) -> Iterator[tuple[tuple[int, int], ...]]:
    if not shape:
        if served == apart == 1:
            yield ()
        return
    for s in range(1, min(served, shape[0]) + 1):
        for c in range(1, min(apart, shape[0] // s) + 1):
            if served % s == apart % c == 0:
                yield from (((s, c), *rest) for rest in _splits(shape[1:], served // s, apart // c))
