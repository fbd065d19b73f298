"""When a mapping is legal for an einsum on an architecture: one check per rule, all mistakes at once.

Every check bears with what the others find: names it does not know it leaves to `check_names`.
Loops of trip 1 count as absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture
from polymap.errors import IllegalMapping, Mistake, Place
from polymap.mapping.broken import broken
from polymap.mapping.dimension_rules import check_unrolled, check_usage
from polymap.mapping.loop_rules import check_factors, check_fanout, check_spatial, check_trips
from polymap.mapping.nest import Mapping, Node, Spatial, Storage
from polymap.mapping.storage_rules import (
    capacity_mistake,
    check_backing,
    check_capacity,
    check_filled,
    check_keeps,
    check_order,
)
from polymap.workload.einsum import Einsum

__all__ = [
    "RULES",
    "STRUCTURE",
    "capacity_mistake",
    "check",
    "check_backing",
    "check_capacity",
    "check_factors",
    "check_fanout",
    "check_filled",
    "check_keeps",
    "check_looped",
    "check_names",
    "check_order",
    "check_skeleton",
    "check_spatial",
    "check_trips",
    "check_unrolled",
    "check_usage",
    "mistakes",
]

Rule: TypeAlias = Callable[[Einsum, Architecture, Mapping], list[Mistake]]


def check(einsum: Einsum, architecture: Architecture, mapping: Mapping, rules: Sequence[Rule] | None = None) -> None:
    """Raise `IllegalMapping` with every broken rule (of all, or of `rules`); return for a legal mapping."""
    found = mistakes(einsum, architecture, mapping, rules)
    if found:
        raise IllegalMapping(found)


def mistakes(
    einsum: Einsum, architecture: Architecture, mapping: Mapping, rules: Sequence[Rule] | None = None
) -> list[Mistake]:
    """Every broken rule, rule by rule."""
    chosen = RULES if rules is None else rules
    return [mistake for rule in chosen for mistake in rule(einsum, architecture, mapping)]


def check_skeleton(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> None:
    """Raise `IllegalMapping` with every rule that a nest breaks whatever its trips are, if each is greater than 1.

    Fan-outs, usage and capacities are not asked for: which trips they allow depends on the trips.
    """
    nodes = (node if isinstance(node, Storage) else replace(node, trip=max(2, node.trip)) for node in mapping.nodes)
    check(einsum, architecture, Mapping(tuple(nodes)), SHAPE)


def check_names(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """Memories, tensors, ranks and dimensions are known."""
    known = {
        "memory": tuple(memory.name for memory in architecture.memories),
        "tensor": tuple(tensor.name for tensor in einsum.tensors),
        "rank": tuple(einsum.sizes),
        "dimension": _dimensions(architecture),
    }
    owners = {"tensor": f"einsum {einsum.name}", "rank": f"einsum {einsum.name}"}
    return [
        broken(
            mapping,
            index,
            f"{owners.get(kind, f'architecture {architecture.name}')} has no {kind} {name}",
            f"it has {', '.join(known[kind]) or 'none'}",
        )
        for index, node in enumerate(mapping.nodes)
        for kind, name in _names(node)
        if not (architecture.dimension(name) if kind == "dimension" else name in known[kind])
    ]


def check_looped(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """Every rank of more than one point has a loop."""
    looped = {loop.rank for loop in mapping.loops}
    return [
        Mistake(Place(path="mapping"), f"rank {rank} of size {size} has no loop", f"add a loop over {rank}")
        for rank, size in einsum.ranks
        if size > 1 and rank not in looped
    ]


STRUCTURE: tuple[Rule, ...] = (
    check_names,
    check_trips,
    check_factors,
    check_backing,
    check_order,
    check_keeps,
    check_spatial,
    check_fanout,
    check_unrolled,
    check_usage,
)
RULES: tuple[Rule, ...] = (*STRUCTURE, check_capacity, check_filled)
SHAPE: tuple[Rule, ...] = (
    check_names,
    check_looped,
    check_backing,
    check_order,
    check_keeps,
    check_spatial,
    check_unrolled,
)


def _dimensions(architecture: Architecture) -> tuple[str, ...]:
    return tuple(architecture.dimension_label(array, dim) for array in architecture.arrays for dim, _ in array.shape)


def _names(node: Node) -> Iterator[tuple[str, str]]:
    if isinstance(node, Storage):
        yield "memory", node.level
        yield from (("tensor", tensor) for tensor in node.tensors)
    else:
        yield "rank", node.rank
    if isinstance(node, Spatial):
        yield "dimension", node.on
