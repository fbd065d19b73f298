"""The ranks that a domain ties to one another, and the points of such a group of ranks."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

import islpy as isl
import numpy as np

from polymap.errors import Mistake, SpecError
from polymap.workload.counting import independent, joined
from polymap.workload.domain import names_of, over, tuples
from polymap.workload.einsum import Einsum

Points: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"  # one row for every point, one column for every rank

MOST = 1 << 21  # points of the box of some ranks that are looked at
FEW = 1 << 16  # points that ISL is asked for one by one


@lru_cache(maxsize=64)
def tied(einsum: Einsum) -> tuple[tuple[str, ...], ...]:
    """Groups of ranks in the order of the einsum; the domain is the product of what it is over the groups."""
    ranks = tuple(einsum.sizes)
    groups = [frozenset({i}) for i in range(len(ranks))]
    if not einsum.is_box:
        pieces = einsum.domain().coalesce().get_basic_sets()
        if len(pieces) > 1:
            said = tuples(einsum.domain_text)[0]
            groups = joined(groups, frozenset(i for i, rank in enumerate(ranks) if rank in said))
        else:
            groups = independent(pieces[0])
    return tuple(tuple(ranks[i] for i in sorted(group)) for group in sorted(groups, key=min))


def points(einsum: Einsum, ranks: tuple[str, ...]) -> Points:
    """The points over `ranks`, which are those of whole groups of `tied`. Raises `SpecError` for too many."""
    box = prod(einsum.sizes[rank] for rank in ranks)
    if box > MOST:
        raise _too_many(einsum, ranks, box, MOST)
    grid = np.indices([einsum.sizes[rank] for rank in ranks]).reshape(len(ranks), -1).T.astype(np.int64)
    named = set(tuples(einsum.domain_text)[0]) if einsum.domain_text else set()
    if not named & set(ranks):
        return grid
    found = over(_onto(isl.Set(einsum.domain_text), ranks), ranks)
    pieces = found.get_basic_sets()
    if any(piece.dim(isl.dim_type.div) for piece in pieces):
        return _one_by_one(einsum, found, grid)
    inside: Points = grid[np.any([_within(piece, grid) for piece in pieces], axis=0)]
    return inside


def _onto(found: isl.Set, ranks: tuple[str, ...]) -> isl.Set:
    names = names_of(found)
    for position in reversed(range(len(names))):
        if names[position] not in ranks:
            found = found.project_out(isl.dim_type.set, position, 1)
    return found


def _within(piece: isl.BasicSet, grid: Points) -> np.ndarray[Any, np.dtype[np.bool_]]:
    inside = np.ones(len(grid), dtype=np.bool_)
    for constraint in piece.get_constraints():
        weights = [int(constraint.get_coefficient_val(isl.dim_type.set, i).to_python()) for i in range(grid.shape[1])]
        value = grid @ np.array(weights, dtype=np.int64) + int(constraint.get_constant_val().to_python())
        inside &= value == 0 if constraint.is_equality() else value >= 0
    return inside


def _one_by_one(einsum: Einsum, found: isl.Set, grid: Points) -> Points:
    """The points of a set that speaks of quotients."""
    if len(grid) > FEW:
        raise _too_many(einsum, tuple(map(str, names_of(found))), len(grid), FEW)
    listed: list[list[int]] = []
    box = isl.Set.from_basic_set(isl.BasicSet.universe(found.get_space()))
    for position, most in enumerate(grid.max(axis=0).tolist()):
        box = box.lower_bound_val(isl.dim_type.set, position, isl.Val(0))
        box = box.upper_bound_val(isl.dim_type.set, position, isl.Val(most))

    def note(point: isl.Point) -> None:
        at = range(grid.shape[1])
        listed.append([int(point.get_coordinate_val(isl.dim_type.set, i).to_python()) for i in at])

    found.intersect(box).foreach_point(note)
    return np.array(sorted(listed), dtype=np.int64).reshape(-1, grid.shape[1])


def _too_many(einsum: Einsum, ranks: tuple[str, ...], box: int, most: int) -> SpecError:
    message = f"optimize looks at up to {most} points of ranks that hang together; {', '.join(ranks)} have {box}"
    mend = "describe the domain by limits of a difference of two ranks, or price given mappings with `evaluate`"
    return SpecError(Mistake(einsum.place, message, mend))
