"""When a mapping is legal for an einsum on an architecture: one check per rule, all mistakes at once.

Every check bears with what the others find: names it does not know it leaves to `check_names`.
Loops of trip 1 count as absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.errors import IllegalMapping, Mistake, Place
from polymap.mapping.nest import Loop, Mapping, Node, Spatial, Storage
from polymap.mapping.tiles import elements, largest_sizes, step
from polymap.workload.einsum import Einsum, Tensor

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
        _mistake(
            mapping,
            index,
            f"{owners.get(kind, f'architecture {architecture.name}')} has no {kind} {name}",
            f"it has {', '.join(known[kind]) or 'none'}",
        )
        for index, node in enumerate(mapping.nodes)
        for kind, name in _names(node)
        if not (architecture.dimension(name) if kind == "dimension" else name in known[kind])
    ]


def check_trips(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """Every loop makes at least one trip."""
    return [
        _mistake(mapping, index, f"the loop makes {node.trip} trips", "a loop makes at least 1")
        for index, node in enumerate(mapping.nodes)
        if not isinstance(node, Storage) and node.trip < 1
    ]


def check_factors(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """The trips of every rank multiply to its size or more, and no iteration of a loop is always empty.

    A loop of trip f and step st has none that is empty if `(f - 1) * st < size`. The last tile of a rank may be short.
    """
    found = (_factor_mistakes(mapping, rank, size) for rank, size in einsum.ranks)
    return [mistake for mistakes in found for mistake in mistakes]


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


def check_capacity(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """Per memory instance, `buffering * sum(tile elements * element bits) <= capacity_bits`; tiles are hulls."""
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
        used = sum(elements(tensor, sizes) * element_bits(memory, tensor) for tensor, sizes in held)
        room = Fraction(memory.capacity_bits or 0, memory.buffering)
        if used < memory.min_utilization * room:
            share = f"less than {float(memory.min_utilization):g} of the {float(room):g} bits for them"
            text = f"the tiles of {memory.name} take {used} bits, {share}"
            found.append(Mistake(Place(path="mapping"), text, f"make the tiles of {memory.name} larger"))
    return found


STRUCTURE: tuple[Rule, ...] = (
    check_names,
    check_trips,
    check_factors,
    check_backing,
    check_order,
    check_keeps,
    check_spatial,
    check_fanout,
)
RULES: tuple[Rule, ...] = (*STRUCTURE, check_capacity, check_filled)


def element_bits(memory: Memory, tensor: Tensor) -> int:
    """Bits that one element of `tensor` takes in `memory`."""
    return memory.element_bits(tensor)


def _mistake(mapping: Mapping, index: int, message: str, mend: str = "") -> Mistake:
    return Mistake(Place(path=f"mapping[{index}]"), f"'{mapping.nodes[index]}': {message}", mend)


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


def _factor_mistakes(mapping: Mapping, rank: str, size: int) -> Iterator[Mistake]:
    loops = [(i, n) for i, n in enumerate(mapping.nodes) if not isinstance(n, Storage) and n.rank == rank]
    product = prod(loop.trip for _, loop in loops)
    if 0 < product < size:
        yield Mistake(Place(path="mapping"), *_too_few(rank, [loop for _, loop in loops], size))
        return
    for index, loop in loops:
        inside = step(mapping.nodes, index)
        if loop.trip > 1 and (loop.trip - 1) * inside >= size:
            yield _mistake(mapping, index, *_always_empty(loop, inside, size))


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
    return _mistake(mapping, index, f"{text}, inside '{above[-1]}'", mend)


def _moves(node: Node, tensor: Tensor) -> bool:
    return not isinstance(node, Storage) and node.trip != 1 and node.rank in tensor.ranks


def _order_mistakes(architecture: Architecture, mapping: Mapping, tensor: str) -> Iterator[Mistake]:
    nodes = _nodes_of(architecture, mapping, tensor)
    for (_, outer), (index, inner) in pairwise(nodes):
        if outer.name == inner.name:
            yield _mistake(mapping, index, f"{inner.name} holds tensor {tensor} twice", "keep one of the two nodes")
        elif architecture.index(outer.name) > architecture.index(inner.name):
            text = f"{inner.name} holds tensor {tensor} inside {outer.name}, but stands above it in the hierarchy"
            yield _mistake(mapping, index, text, f"move it above the node of {outer.name}")


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
                yield _mistake(mapping, index, f"{memory.name} must not hold tensor {tensor}", mend)


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
            yield _mistake(mapping, index, text, f"move the loop below every node of {node.level}")
        if at < index and node.level not in outside:
            text = f"'{node}' stands outside it, but {node.level} is inside array {array.name}"
            yield _mistake(mapping, index, text, f"move the loop above every node of {node.level}")


def capacity_mistake(memory: Memory, tiles: Sequence[tuple[Tensor, int]]) -> Mistake | None:
    """What is wrong with a memory that holds these tiles, each a tensor and its elements; None if they fit."""
    if memory.capacity_bits is None:
        return None
    sized = [(tensor.name, count, element_bits(memory, tensor)) for tensor, count in tiles]
    used = memory.buffering * sum(count * bits for _, count, bits in sized)
    if used <= memory.capacity_bits:
        return None
    terms = " + ".join(f"{name} {count} x {bits}" for name, count, bits in sized)
    shown = f"{memory.buffering} x ({terms})" if memory.buffering > 1 else terms
    text = f"{memory.name} has {memory.capacity_bits} bits but its tiles take {used} bits: {shown} (elements x bits)"
    return Mistake(Place(path="mapping"), text, f"make the tiles of {memory.name} smaller or hold fewer tensors")


def _held(einsum: Einsum, memory: Memory, mapping: Mapping) -> Iterator[tuple[Tensor, dict[str, int]]]:
    """Tensors of the einsum that nodes of `memory` hold, each with its largest tile sizes at its node."""
    for index, node in enumerate(mapping.nodes):
        if isinstance(node, Storage) and node.level == memory.name:
            sizes = largest_sizes(einsum, mapping.nodes[index + 1 :])
            yield from ((tensor, sizes) for tensor in einsum.tensors if tensor.name in node.tensors)
