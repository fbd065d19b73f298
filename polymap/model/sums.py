"""Sums of two sets of numbers with how often each occurs, by the difference and not pair by pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from polymap.model.digits import Digit, blocks, starts
from polymap.model.lines import Ints, refuse

FEW = 1 << 12


def sums(some: Ints, digits: Sequence[Digit], first: int, last: int, unit: int) -> tuple[Ints, Ints]:
    """Values `x + y`, x of `some`, y where the tiles `first <= number < last` of `digits` stand; and how often each.

    `unit` divides all differences. Raises `PolymapError` where the values may be too many.

    >>> values, times = sums(np.array([0, 2]), [Digit(3, 2)], 0, 3, 2)
    >>> values.tolist(), times.tolist()
    ([0, 2, 4, 6], [1, 2, 2, 1])
    """
    found = sums_of_pairs if len(some) * last <= FEW else sums_by_difference
    return found(some, digits, first, last, unit)


def sums_of_pairs(some: Ints, digits: Sequence[Digit], first: int, last: int, unit: int) -> tuple[Ints, Ints]:
    """The sums where there are few pairs, made one by one."""
    added = np.add.outer(some, np.array(starts(digits, last)[first:], dtype=np.int64))
    values, times = np.unique(added, return_counts=True)
    return values, times


def sums_by_difference(some: Ints, digits: Sequence[Digit], first: int, last: int, unit: int) -> tuple[Ints, Ints]:
    """The sums where there are many: what `some` marks on a line of units, repeated digit by digit."""
    least, span = int(some.min()), sum(digit.step * (digit.trip - 1) for digit in digits)
    length = (int(some.max()) - least + span) // unit + 1
    refuse(length)
    marked = np.bincount((some - least) // unit, minlength=length)
    found = _moved(marked, digits, last, unit) - _moved(marked, digits, first, unit)
    there = np.flatnonzero(found)
    return least + there * unit, found[there]


def _moved(marked: Ints, digits: Sequence[Digit], count: int, unit: int) -> Ints:
    """What is marked, moved to each of the first `count` tiles, summed."""
    total = np.zeros_like(marked)
    for block in blocks(digits, count):
        begin = block.start // unit
        part = marked
        for digit in block.digits:
            part = _repeated(part, digit.trip, digit.step // unit)
        total[begin:] += part[: len(part) - begin]
    return total


def _repeated(marked: Ints, trip: int, stride: int) -> Ints:
    """What is marked, moved by 0, 1, ... `trip - 1` strides, summed; what goes beyond the end is lost."""
    rows = np.append(marked, np.zeros(-len(marked) % stride, dtype=np.int64)).reshape(-1, stride).cumsum(axis=0)
    found = rows.copy()
    found[trip:] -= rows[:-trip]
    return np.asarray(found.ravel()[: len(marked)])
