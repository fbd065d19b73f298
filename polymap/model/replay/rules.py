"""When a mapping is replayed, and which rules it must keep then: those that timeloop 4cf6d4c checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from math import prod

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.errors import Mistake, Place, PolymapError
from polymap.mapping import legality
from polymap.mapping.nest import Mapping, Spatial, Storage
from polymap.mapping.tiles import step
from polymap.model.conventions import TIMELOOP, Conventions
from polymap.model.replay.chain import Chain, Loop
from polymap.workload.einsum import Einsum

# The choices that the walk follows whichever way they are made.
OF_THE_WALK = ("first_updates_read", "sums_are_fetched", "extrapolates", "last_runs", "cycles_in_floats")


def is_replayed(
    einsum: Einsum, architecture: Architecture, mapping: Mapping, conventions: Conventions = TIMELOOP
) -> bool:
    """Whether a mapping has what the closed forms do not count as that tool does.

    That is: trips that do not divide, networks with energies or links, a tensor whose outermost memory has it by
    tiles, spatial loops longer than their array is wide, and conventions that only a walk follows.
    """
    if not einsum.is_box or any(array.share_halo for array in architecture.arrays):
        return False
    return (
        is_only_walked(conventions)
        or any(_has_wires(array) for array in architecture.arrays)
        or any(_has_habits(memory) for memory in architecture.memories)
        or any(_trips(mapping, rank) != size for rank, size in einsum.ranks)
        or bool(legality.check_backing(einsum, architecture, mapping))
        or bool(legality.check_fanout(einsum, architecture, mapping))
    )


def check_habits(architecture: Architecture, conventions: Conventions) -> None:
    """Raises `PolymapError` for what only the replay counts: a memory's habits, some conventions; and for those
    that contradict each other."""
    for memory in (memory for memory in architecture.memories if _has_habits(memory)):
        message = (
            f"`refetches`, `reads_first`, `passes_through` and `distributes` of {memory.name} are not counted here"
        )
        raise PolymapError(Mistake(memory.place, message, "use the conventions `timeloop`, or leave them out"))
    if conventions.tiles_slide and conventions.tiles_stay:
        message, mend = "a tile that slides does not stay", "choose one of the two, e.g. `tiles_stay=no`"
        raise PolymapError(Mistake(Place(path="conventions"), message, mend))
    if conventions.cycles_in_floats and not conventions.whole_cycles:
        message, mend = "cycles that are rounded in floating point are whole", "add `cycles_in_floats=no`"
        raise PolymapError(Mistake(Place(path="conventions"), message, mend))
    if conventions.first_updates_read or not conventions.sums_are_fetched:
        message = "`first_updates_read` and `sums_are_fetched` are choices only where a loop nest is replayed"
        mend = "choose them after `timeloop`, for a mapping that keeps all tensors of a level at one depth"
        raise PolymapError(Mistake(Place(path="conventions"), message, mend))


def check_own(conventions: Conventions) -> None:
    """Raises `PolymapError` for conventions that the walk does not follow."""
    for choice in fields(TIMELOOP):
        chosen, own = getattr(conventions, choice.name), getattr(TIMELOOP, choice.name)
        if choice.name not in ("name", *OF_THE_WALK) and chosen != own:
            message = f"a loop nest that is replayed is not counted with `{choice.name}` = {chosen}"
            raise PolymapError(
                Mistake(Place(path="conventions"), message, f"leave `{choice.name}` as `timeloop` has it")
            )


def is_only_walked(conventions: Conventions) -> bool:
    """Whether a choice is made that no closed form follows."""
    extrapolated = conventions.extrapolates and not conventions.last_runs
    return conventions.first_updates_read or not conventions.sums_are_fetched or not extrapolated


def _has_habits(memory: Memory) -> bool:
    return bool(memory.refetches or memory.reads_first or memory.passes_through or memory.distributes)


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


def check_expansion(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> list[Mistake]:
    """Along each dimension, the spatial loops above a level multiply to its instances or less.

    An array may be exceeded where those around it are not filled: that tool holds all of them together.
    """
    found: list[Mistake] = []
    for axis in (0, 1):
        used = width = 1
        for at, level in enumerate(architecture.hierarchy[:-1]):
            if not isinstance(level, Array) or axis >= len(level.shape):
                continue
            used *= prod(loop.trip for loop in _across(architecture, mapping, level, axis))
            name, size = level.shape[axis]
            width *= size
            if used > width:
                below = architecture.hierarchy[at + 1].name
                text = f"dimension {name} has {width} instances of {below} but loops span {used}"
                found.append(Mistake(Place(path="mapping"), text, "make the spatial loops shorter"))
    return found


def _across(architecture: Architecture, mapping: Mapping, array: Array, axis: int) -> Iterator[Spatial]:
    """The spatial loops over one dimension of an array."""
    for loop in mapping.loops:
        found = architecture.dimension(loop.on) if isinstance(loop, Spatial) else None
        if found and found[0] == array and [dim for dim, _ in array.shape].index(found[1]) == axis:
            assert isinstance(loop, Spatial)
            yield loop


_REPLACED = (legality.check_factors, legality.check_backing, legality.check_fanout)
RULES = (
    *(rule for rule in legality.RULES if rule not in _REPLACED),
    check_trips_cover,
    check_cut_loops,
    check_expansion,
)
MOST_VISITS = 2**21


def check_length(nest: Chain, conventions: Conventions) -> None:
    """Raises `PolymapError` for a nest whose walk would not end in reasonable time: each loop doubles it or more."""
    visits = prod(_visits(loop, conventions) for loop in nest.loops[nest.innermost :] if not loop.is_spatial)
    if visits > (MOST_VISITS if conventions.extrapolates else MOST_VISITS // 8):
        message = f"the `timeloop` conventions replay the loop nest, which would take {visits} visits"
        raise PolymapError(Mistake(Place(path="mapping"), message, "use fewer loops, or the conventions `polymap`"))


def _visits(loop: Loop, conventions: Conventions) -> int:
    """How often the walk goes through a loop, at most."""
    if not conventions.extrapolates:
        return loop.end
    return min(loop.end, (2 if loop.is_perfect else 4) + conventions.last_runs)
