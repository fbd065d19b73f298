"""Which nodes can be open in which gap, and which loops close them: the states of a class without its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from polymap.mapper.space import Skeleton
from polymap.workload.einsum import Tensor

Open = frozenset[int]


@dataclass(frozen=True)
class StorageNode:
    """A tensor at a stop other than its outermost: it is fetched from `parent`, the next stop outside that keeps it."""

    tensor: Tensor
    stop: int
    parent: int


@dataclass(frozen=True)
class Closing:
    """A loop over `rank` closes the nodes `closed`; those in `mixed` have tiles that overlap along it."""

    rank: int
    closed: tuple[int, ...]
    mixed: tuple[int, ...]
    after: Open


@dataclass(frozen=True)
class Family:
    """A set of open nodes: the ranks whose loops are free, and what other loops close."""

    nodes: Open
    free: tuple[int, ...]
    closings: tuple[Closing, ...]


@dataclass(frozen=True)
class States:
    """`families[gap]` are the sets of open nodes that can occur in a gap, small sets first; gap 0 is unused."""

    nodes: tuple[StorageNode, ...]
    opened: tuple[Open, ...]
    families: tuple[tuple[Family, ...], ...]


@lru_cache(maxsize=256)
def states(skeleton: Skeleton, active: tuple[int, ...]) -> States:
    """The states of a skeleton when only the ranks `active` have temporal loops."""
    nodes = _nodes(skeleton)
    opened = tuple(
        frozenset(i for i, node in enumerate(nodes) if node.stop == stop) for stop in range(skeleton.last + 1)
    )
    families: list[tuple[Family, ...]] = [()] * (skeleton.last + 1)
    entering = {Open()}
    for gap in range(skeleton.last, 0, -1):
        families[gap] = _families(skeleton, nodes, active, {inside | opened[gap] for inside in entering})
        entering = {family.nodes for family in families[gap]}
    return States(nodes, opened, tuple(families))


def _nodes(skeleton: Skeleton) -> tuple[StorageNode, ...]:
    found = []
    for tensor in skeleton.einsum.tensors:
        stops = skeleton.chains[tensor.name][:-1]
        found += [StorageNode(tensor, stop, parent) for parent, stop in pairwise(stops)]
    return tuple(found)


def _families(
    skeleton: Skeleton, nodes: tuple[StorageNode, ...], active: tuple[int, ...], seeds: set[Open]
) -> tuple[Family, ...]:
    """The seeds and every set that closing loops lead to."""
    found: dict[Open, Family] = {}
    fresh = list(seeds)
    while fresh:
        inside = fresh.pop()
        if inside not in found:
            found[inside] = _family(skeleton, nodes, active, inside)
            fresh += [closing.after for closing in found[inside].closings]
    return tuple(sorted(found.values(), key=lambda family: (len(family.nodes), sorted(family.nodes))))


def _family(skeleton: Skeleton, nodes: tuple[StorageNode, ...], active: tuple[int, ...], inside: Open) -> Family:
    closings = []
    for rank in active:
        name = skeleton.einsum.ranks[rank][0]
        closed = tuple(i for i in sorted(inside) if name in nodes[i].tensor.ranks)
        if closed:
            mixed = tuple(i for i in closed if _overlaps(skeleton, nodes[i].tensor, name))
            closings.append(Closing(rank, closed, mixed, inside - set(closed)))
    closing_ranks = {closing.rank for closing in closings}
    return Family(inside, tuple(rank for rank in active if rank not in closing_ranks), tuple(closings))


def _overlaps(skeleton: Skeleton, tensor: Tensor, rank: str) -> bool:
    """Whether tiles along a rank can overlap: only where a data coordinate mixes it with another rank."""
    sizes = skeleton.einsum.sizes
    mixing = [coordinate for coordinate in tensor.coordinates if rank in coordinate.ranks]
    return any(sizes[other] > 1 for coordinate in mixing for other in coordinate.ranks if other != rank)
