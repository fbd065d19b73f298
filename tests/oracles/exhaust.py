"""Every mapping of the even mapspace, one by one, and the best of them: what no search may beat or miss.

In an even mapping all tensors that a memory keeps stand in one storage node. A memory that keeps nothing has no node:
the gaps above and below it are one. A gap holds, per rank, at most one temporal loop, and inside the temporal loops
the spatial loops of the arrays that lie in it, in the order of the hierarchy. The order of the spatial loops among
themselves cannot matter: they only number the instances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, permutations, product
from math import prod
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.mapping.nest import Loop, Mapping, Node, Spatial, Storage, Temporal
from polymap.model.conventions import Conventions
from polymap.model.cost import Cost
from polymap.workload.einsum import Affine, Einsum, Tensor
from tests.oracles.dimensions import keeps_to_rules

Evaluate: TypeAlias = Callable[[Einsum, Architecture, Mapping, Conventions], Cost]
Factors: TypeAlias = dict[str, tuple[int, ...]]

OBJECTIVES: dict[str, Callable[[Cost], Fraction]] = {
    "energy": lambda cost: cost.energy,
    "latency": lambda cost: cost.latency,
    "edp": lambda cost: cost.edp,
}


@dataclass(frozen=True)
class Best:
    """The best mapping, its cost, and how many mappings were priced."""

    mapping: Mapping
    cost: Cost
    mappings: int


@dataclass(frozen=True)
class Slot:
    """Where a factor of a rank can stand: the temporal loops of a gap (`on` is None) or one array dimension in it."""

    gap: int
    on: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class Frame:
    """A choice of what is kept where; the gap of index i lies just below node i."""

    nodes: tuple[Storage, ...]
    slots: tuple[Slot, ...]


def best(
    einsum: Einsum,
    architecture: Architecture,
    objective: str,
    conventions: Conventions,
    evaluate: Evaluate,
    every_order: bool = False,
) -> Best | None:
    """The first mapping with the least (objective, energy, latency); None if no mapping is legal."""
    measure = OBJECTIVES[objective]
    found: Best | None = None
    for number, mapping in enumerate(mappings(einsum, architecture, every_order), start=1):
        cost = evaluate(einsum, architecture, mapping, conventions)
        if found is None or ranked(measure, cost) < ranked(measure, found.cost):
            found = Best(mapping, cost, number)
        found = replace(found, mappings=number)
    return found


def ranked(measure: Callable[[Cost], Fraction], cost: Cost) -> tuple[Fraction, Fraction, Fraction]:
    return measure(cost), cost.energy, cost.latency


def mappings(einsum: Einsum, architecture: Architecture, every_order: bool = False) -> Iterator[Mapping]:
    """All legal even mappings.

    Unless `every_order`, the temporal loops below the innermost storage node stand in one order only: no node stands
    below them, so no residency sees their order, and the compute statement touches its point at every step anyway.
    """
    for frame in frames(einsum, architecture):
        for factors in factorisations(einsum, frame):
            parallel = [loop for gap in range(len(frame.nodes)) for loop in spatial(einsum, frame, factors, gap)]
            fitting = fits(einsum, architecture, frame, factors) and backed(einsum, architecture, frame, factors)
            if fitting and keeps_to_rules(einsum, architecture, parallel):
                yield from ordered(einsum, frame, factors, every_order)


def frames(einsum: Einsum, architecture: Architecture) -> Iterator[Frame]:
    memories = architecture.memories
    for kept in product(*(choices(einsum, memory) for memory in memories)):
        if {name for names in kept for name in names} == {tensor.name for tensor in einsum.tensors}:
            pairs = zip(memories, kept, strict=True)
            nodes = tuple(Storage(memory.name, names) for memory, names in pairs if names)
            yield Frame(nodes, slots(architecture, nodes))


def choices(einsum: Einsum, memory: Memory) -> Iterator[tuple[str, ...]]:
    """What a memory can keep: all of `keeps` and any of `may_keep`."""
    always = set(einsum.kept_by(memory.keeps))
    optional = [name for name in einsum.kept_by(memory.may_keep) if name not in always]
    for size in range(len(optional) + 1):
        for chosen in combinations(optional, size):
            yield tuple(tensor.name for tensor in einsum.tensors if tensor.name in always | set(chosen))


def slots(architecture: Architecture, nodes: tuple[Storage, ...]) -> tuple[Slot, ...]:
    """The places for factors, outermost first."""
    starts = [architecture.index(node.level) for node in nodes]
    ends = [*starts[1:], len(architecture.hierarchy)]
    found = []
    for gap, (start, end) in enumerate(zip(starts, ends, strict=True)):
        arrays = (level for level in architecture.hierarchy[start:end] if isinstance(level, Array))
        found.append(Slot(gap))
        found += [
            Slot(gap, architecture.dimension_label(array, dim), size) for array in arrays for dim, size in array.shape
        ]
    return tuple(found)


def factorisations(einsum: Einsum, frame: Frame) -> Iterator[Factors]:
    """All ways to spread every rank over the slots within the fan-outs."""
    room = tuple(slot.size for slot in frame.slots)
    return spread_ranks(einsum.ranks, room)


def spread_ranks(ranks: tuple[tuple[str, int], ...], room: tuple[int | None, ...]) -> Iterator[Factors]:
    if not ranks:
        yield {}
        return
    (rank, size), rest = ranks[0], ranks[1:]
    for factors in spread(size, room):
        left = tuple(None if r is None else r // f for r, f in zip(room, factors, strict=True))
        for others in spread_ranks(rest, left):
            yield {rank: factors, **others}


def spread(size: int, room: tuple[int | None, ...]) -> Iterator[tuple[int, ...]]:
    """All tuples of factors with product `size`, each within its room."""
    if not room:
        if size == 1:
            yield ()
        return
    for factor in range(1, size + 1):
        if size % factor == 0 and (room[0] is None or factor <= room[0]):
            for rest in spread(size // factor, room[1:]):
                yield (factor, *rest)


def fits(einsum: Einsum, architecture: Architecture, frame: Frame, factors: Factors) -> bool:
    """Whether every memory has room for the tiles that it keeps."""
    return all(
        occupied_bits(einsum, architecture, frame, gap, factors) <= capacity(architecture, node.level)
        for gap, node in enumerate(frame.nodes)
    )


def capacity(architecture: Architecture, level: str) -> float:
    bits = architecture.memory(level).capacity_bits
    return float("inf") if bits is None else bits


def backed(einsum: Einsum, architecture: Architecture, frame: Frame, factors: Factors) -> bool:
    """Whether every tensor is whole in its outermost memory, which only one without a capacity can do without."""
    for tensor in einsum.tensors:
        gap, node = next((i, node) for i, node in enumerate(frame.nodes) if tensor.name in node.tensors)
        whole = elements(tensor, tile_sizes(frame, gap, factors)) == elements(tensor, einsum.sizes)
        if not whole and architecture.memory(node.level).capacity_bits is not None:
            return False
    return True


def tile_sizes(frame: Frame, gap: int, factors: Factors) -> dict[str, int]:
    """Points of every rank inside the node above a gap."""
    inside = [i for i, slot in enumerate(frame.slots) if slot.gap >= gap]
    return {rank: prod(of_rank[i] for i in inside) for rank, of_rank in factors.items()}


def occupied_bits(einsum: Einsum, architecture: Architecture, frame: Frame, gap: int, factors: Factors) -> int:
    sizes = tile_sizes(frame, gap, factors)
    memory = architecture.memory(frame.nodes[gap].level)
    tensors = [einsum.tensor(name) for name in frame.nodes[gap].tensors]
    return memory.buffering * sum(elements(t, sizes) * memory.element_bits(t) for t in tensors)


def elements(tensor: Tensor, sizes: dict[str, int]) -> int:
    return prod(extent(coordinate, sizes) for coordinate in tensor.coordinates)


def extent(coordinate: Affine, sizes: dict[str, int]) -> int:
    return 1 + sum(abs(coefficient) * (sizes[rank] - 1) for rank, coefficient in coordinate.terms)


def ordered(einsum: Einsum, frame: Frame, factors: Factors, every_order: bool) -> Iterator[Mapping]:
    """The mappings with these factors: every order of the non-unit temporal loops of every gap."""
    last = len(frame.nodes) - 1
    orders = []
    for gap, node in enumerate(frame.nodes):
        loops = temporal(einsum, frame, factors, gap)
        permuted = permutations(loops) if every_order or gap < last else iter([loops])
        orders.append([(node, *order, *spatial(einsum, frame, factors, gap)) for order in permuted])
    for parts in product(*orders):
        nodes: tuple[Node, ...] = sum(parts, ())
        yield Mapping(nodes)


def temporal(einsum: Einsum, frame: Frame, factors: Factors, gap: int) -> tuple[Loop, ...]:
    index = frame.slots.index(Slot(gap))
    return tuple(Temporal(rank, factors[rank][index]) for rank in einsum.sizes if factors[rank][index] > 1)


def spatial(einsum: Einsum, frame: Frame, factors: Factors, gap: int) -> tuple[Spatial, ...]:
    here = [(i, slot.on) for i, slot in enumerate(frame.slots) if slot.gap == gap and slot.on is not None]
    return tuple(Spatial(rank, factors[rank][i], on) for i, on in here for rank in einsum.sizes if factors[rank][i] > 1)
