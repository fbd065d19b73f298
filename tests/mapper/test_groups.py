"""Counts of cells on domains that are no boxes: closed forms against points; pieces meet no less than blocks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

import pytest

import polymap as pm
from polymap.mapper.groups import Banded, Scattered
from polymap.mapper.touched import least
from polymap.model.band import Band
from polymap.workload.einsum import Affine, Einsum
from polymap.workload.ties import Points, points

OWN = {
    "neither": (),
    "first": (Affine((("i", 1),)),),
    "second": (Affine((("j", 2),)),),
    "both": (Affine((("i", 1),)), Affine((("j", 1),))),
}
LIMITS = [(0, None), (None, 1), (0, 2), (-3, 1), (-1, -1)]


def tied(low: int | None, high: int | None, first: int = 8, second: int = 12) -> Einsum:
    said = [*([f"{low} <= i - j"] if low is not None else []), *([f"i - j <= {high}"] if high is not None else [])]
    return pm.einsum("S[i,j] += A[i] * B[j]", i=first, j=second, domain=f"{{ [i,j] : {' and '.join(said)} }}")


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("own", OWN.values(), ids=OWN)
def test_closed_forms_of_a_band_are_what_its_points_touch(
    limits: tuple[int | None, int | None], own: tuple[Affine, ...]
) -> None:
    band, listed = Banded(Band("i", "j", *limits), (8, 12)), Scattered(("i", "j"), (8, 12), points_of(*limits))
    for sizes in product((1, 2, 4, 8), (1, 2, 3, 4, 6, 12)):
        assert band.met(own, sizes) == listed.met(own, sizes)
        assert band.largest(own, sizes) == listed.largest(own, sizes)
    for most in (1, 2, 5, 100):
        assert band.held(own, most) == listed.held(own, most)


def points_of(low: int | None, high: int | None) -> Points:
    return points(tied(low, high), ("i", "j"))


@pytest.mark.parametrize("size", [8, 12, 16, 18])
def test_no_interval_meets_fewer_pieces_than_blocks(size: int) -> None:
    for digits in radices(size):
        for moves in product((False, True), repeat=len(digits)):
            tile = prod(trip for trip, is_moving in zip(digits, moves) if is_moving)
            cell = [apart(point, digits, moves) for point in range(size)]
            for begin in range(size):
                for end in range(begin + 1, size + 1):
                    blocks = (end - 1) // tile - begin // tile + 1
                    assert len(set(cell[begin:end])) >= blocks, (digits, moves, begin, end)


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("own", OWN.values(), ids=OWN)
def test_cells_in_pieces_touch_no_less_than_the_bound(
    limits: tuple[int | None, int | None], own: tuple[Affine, ...]
) -> None:
    found = points(tied(*limits, 8, 8), ("i", "j"))
    group = Banded(Band("i", "j", *limits), (8, 8))
    mine = {rank for coordinate in own for rank in coordinate.ranks}
    shapes = [(digits, moves) for digits in radices(8) for moves in product((False, True), repeat=len(digits))]
    for of_i, of_j in product(shapes, repeat=2):
        sizes = tuple(prod(trip for trip, moving in zip(*shape) if moving) for shape in (of_i, of_j))
        cells = {
            (
                i if "i" in mine else apart(i, *of_i),
                j if "j" in mine else apart(j, *of_j),
            )
            for i, j in found.tolist()
        }
        assert least(group, own, sizes, {"i", "j"}) <= len(cells)


def radices(size: int) -> Iterator[tuple[int, ...]]:
    """Every way to write a size as a product of trips, outermost first."""
    yield (size,)
    for trip in range(2, size):
        if size % trip == 0:
            yield from ((trip, *rest) for rest in radices(size // trip))


def apart(point: int, digits: tuple[int, ...], moves: tuple[bool, ...]) -> tuple[int, ...]:
    """The digits of a point that do not move."""
    found = []
    for trip, is_moving in reversed(list(zip(digits, moves))):
        point, digit = divmod(point, trip)
        found += [] if is_moving else [digit]
    return tuple(found)
