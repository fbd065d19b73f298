"""What tiles touch on a domain that is no box, over the lattice: exact counts, and bounds where cells are in pieces.

Ranks that neither the domain nor a coordinate of the tensor ties together are independent: counts are products over
`groups`. A count at the tile sizes of one moment takes the cells for blocks of consecutive points. Spatial loops
between a node and the loop that closes it make pieces of a cell. Then counts are bounds from below; the arguments are
in docs/design/mapper.md, "Domains that are no boxes".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as SetOf
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from math import prod
from typing import Any, TypeAlias

import numpy as np

from polymap.mapper.groups import Alone, Banded, Group, Own, Scattered, Sizes
from polymap.model.band import Band
from polymap.workload.einsum import Einsum, Tensor

Values: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"
Share: TypeAlias = tuple[Group, Own]
NONE: SetOf[str] = frozenset()


@lru_cache(maxsize=64)
def touched(einsum: Einsum) -> Touched:
    """The counts of an einsum; they are remembered."""
    return Touched(einsum)


@dataclass(frozen=True, eq=False)
class Touched:
    """Counts of an einsum over its domain. `None` for a tensor asks for cells with points."""

    einsum: Einsum

    def shares(self, tensor: Tensor | None) -> tuple[Share, ...]:
        """The groups of ranks for a tensor, each with the coordinates that lie in it. Raises `SpecError` where a group
        has too many points."""
        if tensor not in self._shares:
            self._shares[tensor] = tuple(self._split(tensor))
        return self._shares[tensor]

    @cached_property
    def _shares(self) -> dict[Tensor | None, tuple[Share, ...]]:
        return {}

    @cached_property
    def _known(self) -> dict[tuple[object, ...], Any]:
        return {}

    def _remembered(self, what: str, group: Group, own: Own, *asked: Any) -> Any:
        """What `COUNTS[what]` counts, once."""
        key = (what, group.ranks, own, asked)
        if key not in self._known:
            self._known[key] = COUNTS[what](group, own, *asked)
        return self._known[key]

    @cached_property
    def _groups(self) -> dict[tuple[str, ...], Group]:
        return {}

    def _split(self, tensor: Tensor | None) -> list[Share]:
        from polymap.workload.counting import joined
        from polymap.workload.ties import tied

        coordinates = tensor.coordinates if tensor else ()
        groups = [frozenset(group) for group in tied(self.einsum)]
        for coordinate in coordinates:
            if coordinate.ranks:
                groups = joined(groups, frozenset(coordinate.ranks))
        found = []
        for group in groups:
            ranks = tuple(rank for rank in self.einsum.sizes if rank in group)
            own = tuple(c for c in coordinates if set(c.ranks) & group)
            found.append((self._group(ranks, own), own))
        return found

    def _group(self, ranks: tuple[str, ...], own: Own) -> Group:
        from polymap.workload.sets import difference
        from polymap.workload.ties import points, tied

        sizes = tuple(self.einsum.sizes[rank] for rank in ranks)
        if len(ranks) == 1 and ranks in tied(self.einsum) and ranks[0] not in self._cut:
            return Alone(ranks[0], sizes[0])
        band = difference(self.einsum)
        if band and set(ranks) == set(band[:2]) and not mixes(own):
            return Banded(Band(*band), sizes)
        if ranks not in self._groups:
            self._groups[ranks] = Scattered(ranks, sizes, points(self.einsum, ranks))
        return self._groups[ranks]

    @cached_property
    def _cut(self) -> frozenset[str]:
        """Ranks that the domain speaks of."""
        from polymap.workload.domain import tuples

        return frozenset(tuples(self.einsum.domain_text)[0]) if self.einsum.domain_text else frozenset()

    def fetched(self, tensor: Tensor | None, sizes: Mapping[str, Any], spread: SetOf[str] = NONE) -> Values:
        """Elements that cells of these sizes touch, summed over all cells; from below where cells of the ranks
        `spread` may be in pieces."""
        return np.asarray(prod(self.fetched_in_groups(tensor, sizes, spread), start=np.ones(())))

    def fetched_in_groups(
        self, tensor: Tensor | None, sizes: Mapping[str, Any], spread: SetOf[str] = NONE
    ) -> Iterator[Values]:
        """The factor of each of the `shares` in `fetched`."""
        for group, own in self.shares(tensor):
            yield self._over("least", group, own, sizes, group.ranks, frozenset(spread))

    def exactly(self, tensor: Tensor | None, sizes: Mapping[str, int], spread: SetOf[str] = NONE) -> Fraction:
        """`fetched` at sizes in numbers."""
        found = (self.in_group(group, own, sizes, spread) for group, own in self.shares(tensor))
        return prod(found, start=Fraction(1))

    def in_group(self, group: Group, own: Own, sizes: Mapping[str, int], spread: SetOf[str]) -> Fraction:
        """The factor of a group in `exactly`."""
        return Fraction(self._remembered("least", group, own, _at(group, sizes), frozenset(spread)))

    def crossing_in_groups(
        self, tensor: Tensor, sizes: Mapping[str, Any], spread: SetOf[str], sharers: Mapping[str, int]
    ) -> Iterator[Values]:
        """The factors in `fetched` if elements that so many instances may hold at once count once; at least."""
        for group, own in self.shares(tensor):
            most = tuple(sharers[rank] for rank in group.ranks)
            yield self._over("crossing", group, own, sizes, group.ranks, frozenset(spread), most)

    def largest(self, tensor: Tensor, sizes: Mapping[str, Any]) -> Values:
        """Elements of the largest tile of these sizes."""
        return self._product("largest", tensor, sizes)

    def sliding(
        self, tensor: Tensor, sizes: Mapping[str, Any], spread: SetOf[str], rank: str, step: Values, trip: int
    ) -> Values:
        """`fetched` where along a loop of a rank elements are fetched once. Only for a rank in a coordinate of
        several."""
        total, pieces = np.ones(()), frozenset(spread)
        for group, own in self.shares(tensor):
            if rank in group.ranks:
                total = total * self._over(
                    "begun", group, own, {**sizes, "": step}, (*group.ranks, ""), pieces, rank, trip
                )
            else:
                total = total * self._over("least", group, own, sizes, group.ranks, pieces)
        return total

    def held(self, group: Group, own: Own, splits: Mapping[str, int]) -> int:
        """Elements that instances ever hold, summed over them, at most: the factor of a group; `splits` are the spatial
        factors above."""
        mine = set() if mixes(own) else own_ranks(own)
        apart = prod(splits[rank] for rank in group.ranks if rank not in mine)
        return int(self._remembered("held", group, own, apart))

    def asked(self, group: Group, own: Own, sharers: Mapping[str, int]) -> Fraction:
        """Elements that the computes ask for at least, where so many instances may ask for the same: the factor of a
        group."""
        if any(sharers[rank] > 1 for rank in own_ranks(own)):
            ones = (1,) * len(group.ranks)
            return Fraction(group.met((), ones), prod(sharers[rank] for rank in group.ranks))
        return least(group, own, _at(group, sharers), {rank for rank in group.ranks if sharers[rank] > 1})

    def is_whole(self, unrolled: SetOf[str]) -> bool:
        """Whether every value of the ranks `unrolled` runs, each with every value of the others."""
        for group, _ in self.shares(None):
            mine = [n for n, rank in enumerate(group.ranks) if rank in unrolled]
            whole = tuple(1 if n in mine else extent for n, extent in enumerate(group.extents))
            if group.met((), whole) < prod(group.extents[n] for n in mine):
                return False
        return True

    def _product(self, what: str, tensor: Tensor | None, sizes: Mapping[str, Any], *asked: Any) -> Values:
        total = np.ones(())
        for group, own in self.shares(tensor):
            total = total * self._over(what, group, own, sizes, group.ranks, *asked)
        return total

    def _over(
        self, what: str, group: Group, own: Own, sizes: Mapping[str, Any], ranks: Sequence[str], *asked: Any
    ) -> Values:
        """A count over arrays of sizes."""

        def count(*at: Any) -> float:
            return float(self._remembered(what, group, own, tuple(map(int, at)), *asked))

        found = np.frompyfunc(count, len(ranks), 1)(*(np.asarray(sizes[rank]) for rank in ranks))
        return np.asarray(found, dtype=np.float64)


def mixes(own: Own) -> bool:
    """Whether a coordinate has several ranks."""
    return any(len(coordinate.ranks) > 1 for coordinate in own)


def own_ranks(own: Own) -> frozenset[str]:
    return frozenset(rank for coordinate in own for rank in coordinate.ranks)


def least(group: Group, own: Own, sizes: Sizes, spread: SetOf[str]) -> Fraction:
    """What cells of these sizes touch, summed over them; from below where cells of ranks in `spread` may be in
    pieces."""
    pieces = _in_pieces(group, own, sizes, spread)
    if not pieces or (group.one_sided and len(pieces) <= 2) or isinstance(group, Alone):
        return Fraction(group.met(own, sizes))
    points_of = tuple(1 if n in pieces else size for n, size in enumerate(sizes))
    volume = prod(sizes[n] for n in pieces)
    found = Fraction(group.met(own, points_of), volume)
    if mixes(own):
        return found
    for n in pieces:
        if group.is_gapless(own, points_of, n):
            whole = tuple(size if m == n else one for m, (size, one) in enumerate(zip(sizes, points_of)))
            found = max(found, Fraction(group.met(own, whole) * sizes[n], volume))
    return found


def _in_pieces(group: Group, own: Own, sizes: Sizes, spread: SetOf[str]) -> list[int]:
    mine = own_ranks(own)
    return [
        n
        for n, rank in enumerate(group.ranks)
        if rank in spread and rank not in mine and 1 < sizes[n] < group.extents[n]
    ]


def _crossing(group: Group, own: Own, sizes: Sizes, spread: SetOf[str], sharers: Sizes) -> Fraction:
    """What cells of these sizes touch, if so many along each rank may share. Each element touched in the joint cell of
    those that share crosses at least once, and no more of them than all are served at once."""
    found = least(group, own, sizes, spread) / prod(sharers)
    if any(number > 1 for rank, number in zip(group.ranks, sharers) if rank in own_ranks(own)):
        return found
    joint = tuple(size * number for size, number in zip(sizes, sharers))
    return max(found, least(group, own, joint, spread))


def _begun(group: Group, own: Own, at: Sizes, spread: SetOf[str], rank: str, trip: int) -> Fraction:
    """What cells touch, in all cells along a loop of a rank every element once; the last size is that loop's step."""
    assert isinstance(group, Scattered)
    *sizes, step = at
    pieces = _in_pieces(group, own, tuple(sizes), spread)
    points_of = tuple(1 if n in pieces else size for n, size in enumerate(sizes))
    volume = prod(sizes[n] for n in pieces)
    return Fraction(group.begun(own, points_of, group.ranks.index(rank), step, trip), volume)


def _at(group: Group, sizes: Mapping[str, int]) -> Sizes:
    return tuple(sizes[rank] for rank in group.ranks)


COUNTS: Mapping[str, Callable[..., Any]] = {
    "least": least,
    "begun": _begun,
    "crossing": _crossing,
    "largest": lambda group, own, at: group.largest(own, at),
    "held": lambda group, own, most: group.held(own, most),
}


def passing(einsum: Einsum) -> frozenset[str]:
    """Tensors of which a rank is tied to one that they do not depend on: their tiles change with loops that do not
    concern them. None on a box."""
    if einsum.is_box:
        return frozenset()
    shares = ((t, group, own) for t in einsum.tensors for group, own in touched(einsum).shares(t) if own)
    return frozenset(tensor.name for tensor, group, own in shares if set(group.ranks) - own_ranks(own))


def loose_ranks(einsum: Einsum) -> frozenset[str]:
    """Ranks that are tied to no other and run whole."""
    return frozenset(group.ranks[0] for group, _ in touched(einsum).shares(None) if isinstance(group, Alone))
