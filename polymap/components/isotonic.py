"""The nearest table that does not fall along rows or columns, by relative error.

Pools adjacent violators (Barlow et al., Statistical Inference under Order Restrictions, 1972) along columns and rows
in turn until nothing changes. Entries that are None are not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

Table: TypeAlias = "list[list[float | None]]"

MOST_ROUNDS = 100


def rising(amounts: Sequence[float]) -> list[float]:
    """The sequence that never falls with the least sum of squared relative errors; amounts are positive.

    >>> rising([1.0, 4.0, 2.0, 8.0])[1:3] == [2.4, 2.4]
    True
    """
    pools: list[tuple[float, float, int]] = []  # level, weight, how many
    for amount in amounts:
        pools.append((amount, amount**-2, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            pools.append(_pooled(pools.pop(), pools.pop()))
    return [level for level, _, count in pools for _ in range(count)]


def _pooled(one: tuple[float, float, int], other: tuple[float, float, int]) -> tuple[float, float, int]:
    weight = one[1] + other[1]
    return (one[0] * one[1] + other[0] * other[1]) / weight, weight, one[2] + other[2]


def rising_table(table: Table) -> Table:
    """The table with rows and columns that never fall; untouched where they do not."""
    found = table
    for _ in range(MOST_ROUNDS):
        before = found
        found = _transposed([_rising_line(line) for line in _transposed([_rising_line(line) for line in found])])
        if found == before:
            break
    return _running_most(found)


def _rising_line(line: Sequence[float | None]) -> list[float | None]:
    if not _falls(line):
        return list(line)
    level = iter(rising([amount for amount in line if amount is not None]))
    return [None if amount is None else next(level) for amount in line]


def _falls(line: Sequence[float | None]) -> bool:
    return any(first > second for first, second in pairwise(amount for amount in line if amount is not None))


def _transposed(table: Table) -> Table:
    return [list(line) for line in zip(*table)]


def _running_most(table: Table) -> Table:
    """What rounding leaves, lifted: every entry is at least all those before it in its row and column."""
    found: Table = []
    above = [0.0] * len(table[0]) if table else []
    for line in table:
        most = 0.0
        for j, amount in enumerate(line):
            most = above[j] = max(most, above[j], amount or 0.0)
        found.append([None if amount is None else above[j] for j, amount in enumerate(line)])
    return found
