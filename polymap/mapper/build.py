"""From a part and what stands in its gaps to a mapping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from polymap.mapper.families import Nodes
from polymap.mapper.labels import Item
from polymap.mapper.problem import Part
from polymap.mapper.space import StorageNode
from polymap.mapper.standing import Standing
from polymap.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from polymap.mapping.tidy import tidy

Gap: TypeAlias = Sequence[Item]  # innermost first
Step: TypeAlias = "tuple[int, int] | Standing | None"  # a loop, a node, the end of a gap


def mapping_of(part: Part, gaps: Sequence[Gap]) -> Mapping:
    """The mapping whose gaps, innermost first, hold these loops and nodes. Nodes that are not among them stand at their
    stops, spatial loops innermost in their gap."""
    skeleton = part.geometry.skeleton
    inwards: list[Node] = []
    for gap, items in zip(range(skeleton.last, 0, -1), gaps):
        inwards += reversed(list(_parallel(part, gap)))
        inwards += (node for item in items for node in _nodes(part, item))
        placed = frozenset(i for item in items if isinstance(item, frozenset) for i in item)
        inwards += _at_stop(part, gap - 1, placed)
    inwards += reversed(list(_parallel(part, 0)))
    return Mapping(tidy(reversed(inwards), skeleton.einsum, skeleton.architecture))


def plain(part: Part) -> list[list[Item]]:
    """The gaps, innermost first, of the nest whose tiles are as small as can be: all loops stand in one gap, and all
    nodes of that gap inside them. Only a tensor whose outermost memory has a capacity has to be there whole."""
    geometry = part.geometry
    limited = (home.stop for home in geometry.skeleton.homes.values() if home.memory and home.memory.capacity_bits)
    outside = max(limited, default=0)
    loops: list[Item] = [(r, size) for r, size in enumerate(geometry.lattice.sizes) if size > 1]
    here = (i for i, node in enumerate(geometry.nodes) if node.stop == outside and geometry.skeleton.roaming)
    place = geometry.skeleton.architecture.index
    inwards = sorted(here, key=lambda i: -place(geometry.nodes[i].memory.name))
    nodes: list[Item] = [Nodes({i}) for i in inwards]
    return [[*nodes, *loops] if gap == outside + 1 else [] for gap in range(geometry.skeleton.last, 0, -1)]


def written(part: Part, items: Iterable[Step]) -> Mapping:
    """The mapping in which loops and nodes stand just as listed, innermost first; None ends a gap. Nodes that are not
    listed stand at their stops."""
    gap, roams = part.geometry.skeleton.last, part.geometry.skeleton.roaming
    inwards: list[Node] = list(reversed(list(_parallel(part, gap))))
    for item in items:
        if isinstance(item, Standing):
            inwards.append(Storage(item.memory, (item.tensor,)))
        elif item is not None:
            inwards.append(Temporal(part.geometry.ranks[item[0]], item[1]))
        else:
            gap -= 1
            inwards += () if roams else _at_stop(part, gap, frozenset())
            inwards += reversed(list(_parallel(part, gap)))
    return Mapping(tuple(_joined_nodes(part, reversed(inwards))))


def outermost(items: Sequence[Step], one: Standing) -> list[Step]:
    """The same nest with one of its nodes at the outer end of its gap."""
    at = items.index(one)
    end = items.index(None, at)
    return [*items[:at], *items[at + 1 : end], one, *items[end:]]


def _joined_nodes(part: Part, nodes: Iterable[Node]) -> Iterator[Node]:
    """Neighbouring nodes of one memory are one."""
    order = [tensor.name for tensor in part.geometry.skeleton.einsum.tensors]
    for memory, run in groupby(nodes, lambda node: node.level if isinstance(node, Storage) else ""):
        same = list(run)
        held = {name for node in same if isinstance(node, Storage) for name in node.tensors}
        yield from [Storage(memory, tuple(sorted(held, key=order.index)))] if memory else same


def _nodes(part: Part, item: Item) -> Iterator[Node]:
    if isinstance(item, frozenset):
        yield from (_storage(part.geometry.nodes[i]) for i in item)
    else:
        rank, trip = item
        yield Temporal(part.geometry.ranks[rank], trip)


def _storage(node: StorageNode) -> Storage:
    return Storage(node.memory.name, (node.tensor.name,))


def _at_stop(part: Part, stop: int, placed: frozenset[int]) -> Iterator[Storage]:
    for i, node in enumerate(part.geometry.nodes):
        if node.stop == stop and i not in placed:
            yield _storage(node)
    for name, home in part.geometry.skeleton.homes.items():
        if home.stop == stop:
            yield Storage(home.name, (name,))


def _parallel(part: Part, gap: int) -> Iterator[Spatial]:
    architecture = part.geometry.skeleton.architecture
    for unrolling in part.sharing.layout or part.geometry.spatial.unrollings:
        if unrolling.array in part.geometry.skeleton.arrays[gap]:
            labels = [architecture.dimension_label(unrolling.array, dim) for dim, _ in unrolling.array.shape]
            loops = [Spatial(part.geometry.ranks[rank], f, labels[dim]) for dim, rank, f in unrolling.loops]
            yield from loops if unrolling.is_full else sorted(loops, key=lambda loop: loop.trip)
