"""Einsums as integer sets: the iteration domain and the accesses, built from constraints, so any rank name will do."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

import islpy as isl

from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.workload.counting import TooLarge, within
from polymap.workload.domain import box_of, names_of, over
from polymap.workload.einsum import Affine, Einsum


def domain(einsum: Einsum) -> isl.Set:
    """The iteration domain `{ name[r0, r1, ...] : 0 <= r0 < N0 and ... }`, in the order of `einsum.ranks`."""
    found = box_of(einsum.sizes)
    if einsum.domain_text:
        found = found.intersect(over(isl.Set(einsum.domain_text), tuple(einsum.sizes)))
    return found.set_tuple_name(einsum.name)


Difference: TypeAlias = "tuple[str, str, int | None, int | None]"


@lru_cache(maxsize=256)
def difference(einsum: Einsum) -> Difference | None:
    """`(i, j, low, high)` where the domain is exactly the box and `low <= i - j <= high`; else None, also for a box.

    `i` comes before `j` in `einsum.ranks`; a bound that the box implies is None. Causal attention is one such domain.
    """
    if einsum.is_box:
        return None
    try:
        return within(f"the domain of {einsum.name}", lambda: _difference(einsum))
    except TooLarge:  # then it is not recognised, and counted as any other domain
        return None


def _difference(einsum: Einsum) -> Difference | None:
    said = names_of(isl.Set(einsum.domain_text))
    tied = [rank for rank in einsum.sizes if rank in said]
    if len(tied) != 2:
        return None
    first, second = tied
    sizes = {rank: einsum.sizes[rank] for rank in tied}
    inside = box_of(sizes).intersect(over(isl.Set(einsum.domain_text), (first, second)))
    low, high = _extremes(inside)
    band = over(isl.Set(f"{{ [{first}, {second}] : {low} <= {first} - {second} <= {high} }}"), (first, second))
    if not box_of(sizes).intersect(band).is_equal(inside):
        return None
    return first, second, low if low > 1 - sizes[second] else None, high if high < sizes[first] - 1 else None


def _extremes(pairs: isl.Set) -> tuple[int, int]:
    """Least and greatest `i - j` of a bounded set of pairs."""
    difference = pairs.apply(isl.Map("{ [i, j] -> [i - j] }"))
    return int(difference.dim_min_val(0).to_python()), int(difference.dim_max_val(0).to_python())


def access(einsum: Einsum, tensor: str) -> isl.Map:
    """The access of `tensor`: `{ name[r0, ...] -> tensor[affine0, ...] }`, one affine map.

    It is defined on the whole rank space for a box, on the domain otherwise.
    Raises `SpecError` for a name that is no tensor of the einsum.
    """
    known = [t.name for t in einsum.tensors]
    if tensor not in known:
        mend = f"its tensors are {', '.join(known)}"
        raise SpecError(Mistake(NOWHERE, f"einsum {einsum.name} has no tensor {tensor}", mend))
    space = _domain_space(einsum)
    local = isl.LocalSpace.from_space(space)
    positions = {rank: i for i, (rank, _) in enumerate(einsum.ranks)}
    coordinates = [expression(local, positions, coordinate) for coordinate in einsum.tensor(tensor).coordinates]
    found = isl.Map.from_multi_aff(_tuple_of(space, tensor, coordinates))
    return found if einsum.is_box else found.intersect_domain(domain(einsum))


def _domain_space(einsum: Einsum) -> isl.Space:
    space = isl.Space.set_alloc(isl.DEFAULT_CONTEXT, 0, len(einsum.ranks))
    space = space.set_tuple_name(isl.dim_type.set, einsum.name)
    for position, (rank, _) in enumerate(einsum.ranks):
        space = space.set_dim_name(isl.dim_type.set, position, rank)
    return space


def expression(local: isl.LocalSpace, positions: dict[str, int], affine: Affine) -> isl.Aff:
    """An index as a function on a space; `positions` are the dimensions of the ranks."""
    result = isl.Aff.zero_on_domain(local).set_constant_val(isl.Val(affine.constant))
    for rank, coefficient in affine.terms:
        result = result.set_coefficient_val(isl.dim_type.in_, positions[rank], isl.Val(coefficient))
    return result


def _tuple_of(domain_space: isl.Space, name: str, coordinates: Iterable[isl.Aff]) -> isl.MultiAff:
    listed = list(coordinates)
    space = domain_space.from_domain().add_dims(isl.dim_type.out, len(listed)).set_tuple_name(isl.dim_type.out, name)
    affs = isl.AffList.alloc(isl.DEFAULT_CONTEXT, len(listed))
    for aff in listed:
        affs = affs.add(aff)
    return isl.MultiAff.from_aff_list(space, affs)
