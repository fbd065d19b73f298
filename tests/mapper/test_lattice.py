"""The lattice of tile sizes."""

from __future__ import annotations

from math import prod
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap.mapper.lattice import factorize, lattice


@given(st.integers(1, 10_000))
def test_a_number_is_the_product_of_its_prime_powers(number: int) -> None:
    factors = factorize(number)
    assert prod(prime**exponent for prime, exponent in factors) == number
    assert all(prime > 1 and all(prime % d for d in range(2, prime)) for prime, _ in factors)


@given(st.lists(st.integers(1, 24), min_size=1, max_size=3))
def test_the_points_are_the_divisor_vectors(sizes: list[int]) -> None:
    grid = lattice(tuple(sizes))
    found = {grid.tile_at(tuple(int(i) for i in index)) for index in np.argwhere(np.ones(grid.shape))}
    expected = 1
    for size in sizes:
        expected *= sum(size % d == 0 for d in range(1, size + 1))
    assert len(found) == expected
    assert all(size % tile == 0 for point in found for size, tile in zip(sizes, point))


@given(st.lists(st.integers(1, 24), min_size=1, max_size=3), st.data())
def test_a_tile_finds_its_point_again(sizes: list[int], data: st.DataObject) -> None:
    grid = lattice(tuple(sizes))
    tile = tuple(data.draw(st.sampled_from([d for d in range(1, size + 1) if size % d == 0])) for size in sizes)
    index = grid.index_of(tile)
    assert grid.tile_at(index) == tile
    assert [float(np.broadcast_to(t, grid.shape)[index]) for t in grid.tiles] == [float(t) for t in tile]
    assert grid.steps[index] == prod(sizes) // prod(tile)


def test_shifts_multiply_one_rank() -> None:
    grid = lattice((12, 5))
    at = grid.index_of((1, 5))
    reached = {grid.tile_at(tuple(a + s for a, s in zip(at, shift.index))) for shift in grid.shifts(0)}
    assert reached == {(d, 5) for d in (2, 3, 4, 6, 12)}
    assert sorted(shift.factor for shift in grid.prime_shifts(0)) == [2, 3]


@pytest.mark.parametrize("sizes", [(), (1,), (1, 1)])
def test_a_lattice_without_factors_is_one_point(sizes: tuple[int, ...]) -> None:
    grid = lattice(sizes)
    assert grid.shape == (1,)
    assert grid.tile_at(()) == sizes
    assert grid.steps.item() == 1


SIZES = st.lists(st.integers(1, 24), min_size=1, max_size=3)


@given(SIZES, st.booleans(), st.randoms(use_true_random=False))
def test_lowering_along_a_rank_puts_the_least_over_multiples_or_divisors_everywhere(
    sizes: list[int], inwards: bool, random: Random
) -> None:
    grid, rank = lattice(tuple(sizes)), random.randrange(len(sizes))
    before = np.array([random.random() for _ in range(grid.points)]).reshape(grid.shape)
    after = before.copy()
    grid.lower(after, rank, inwards)
    for index in np.ndindex(*grid.shape):
        tile = grid.tile_at(index)
        others = [(*tile[:rank], size, *tile[rank + 1 :]) for size in range(1, sizes[rank] + 1)]
        met = [
            before[grid.index_of(other)]
            for other in others
            if sizes[rank] % other[rank] == 0
            and (other[rank] % tile[rank] == 0 if inwards else tile[rank] % other[rank] == 0)
        ]
        assert after[index] == min(met)


@given(SIZES)
def test_the_offset_of_a_shift_leads_to_the_same_place_in_a_flat_array(sizes: list[int]) -> None:
    grid = lattice(tuple(sizes))
    places = np.arange(grid.points).reshape(grid.shape)
    for shift in (s for rank in range(len(sizes)) for s in grid.shifts(rank)):
        assert (places[shift.near] + shift.offset == places[shift.far]).all()
