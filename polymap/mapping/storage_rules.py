"""Legality of storage nodes: tensors are backed and go down the hierarchy; memories hold what they may and can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from polymap.architecture.hierarchy import Architecture, Memory
from polymap.errors import Mistake, Place
from polymap.mapping.broken import broken
from polymap.mapping.nest import Mapping, Node, Storage
from polymap.mapping.tiles import elements, largest_sizes
from polymap.workload.einsum import Einsum, Tensor


def check_backing(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """Every tensor has a node, and its outermost node can hold all of it: unlimited, or above all its loops."""
    found = (_backing_mistake(architecture, mapping, tensor) for tensor in einsum.tensors)
    return [mistake for mistake in found if mistake]


def check_order(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """The nodes of one tensor go down the hierarchy, through each memory at most once."""
    return [mistake for tensor in einsum.tensors for mistake in _order_mistakes(architecture, mapping, tensor.name)]


def check_keeps(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """A memory holds every tensor it `keeps`, and no other but those it `may_keep`."""
    return [mistake for memory in architecture.memories for mistake in _keep_mistakes(einsum, memory, mapping)]


def check_capacity(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """Equation 18, per instance: `buffering * sum(tile elements * element bits) <= capacity_bits`; tiles are hulls."""
    found = (
        capacity_mistake(
            memory, [(tensor, elements(tensor, sizes)) for tensor, sizes in _held(einsum, memory, mapping)]
        )
        for memory in architecture.memories
    )
    return [mistake for mistake in found if mistake]


def check_filled(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """Per memory instance, the tiles take at least `min_utilization` of the room that is left to them."""
    found: list[Mistake] = []
    for memory in (memory for memory in architecture.memories if memory.min_utilization):
        held = _held(einsum, memory, mapping)
        used = sum(elements(tensor, sizes) * memory.element_bits(tensor) for tensor, sizes in held)
        room = Fraction(memory.capacity_bits or 0, memory.buffering)
        if used < memory.min_utilization * room:
            share = f"less than {float(memory.min_utilization):g} of the {float(room):g} bits for them"
            text = f"the tiles of {memory.name} take {used} bits, {share}"
            found.append(Mistake(Place(path="mapping"), text, f"make the tiles of {memory.name} larger"))
    return found


def capacity_mistake(memory: Memory, tiles: Sequence[tuple[Tensor, int]]) -> Mistake | None:
    """What is wrong with a memory that holds these tiles, each a tensor and its elements; None if they fit."""
    if memory.capacity_bits is None:
        return None
    sized = [(tensor.name, count, memory.element_bits(tensor)) for tensor, count in tiles]
    used = memory.buffering * sum(count * bits for _, count, bits in sized)
    if used <= memory.capacity_bits:
        return None
    terms = " + ".join(f"{name} {count} x {bits}" for name, count, bits in sized)
    shown = f"{memory.buffering} x ({terms})" if memory.buffering > 1 else terms
    text = f"{memory.name} has {memory.capacity_bits} bits but its tiles take {used} bits: {shown} (elements x bits)"
    return Mistake(Place(path="mapping"), text, f"make the tiles of {memory.name} smaller or hold fewer tensors")


def _nodes_of(architecture: Architecture, mapping: Mapping, tensor: str) -> list[tuple[int, Memory]]:
    """Index and memory of the nodes of a tensor, outermost first; a memory listed twice in one node appears twice."""
    known = {memory.name: memory for memory in architecture.memories}
    return [
        (index, known[node.level])
        for index, node in enumerate(mapping.nodes)
        if isinstance(node, Storage) and node.level in known
        for held in node.tensors
        if held == tensor
    ]


def _backing_mistake(architecture: Architecture, mapping: Mapping, tensor: Tensor) -> Mistake | None:
    nodes = _nodes_of(architecture, mapping, tensor.name)
    mend = f"begin with '{architecture.memories[0].name} holds {tensor.name}'" if architecture.memories else ""
    if not nodes:
        return Mistake(Place(path="mapping"), f"tensor {tensor.name} is not backed: no memory holds it", mend)
    index, memory = nodes[0]
    above = [node for node in mapping.nodes[:index] if _moves(node, tensor)]
    if memory.capacity_bits is None or not above:
        return None
    text = f"tensor {tensor.name} is not backed: {memory.name}, its outermost memory, holds a tile of it only"
    return broken(mapping, index, f"{text}, inside '{above[-1]}'", mend)


def _moves(node: Node, tensor: Tensor) -> bool:
    return not isinstance(node, Storage) and node.trip != 1 and node.rank in tensor.ranks


def _order_mistakes(architecture: Architecture, mapping: Mapping, tensor: str) -> Iterator[Mistake]:
    nodes = _nodes_of(architecture, mapping, tensor)
    for (_, outer), (index, inner) in pairwise(nodes):
        if outer.name == inner.name:
            yield broken(mapping, index, f"{inner.name} holds tensor {tensor} twice", "keep one of the two nodes")
        elif architecture.index(outer.name) > architecture.index(inner.name):
            text = f"{inner.name} holds tensor {tensor} inside {outer.name}, but stands above it in the hierarchy"
            yield broken(mapping, index, text, f"move it above the node of {outer.name}")


def _keep_mistakes(einsum: Einsum, memory: Memory, mapping: Mapping) -> Iterator[Mistake]:
    keeps = einsum.kept_by(memory.keeps)
    allowed = (*keeps, *einsum.kept_by(memory.may_keep))
    nodes = [(i, n) for i, n in enumerate(mapping.nodes) if isinstance(n, Storage) and n.level == memory.name]
    held = {tensor for _, node in nodes for tensor in node.tensors}
    for tensor in (tensor for tensor in keeps if tensor not in held):
        text = f"{memory.name} keeps tensor {tensor}, but no node of {memory.name} holds it"
        yield Mistake(Place(path="mapping"), text, f"add '{memory.name} holds {tensor}'")
    for index, node in nodes:
        for tensor in node.tensors:
            if tensor not in allowed and tensor in (t.name for t in einsum.tensors):
                mend = f"it may hold {', '.join(dict.fromkeys(allowed)) or 'nothing'}"
                yield broken(mapping, index, f"{memory.name} must not hold tensor {tensor}", mend)


def _held(einsum: Einsum, memory: Memory, mapping: Mapping) -> Iterator[tuple[Tensor, dict[str, int]]]:
    """Tensors of the einsum that nodes of `memory` hold, each with its largest tile sizes at its node."""
    for index, node in enumerate(mapping.nodes):
        if isinstance(node, Storage) and node.level == memory.name:
            sizes = largest_sizes(einsum, mapping.nodes[index + 1 :])
            yield from ((tensor, sizes) for tensor in einsum.tensors if tensor.name in node.tensors)
