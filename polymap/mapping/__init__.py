"""Mappings: the loop nest of an einsum on an architecture, its forms and the rules it must obey."""

from __future__ import annotations

from polymap.mapping.nest import Loop, Mapping, Node, Spatial, Storage, Temporal
from polymap.mapping.read import Source, read, to_list
from polymap.mapping.text import parse_mapping, to_text

__all__ = [
    "Loop",
    "Mapping",
    "Node",
    "Source",
    "Spatial",
    "Storage",
    "Temporal",
    "mapping",
    "parse_mapping",
    "to_list",
    "to_text",
]


def mapping(source: Source) -> Mapping:
    """A mapping from a shipped name, a path (text or YAML), text, a document, its list of nodes, or a mapping itself.

    Raises `SpecError` with every mistake and its place; whether the mapping is legal is another question.

    >>> mapping("DRAM holds A B C\\nfor i in 4\\ncompute").nodes[1]
    Temporal(rank='i', trip=4)
    """
    return source if isinstance(source, Mapping) else read(source)
