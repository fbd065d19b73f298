"""Convention `continuing_sweep`: what an instance fetches when it keeps the overlap of a tile that moves steadily on.

Rule of timeloop 4cf6d4c with extrapolation: each loop runs index 0 and, for all its other iterations, index 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from math import prod
from typing import TypeAlias

Vector: TypeAlias = tuple[int, ...]


def swept(rows: tuple[Vector, ...]) -> int:
    """Elements one instance fetches; row 0 is `(1, E_0, ..., E_{D-1})`, the tile's extents.

    Each further row is a temporal loop above the tile, outermost first: `(trip, move_0, ..., move_{D-1})` with the
    signed offset of the tile per iteration. Trips are at least 2; loops inside the innermost relevant one are left out.
    The walk visits indices in the order of a binary counter. Its state is the remembered translation, so equal
    stretches of the walk are counted once: cost grows with the square of the number of loops.

    >>> swept(((1, 6), (4, 4)))
    18
    """
    extents, trips = rows[0][1:], tuple(row[0] for row in rows[1:])
    return prod(extents) + _stretch(extents, trips, _translations(rows[1:]), 0, None)[0]


def _translations(loops: tuple[Vector, ...]) -> tuple[Vector, ...]:
    """How the tile moves when a loop steps from 0 to 1 and all loops inside it fall from 1 to 0."""
    inside = tuple(0 for _ in loops[0][1:]) if loops else ()
    moves = []
    for _, *move in reversed(loops):
        moves.append(tuple(m - i for m, i in zip(move, inside, strict=True)))
        inside = tuple(m + i for m, i in zip(move, inside, strict=True))
    return tuple(reversed(moves))


@lru_cache(maxsize=65536)
def _stretch(
    extents: Vector, trips: Vector, moves: tuple[Vector, ...], loop: int, remembered: Vector | None
) -> tuple[int, Vector | None]:
    """New elements of all visits of the loops from `loop` inwards after their first, and what is remembered then."""
    if loop == len(trips):
        return 0, remembered
    before, remembered = _stretch(extents, trips, moves, loop + 1, remembered)
    new, remembered = _visit(extents, moves[loop], remembered)
    after, remembered = _stretch(extents, trips, moves, loop + 1, remembered)
    return before + (trips[loop] - 1) * (new + after), remembered


def _visit(extents: Vector, move: Vector, remembered: Vector | None) -> tuple[int, Vector | None]:
    """New elements when the tile moves, and the translation remembered afterwards."""
    if not any(move):
        return 0, remembered
    whole = prod(extents)
    if remembered is None or remembered == move:
        return whole - prod(max(0, e - abs(m)) for e, m in zip(extents, move, strict=True)), move
    return whole, None


@dataclass(frozen=True)
class Visits:
    """Visits of the walk that `swept` counts: so many `times` loop `loop` (a row; 0 is the first visit) has moved on
    and `new` elements are fetched."""

    loop: int
    times: int
    new: int


def visits(rows: tuple[Vector, ...]) -> tuple[Visits, ...]:
    """What `swept` adds up, visit by visit, equal ones together: `swept = sum(times * new)`.

    >>> visits(((1, 6), (4, 4)))
    (Visits(loop=0, times=1, new=6), Visits(loop=1, times=3, new=4))
    """
    extents, trips, moves = rows[0][1:], tuple(row[0] for row in rows[1:]), _translations(rows[1:])
    found, remembered = {(0, prod(extents)): 1}, None
    for index in islice(product((0, 1), repeat=len(trips)), 1, None):
        moved = max(loop for loop, x in enumerate(index) if x)
        new, remembered = _visit(extents, moves[moved], remembered)
        times = prod(trip - 1 for trip, x in zip(trips, index, strict=True) if x)
        found[moved + 1, new] = found.get((moved + 1, new), 0) + times
    return tuple(Visits(loop, times, new) for (loop, new), times in found.items())
