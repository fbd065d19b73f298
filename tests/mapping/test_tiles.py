"""Tile geometry against a walk over the tile's points."""

from __future__ import annotations

from itertools import product

import numpy as np
import sympy
from hypothesis import given
from hypothesis import strategies as st

from polymap.mapping import Spatial, Storage, Temporal
from polymap.mapping.tiles import elements, extent, extents, instances, largest_sizes, step, tile_sizes
from polymap.workload import Affine, einsum

NEST = (
    Storage("DRAM", ("I", "W", "O")),
    Temporal("p", 4),
    Spatial("k", 8, "X"),
    Temporal("p", 2),
    Spatial("k", 2, "Y"),
    Temporal("p", 3),
)
CONV = einsum("O[k,p] += I[c,2*p+r] * W[k,c,r]", k=16, p=24, c=3, r=3)


def test_a_tile_size_is_the_product_of_the_trips_below() -> None:
    assert tile_sizes(NEST) == {"p": 24, "k": 16}
    assert tile_sizes(NEST[2:]) == {"p": 6, "k": 16}
    assert tile_sizes(()) == {}


def test_the_step_of_a_loop_is_the_product_of_the_trips_of_its_rank_below_it() -> None:
    assert [step(NEST, index) for index in range(1, 6)] == [6, 2, 3, 1, 1]


def test_the_instances_used_are_the_product_of_the_spatial_trips_above() -> None:
    assert [instances(NEST[:index]) for index in (0, 3, 6)] == [1, 8, 16]


def test_a_tensor_without_coordinates_has_one_element() -> None:
    assert elements(einsum("O[] += A[i]", i=4).output, {"i": 4}) == 1


def test_a_rank_that_is_not_listed_has_size_1() -> None:
    assert extents(CONV.tensor("I"), {"p": 4}) == (1, 7)


@given(
    st.dictionaries(st.sampled_from("pqr"), st.integers(-4, 4).filter(bool), min_size=1),
    st.integers(-9, 9),
    st.fixed_dictionaries({rank: st.integers(1, 4) for rank in "pqr"}),
)
def test_an_extent_is_the_hull_of_the_coordinates_touched(
    terms: dict[str, int], constant: int, sizes: dict[str, int]
) -> None:
    points = product(*(range(sizes[rank]) for rank in terms))
    touched = [constant + sum(c * x for c, x in zip(terms.values(), point, strict=True)) for point in points]
    assert extent(Affine(tuple(terms.items()), constant), sizes) == max(touched) - min(touched) + 1


def test_sizes_may_be_symbols() -> None:
    c, p, r = sympy.symbols("c p r")
    assert sympy.expand(elements(CONV.tensor("I"), {"c": c, "p": p, "r": r}) - c * (2 * p + r - 2)) == 0


def test_sizes_may_be_arrays() -> None:
    sizes = {"c": np.array([1, 2]), "p": np.array([4, 8]), "r": np.array([3, 3])}
    assert elements(CONV.tensor("I"), sizes).tolist() == [9, 34]


def test_the_largest_tile_of_a_rank_is_no_larger_than_the_rank() -> None:
    work = einsum("O[p] += I[p] * W[r]", p=7, r=3)
    assert largest_sizes(work, [Temporal("p", 4), Spatial("p", 2, "X"), Temporal("r", 2)]) == {"p": 7, "r": 2}
