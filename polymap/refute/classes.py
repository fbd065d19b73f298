"""The classes that a claim of optimality speaks of, listed from the rules: what is kept where, what arrays unroll."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.workload.einsum import Einsum

Factors: TypeAlias = tuple[int, ...]  # one per rank, in the einsum's order
Kept: TypeAlias = tuple[tuple[str, ...], ...]  # tensors per memory, outermost first


@dataclass(frozen=True)
class Class:
    """All mappings that keep the same tensors in the same memories and unroll the same factors over each array."""

    kept: Kept
    unrolled: tuple[Factors, ...]


def kept_choices(einsum: Einsum, architecture: Architecture) -> list[Kept]:
    """Every choice in which each memory holds what it keeps, any of what it may keep, and each tensor is somewhere."""
    names = {tensor.name for tensor in einsum.tensors}
    choices = product(*(_held(einsum, memory) for memory in architecture.memories))
    return sorted(kept for kept in choices if names == {name for held in kept for name in held})


def _held(einsum: Einsum, memory: Memory) -> list[tuple[str, ...]]:
    keeps, may = einsum.kept_by(memory.keeps), einsum.kept_by(memory.may_keep)
    held: list[tuple[str, ...]] = [()]
    for tensor in einsum.tensors:
        within = [(*names, tensor.name) for names in held] if tensor.name in (*keeps, *may) else []
        held = [*([] if tensor.name in keeps else held), *within]
    return held


def unrollings(einsum: Einsum, architecture: Architecture) -> Iterator[tuple[Factors, ...]]:
    """Every choice of factors per array and rank that divide the ranks and fit the arrays' dimensions, in order."""
    yield from _unrolled(tuple(size for _, size in einsum.ranks), architecture.arrays)


def _unrolled(sizes: Factors, arrays: tuple[Array, ...]) -> Iterator[tuple[Factors, ...]]:
    if not arrays:
        yield ()
        return
    for factors in sorted(fitting(sizes, tuple(size for _, size in arrays[0].shape))):
        left = tuple(size // factor for size, factor in zip(sizes, factors, strict=True))
        for others in _unrolled(left, arrays[1:]):
            yield (factors, *others)


def fitting(sizes: Factors, shape: Factors) -> set[Factors]:
    """Factors of the ranks that can be laid on the dimensions of an array, rank after rank.

    >>> sorted(fitting((4, 3), (2, 3)))
    [(1, 1), (1, 2), (1, 3), (2, 1), (2, 3), (4, 1)]
    """
    partial: dict[Factors, set[Factors]] = {(): {shape}}  # factors so far: what they can leave free on the dimensions
    for size in sizes:
        grown: dict[Factors, set[Factors]] = {}
        for factors, rooms in partial.items():
            for room in rooms:
                for factor, left in _laid(size, room):
                    grown.setdefault((*factors, factor), set()).add(left)
        partial = {factors: _roomiest(rooms) for factors, rooms in grown.items()}
    return set(partial)


def _laid(size: int, room: Factors) -> Iterator[tuple[int, Factors]]:
    """A rank laid on dimensions: its factor and the room that is left."""
    if not room:
        yield 1, ()
        return
    for here in range(1, min(size, room[0]) + 1):
        if size % here == 0:
            for factor, left in _laid(size // here, room[1:]):
                yield here * factor, (room[0] // here, *left)


def _roomiest(rooms: set[Factors]) -> set[Factors]:
    """Those that no other has at least as much room as everywhere."""
    return {
        room for room in rooms
        if not any(other != room and all(o >= r for o, r in zip(other, room, strict=True)) for other in rooms)
    }  # fmt: skip


def digest(unrolled: list[tuple[Factors, ...]]) -> str:
    """SHA-256 of a list of unrollings, whatever their order."""
    lines = sorted(" ".join(",".join(map(str, factors)) for factors in arrays) for arrays in unrolled)
    return sha256("\n".join(lines).encode()).hexdigest()
