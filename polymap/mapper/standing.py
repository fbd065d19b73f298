"""The storage nodes of a frame as they stand in a nest, those of tensors at home included: what may be placed when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from polymap.mapper.space import Skeleton
from polymap.workload.einsum import Tensor


@dataclass(frozen=True, slots=True)
class Standing:
    """A tensor at a memory of a stop. `node` is its place among the nodes that are fetched, None for a tensor at home;
    inner memories have lower numbers."""

    number: int
    memory: str
    tensor: str
    stop: int
    node: int | None


@dataclass(frozen=True, eq=False)
class Stands:
    """The nodes of a frame. Sets of them are bits by number, sets of fetched nodes bits by their place."""

    skeleton: Skeleton

    @cached_property
    def all(self) -> tuple[Standing, ...]:
        place = self.skeleton.architecture.index
        numbers = {(n.tensor.name, n.memory.name): i for i, n in enumerate(self.skeleton.nodes)}
        sites = [(t, site) for t, sites in self.skeleton.sites.items() for site in sites if site.memory]
        order = [t.name for t in self.skeleton.einsum.tensors]
        sites.sort(key=lambda one: (-place(one[1].name), order.index(one[0])))
        return tuple(
            Standing(number, site.name, tensor, site.stop, numbers.get((tensor, site.name)))
            for number, (tensor, site) in enumerate(sites)
        )

    @cached_property
    def at(self) -> dict[int, tuple[Standing, ...]]:
        """The nodes of every stop, inner memories first."""
        return {stop: tuple(s for s in self.all if s.stop == stop) for stop in range(self.skeleton.last + 1)}

    def left(self, gap: int, placed: int) -> bool:
        """Whether nodes of a gap are still to be placed."""
        return any(not placed >> one.number & 1 for one in self.at[gap - 1])

    def next(self, gap: int, placed: int) -> list[Standing]:
        """The nodes of a gap that may be placed next: of every tensor the innermost that is left."""
        key = gap, placed
        if key not in self._next:
            first: dict[str, Standing] = {}
            for one in self.at[gap - 1]:
                if not placed >> one.number & 1:
                    first.setdefault(one.tensor, one)
            self._next[key] = list(first.values())
        return self._next[key]

    def owners(self, gap: int, placed: int) -> list[str]:
        """The memories to which loops may belong that stand outside what is placed in a gap."""
        here = dict.fromkeys(one.memory for one in self.next(gap, placed))
        return list(here) if here or gap == 1 else self.owners(gap - 1, 0)

    def awaited(self, gap: int, placed: int, memory: str) -> bool:
        """Whether nodes of a memory are still to be placed. All of them stand in one gap."""
        return any(one.memory == memory and not placed >> one.number & 1 for one in self.at[gap - 1])

    @cached_property
    def _next(self) -> dict[tuple[int, int], list[Standing]]:
        return {}

    @cached_property
    def relevant(self) -> tuple[int, ...]:
        """For every rank the fetched nodes of tensors that depend on it."""
        return tuple(
            sum(1 << i for i, node in enumerate(self.skeleton.nodes) if rank in node.tensor.ranks)
            for rank, _ in self.skeleton.einsum.ranks
        )

    def overlaps(self, node: int, rank: int) -> bool:
        """Whether tiles of a node may overlap along a rank."""
        return bool(self._overlapping[rank] >> node & 1)

    @cached_property
    def _overlapping(self) -> tuple[int, ...]:
        """For every rank the fetched nodes whose tiles may overlap along it."""
        nodes = self.skeleton.nodes
        return tuple(
            sum(1 << i for i, node in enumerate(nodes) if overlaps(self.skeleton, node.tensor, rank))
            for rank in range(len(self.skeleton.einsum.ranks))
        )

    def sizes(self, at: tuple[int, ...], below: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(tile * inner for tile, inner in zip(at, below))


def overlaps(skeleton: Skeleton, tensor: Tensor, rank: int) -> bool:
    """Whether tiles along a rank can overlap: only where a data coordinate mixes it with another rank."""
    name, sizes = skeleton.einsum.ranks[rank][0], skeleton.einsum.sizes
    mixing = [coordinate for coordinate in tensor.coordinates if name in coordinate.ranks]
    return any(sizes[other] > 1 for coordinate in mixing for other in coordinate.ranks if other != name)


def mapped(bits: int) -> Iterator[int]:
    """The places of the bits that are set."""
    place = 0
    while bits:
        if bits & 1:
            yield place
        bits, place = bits >> 1, place + 1
