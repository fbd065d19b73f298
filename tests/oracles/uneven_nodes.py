"""Where the storage nodes of a tensor can stand in a sequence of loops. Position p is just outside item p."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture, Memory
from polymap.mapping.nest import Node, Storage, Temporal
from polymap.workload.einsum import Einsum, Tensor
from tests.oracles.uneven_loops import Block, Item, Rules, Sequence

Placed: TypeAlias = tuple[tuple[Memory, int], ...]


def homes(einsum: Einsum, architecture: Architecture, tensor: Tensor) -> tuple[tuple[Memory, ...], ...]:
    """The memories that can keep a tensor together: all that must, any of those that may; at least one."""
    must = [m for m in architecture.memories if tensor.name in einsum.kept_by(m.keeps)]
    may = [m for m in architecture.memories if m not in must and tensor.name in einsum.kept_by(m.may_keep)]
    subsets = (chosen for size in range(len(may) + 1) for chosen in combinations(may, size))
    kept = (tuple(m for m in architecture.memories if m in must or m in chosen) for chosen in subsets)
    return tuple(memories for memories in kept if memories)


@dataclass(frozen=True)
class Places:
    """The places for nodes in one sequence of loops."""

    architecture: Architecture
    sequence: Sequence
    rules: Rules

    def of(self, tensor: Tensor, choices: tuple[tuple[Memory, ...], ...]) -> Iterator[Placed]:
        """Every placing of a tensor's nodes, for every choice of memories."""
        for memories in choices:
            yield from self._chain(tensor, memories, 0, outermost=True)

    def _chain(self, tensor: Tensor, memories: tuple[Memory, ...], start: int, outermost: bool) -> Iterator[Placed]:
        if not memories:
            yield ()
            return
        first, rest = memories[0], memories[1:]
        for position in self._positions(tensor, first, start, outermost):
            for others in self._chain(tensor, rest, position, outermost=False):
                yield ((first, position), *others)

    def _positions(self, tensor: Tensor, memory: Memory, start: int, outermost: bool) -> Iterator[int]:
        least, most = self._window(memory)
        if outermost and self.rules.outermost:
            most = least
        for position in range(max(start, least), most + 1):
            if position > least and self.rules.lift and not self._moves(position - 1, tensor):
                continue
            if not outermost or self._is_backed(tensor, memory, position):
                yield position

    def _window(self, memory: Memory) -> tuple[int, int]:
        """Below every block of an array outside the memory, above every block of one inside it."""
        at = self.architecture.index(memory.name)
        blocks = [(i, item.array) for i, item in enumerate(self.sequence) if isinstance(item, Block)]
        outside = [i + 1 for i, array in blocks if self.architecture.index(array.name) < at]
        inside = [i for i, array in blocks if self.architecture.index(array.name) > at]
        return max(outside, default=0), min(inside, default=len(self.sequence))

    def _moves(self, index: int, tensor: Tensor) -> bool:
        return is_relevant(self.sequence[index], tensor)

    def _is_backed(self, tensor: Tensor, memory: Memory, position: int) -> bool:
        """The outermost node holds all of the tensor, or is of a memory without a limit."""
        return memory.capacity_bits is None or not any(self._moves(i, tensor) for i in range(position))


def is_relevant(item: Item, tensor: Tensor) -> bool:
    ranks = {item.rank} if isinstance(item, Temporal) else item.trips.keys()
    return bool(tensor.ranks & ranks)


def with_nodes(sequence: Sequence, nodes: list[tuple[int, Storage]]) -> tuple[Node, ...]:
    """The flat list: loops, and before loop p the nodes of position p in the order given."""
    listed: list[Node] = []
    for position in range(len(sequence) + 1):
        listed += [node for at, node in nodes if at == position]
        if position < len(sequence):
            item = sequence[position]
            listed += item.loops if isinstance(item, Block) else (item,)
    return tuple(listed)


def needed(sequence: Sequence, rules: Rules) -> int:
    """Positions, as bits, where some node must stand: else the mapping is left out by `merge` or `below_block`."""
    return sum(1 << i for i in range(1, len(sequence)) if _is_left_out(sequence[i - 1], sequence[i], rules))


def _is_left_out(outer: Item, inner: Item, rules: Rules) -> bool:
    if not isinstance(inner, Temporal):
        return False
    if isinstance(outer, Block):
        return rules.below_block
    return rules.merge and outer.rank == inner.rank


def tail(sequence: Sequence, ranks: list[str], rules: Rules) -> int:
    """The least position of the innermost node: below it temporal loops stand in the order of the ranks."""
    descents = (
        i
        for i in range(1, len(sequence))
        if isinstance(outer := sequence[i - 1], Temporal)
        and isinstance(inner := sequence[i], Temporal)
        and ranks.index(outer.rank) > ranks.index(inner.rank)
    )
    return max(descents, default=0) if rules.tail else 0
