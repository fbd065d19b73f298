"""Classes that are the same but for the names of their ranks: one of them stands for all.

A *renaming* permutes ranks of equal size such that every tensor keeps its coordinates, in whatever order: in a square
convolution the rows of image and filter may change places with their columns. Rename the loops of a mapping so, spatial
ones as well, and every tile has as many elements as before, is met as often, and is shared by as many instances. No
memory or network asks which rank it was, so energy, cycles, traffic and room stay what they are: classes whose factors
are renamed into each other on every array have equal bounds and equally good mappings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import permutations, product
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from polymap.workload.einsum import Affine, Einsum

MOST_RENAMINGS = 5_000  # that are tried
Renaming = tuple[int, ...]  # for every rank the number of the one that takes its place
Whole = NDArray[np.int64]


@lru_cache(maxsize=256)
def renamings(einsum: Einsum) -> tuple[Renaming, ...]:
    """The renamings of an einsum whose domain is a box, but for the one that changes nothing.

    Ranks of one point have no loops: they stay. None are looked for where there are too many to try.
    """
    alike: dict[int, list[int]] = {}
    for number, (_, size) in enumerate(einsum.ranks):
        alike.setdefault(size, []).append(number)
    groups = [group for size, group in alike.items() if size > 1]
    if not einsum.is_box or prod(factorial(len(group)) for group in groups) > MOST_RENAMINGS:
        return ()
    return tuple(found for found in _permuted(len(einsum.ranks), groups) if _keeps(einsum, found))


def _permuted(ranks: int, groups: list[list[int]]) -> Iterator[Renaming]:
    """Every permutation within groups, but for the identity."""
    for orders in product(*map(permutations, groups)):
        taken = list(range(ranks))
        for group, order in zip(groups, orders):
            for number, other in zip(group, order):
                taken[number] = other
        if taken != sorted(taken):
            yield tuple(taken)


def _keeps(einsum: Einsum, renaming: Renaming) -> bool:
    names = tuple(rank for rank, _ in einsum.ranks)
    renamed = {name: names[other] for name, other in zip(names, renaming)}
    same = {name: name for name in names}
    return all(
        Counter(_told(c, same) for c in tensor.coordinates) == Counter(_told(c, renamed) for c in tensor.coordinates)
        for tensor in einsum.tensors
    )


def _told(coordinate: Affine, renamed: dict[str, str]) -> tuple[frozenset[tuple[str, int]], int]:
    return frozenset((renamed[rank], factor) for rank, factor in coordinate.terms), coordinate.constant


def leaders(factors: Whole, renamed: tuple[Renaming, ...]) -> Whole:
    """For each row of factors by (row, array, rank) the first row that it, or a renaming of it, is equal to."""
    rows, (own, *others) = len(factors), coded([factors, *(factors[:, :, list(renaming)] for renaming in renamed)])
    order = np.argsort(own, kind="stable")
    found = np.arange(rows)
    for other in others:
        place = order[np.minimum(np.searchsorted(own, other, sorter=order), rows - 1)]
        found = np.minimum(found, np.where(own[place] == other, place, rows))
    return found


def coded(tables: list[Whole]) -> list[Whole]:
    """A number for each row of each table; equal ones for equal rows."""
    flat = np.concatenate([table.reshape(len(table), -1) for table in tables])
    code = np.zeros(len(flat), dtype=np.int64)
    for column in flat.T:  # column by column: all together make no integer of 64 bits
        code = np.unique(code * (int(column.max(initial=0)) + 1) + column, return_inverse=True)[1].reshape(-1)
    return np.split(code, len(tables))
