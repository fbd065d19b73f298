"""The uneven mapspace without a thought: every order of every choice of nodes and loops that the legality rules accept.

Only spaces of about nine nodes are practical. What makes a list *uneven* in the sense of `exhaust_uneven` is added to
the rules of `polymap.mapping.legality`: loops of one array together and in one order, arrays in their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, combinations_with_replacement, groupby, product
from math import prod

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.legality import check_keeps, mistakes
from polymap.mapping.nest import Loop, Mapping, Node, Spatial, Storage, Temporal
from polymap.workload.einsum import Einsum


def every_mapping(einsum: Einsum, architecture: Architecture, factors: str) -> Iterator[Mapping]:
    """Every legal flat list of single-tensor nodes and loops of more than one trip."""
    for storage in every_choice(einsum, architecture):
        for loops in every_loops(einsum, architecture, factors):
            for nodes in orders(architecture, (*storage, *loops)):
                if not mistakes(einsum, architecture, Mapping(nodes)):
                    yield Mapping(nodes)


def every_choice(einsum: Einsum, architecture: Architecture) -> Iterator[tuple[Storage, ...]]:
    """Every set of (memory, tensor) pairs in which memories keep what they should."""
    pairs = [Storage(memory.name, (t.name,)) for memory in architecture.memories for t in einsum.tensors]
    for size in range(len(einsum.tensors), len(pairs) + 1):
        for chosen in combinations(pairs, size):
            whole = {storage.tensors for storage in chosen} == {(t.name,) for t in einsum.tensors}
            if whole and not check_keeps(einsum, architecture, Mapping(chosen)):
                yield chosen


def every_loops(einsum: Einsum, architecture: Architecture, factors: str) -> Iterator[tuple[Loop, ...]]:
    """Every multiset of loops that may cover the ranks."""
    dims = [
        (architecture.dimension_label(array, dim), size) for array in architecture.arrays for dim, size in array.shape
    ]
    for chosen in product(*(list(of_rank(rank, size, dims, factors)) for rank, size in einsum.ranks)):
        yield tuple(loop for loops in chosen for loop in loops)


def of_rank(rank: str, size: int, dims: list[tuple[str, int]], factors: str) -> Iterator[tuple[Loop, ...]]:
    """Loops that could be all of a rank: their trips multiply to it or, but for the outermost iteration, to less."""
    temporal: list[Loop] = [Temporal(rank, trip) for trip in range(2, size + 1)]
    spatial = [Spatial(rank, trip, on) for on, room in dims for trip in range(2, min(room, size) + 1)]
    for count in range(size.bit_length() + 1):
        for loops in combinations_with_replacement([*temporal, *spatial], count):
            covered = prod(loop.trip for loop in loops)
            short = any(covered - covered // loop.trip < size for loop in loops) or size == 1
            if covered == size if factors == "perfect" else covered >= size and short:
                yield loops


def orders(
    architecture: Architecture, nodes: tuple[Node, ...], before: tuple[Node, ...] = ()
) -> Iterator[tuple[Node, ...]]:
    """Every different order of the nodes in which blocks are whole and each tensor goes down the hierarchy."""
    if not nodes:
        if are_blocks(architecture, before):
            yield before
        return
    for node in dict.fromkeys(nodes):
        if can_follow(architecture, node, before):
            rest = list(nodes)
            rest.remove(node)
            yield from orders(architecture, tuple(rest), (*before, node))


def can_follow(architecture: Architecture, node: Node, before: tuple[Node, ...]) -> bool:
    """What `check_order` demands, here only to be done in time."""
    return not isinstance(node, Storage) or all(
        architecture.index(other.level) < architecture.index(node.level)
        for other in before
        if isinstance(other, Storage) and other.tensors == node.tensors
    )


def are_blocks(architecture: Architecture, nodes: tuple[Node, ...]) -> bool:
    """Whether every array's loops are together, one for each rank and dimension, and arrays are in their order."""
    arrays = [array_of(architecture, node) for node in nodes]
    spatial = [(node.rank, node.on) for node in nodes if isinstance(node, Spatial)]
    blocks = [array for array, _ in groupby(arrays) if array >= 0]
    return blocks == sorted(set(blocks)) and len(spatial) == len(set(spatial))


def array_of(architecture: Architecture, node: Node) -> int:
    """The index of a spatial loop's array in the hierarchy, -1 for other nodes."""
    if not isinstance(node, Spatial):
        return -1
    found = architecture.dimension(node.on)
    assert found is not None
    return architecture.index(found[0].name)


def with_sorted_blocks(architecture: Architecture, mapping: Mapping) -> Mapping:
    """The mapping with the loops of each block in one order."""
    runs = groupby(mapping.nodes, lambda node: array_of(architecture, node))
    return Mapping(tuple(node for array, run in runs for node in (run if array < 0 else sorted(run, key=str))))
