"""When a mapping is replayed, and which rules it must keep then: those that timeloop 4cf6d4c checks."""

from __future__ import annotations

from math import prod

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.errors import Mistake, Place, PolymapError
from polymap.mapping import legality
from polymap.mapping.nest import Mapping, Spatial, Storage
from polymap.mapping.tiles import step
from polymap.model.replay.chain import Chain
from polymap.workload.einsum import Einsum


def is_replayed(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> bool:
    """Whether a mapping has what the closed forms do not count as that tool does.

    That is: trips that do not divide, networks with energies or links, a tensor whose outermost memory has it by tiles.
    """
    if not einsum.is_box or any(array.share_halo for array in architecture.arrays):
        return False
    return (
        any(_has_wires(array) for array in architecture.arrays)
        or any(_has_habits(memory) for memory in architecture.memories)
        or any(_trips(mapping, rank) != size for rank, size in einsum.ranks)
        or bool(legality.check_backing(einsum, architecture, mapping))
    )


def check_habits(architecture: Architecture) -> None:
    """Raises `PolymapError` for a memory with habits that only the replay counts."""
    for memory in (memory for memory in architecture.memories if _has_habits(memory)):
        message = f"`refetches`, `reads_first` and `passes_through` of {memory.name} are not counted here"
        raise PolymapError(Mistake(memory.place, message, "use the conventions `timeloop`, or leave them out"))


def _has_habits(memory: Memory) -> bool:
    return bool(memory.refetches or memory.reads_first or memory.passes_through)


def _has_wires(array: Array) -> bool:
    return array.wiring is not None or bool(array.links)


def _trips(mapping: Mapping, rank: str) -> int:
    return prod(loop.trip for loop in mapping.loops if loop.rank == rank)


def check_trips_cover(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """The trips of every rank multiply to its size or more; iterations that are always empty are allowed."""
    return [
        Mistake(Place(path="mapping"), f"the trips of rank {rank} multiply to {_trips(mapping, rank)} of {size}")
        for rank, size in einsum.ranks
        if _trips(mapping, rank) < size
    ]


def check_cut_loops(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """A spatial loop whose last trip is short stands inside another loop of its rank."""
    found: list[Mistake] = []
    seen: set[str] = set()
    for index, node in enumerate(mapping.nodes):
        if isinstance(node, Storage) or node.trip <= 1 or node.rank not in einsum.sizes:
            continue
        if isinstance(node, Spatial) and node.rank not in seen and _is_cut(mapping, index, einsum.sizes[node.rank]):
            text = f"'{node}' is the outermost loop over {node.rank} and its last trips are always empty"
            found.append(Mistake(Place(path=f"mapping[{index}]"), text, "make it shorter, or loop around it"))
        seen.add(node.rank)
    return found


def _is_cut(mapping: Mapping, index: int, size: int) -> bool:
    """Whether the loop at `index` makes fewer trips when all loops around it make their last."""
    node, inside = mapping.nodes[index], step(mapping.nodes, index)
    return not isinstance(node, Storage) and (size - 1) % (inside * node.trip) // inside + 1 != node.trip


_REPLACED = (legality.check_factors, legality.check_backing)
RULES = (
    *(rule for rule in legality.RULES if rule not in _REPLACED),
    check_trips_cover,
    check_cut_loops,
)
MOST_VISITS = 2**21


def check_length(nest: Chain) -> None:
    """Raises `PolymapError` for a nest whose walk would not end in reasonable time: each loop doubles it or more."""
    visits = prod(
        min(loop.end, 2 if loop.is_perfect else 4) for loop in nest.loops[nest.innermost :] if not loop.is_spatial
    )
    if visits > MOST_VISITS:
        message = f"the `timeloop` conventions replay the loop nest, which would take {visits} visits"
        raise PolymapError(Mistake(Place(path="mapping"), message, "use fewer loops, or the conventions `polymap`"))
