"""Domains and accesses as ISL sets, against a walk over all points."""

from __future__ import annotations

from itertools import product

import islpy as isl
import pytest

from polymap.errors import SpecError
from polymap.workload import Einsum, einsum

CASES = {
    "stride": ("O[p] += I[2*p+r] * W[r]", {"p": 4, "r": 3}),
    "dilation": ("O[p] += I[p+3*r] * W[r]", {"p": 4, "r": 3}),
    "negative coefficient": ("O[p] += I[p-r+2] * W[r]", {"p": 4, "r": 3}),
    "stride with holes": ("O[p] += I[5*p+2*r-1] * W[r]", {"p": 3, "r": 2}),
    "depthwise": ("O[k,p] += I[k,p+r] * W[k,r]", {"k": 3, "p": 4, "r": 3}),
    "grouped": ("O[g,k,p] += I[g,c,p+r] * W[g,k,c,r]", {"g": 2, "k": 2, "c": 3, "p": 3, "r": 2}),
    "batched": ("C[b,m,n] += A[b,m,k] * B[b,k,n]", {"b": 2, "m": 3, "n": 2, "k": 3}),
    "mttkrp": ("A[i,r] += B[i,j,k] * C[j,r] * D[k,r]", {"i": 2, "r": 3, "j": 2, "k": 3}),
    "scalar output": ("O[] += A[i] * B[i]", {"i": 5}),
    "constant coordinate": ("O[i] += A[i,7]", {"i": 3}),
    "rank used twice": ("O[i] += A[i,i]", {"i": 3}),
    "names that ISL reserves": ("O[mod,exists] += A[and]", {"mod": 2, "exists": 2, "and": 3}),
}


def points(einsum: Einsum) -> list[dict[str, int]]:
    return [dict(zip(einsum.sizes, point, strict=True)) for point in product(*map(range, einsum.sizes.values()))]


def touched(einsum: Einsum, tensor: str, point: dict[str, int]) -> tuple[int, ...]:
    coordinates = einsum.tensor(tensor).coordinates
    return tuple(sum(c * point[rank] for rank, c in at.terms) + at.constant for at in coordinates)


def elements(found: isl.Set) -> set[tuple[int, ...]]:
    seen: set[tuple[int, ...]] = set()
    dims = range(found.dim(isl.dim_type.set))
    read = isl.Point.get_coordinate_val
    found.foreach_point(lambda at: seen.add(tuple(read(at, isl.dim_type.set, i).to_python() for i in dims)))
    return seen


@pytest.mark.parametrize("case", CASES)
def test_the_domain_is_the_box_of_the_ranks(case: str) -> None:
    work = einsum(CASES[case][0], ranks=CASES[case][1])
    assert elements(work.domain()) == {tuple(point.values()) for point in points(work)}
    assert work.domain().count_val().to_python() == work.computes


@pytest.mark.parametrize("case", CASES)
def test_an_access_touches_the_elements_that_a_walk_touches(case: str) -> None:
    work = einsum(CASES[case][0], ranks=CASES[case][1])
    for tensor in work.tensors:
        image = work.domain().apply(work.access(tensor.name))
        assert elements(image) == {touched(work, tensor.name, point) for point in points(work)}


def test_the_access_of_each_point_is_the_affine_expression() -> None:
    work = einsum("O[p] += I[2*p-r+1] * W[r]", p=3, r=2)
    for point in points(work):
        at = isl.Set(f"{{ einsum[{', '.join(str(value) for value in point.values())}] }}")
        assert elements(at.apply(work.access("I"))) == {touched(work, "I", point)}


def test_sets_are_named_after_the_einsum_and_the_tensor() -> None:
    work = einsum("O[p] += I[2*p+r]", name="layer1.x", p=3, r=2)
    assert work.domain().get_tuple_name() == "layer1.x"
    assert str(work.access("I")) == "{ layer1.x[p, r] -> I[2p + r] }"


def test_an_unknown_tensor_has_no_access() -> None:
    with pytest.raises(SpecError, match="einsum einsum has no tensor Z"):
        einsum("O[p] += I[p]", p=3).access("Z")
