"""The instances under one parent, one by one: who holds the same tile, who can ask a neighbour, what lies on the way.

Functions on integers only, for `search`: row 0 is `(apart, stepped, first, last, *moved)`, each further row a spatial
loop, `(trip, line, place, linked, *offset)`. A line is one dimension of one array; an instance stands on it at
`sum(place * index)`. Its tile lies at `sum(offset * index)`; the last `apart` coordinates are no coordinates of the
tensor but tell instances apart that share nothing. `moved` is how far every tile has moved since the step before, if
it `stepped`. The mesh asked about has the lines `first` up to `last`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import TypeAlias

from polymap.errors import NOWHERE, Mistake, PolymapError

MOST_INSTANCES = 1 << 16
HEAD = 4

Vector: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Gathered:
    """`served` instances take their tile from a neighbour. The others need `tiles` different ones.

    On the mesh, `packets` reach `members` instances over `edges` links, all trees together.
    """

    served: int
    tiles: int
    packets: int
    members: int
    edges: int


def served(rows: tuple[Vector, ...]) -> int:
    """Instances whose tile a neighbour held at the step before."""
    return gathered(rows).served


def tiles(rows: tuple[Vector, ...]) -> int:
    """Different tiles among the instances that no neighbour serves."""
    return gathered(rows).tiles


def packets(rows: tuple[Vector, ...]) -> int:
    """Different tiles that enter the mesh, at all places where it stands."""
    return gathered(rows).packets


def members(rows: tuple[Vector, ...]) -> int:
    """Instances of the mesh at which the packets arrive."""
    return gathered(rows).members


def edges(rows: tuple[Vector, ...]) -> int:
    """Links that one word of every packet travels."""
    return gathered(rows).edges


@lru_cache(maxsize=1024)
def gathered(rows: tuple[Vector, ...]) -> Gathered:
    """All counts at once. Raises `PolymapError` beyond `MOST_INSTANCES`."""
    (apart, stepped, first, last, *moved), *loops = rows
    if prod(loop[0] for loop in loops) > MOST_INSTANCES:
        raise too_many()
    held = dict(_held(loops, len(moved)))
    linked = sorted({loop[1] for loop in loops if loop[3]})
    by = _Neighbours(held, linked, tuple(moved[: len(moved) - apart])) if stepped else None
    asking = [at for at in held if by is None or not by.serve(at)]
    groups: dict[tuple[Vector, Vector], set[Vector]] = {}
    for at in asking:
        groups.setdefault((at[:first], held[at]), set()).add(at[first:last])
    return Gathered(
        served=len(held) - len(asking),
        tiles=len({held[at] for at in asking}),
        packets=len(groups),
        members=sum(map(len, groups.values())),
        edges=sum(map(tree, groups.values())),
    )


def too_many() -> PolymapError:
    """The error for more than `MOST_INSTANCES`."""
    message = f"hops and links are counted one by one among up to {MOST_INSTANCES} instances, not more"
    return PolymapError(Mistake(NOWHERE, message, "use fewer instances below one memory"))


def _held(loops: Sequence[Vector], width: int) -> Iterator[tuple[Vector, Vector]]:
    """Where every instance stands, and where its tile lies."""
    lines = max((loop[1] for loop in loops), default=-1) + 1
    for indices in product(*(range(loop[0]) for loop in loops)):
        pairs = list(zip(indices, loops))
        at = (sum(i * loop[2] for i, loop in pairs if loop[1] == line) for line in range(lines))
        yield tuple(at), tuple(sum(i * loop[HEAD + d] for i, loop in pairs) for d in range(width))


@dataclass(frozen=True)
class _Neighbours:
    held: dict[Vector, Vector]
    lines: Sequence[int]
    moved: Vector

    def serve(self, at: Vector) -> bool:
        """Whether an instance beside this one, along a line with links, held at the step before what it needs now."""
        wanted = tuple(x + m for x, m in zip(self.held[at], self.moved))
        return any(self.held[side][: len(wanted)] == wanted for side in self._beside(at) if side in self.held)

    def _beside(self, at: Vector) -> Iterator[Vector]:
        return ((*at[:line], at[line] + step, *at[line + 1 :]) for line in self.lines for step in (-1, 1))


def tree(places: Iterable[Vector]) -> int:
    """Links of the tree from the corner of a mesh to some places, along its first dimension first, then its second, ...

    >>> tree([(2, 0), (2, 3), (0, 1)])
    6
    """
    found = list(places)
    if not found or not found[0]:
        return 0
    columns: dict[int, list[Vector]] = {}
    for x, *rest in found:
        columns.setdefault(x, []).append(tuple(rest))
    return max(columns) + sum(tree(column) for column in columns.values())
