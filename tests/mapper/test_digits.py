"""Cells of loops as digits, against all their values."""

from __future__ import annotations

import random
from itertools import product

from polymap.mapper.digits import Digits, Split, met, split, values
from polymap.model.band import Window


def all_values(digits: Digits) -> list[int]:
    return [sum(n * stride for n, (_, stride) in zip(at, digits)) for at in product(*(range(t) for t, _ in digits))]


def drawn(some: random.Random) -> tuple[Split | None, int]:
    """Digits of a rank on up to two arrays, and how many values it has."""
    arrays, at, trips = [], 1, 1
    for _ in range(some.randint(0, 2)):
        at *= some.choice([1, 2, 3])
        arrays.append((some.choice([2, 3]), at, some.random() < 0.5))
        trips *= arrays[-1][0]
    temporal = at * some.choice([1, 2, 3])
    tile = some.choice([d for d in range(1, temporal + 1) if temporal % d == 0])
    return split(temporal, tuple(arrays), tile), temporal * trips


def test_fixed_and_moving_digits_are_all_values_of_a_rank() -> None:
    some = random.Random(1)
    for _ in range(300):
        found, size = drawn(some)
        if found:
            fixed, moving = map(all_values, found)
            assert sorted(x + a for x in fixed for a in moving) == list(range(size))
            assert values(found[0]).tolist() == sorted(fixed)


def test_a_loop_between_two_arrays_moves_up_to_the_tile() -> None:
    arrays = ((2, 3, False), (5, 6, True))  # 3 steps, 2 instances, 2 steps, 5 instances, 2 steps
    assert split(12, arrays, 3) == (((2, 3), (2, 6), (2, 60)), ((3, 1), (5, 12)))
    assert split(12, arrays, 6) == (((2, 3), (2, 60)), ((3, 1), (2, 6), (5, 12)))
    assert split(12, arrays, 4) is None  # does not divide 6, and 3 does not divide it
    assert split(12, arrays, 2) is None  # nor does 2 divide 3


def test_cells_that_meet_are_counted() -> None:
    some, counted = random.Random(2), 0
    for _ in range(400):
        (first, _), (second, _) = drawn(some), drawn(some)
        low = some.randint(-12, 8)
        window = Window(low, low + some.choice([0, 1, 2, 5, 1000]))
        if first is None or second is None:
            continue
        (begins, reached), (others, beyond) = (tuple(map(all_values, each)) for each in (first, second))
        distances = {a - b for a in reached for b in beyond}
        pairs = sum(any(window.low <= x - y + d <= window.high for d in distances) for x in begins for y in others)
        assert met(window, first, second) == pairs, (window, first, second)
        counted += 1
    assert counted > 200
