"""Which nodes are placed and which are owed for in every gap, and what leads from one set to another: the states of a
frame without its numbers.

Read from the inside out, a nest places storage nodes. A node *owes* for what it fetches from where it is placed up to
the first loop over a relevant rank, which *closes* it. Nodes of a roaming frame may be placed between any loops of
their gap. One whose tiles cannot overlap pays at once: if irrelevant loops follow, the same node placed outside them
holds the same tile and pays for the reuse; only at the end of the gap, before an array, that is not possible.

Where tiles do not stay, every node pays where it is placed. Where they slide, one may be placed just inside a loop
along which its tiles overlap: it has the room of the tile inside, stands outside the loop, and pays for the tile there.
It owes only in between, and nothing but such a loop may follow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from polymap.mapper.space import Skeleton, StorageNode
from polymap.mapper.touched import passing
from polymap.workload.einsum import Tensor

Nodes = frozenset[int]
Key = tuple[Nodes, Nodes]  # nodes of this gap's stop that are placed already, nodes that owe
START: Key = (frozenset(), frozenset())


@dataclass(frozen=True)
class Placing:
    """A node that stands between loops of the gap; if `pays`, it owes no more."""

    node: int
    pays: bool
    after: Key


@dataclass(frozen=True)
class Closing:
    """A loop over `rank` closes the nodes `closed`; those in `mixed` have tiles that overlap along it."""

    rank: int
    closed: tuple[int, ...]
    mixed: tuple[int, ...]
    after: Key


@dataclass(frozen=True)
class Family:
    """A set of placed and of owing nodes: the ranks whose loops are free, and what else may follow.

    `leaving` are the nodes placed where the gap ends, `owing` those that owe beyond. Unless it `leaves`, the gap does
    not end here.
    """

    key: Key
    free: tuple[int, ...]
    placings: tuple[Placing, ...]
    closings: tuple[Closing, ...]
    leaving: Nodes
    owing: Nodes
    leaves: bool = True


@dataclass(frozen=True)
class Families:
    """`of[gap]` are the families that can occur in a gap, in an order in which all that may follow one comes before it;
    gap 0 is unused."""

    of: tuple[tuple[Family, ...], ...]


@lru_cache(maxsize=1024)
def families(skeleton: Skeleton, active: tuple[int, ...], stays: bool, slides: bool = False) -> Families:
    """The families of a skeleton when only the ranks `active` have temporal loops. Unless tiles stay (`stays`), every
    node pays where it is placed, or (`slides`) after the loop that follows."""
    return (_Sliding if slides and skeleton.roaming else _Reach)(skeleton, active, stays).all()


@dataclass(frozen=True)
class _Reach:
    skeleton: Skeleton
    active: tuple[int, ...]
    stays: bool

    def all(self) -> Families:
        found: list[tuple[Family, ...]] = [()] * (self.skeleton.last + 1)
        entering = {START}
        for gap in range(self.skeleton.last, 0, -1):
            found[gap] = self._gap(gap, entering)
            entering = {(Nodes(), family.owing) for family in found[gap] if family.leaves}
        return Families(tuple(found))

    def _gap(self, gap: int, seeds: set[Key]) -> tuple[Family, ...]:
        found: dict[Key, Family] = {}
        fresh = list(seeds)
        while fresh:
            key = fresh.pop()
            if key not in found:
                family = found[key] = self._family(gap, key)
                fresh += [placing.after for placing in family.placings]
                fresh += [closing.after for closing in family.closings]
        order = sorted(found.values(), key=lambda f: (-len(f.key[0]), len(f.key[1]), *map(sorted, f.key)))
        return tuple(order)

    def _family(self, gap: int, key: Key) -> Family:
        placed, owing = key
        candidates = Nodes(i for i, node in enumerate(self.skeleton.nodes) if node.stop == gap - 1) - placed
        closings = tuple(self._closings(key))
        closing_ranks = {closing.rank for closing in closings}
        free = tuple(rank for rank in self.active if rank not in closing_ranks)
        placings = tuple(self._placings(key, candidates)) if self.skeleton.roaming else ()
        beyond = owing | candidates if self.stays else owing
        return Family(key, free, placings, closings, candidates, beyond)

    def _placings(self, key: Key, candidates: Nodes) -> list[Placing]:
        placed, owing = key
        innermost = {self.skeleton.nodes[i].tensor.name: i for i in sorted(candidates)}  # inner nodes come later
        found = []
        for i in sorted(innermost.values()):
            slides = self.stays and self._slides(self.skeleton.nodes[i].tensor)
            after = (placed | {i}, owing | {i}) if slides else (placed | {i}, owing)
            found.append(Placing(i, not slides, after))
        return found

    def _closings(self, key: Key) -> list[Closing]:
        placed, owing = key
        found = []
        for rank in self.active:
            name = self.skeleton.einsum.ranks[rank][0]
            closed = tuple(i for i in sorted(owing) if name in self.skeleton.nodes[i].tensor.ranks)
            if closed:
                mixed = tuple(i for i in closed if self._overlaps(self.skeleton.nodes[i].tensor, rank))
                found.append(Closing(rank, closed, mixed, (placed, owing - set(closed))))
        return found

    def _slides(self, tensor: Tensor) -> bool:
        """Whether a node of the tensor, placed outside loops that do not concern it, is not the same node: its tiles
        overlap, or change with these loops."""
        changes = tensor.name in passing(self.skeleton.einsum)
        return changes or any(self._overlaps(tensor, rank) for rank in self.active)

    def _overlaps(self, tensor: Tensor, rank: int) -> bool:
        """Whether tiles along a rank can overlap: only where a data coordinate mixes it with another rank."""
        name, sizes = self.skeleton.einsum.ranks[rank][0], self.skeleton.einsum.sizes
        mixing = [coordinate for coordinate in tensor.coordinates if name in coordinate.ranks]
        return any(sizes[other] > 1 for coordinate in mixing for other in coordinate.ranks if other != name)


class _Sliding(_Reach):
    """Tiles do not stay, but slide along the loop just inside their nodes."""

    def _family(self, gap: int, key: Key) -> Family:
        found = super()._family(gap, key)
        if key[1]:
            return replace(found, free=(), placings=tuple(p for p in found.placings if not p.pays), leaves=False)
        return found

    def _placings(self, key: Key, candidates: Nodes) -> list[Placing]:
        placed, owing = key
        paying = super()._placings(key, candidates)
        sliding = (p.node for p in paying if any(self._slides_along(p.node, rank) for rank in self.active))
        return paying + [Placing(i, False, (placed | {i}, owing | {i})) for i in sliding]

    def _closings(self, key: Key) -> list[Closing]:
        placed, owing = key
        nodes = tuple(sorted(owing))
        along = (rank for rank in self.active if nodes and all(self._slides_along(i, rank) for i in nodes))
        return [Closing(rank, nodes, nodes, (placed, Nodes())) for rank in along]

    def _slides_along(self, node: int, rank: int) -> bool:
        return self._overlaps(self.skeleton.nodes[node].tensor, rank)


def relevant(skeleton: Skeleton, node: StorageNode, rank: int) -> bool:
    return skeleton.einsum.ranks[rank][0] in node.tensor.ranks
