"""What cells touch in a class where the tiles at the arrays are known: exact, for two ranks with a limited difference.

Without these tiles the values that an instance runs through are in pieces of which nothing is known but their number
(`touched`). With them the loops of a rank are the digits of its values, and counts follow (`digits`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from polymap.architecture.hierarchy import Array
from polymap.mapper.digits import Along, Split, met, split
from polymap.mapper.groups import Banded, Group, Own
from polymap.mapper.touched import Values, own_ranks
from polymap.workload.einsum import Tensor

if TYPE_CHECKING:
    from polymap.mapper.traffic import Geometry

Moves = Callable[[int, Array], bool]  # whether the loops of an array, in a gap, move within a cell
MOST_CHOICES = 400  # choices of tiles at the arrays of a class


@dataclass(frozen=True)
class Pieces:
    """Counts of a geometry, if it has `tiles` at its arrays."""

    geometry: Geometry

    def table(self, tensor: Tensor | None, group: Group, own: Own, moves: Moves) -> Values | None:
        """What cells touch, summed over them, over the lattice: those that differ in no loop up to a tile. Not a number
        where there is no such cell; None for groups of which nothing is known."""
        if self.geometry.tiles is None or not isinstance(group, Banded):
            return None
        places = [self.geometry.ranks.index(rank) for rank in group.ranks]
        ways = [self._along(place, moves) for place in places]
        known: dict[tuple[int, ...], float] = {}

        def count(*tiles: Any) -> float:
            asked = tuple(1 if rank in own_ranks(own) else int(tile) for rank, tile in zip(group.ranks, tiles))
            if asked not in known:
                found = self._met(group, own, ways, asked)
                known[asked] = float("nan") if found is None else float(found)
            return known[asked]

        lattice = self.geometry.lattice
        return np.asarray(np.frompyfunc(count, 2, 1)(*(lattice.tiles[p] for p in places)), dtype=np.float64)

    def number(self, group: Group, own: Own, moves: Moves, whole: bool = False) -> int | None:
        """The same for cells of one step, or of all (`whole`). None where nothing is known."""
        if self.geometry.tiles is None or not isinstance(group, Banded):
            return None
        places = [self.geometry.ranks.index(rank) for rank in group.ranks]
        tiles = tuple(self.geometry.lattice.sizes[place] if whole else 1 for place in places)
        return self._met(group, own, [self._along(place, moves) for place in places], tiles)

    def _met(self, group: Banded, own: Own, ways: list[Along], tiles: tuple[int, ...]) -> int | None:
        splits: list[Split] = []
        for rank, size, way, tile in zip(group.ranks, group.extents, ways, tiles):
            temporal = self.geometry.lattice.sizes[self.geometry.ranks.index(rank)]
            found = (((size, 1),), ()) if rank in own_ranks(own) else split(temporal, way, tile)
            if found is None:
                return None
            splits.append(found)
        return met(group.window, splits[0], splits[1])

    def _along(self, rank: int, moves: Moves) -> Along:
        return tuple((trip, tile, moves(gap, array)) for gap, array, trip, tile in self._arrays[rank])

    @cached_property
    def _arrays(self) -> tuple[tuple[tuple[int, Array, int, int], ...], ...]:
        """For each rank the arrays that unroll it, innermost first: gap, array, factor, tile inside."""
        geometry = self.geometry
        factors = {unrolling.array.name: unrolling.factors for unrolling in geometry.spatial.unrollings}
        standing = [(gap, array) for gap, arrays in enumerate(geometry.skeleton.arrays) for array in arrays][::-1]
        return tuple(
            tuple(
                (gap, array, factors[array.name][rank], self._tile(gap, rank))
                for gap, array in standing
                if factors[array.name][rank] > 1
            )
            for rank in range(len(geometry.ranks))
        )

    def _tile(self, gap: int, rank: int) -> int:
        if not gap:
            return self.geometry.lattice.sizes[rank]
        return dict(self.geometry.tiles or ()).get((gap, rank), 1)


def choices(geometry: Geometry) -> list[dict[tuple[int, int], int]]:
    """All tiles at which the arrays may stand that unroll a rank with a limited difference, by (gap, rank); none where
    there is no such rank, or there are too many."""
    assert geometry.touched
    banded = {r for group, _ in geometry.touched.shares(None) if isinstance(group, Banded) for r in group.ranks}
    found: list[dict[tuple[int, int], int]] = [{}]
    last = geometry.skeleton.last
    for rank, size in enumerate(geometry.lattice.sizes):
        if geometry.ranks[rank] not in banded:
            continue
        inside = 0
        for gap in range(last, 0, -1):
            if geometry.unrolled[gap][rank] > 1:
                tiles = [1] if gap == last else [d for d in range(1, size + 1) if size % d == 0]
                found = [
                    {**choice, (gap, rank): tile}
                    for choice in found
                    for tile in tiles
                    if tile % choice.get((inside, rank), 1) == 0
                ]
                inside = gap
            if len(found) > MOST_CHOICES:
                return []
    return found if any(geometry.spread(last) & banded) else []
