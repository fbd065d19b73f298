"""Loops of which only the accesses are known: what affine maps into tensors of given shapes say about them, by ISL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import islpy as isl

from polymap.workload.counting import within
from polymap.workload.domain import box_of, over
from polymap.workload.einsum import Affine


class NotAffine(ValueError):
    """A map whose results are no sums of loops times integers, or that ISL does not read."""


class Unbounded(ValueError):
    """No tensor says how far a loop runs."""


@dataclass(frozen=True)
class Loops:
    """The loops of some maps: every loop's size (from 0), the domain as ISL text if it is not the whole box of these,
    and the coordinates of each map."""

    sizes: dict[str, int]
    domain: str
    accesses: tuple[tuple[Affine, ...], ...]


def loops_of(dims: Sequence[str], maps: Sequence[str], shapes: Sequence[Sequence[int | None]]) -> Loops:
    """The points at which every map stays inside the shape of its tensor: the pre-images of the shapes, intersected.

    `maps` are lists of results over `dims` as ISL and MLIR write them, e.g. `d0, ((d2 * 2) + d5)`; they go to ISL as
    they are. A size that is None is not known and says nothing. Raises `NotAffine`, `Unbounded`, `ValueError` if a loop
    does not begin at 0 or no point is left, and `TooLarge` beyond the budget.

    >>> loops_of(("d0", "d1"), ("d0", "(d0 * 2) + d1", "d1"), ((4,), (9,), (3,))).sizes
    {'d0': 4, 'd1': 3}
    """
    return within("the points of the loops", partial(_loops_of, dims, maps, shapes))


def _loops_of(dims: Sequence[str], maps: Sequence[str], shapes: Sequence[Sequence[int | None]]) -> Loops:
    read = [_read(dims, text) for text in maps]
    accesses = tuple(_coordinates(relation, dims) for relation in read)
    inside = isl.Set.universe(isl.Space.set_alloc(isl.DEFAULT_CONTEXT, 0, len(dims)))
    for relation, shape in zip(read, shapes, strict=True):
        inside = inside.intersect(_inside(shape).apply(relation.reverse()))
    sizes = {dim: _size(inside, at, dim) for at, dim in enumerate(dims)}
    named = _named(inside, dims)
    is_box = not dims or box_of(sizes).is_subset(named)
    return Loops(sizes, "" if is_box else str(named), accesses)


def _read(dims: Sequence[str], text: str) -> isl.Map:
    try:
        return isl.Map(f"{{ [{', '.join(dims)}] -> [{text}] }}")
    except isl.Error:
        raise NotAffine(f"the map ({', '.join(dims)}) -> ({text}) is not affine") from None


def _inside(shape: Sequence[int | None]) -> isl.Set:
    found = isl.BasicSet.universe(isl.Space.set_alloc(isl.DEFAULT_CONTEXT, 0, len(shape)))
    for at, size in enumerate(shape):
        found = found.lower_bound_val(isl.dim_type.set, at, isl.Val(0))
        if size is not None:
            found = found.upper_bound_val(isl.dim_type.set, at, isl.Val(size - 1))
    return isl.Set.from_basic_set(found)


def _size(inside: isl.Set, at: int, dim: str) -> int:
    if inside.is_empty():
        raise ValueError("no point of the loops stays inside all tensors")
    if not inside.dim_has_any_upper_bound(isl.dim_type.set, at):
        raise Unbounded(dim)
    least, most = inside.dim_min_val(at), inside.dim_max_val(at)
    if not most.is_int():
        raise Unbounded(dim)
    if least.is_neginfty() or int(least.to_python()) != 0:
        raise ValueError(f"loop {dim} does not begin at 0")
    return int(most.to_python()) + 1


def _named(inside: isl.Set, dims: Sequence[str]) -> isl.Set:
    for at, dim in enumerate(dims):
        inside = inside.set_dim_name(isl.dim_type.set, at, dim)
    return over(inside, tuple(dims))


def _coordinates(relation: isl.Map, dims: Sequence[str]) -> tuple[Affine, ...]:
    found: list[isl.MultiAff] = []
    isl.PwMultiAff.from_map(relation).foreach_piece(lambda _, function: found.append(function))
    if len(found) != 1:
        raise NotAffine("an index is given piece by piece")
    return tuple(_affine(found[0].get_at(at), dims) for at in range(found[0].dim(isl.dim_type.out)))


def _affine(index: isl.Aff, dims: Sequence[str]) -> Affine:
    if index.dim(isl.dim_type.div) or not index.get_denominator_val().is_one():
        raise NotAffine(f"index {index} takes quotients")
    numbers = [int(index.get_coefficient_val(isl.dim_type.in_, at).to_python()) for at in range(len(dims))]
    constant = int(index.get_constant_val().to_python())
    return Affine(tuple((dim, number) for dim, number in zip(dims, numbers) if number), constant)
