"""Two ranks tied by a difference: rounds of tiles, what begins with nothing and what of each tile is new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from polymap.model.nest import Access
from polymap.model.tied import Rounds, Tied
from polymap.model.uneven import NONE
from polymap.report.arithmetic.case import Case
from polymap.report.arithmetic.equation import Equation, equation, leaf

MOST_TILES = 1 << 14
WHOLE, IN_PART, HELD = "fetched whole", "fetched in part", "hold the same as the one before"
Interval = tuple[int, int]


def quantity(case: Case, engine: Tied, access: Access, node: int, what: str, note: str, value: int) -> Equation:
    """A quantity of a tensor at one of its memories, `value`."""
    homes = case.homes(access.tensor.name)
    here = homes[node][1]
    if what == "fetched":
        return _summed(case, engine, access, here, what, engine.rounds(access, here, NONE), note)
    if what == "crossing" and node + 1 < len(homes):
        below = homes[node + 1][1]
        near = engine.nest.spatial_between(here, below)
        shared = frozenset(loop for loop in near if engine.nest.slots[loop].shares(access.tensor))
        return _summed(case, engine, access, below, what, engine.rounds(access, below, shared), note)
    return leaf(what, value, f"{note} ({_band(engine)})")


def computes(engine: Tied, name: str, note: str) -> Equation:
    """The points of the band times those of the other ranks."""
    others = {rank: size for rank, size in engine.sizes.items() if rank not in (engine.band.first, engine.band.second)}
    points = leaf("points", engine.computes() // prod(others.values()), f"points of a box, {_band(engine)}")
    template = " * ".join(["{points}", *(f"{{{rank}}}" for rank in others)])
    return equation(name, template, [points], others, note)


def _summed(
    case: Case, engine: Tied, access: Access, position: int, name: str, rounds: Iterator[Rounds], note: str
) -> Equation:
    parts, terms = list[Equation](), list[str]()
    for n, found in enumerate(rounds, 1):
        said = _statistics(engine, access, position, found)
        tied = leaf(f"rounds_{n}", found.tied, _note(case, engine, access, found), said)
        free = leaf(f"others_{n}", found.free, f"elements and repetitions of the other ranks{_free(engine)}")
        parts += [tied, free]
        terms.append(f"{{{tied.name}}} * {{{free.name}}}")
    return equation(name, " + ".join(terms) or "0", parts, note=note)


def _note(case: Case, engine: Tied, access: Access, found: Rounds) -> str:
    inside = f"inside `{case.loop_at(found.turn)}`" if found.turn >= 0 else "once in the run"
    begins = "with what its last tile left the time before" if found.again else "with nothing"
    mine = [rank for rank in (engine.band.first, engine.band.second) if rank in access.ranks]
    what = f"points of {' and '.join(mine)}" if mine else "turns"
    return f"{what} that rounds of tiles ({_band(engine)}) fetch; a round runs {inside} and begins {begins}"


def _free(engine: Tied) -> str:
    free = [rank for rank in engine.sizes if rank not in (engine.band.first, engine.band.second)]
    return f", {', '.join(free)}" if free else ", of which there are none"


def _band(engine: Tied) -> str:
    """`0 <= i - j` as it is said."""
    low = f"{engine.band.low} <= " if engine.band.low is not None else ""
    high = f" <= {engine.band.high}" if engine.band.high is not None else ""
    return f"where {low}{engine.band.first} - {engine.band.second}{high}"


# Tile by tile, where they are few.


@dataclass(frozen=True)
class _Tile:
    """A tile with points: the round it belongs to, and what of the tensor's rank it spans, None for both ranks."""

    round: tuple[int, ...]
    spans: Interval | None


def _statistics(engine: Tied, access: Access, position: int, found: Rounds) -> list[str]:
    """How many tiles hold points, and how many of these are fetched whole and in part, if that gives the number."""
    tied = [n for n in range(position) if engine.nest.slots[n].rank in (engine.band.first, engine.band.second)]
    used = [rank for rank in (engine.band.first, engine.band.second) if rank in access.ranks]
    if prod(engine.nest.trips[n] for n in tied) > MOST_TILES:
        return [f"{engine.tiles(position)} tiles hold points"]
    tiles = list(_tiles(engine, position, tied, used[0] if len(used) == 1 else "", found.turn))
    if len(used) != 1:
        return [f"{len(tiles)} tiles hold points"]
    rounds: dict[tuple[int, ...], list[Interval]] = {}
    for tile in tiles:
        if tile.spans is not None:
            rounds.setdefault(tile.round, []).append(tile.spans)
    new = [part for spans in rounds.values() for part in _new(spans, found.again)]
    if sum(size for _, size in new) != found.tied:
        return [f"{len(tiles)} tiles hold points; instances that share take one copy"]
    return [f"{len(tiles)} tiles hold points: {_said(new)}"]


def _tiles(engine: Tied, position: int, tied: Sequence[int], used: str, turn: int) -> Iterator[_Tile]:
    """The tiles that hold points, in the order in which an instance visits them."""
    nest, band = engine.nest, engine.band
    apart = [k for k, n in enumerate(tied) if nest.slots[n].is_spatial or n <= turn]
    for index in product(*(range(nest.trips[n]) for n in tied)):
        ends = []
        for rank in (band.first, band.second):
            first = sum(x * nest.steps[n] for x, n in zip(index, tied, strict=True) if nest.slots[n].rank == rank)
            ends.append((first, min(first + nest.tiles[position].get(rank, 1), engine.sizes[rank]) - 1))
        spans = _touched(ends[0], ends[1], band.low, band.high)
        if spans is not None:
            mine = spans[0] if used == band.first else spans[1]
            yield _Tile(tuple(index[k] for k in apart), mine if used else None)


def _touched(i: Interval, j: Interval, low: int | None, high: int | None) -> tuple[Interval, Interval] | None:
    """What of two intervals has `low <= i - j <= high`; None if nothing."""
    if low is not None:
        i, j = (max(i[0], j[0] + low), i[1]), (j[0], min(j[1], i[1] - low))
    if high is not None:
        i, j = (i[0], min(i[1], j[1] + high)), (max(j[0], i[0] - high), j[1])
    return (i, j) if i[0] <= i[1] and j[0] <= j[1] else None


def _new(spans: Sequence[Interval], again: bool) -> Iterator[tuple[str, int]]:
    """How each tile of a round is fetched, and how many elements; `again`: only where the round begins once more."""
    before = spans[-1] if again else None
    for start, end in spans[:1] if again else spans:
        kept = 0 if before is None else max(0, min(end, before[1]) - max(start, before[0]) + 1)
        size = end - start + 1 - kept
        yield (WHOLE if not kept else IN_PART if size else HELD), size
        before = (start, end)


def _said(new: Sequence[tuple[str, int]]) -> str:
    kinds = {how: [size for said, size in new if said == how] for how in (WHOLE, IN_PART, HELD)}
    many = ((f"{len(sizes)} {how}", sum(sizes)) for how, sizes in kinds.items() if sizes)
    return "; ".join(f"{text}, {elements} elements" if elements else text for text, elements in many)
