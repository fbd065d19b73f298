"""The order in which equal mappings are read: the last tie-breaker."""

from __future__ import annotations

from itertools import groupby

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.nest import Mapping, Storage

Lines = tuple[str, ...]


def reading(mapping: Mapping, architecture: Architecture) -> Lines:
    """The lines of a mapping from the innermost outwards, a node as one for each tensor that it holds.

    They compare as text: a temporal loop comes before one of an array, and both before a node. Nodes with nothing
    between are read from the innermost memory outwards.

    >>> import polymap as pm
    >>> nest = pm.mapping("DRAM holds A B\\nfor m in 2\\nbuffer holds B\\nparallel n in 4 on X\\ncompute")
    >>> reading(nest, pm.architecture("teaching"))
    ('parallel n in 4 on X', '~003 B', 'for m in 2', '~004 A', '~004 B')
    """
    lines: list[str] = []
    for kind, nodes in groupby(reversed(mapping.nodes), type):
        if kind is Storage:
            run = (node for node in nodes if isinstance(node, Storage))
            lines += sorted(held(n.level, name, architecture) for n in run for name in n.tensors)
        else:
            lines += map(str, nodes)
    return tuple(lines)


def held(level: str, tensor: str, architecture: Architecture) -> str:
    """The line of a tensor in a node."""
    inside = len(architecture.hierarchy) - 1 - architecture.index(level)
    return f"~{inside:03} {tensor}"
