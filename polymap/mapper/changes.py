"""Single changes of a mapping: what a person would try next by hand.

A change moves a factor of a rank from one loop to another, into a new loop or onto another dimension of an array,
swaps two neighbouring loops, moves tensors of a storage node across a loop, or lets a memory keep one tensor more or
less. What one did another undoes, but for two nodes of a memory that became one. Whether the changed mapping is legal
is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.nest import Loop, Mapping, Node, Spatial, Storage, Temporal
from polymap.mapping.tidy import tidy
from polymap.workload.einsum import Einsum

Nodes = tuple[Node, ...]


@dataclass(frozen=True)
class Change:
    """A changed mapping and what was changed, in words; lines are those of the mapping as it was."""

    words: str
    mapping: Mapping


def changes(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> Iterator[Change]:
    """Every single change of a tidy mapping, each resulting mapping once, the plainer change first."""
    seen = {mapping.nodes}
    whole = Changes(einsum, architecture, mapping.nodes)
    for words, nodes in whole.all():
        changed = Mapping(tidy(nodes, einsum, architecture))
        if changed.nodes not in seen:
            seen.add(changed.nodes)
            yield Change(words, changed)


@dataclass(frozen=True)
class Changes:
    """The changes of one nest. Each is its words and the nodes after it, which may hold loops of trip 1."""

    einsum: Einsum
    architecture: Architecture
    nodes: Nodes

    def all(self) -> Iterator[tuple[str, Nodes]]:
        yield from self._swaps()
        yield from self._storage()
        yield from self._kept()
        yield from self._factors()

    def _swaps(self) -> Iterator[tuple[str, Nodes]]:
        for i, (outer, inner) in enumerate(zip(self.nodes, self.nodes[1:])):
            if isinstance(outer, Temporal) and isinstance(inner, Temporal):
                words = f"swap {self._named(i)} and {self._named(i + 1)}"
                yield words, (*self.nodes[:i], inner, outer, *self.nodes[i + 2 :])

    def _storage(self) -> Iterator[tuple[str, Nodes]]:
        """A node, or one of its tensors, on the other side of the next loop inside or outside."""
        for i, node in enumerate(self.nodes):
            if isinstance(node, Storage):
                parts = dict.fromkeys([node.tensors, *((name,) for name in node.tensors)])
                for tensors in parts:
                    yield from self._across(i, node, tensors)

    def _across(self, i: int, node: Storage, tensors: tuple[str, ...]) -> Iterator[tuple[str, Nodes]]:
        what = f"move {' '.join(tensors)} of {self._named(i)}"
        inner = next((j for j in range(i + 1, len(self.nodes)) if not isinstance(self.nodes[j], Storage)), None)
        outer = next((j for j in reversed(range(i)) if not isinstance(self.nodes[j], Storage)), None)
        if inner is not None:
            yield f"{what} inside {self._named(inner)}", self._moved(i, node, tensors, inner + 1)
        if outer is not None:
            yield f"{what} outside {self._named(outer)}", self._moved(i, node, tensors, outer)

    def _moved(self, i: int, node: Storage, tensors: tuple[str, ...], to: int) -> Nodes:
        return _edited(self.nodes, {i: _without(node, tensors)}, {to: Storage(node.level, tensors)})

    def _kept(self) -> Iterator[tuple[str, Nodes]]:
        """One tensor fewer or more in a memory that leaves the choice."""
        for memory in self.architecture.memories:
            must, may = self.einsum.kept_by(memory.keeps), self.einsum.kept_by(memory.may_keep)
            for name in may if memory.may_keep else ():
                if name not in must:
                    yield from self._toggled(memory.name, name)

    def _toggled(self, level: str, tensor: str) -> Iterator[tuple[str, Nodes]]:
        holding = [i for i, node in enumerate(self.nodes) if isinstance(node, Storage) and node.level == level]
        for i in holding:
            node = self.nodes[i]
            if isinstance(node, Storage) and tensor in node.tensors:
                yield f"let {tensor} bypass {self._named(i)}", _edited(self.nodes, {i: _without(node, (tensor,))}, {})
                return
        for to in range(1, len(self.nodes) + 1):
            yield (
                f"keep {tensor} in {level} {self._before(to)}",
                _edited(self.nodes, {}, {to: Storage(level, (tensor,))}),
            )

    def _factors(self) -> Iterator[tuple[str, Nodes]]:
        """A factor from one loop to another loop of the rank, or to a new one."""
        for i, node in enumerate(self.nodes):
            if not isinstance(node, Storage):
                for factor in range(2, node.trip + 1):
                    if node.trip % factor == 0:
                        yield from self._given(i, node, factor)

    def _given(self, i: int, loop: Loop, factor: int) -> Iterator[tuple[str, Nodes]]:
        left: dict[int, Nodes] = {i: (replace(loop, trip=loop.trip // factor),)}
        what = f"move {'a factor of ' + str(factor) + ' of ' if factor < loop.trip else ''}{self._named(i)}"
        for j, other in enumerate(self.nodes):
            if j != i and not isinstance(other, Storage) and other.rank == loop.rank:
                grown: dict[int, Nodes] = {j: (replace(other, trip=other.trip * factor),)}
                yield f"{what} to {self._named(j)}", _edited(self.nodes, {**left, **grown}, {})
        dims = [
            self.architecture.dimension_label(array, dim)
            for array in self.architecture.arrays
            for dim, _ in array.shape
        ]
        for to in range(len(self.nodes) + 1):
            options: list[Loop] = [Temporal(loop.rank, factor), *(Spatial(loop.rank, factor, dim) for dim in dims)]
            for new in options:
                where = f" on {new.on}" if isinstance(new, Spatial) else ""
                yield f"{what} to a loop of its own{where} {self._before(to)}", _edited(self.nodes, left, {to: new})

    def _named(self, i: int) -> str:
        return f"'{self.nodes[i]}' (line {i + 1})"

    def _before(self, to: int) -> str:
        return f"before {self._named(to)}" if to < len(self.nodes) else "before the compute statement"


def _without(node: Storage, tensors: tuple[str, ...]) -> Nodes:
    rest = tuple(name for name in node.tensors if name not in tensors)
    return (Storage(node.level, rest),) if rest else ()


def _edited(nodes: Nodes, instead: dict[int, Nodes], before: dict[int, Node]) -> Nodes:
    """With other nodes in the place of some, and new ones before some; places are those of the nest as it was."""
    edited: list[Node] = []
    for i, node in enumerate(nodes):
        edited += [before[i]] if i in before else []
        edited += instead.get(i, (node,))
    return (*edited, *([before[len(nodes)]] if len(nodes) in before else []))
