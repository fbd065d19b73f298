"""The classes that a claim of optimality speaks of, listed from the rules: what is kept where, what arrays unroll."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from math import ceil
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.mapping.dimension_rules import unrollable
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
    yield from _unrolled(einsum, tuple(size for _, size in einsum.ranks), architecture.arrays)


def _unrolled(einsum: Einsum, sizes: Factors, arrays: tuple[Array, ...]) -> Iterator[tuple[Factors, ...]]:
    if not arrays:
        yield ()
        return
    for factors in sorted(fitting(sizes, sides(einsum, arrays[0]))):
        left = tuple(size // factor for size, factor in zip(sizes, factors, strict=True))
        for others in _unrolled(einsum, left, arrays[1:]):
            yield (factors, *others)


@dataclass(frozen=True)
class Side:
    """A dimension of an array: its size, the numbers of the ranks that may run along it, how much must be used."""

    size: int
    ranks: frozenset[int]
    least: int = 1


def sides(einsum: Einsum, array: Array) -> tuple[Side, ...]:
    """The dimensions of an array, with what their rules say of the ranks of an einsum."""
    found = []
    for dimension, size in array.shape:
        allowed = {n for n, (rank, _) in enumerate(einsum.ranks) if rank in unrollable(einsum, array, dimension)}
        found.append(Side(size, frozenset(allowed), ceil(array.rule(dimension).min_usage * size)))
    return tuple(found)


def fitting(sizes: Factors, along: tuple[Side, ...]) -> set[Factors]:
    """Factors of the ranks that can be laid on the dimensions of an array, rank after rank.

    >>> both = frozenset((0, 1))
    >>> sorted(fitting((4, 3), (Side(2, both), Side(3, both))))
    [(1, 1), (1, 3), (2, 1), (2, 3), (4, 1)]
    """
    partial: dict[Factors, set[Factors]] = {(): {(1,) * len(along)}}  # factors so far: what they can use of each side
    for rank, size in enumerate(sizes):
        grown: dict[Factors, set[Factors]] = {}
        for factors, uses in partial.items():
            for used in uses:
                for factor, after in _laid(rank, size, along, used):
                    grown.setdefault((*factors, factor), set()).add(after)
        is_plain = all(side.least <= 1 for side in along)
        partial = {factors: _fewest(uses) if is_plain else uses for factors, uses in grown.items()}
    return {f for f, uses in partial.items() if any(all(u >= s.least for u, s in zip(use, along)) for use in uses)}


def _laid(rank: int, size: int, along: tuple[Side, ...], used: Factors) -> Iterator[tuple[int, Factors]]:
    """A rank laid on dimensions: its factor, and what of each is used then."""
    if not along:
        yield 1, ()
        return
    most = min(size, along[0].size // used[0]) if rank in along[0].ranks else 1
    for here in range(1, most + 1):
        if size % here == 0:
            for factor, after in _laid(rank, size // here, along[1:], used[1:]):
                yield here * factor, (used[0] * here, *after)


def _fewest(uses: set[Factors]) -> set[Factors]:
    """Those that no other uses no more than everywhere."""
    return {
        use for use in uses if not any(other != use and all(o <= u for o, u in zip(other, use)) for other in uses)
    }  # fmt: skip


def digest(unrolled: list[tuple[Factors, ...]]) -> str:
    """SHA-256 of a list of unrollings, whatever their order."""
    lines = sorted(" ".join(",".join(map(str, factors)) for factors in arrays) for arrays in unrolled)
    return sha256("\n".join(lines).encode()).hexdigest()
