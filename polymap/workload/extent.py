"""Where on a domain an index is least and greatest, by integer programming."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import islpy as isl

from polymap.workload.counting import within
from polymap.workload.domain import box_of, names_of, over
from polymap.workload.einsum import Affine
from polymap.workload.sets import expression
from polymap.workload.shapes import Point


def extents(affines: Sequence[Affine], sizes: Mapping[str, int], domain: str) -> list[tuple[Point, Point]]:
    """For each index a point of the domain where it is least and one where it is greatest, as values of its ranks.

    `domain` is canonical set text over some of the ranks, with a point in the box of `sizes`; of several points the
    first in the order of `sizes` is taken. Raises `TooLarge` beyond the budget.
    """
    return within("the range of the indices on the domain", partial(_extents, affines, sizes, domain))


def _extents(affines: Sequence[Affine], sizes: Mapping[str, int], domain: str) -> list[tuple[Point, Point]]:
    said = isl.Set(domain)
    asked = {*names_of(said), *(rank for affine in affines for rank in affine.ranks)}
    known = {rank: size for rank, size in sizes.items() if rank in asked}
    inside = box_of(known).intersect(over(said, tuple(known)))
    return [_ends(inside, affine, tuple(known)) for affine in affines]


def _ends(inside: isl.Set, affine: Affine, ranks: tuple[str, ...]) -> tuple[Point, Point]:
    local = isl.LocalSpace.from_space(inside.get_space())
    index = expression(local, {rank: i for i, rank in enumerate(ranks)}, affine)
    least, greatest = (_first(inside, index, value) for value in (inside.min_val(index), inside.max_val(index)))
    return _of(affine, least, ranks), _of(affine, greatest, ranks)


def _first(inside: isl.Set, index: isl.Aff, value: isl.Val) -> isl.Point:
    constant = isl.Aff.val_on_domain(inside.get_space(), value)
    return inside.intersect(index.eq_set(constant)).lexmin().sample_point()


def _of(affine: Affine, point: isl.Point, ranks: tuple[str, ...]) -> Point:
    """The values of an index's ranks at a point."""
    found = ((rank, point.get_coordinate_val(isl.dim_type.set, ranks.index(rank))) for rank in affine.ranks)
    return {rank: int(value.to_python()) for rank, value in found}
