"""Classes of which one finding holds for several: their mappings differ in the names of ranks only.

Let ranks of equal size change places such that each tensor has the coordinates that it had, in some order. Change the
ranks of all loops of a mapping with them: every tile of a tensor has the elements it had before, but for the order of
their coordinates, at the same steps and in the same instances. So the mapping is as legal (what runs along which
dimension of an array is a matter of its class) and costs the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations
from math import factorial, prod

from polymap.refute.classes import Class
from polymap.workload.einsum import Affine, Einsum

Exchange = tuple[int, ...]  # of each rank the number of the one that comes in its place
MOST_TRIED = 1_000


@dataclass
class Alike:
    """The classes of an einsum that were seen, each under the first one that is like it."""

    einsum: Einsum
    _first: dict[Class, Class] = field(default_factory=dict)

    def first(self, cls: Class) -> Class:
        """The first class seen that is like this one."""
        for exchange in self.exchanges:
            other = Class(cls.kept, tuple(tuple(factors[r] for r in exchange) for factors in cls.unrolled))
            if other in self._first:
                return self._first[other]
        self._first[cls] = cls
        return cls

    @cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every exchange of ranks that no tensor notices; none if there are too many to try."""
        groups: dict[int, list[int]] = {}
        for number, (_, size) in enumerate(self.einsum.ranks):
            groups.setdefault(size, []).append(number)
        if prod(factorial(len(group)) for group in groups.values()) > MOST_TRIED:
            return ()
        ranks = len(self.einsum.ranks)
        return tuple(each for each in _exchanges((-1,) * ranks, list(groups.values())) if self._is_unnoticed(each))

    def _is_unnoticed(self, exchange: Exchange) -> bool:
        names = [rank for rank, _ in self.einsum.ranks]
        new = {names[rank]: names[other] for rank, other in enumerate(exchange)}
        coordinates = (tensor.coordinates for tensor in self.einsum.tensors)
        return all(Counter(_terms(a) for a in axes) == Counter(_terms(a, new) for a in axes) for axes in coordinates)


def _exchanges(found: Exchange, groups: list[list[int]]) -> Iterator[Exchange]:
    if not groups:
        yield found
        return
    for order in permutations(groups[0]):
        places = dict(zip(groups[0], order))
        yield from _exchanges(tuple(places.get(rank, other) for rank, other in enumerate(found)), groups[1:])


def _terms(axis: Affine, new: dict[str, str] | None = None) -> frozenset[tuple[str, int]]:
    """A coordinate but for its constant, which no count depends on."""
    return frozenset((new[rank] if new else rank, coefficient) for rank, coefficient in axis.terms)
