"""Legality of loops: their trips cover the ranks, and spatial ones stand at their array and fit on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from polymap.architecture.hierarchy import Architecture, Array
from polymap.errors import Mistake, Place
from polymap.mapping.broken import broken
from polymap.mapping.nest import Loop, Mapping, Spatial, Storage
from polymap.mapping.tiles import step
from polymap.workload.einsum import Einsum


def check_trips(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """Every loop makes at least one trip."""
    return [
        broken(mapping, index, f"the loop makes {node.trip} trips", "a loop makes at least 1")
        for index, node in enumerate(mapping.nodes)
        if not isinstance(node, Storage) and node.trip < 1
    ]


def check_factors(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """The trips of every rank multiply to its size or more, and no iteration of a loop is always empty.

    A loop of trip f and step st has none that is empty if `(f - 1) * st < size`. The last tile of a rank may be short.
    """
    found = (_factor_mistakes(mapping, rank, size) for rank, size in einsum.ranks)
    return [mistake for mistakes in found for mistake in mistakes]


def check_spatial(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """A spatial loop stands below every node of memories above its array, and above every node of those below it."""
    return [
        mistake
        for index, loop, array in _spatial_loops(architecture, mapping)
        for mistake in _spatial_mistakes(architecture, mapping, index, loop, array)
    ]


def check_fanout(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """The trips on each dimension of an array multiply to at most its size."""
    found = []
    for array in architecture.arrays:
        for dimension, size in array.shape:
            on_it = [loop for _, loop, _ in _spatial_loops(architecture, mapping, array, dimension)]
            used = prod(loop.trip for loop in on_it)
            if used > size:
                loops = " x ".join(f"{loop.rank} in {loop.trip}" for loop in on_it)
                text = f"dimension {dimension} of {array.name} is {size} wide but its loops span {used}: {loops}"
                found.append(Mistake(Place(path="mapping"), text, "make the spatial loops shorter"))
    return found


def _factor_mistakes(mapping: Mapping, rank: str, size: int) -> Iterator[Mistake]:
    loops = [(i, n) for i, n in enumerate(mapping.nodes) if not isinstance(n, Storage) and n.rank == rank]
    product = prod(loop.trip for _, loop in loops)
    if 0 < product < size:
        yield Mistake(Place(path="mapping"), *_too_few(rank, [loop for _, loop in loops], size))
        return
    for index, loop in loops:
        inside = step(mapping.nodes, index)
        if loop.trip > 1 and (loop.trip - 1) * inside >= size:
            yield broken(mapping, index, *_always_empty(loop, inside, size))


def _too_few(rank: str, loops: list[Loop], size: int) -> tuple[str, str]:
    """Message and mending for trips that do not cover the rank."""
    if not loops:
        return f"rank {rank} of size {size} has no loop", f"add loops over {rank} that multiply to {size}"
    product = prod(loop.trip for loop in loops)
    shown = f"{' x '.join(str(loop.trip) for loop in loops)} = {product}" if len(loops) > 1 else str(product)
    text = f"the trips of rank {rank} multiply to {shown}, but its size is {size}"
    longer = replace(loops[0], trip=_covering(size, product // loops[0].trip))
    return text, f"make it '{longer}', or add a loop of {_covering(size, product)} trips outside it"


def _always_empty(loop: Loop, inside: int, size: int) -> tuple[str, str]:
    """Message and mending for a loop whose last iterations lie beyond the rank; `inside` is its step."""
    needed = _covering(size, inside)
    text = f"{needed} of its {loop.trip} iterations cover rank {loop.rank} of size {size}, each spans {inside}"
    return f"{text}; the others are always empty", f"make it {needed} trips"


def _covering(size: int, span: int) -> int:
    """The fewest iterations of `span` points each that cover `size` points."""
    return -(-size // span)


def _spatial_loops(
    architecture: Architecture, mapping: Mapping, array: Array | None = None, dimension: str | None = None
) -> Iterator[tuple[int, Spatial, Array]]:
    """Spatial loops with a trip other than 1 on known dimensions, or on one dimension of one array only."""
    for index, node in enumerate(mapping.nodes):
        found = architecture.dimension(node.on) if isinstance(node, Spatial) and node.trip != 1 else None
        if found and (array is None or (found[0].name, found[1]) == (array.name, dimension)):
            assert isinstance(node, Spatial)
            yield index, node, found[0]


def _spatial_mistakes(
    architecture: Architecture, mapping: Mapping, index: int, loop: Loop, array: Array
) -> Iterator[Mistake]:
    outside = {level.name for level in architecture.hierarchy[: architecture.index(array.name)]}
    memories = {memory.name for memory in architecture.memories}
    for at, node in enumerate(mapping.nodes):
        if not isinstance(node, Storage) or node.level not in memories:
            continue
        if at > index and node.level in outside:
            text = f"'{node}' stands inside it, but {node.level} is outside array {array.name}"
            yield broken(mapping, index, text, f"move the loop below every node of {node.level}")
        if at < index and node.level not in outside:
            text = f"'{node}' stands outside it, but {node.level} is inside array {array.name}"
            yield broken(mapping, index, text, f"move the loop above every node of {node.level}")
