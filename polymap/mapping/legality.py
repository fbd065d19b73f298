"""When a mapping is legal for an einsum on an architecture: one check per rule, all mistakes at once.

Every check bears with what the others find: names it does not know it leaves to `check_names`.
Loops of trip 1 count as absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import prod

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.errors import IllegalMapping, Mistake, Place
from polymap.mapping.nest import Loop, Mapping, Node, Spatial, Storage
from polymap.mapping.tiles import elements, tile_sizes
from polymap.workload.einsum import Einsum, Tensor


def check(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> None:
    """Raise `IllegalMapping` with every broken rule; return for a legal mapping."""
    found = mistakes(einsum, architecture, mapping)
    if found:
        raise IllegalMapping(found)


def mistakes(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """Every broken rule, rule by rule."""
    return [mistake for rule in RULES for mistake in rule(einsum, architecture, mapping)]


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
    """The trips of every rank multiply to its size."""
    trips = {rank: [loop.trip for loop in mapping.loops if loop.rank == rank] for rank in einsum.sizes}
    return [
        Mistake(Place(path="mapping"), *_factor_message(rank, trips[rank], size))
        for rank, size in einsum.ranks
        if prod(trips[rank]) != size
    ]


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
    """Per memory instance, `buffering * sum(tile elements * element bits) <= capacity_bits`."""
    found = (_capacity_mistake(einsum, memory, mapping) for memory in architecture.memories)
    return [mistake for mistake in found if mistake]


RULES = (
    check_names,
    check_trips,
    check_factors,
    check_backing,
    check_order,
    check_keeps,
    check_spatial,
    check_fanout,
    check_capacity,
)


def element_bits(memory: Memory, tensor: Tensor) -> int:
    """Bits that one element of `tensor` takes in `memory`."""
    return memory.word_bits or tensor.bits


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


def _factor_message(rank: str, trips: list[int], size: int) -> tuple[str, str]:
    product = prod(trips)
    shown = f"{' x '.join(map(str, trips))} = {product}" if len(trips) > 1 else str(product)
    text = f"the trips of rank {rank} multiply to {shown}, but its size is {size}"
    if not trips:
        return f"rank {rank} of size {size} has no loop", f"add loops over {rank} that multiply to {size}"
    if product > 0 and size % product == 0:
        return text, f"a factor of {size // product} is missing"
    if product > 0 and product % size == 0:
        return text, f"it is {product // size} times too large"
    return text, f"the trips of {rank} must multiply to exactly {size}"


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


def _capacity_mistake(einsum: Einsum, memory: Memory, mapping: Mapping) -> Mistake | None:
    if memory.capacity_bits is None:
        return None
    tiles = [(t, elements(t, sizes), element_bits(memory, t)) for t, sizes in _held(einsum, memory, mapping)]
    used = memory.buffering * sum(count * bits for _, count, bits in tiles)
    if used <= memory.capacity_bits:
        return None
    terms = " + ".join(f"{tensor.name} {count} x {bits}" for tensor, count, bits in tiles)
    shown = f"{memory.buffering} x ({terms})" if memory.buffering > 1 else terms
    text = f"{memory.name} has {memory.capacity_bits} bits but its tiles take {used} bits: {shown} (elements x bits)"
    return Mistake(Place(path="mapping"), text, f"make the tiles of {memory.name} smaller or hold fewer tensors")


def _held(einsum: Einsum, memory: Memory, mapping: Mapping) -> Iterator[tuple[Tensor, dict[str, int]]]:
    """Tensors of the einsum that nodes of `memory` hold, each with the tile sizes at its node."""
    for index, node in enumerate(mapping.nodes):
        if isinstance(node, Storage) and node.level == memory.name:
            sizes = tile_sizes(mapping.nodes[index + 1 :])
            yield from ((tensor, sizes) for tensor in einsum.tensors if tensor.name in node.tensors)
