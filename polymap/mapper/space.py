"""The mapspaces as classes: which memories keep which tensors, and in what frame their storage nodes stand.

A *stop* is a group of storage nodes, a *gap* the loops between two stops: gap i lies between stop i-1 and stop i, and
the loops of the arrays between the two stand innermost in it. The last stop is the compute statement. There are three
kinds of frames:

* even, as in Timeloop: a stop is a memory, and all its tensors share one node;
* roaming (the uneven mapspace): a stop holds all nodes between two arrays in use, and each may stand anywhere in the
  gap inside its stop, in any order that the hierarchy allows for each tensor;
* ordered: one order of a roaming frame, with a stop for every node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, combinations, pairwise, product
from math import factorial, prod

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.constraints.bind import Limits
from polymap.mapper.ledger import Ledger
from polymap.workload.einsum import Einsum, Tensor


@dataclass(frozen=True)
class Kept:
    """Tensors that a memory keeps."""

    memory: Memory
    tensors: tuple[str, ...]


@dataclass(frozen=True)
class Site:
    """Where a tensor rests: at a memory of a stop, or (None) at the compute statement."""

    memory: Memory | None
    stop: int

    @property
    def name(self) -> str:
        return self.memory.name if self.memory else ""


@dataclass(frozen=True)
class Link:
    """A tensor on its way from one site to the next one inside."""

    tensor: Tensor
    parent: Site
    child: Site


@dataclass(frozen=True)
class StorageNode:
    """A tensor at a memory other than its outermost, fetched from the next memory outside that keeps it."""

    tensor: Tensor
    memory: Memory
    stop: int
    parent: Site


@dataclass(frozen=True, eq=False)
class Skeleton:
    """One choice of what is kept where, in a frame. `stops` are outermost first, and the last one is empty.

    Compared by identity: it is the key of caches that are asked for every part, and hashing a machine takes longer
    than they save.
    """

    einsum: Einsum
    architecture: Architecture
    kept: tuple[Kept, ...]
    stops: tuple[tuple[Kept, ...], ...]
    arrays: tuple[tuple[Array, ...], ...]
    roaming: bool = False
    ledger: Ledger | None = None  # what statements ask of loops, tiles and rooms
    limits: Limits | None = None  # what statements ask of unrollings

    @property
    def last(self) -> int:
        """Index of the compute statement among the stops; also the innermost gap."""
        return len(self.stops) - 1

    @cached_property
    def sites(self) -> dict[str, tuple[Site, ...]]:
        """The memories of each tensor, outermost first, closed by the compute statement."""
        found: dict[str, list[Site]] = {tensor.name: [] for tensor in self.einsum.tensors}
        for stop, group in enumerate(self.stops):
            for kept in group:
                for name in kept.tensors:
                    found[name].append(Site(kept.memory, stop))
        return {name: (*sites, Site(None, self.last)) for name, sites in found.items()}

    @cached_property
    def links(self) -> tuple[Link, ...]:
        tensors = self.einsum.tensors
        return tuple(Link(t, parent, child) for t in tensors for parent, child in pairwise(self.sites[t.name]))

    @cached_property
    def nodes(self) -> tuple[StorageNode, ...]:
        """Every node that is fetched from a parent; the compute statement is none, its traffic is fixed."""
        links = ((link, link.child.memory) for link in self.links)
        return tuple(StorageNode(link.tensor, memory, link.child.stop, link.parent) for link, memory in links if memory)

    @cached_property
    def homes(self) -> dict[str, Site]:
        """The outermost site of each tensor."""
        return {name: sites[0] for name, sites in self.sites.items()}

    def orders(self) -> Iterator[Skeleton]:
        """Every order of the nodes of a roaming frame."""
        for groups in product(*(list(_interleaved(self._chains(stop))) for stop in range(self.last))):
            yield self._ordered(groups)

    @property
    def number_of_orders(self) -> int:
        lengths = ([len(chain) for chain in self._chains(stop)] for stop in range(self.last))
        return prod(factorial(sum(here)) // prod(map(factorial, here)) for here in lengths)

    def _chains(self, stop: int) -> list[list[Kept]]:
        """Nodes of a stop, tensor by tensor, outermost first; those at home are none."""
        found = []
        for name, sites in self.sites.items():
            here = [site.memory for site in sites if site.stop == stop and site.memory and site != self.homes[name]]
            found.append([Kept(memory, (name,)) for memory in here])
        return [chain for chain in found if chain]

    def _ordered(self, groups: Iterable[Sequence[Kept]]) -> Skeleton:
        """With a stop for every node, those of a group in this order, inside the stop of tensors at home."""
        stops, arrays = list[tuple[Kept, ...]](), list[tuple[Array, ...]]()
        for stop, group in enumerate(groups):
            at_home = (Kept(h.memory, (name,)) for name, h in self.homes.items() if h.stop == stop and h.memory)
            homes = tuple(at_home)
            here = [*([homes] if homes else []), *((kept,) for kept in group)] or [()]
            stops += here
            arrays += [self.arrays[stop], *((),) * (len(here) - 1)]
        return replace(self, stops=(*stops, ()), arrays=(*arrays, self.arrays[-1]), roaming=False)


def _interleaved(chains: list[list[Kept]]) -> Iterator[tuple[Kept, ...]]:
    if not chains:
        yield ()
    for i, (first, *rest) in enumerate(chains):
        for order in _interleaved([*chains[:i], *([rest] if rest else []), *chains[i + 1 :]]):
            yield (first, *order)


def keepings(einsum: Einsum, architecture: Architecture, limits: Limits | None = None) -> Iterator[tuple[Kept, ...]]:
    """Every choice of kept tensors that `keeps`, `may_keep` and limits allow and in which each tensor has a home."""
    for chosen in product(*(_choices(einsum, memory, limits) for memory in architecture.memories)):
        if all(any(tensor.name in names for names in chosen) for tensor in einsum.tensors):
            yield tuple(Kept(memory, names) for memory, names in zip(architecture.memories, chosen) if names)


def _choices(einsum: Einsum, memory: Memory, limits: Limits | None) -> list[tuple[str, ...]]:
    must = einsum.kept_by(memory.keeps)
    may = [name for name in einsum.kept_by(memory.may_keep) if name not in must]
    subsets = chain.from_iterable(combinations(may, size) for size in range(len(may), -1, -1))
    found = [tuple(t.name for t in einsum.tensors if t.name in must or t.name in subset) for subset in subsets]
    return [kept for kept in found if limits is None or limits.allows_kept(memory.name, kept)]


def even(einsum: Einsum, architecture: Architecture, kept: tuple[Kept, ...]) -> Skeleton:
    """The frame in which every memory is a stop."""
    places = [*(architecture.index(k.memory.name) for k in kept), len(architecture.hierarchy)]
    above = [architecture.hierarchy[begin:end] for begin, end in zip([0, *places], places)]
    arrays = tuple(tuple(level for level in levels if isinstance(level, Array)) for levels in above)
    return Skeleton(einsum, architecture, kept, (*((k,) for k in kept), ()), arrays)


def uneven(
    einsum: Einsum, architecture: Architecture, kept: tuple[Kept, ...], used: Iterable[str], apart: bool = False
) -> Skeleton:
    """The frame in which nodes roam between the arrays `used`.

    Where a data coordinate mixes ranks, the place of a loop among the arrays decides about diagonals, and on a domain
    that is no box about which instances have points: every array is a boundary then (so it is with `apart`), with a
    stop of its own. Otherwise arrays that follow each other are crossed at once.
    """
    mixed = any(len(coordinate.ranks) > 1 for tensor in einsum.tensors for coordinate in tensor.coordinates)
    apart = apart or mixed or not einsum.is_box
    keeping = {k.memory.name: k for k in kept}
    stops: list[tuple[Kept, ...]] = [()]
    arrays: list[tuple[Array, ...]] = [()]
    started = False
    for level in architecture.hierarchy:
        if isinstance(level, Array) and level.name in used:
            if not started or (not stops[-1] and not apart):
                arrays[-1] += (level,)
            else:
                stops.append(())
                arrays.append((level,))
        elif level.name in keeping:
            stops[-1] += (keeping[level.name],)
            started = True
    return _closed(Skeleton(einsum, architecture, kept, tuple(stops), tuple(arrays), roaming=True), apart)


def _closed(frame: Skeleton, apart: bool) -> Skeleton:
    """With the compute statement as the last stop; arrays just above it need a stop inside them where loops between
    the two count."""
    if not frame.stops[-1] and not apart:
        return replace(frame, stops=(*frame.stops[:-1], ()))
    return replace(frame, stops=(*frame.stops, ()), arrays=(*frame.arrays, ()))
