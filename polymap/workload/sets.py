"""Einsums as integer sets: the iteration domain and the accesses, built from constraints, so any rank name will do."""

from __future__ import annotations

from collections.abc import Iterable

import islpy as isl

from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.workload.einsum import Affine, Einsum


def domain(einsum: Einsum) -> isl.Set:
    """The iteration domain `{ name[r0, r1, ...] : 0 <= r0 < N0 and ... }`, in the order of `einsum.ranks`."""
    box = isl.BasicSet.universe(_domain_space(einsum))
    for position, (_, size) in enumerate(einsum.ranks):
        box = box.lower_bound_val(isl.dim_type.set, position, isl.Val(0))
        box = box.upper_bound_val(isl.dim_type.set, position, isl.Val(size - 1))
    return isl.Set.from_basic_set(box)


def access(einsum: Einsum, tensor: str) -> isl.Map:
    """The access of `tensor`: `{ name[r0, ...] -> tensor[affine0, ...] }`, one affine map over the whole rank space.

    Raises `SpecError` for a name that is no tensor of the einsum.
    """
    known = [t.name for t in einsum.tensors]
    if tensor not in known:
        mend = f"its tensors are {', '.join(known)}"
        raise SpecError(Mistake(NOWHERE, f"einsum {einsum.name} has no tensor {tensor}", mend))
    space = _domain_space(einsum)
    local = isl.LocalSpace.from_space(space)
    positions = {rank: i for i, (rank, _) in enumerate(einsum.ranks)}
    coordinates = [_expression(local, positions, coordinate) for coordinate in einsum.tensor(tensor).coordinates]
    return isl.Map.from_multi_aff(_tuple_of(space, tensor, coordinates))


def _domain_space(einsum: Einsum) -> isl.Space:
    space = isl.Space.set_alloc(isl.DEFAULT_CONTEXT, 0, len(einsum.ranks))
    space = space.set_tuple_name(isl.dim_type.set, einsum.name)
    for position, (rank, _) in enumerate(einsum.ranks):
        space = space.set_dim_name(isl.dim_type.set, position, rank)
    return space


def _expression(local: isl.LocalSpace, positions: dict[str, int], affine: Affine) -> isl.Aff:
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
