"""Why no mapping exists: limits that even the smallest tiles break."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from polymap.architecture.hierarchy import Architecture, Memory
from polymap.errors import NOWHERE, Infeasible, Mistake
from polymap.mapper.space import Kept, Skeleton, even, keepings
from polymap.mapper.touched import touched
from polymap.mapping.dimension_rules import least_usage, reach, unrollable
from polymap.mapping.legality import capacity_mistake
from polymap.mapping.tiles import elements
from polymap.workload.einsum import Einsum, Tensor


def explain_infeasible(einsum: Einsum, architecture: Architecture, certain: bool = False, perfect: bool = True) -> None:
    """Raise `Infeasible` with the reasons why there is no mapping, if any are found (see `reasons`)."""
    found = reasons(einsum, architecture, certain, perfect)
    if found:
        raise Infeasible(found)


def reasons(einsum: Einsum, architecture: Architecture, certain: bool = False, perfect: bool = True) -> list[Mistake]:
    """Each limit that no choice of kept tensors lets the smallest possible tiles meet.

    The smallest tile is one element, but in its outermost memory a tensor is whole. Likewise if of some dimension of an
    array too little can be used with `perfect` factors. If `certain`, infeasibility is known and something is told in
    any case.
    """
    unused = list(_unused(einsum, architecture)) if perfect else []
    return (
        unused
        or list(_homeless(einsum, architecture))
        or _least_broken(einsum, architecture)
        or [Mistake(NOWHERE, "no tile sizes satisfy all limits together")] * certain
    )


def _homeless(einsum: Einsum, architecture: Architecture) -> Iterator[Mistake]:
    """Tensors that no memory may keep."""
    for tensor in einsum.tensors:
        if not any(tensor.name in _allowed(einsum, memory) for memory in architecture.memories):
            message = f"tensor {tensor.name} ({tensor.role}) is kept by no memory"
            mend = f"add {tensor.role} or {tensor.name} to `keeps` or `may_keep` of a memory"
            yield Mistake(architecture.place, message, mend)


def _least_broken(einsum: Einsum, architecture: Architecture) -> list[Mistake]:
    """The fewest limits that any choice of kept tensors breaks. There may be millions of choices: the first that breaks
    none is enough, and most often that is to keep everything outermost and elsewhere what must be."""
    least: list[Mistake] = []
    for kept in chain(_frugal(einsum, architecture), keepings(einsum, architecture)):
        found = list(_broken(even(einsum, architecture, kept)))
        if not found:
            return []
        least = found if not least or len(found) < len(least) else least
    return least


def _frugal(einsum: Einsum, architecture: Architecture) -> Iterator[tuple[Kept, ...]]:
    """The choice that keeps everything in the outermost memory, if that may be, and elsewhere what must be kept."""
    outermost, *inner = architecture.memories
    if all(tensor.name in _allowed(einsum, outermost) for tensor in einsum.tensors):
        chosen = [(memory, einsum.kept_by(memory.keeps)) for memory in inner]
        whole = Kept(outermost, tuple(tensor.name for tensor in einsum.tensors))
        yield (whole, *(Kept(memory, names) for memory, names in chosen if names))


def _unused(einsum: Einsum, architecture: Architecture) -> Iterator[Mistake]:
    """One mistake for each dimension of which no perfect factors use as many instances as `min_usage` asks for."""
    for array in architecture.arrays:
        for dimension, size in array.shape:
            least, most = least_usage(einsum, array, dimension, {}), reach(einsum, array, dimension, {})
            if least > most:
                ranks = ", ".join(f"{rank} {einsum.sizes[rank]}" for rank in unrollable(einsum, array, dimension))
                why = f"divisors of {ranks} reach {most} at most" if ranks else "no rank may be unrolled there"
                message = f"{array.name} must use {least} of {size} instances along {dimension}, but {why}"
                yield Mistake(array.place, message, "lower `min_usage`, or add `or most` to it")


def _allowed(einsum: Einsum, memory: Memory) -> tuple[str, ...]:
    return einsum.kept_by(None if memory.keeps is None else (*memory.keeps, *memory.may_keep))


def _broken(skeleton: Skeleton) -> Iterator[Mistake]:
    """One mistake for each memory whose smallest tiles do not fit."""
    for kept in skeleton.kept:
        tensors = [skeleton.einsum.tensor(name) for name in kept.tensors]
        tiles = [(t, _smallest(skeleton, kept, t)) for t in tensors]
        if capacity_mistake(kept.memory, tiles):
            yield _overfull(kept.memory, tiles)


def _smallest(skeleton: Skeleton, kept: Kept, tensor: Tensor) -> int:
    """Elements of the smallest tile: one, but all where the memory is the outermost one of the tensor."""
    at_home = skeleton.homes[tensor.name].name == kept.memory.name
    if at_home and not skeleton.einsum.is_box:
        return int(touched(skeleton.einsum).largest(tensor, skeleton.einsum.sizes))
    return elements(tensor, skeleton.einsum.sizes if at_home else {})


def _overfull(memory: Memory, tiles: list[tuple[Tensor, int]]) -> Mistake:
    needed = memory.buffering * sum(count * memory.element_bits(t) for t, count in tiles)
    shares = ", ".join(f"{t.name} {count} x {memory.element_bits(t)} b" for t, count in tiles)
    buffered = f", times {memory.buffering} for buffering" if memory.buffering > 1 else ""
    least = f"the smallest tiles it must keep need {needed} b ({shares}{buffered})"
    message = f"{memory.name} holds {memory.capacity_bits} b; {least}"
    return Mistake(memory.place, message, f"raise the capacity of {memory.name} or let it keep less")
