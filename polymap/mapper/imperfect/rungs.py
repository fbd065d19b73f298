"""Imperfect loops of one rank, told by how many tiles are left to visit.

A loop of trip f around tiles of size T is legal if `(f - 1) * T < N`. With `n = ceil(N / T)` tiles that is `f <= n`,
and `ceil(n / f)` tiles are left outside it, because ceilings nest: `ceil(ceil(N / T) / f) = ceil(N / (T * f))`. One is
left only where `f = n`: then the rank is whole, and no loop of it can stand further out.

So `ceil(N / t)`, with the product t of the temporal trips so far, says all that counts see of a rank; there are about
two square roots of N such numbers, its *rungs*. A rank that is whole stands on the last one, `WHOLE`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

WHOLE = 0


@lru_cache(maxsize=4096)
def rungs(size: int) -> tuple[int, ...]:
    """Numbers of tiles of one size that a rank can be cut into, most first; `WHOLE` comes last.

    >>> rungs(10)
    (10, 5, 4, 3, 2, 0)
    """
    found = {-(-size // tile) for tile in range(1, size)}
    return (*sorted(found, reverse=True), WHOLE)


@lru_cache(maxsize=65536)
def least_trips(tiles: int) -> tuple[int, ...]:
    """Of the trips that leave equally many of so many tiles, the least: with them tiles are smallest.

    >>> least_trips(10)
    (2, 3, 4, 5, 10)
    """
    found: dict[int, int] = {}
    for trip in range(2, tiles + 1):
        found.setdefault(-(-tiles // trip), trip)
    return tuple(found.values())


@lru_cache(maxsize=65536)
def reached(size: int, inside: int) -> tuple[tuple[int, ...], ...]:
    """For each rung of a rank the places of those that one temporal loop leads to, with `inside` spatial factors below
    it."""
    order = rungs(size)
    place = {rung: i for i, rung in enumerate(order)}
    found = []
    for rung in order:
        trips = least_trips(-(-rung // inside)) if rung else ()
        found.append(tuple(place[after(rung, inside, trip)] for trip in trips))
    return tuple(tuple(sorted(set(places))) for places in found)


@lru_cache(maxsize=65536)
def reached_by(size: int, inside: int, trips: frozenset[int]) -> tuple[tuple[int, ...], ...]:
    """The same for loops of some trips only."""
    order = rungs(size)
    place = {rung: i for i, rung in enumerate(order)}
    found = []
    for rung in order:
        few = [trip for trip in trips if 1 < trip <= -(-rung // inside)] if rung else []
        found.append(tuple(sorted({place[after(rung, inside, trip)] for trip in few})))
    return tuple(found)


def after(rung: int, inside: int, trip: int) -> int:
    """The rung outside a loop."""
    return WHOLE if trip >= -(-rung // inside) else -(-rung // trip)


def crossed(rung: int, inside: int, factor: int, through: bool) -> int | None:
    """The rung outside an array that unrolls a rank by a factor, None if it cannot; unless `through`, the rank has to
    be whole there."""
    if rung == WHOLE or factor == 1:
        return rung if factor == 1 else None
    tiles = -(-rung // inside)
    if tiles == factor:
        return WHOLE
    return rung if tiles > factor and through else None


def starts(room: int, loops: Sequence[tuple[int, int]]) -> int:
    """Combinations of the loops (trip, step), outermost first, whose tile begins within `room` points.

    >>> starts(9, [(3, 4), (2, 2)])
    5
    """
    if room <= 0 or not loops:
        return int(room > 0)
    (trip, step), inner = loops[0], loops[1:]
    whole = min(trip, room // step)
    each = 1
    for other, _ in inner:
        each *= other
    return whole * each + (starts(room - whole * step, inner) if whole < trip else 0)
