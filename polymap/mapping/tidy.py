"""One way to write a nest: nothing stands in it that could be left out or told in one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from math import prod

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.nest import Loop, Node, Spatial, Storage
from polymap.workload.einsum import Einsum


def tidy(nodes: Iterable[Node], einsum: Einsum, architecture: Architecture) -> tuple[Node, ...]:
    """Without loops of trip 1. Loops over one rank (of one dimension) with nothing between are one; so are nodes of one
    memory, and nodes with nothing between stand in the order of the hierarchy."""
    kept = [node for node in nodes if isinstance(node, Storage) or node.trip != 1]
    return tuple(tidied for _, run in groupby(kept, _kind) for tidied in _run(list(run), einsum, architecture))


def _kind(node: Node) -> tuple[str, ...]:
    if isinstance(node, Storage):
        return ()
    return (node.rank, node.on if isinstance(node, Spatial) else "")


def _run(run: list[Node], einsum: Einsum, architecture: Architecture) -> Iterator[Node]:
    loops: list[Loop] = [node for node in run if not isinstance(node, Storage)]
    if loops:
        yield replace(loops[0], trip=prod(loop.trip for loop in loops))
    else:
        yield from _merged([node for node in run if isinstance(node, Storage)], einsum, architecture)


def _merged(run: list[Storage], einsum: Einsum, architecture: Architecture) -> Iterator[Storage]:
    for memory in architecture.memories:
        held = {name for node in run if node.level == memory.name for name in node.tensors}
        if held:
            yield Storage(memory.name, tuple(t.name for t in einsum.tensors if t.name in held))
