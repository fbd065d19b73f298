"""Two tied ranks by enumeration: all tiles that hold points, in the order in which every instance visits them.

Of each tile it is known which loop has moved since the tile before it, and so what of it is new. This is the sentence
of docs/design/exact.md, "Residency, sharing, first writes", taken literally; the other ranks are factors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from collections.abc import Set as SetOf
from dataclasses import dataclass
from typing import TypeAlias

from polymap.model.digits import Role
from polymap.model.lines import Kind
from polymap.model.nest import Access
from polymap.model.tied import Tied

Index: TypeAlias = tuple[int, ...]
Points: TypeAlias = frozenset[tuple[int, ...]]


@dataclass(frozen=True)
class Visit:
    """A tile with points: the values of the temporal loops, what the tensor has of it, and the loop that has moved.

    `turn` is the position of the outermost temporal loop that has moved since the instance's visit before, -1 at first.
    """

    time: Index
    tile: Points
    turn: int


class Enumerated(Tied):
    """The engine, its counts over the tied ranks made tile by tile."""

    def _met(self, position: int, kind: Callable[[int], Kind]) -> int:
        apart = [at for at, loop in enumerate(self.tied(position)) if kind(loop) is Kind.APART]
        return len({tuple(index[at] for at in apart) for index in self.filled(position)})

    def _computed(self, access: Access, position: int, shared: SetOf[int]) -> int:
        idle = self._idle(access, shared)
        once = self._met(position, lambda loop: Kind.SHARED if loop in idle else Kind.APART)
        return once * self._factor(access, position, lambda loop: Role.FIRST if loop in idle else Role.EACH)

    def _fetched(self, access: Access, position: int, shared: SetOf[int]) -> int:
        """Summed over the innermost free loop beyond its first value: with it, it is known which loop has moved."""
        idle = self._idle(access, shared)
        free = [loop for loop in self.nest.temporal_above(position) if self.nest.slots[loop].rank not in self._ranks]
        return sum(
            self.new(access, position, idle, last) * self._often(access, position, idle, last, last >= 0)
            for last in (-1, *free)
        )

    def _held(self, access: Access, position: int) -> int:
        def role(loop: int) -> Role:
            if self.nest.slots[loop].is_spatial:
                return Role.EACH
            return Role.TOGETHER if self.nest.slots[loop].rank in access.ranks else Role.FIRST

        held = (frozenset[Index]().union(*(visit.tile for visit in line)) for _, line in self.visits(access, position))
        return sum(map(len, held)) * self._factor(access, position, role)

    def _tile(self, access: Access, position: int) -> int:
        largest = max(len(visit.tile) for _, line in self.visits(access, position) for visit in line)
        tiles, free = self.nest.tiles[position], access.ranks.intersection(self._free)
        for rank in free:
            largest *= min(self.sizes[rank], tiles.get(rank, 1))
        return largest

    def tied(self, position: int) -> list[int]:
        """The loops over the two ranks above a position."""
        return [loop for loop in range(position) if self.nest.slots[loop].rank in self._ranks]

    def filled(self, position: int) -> dict[Index, Points]:
        """The points of every tile that holds any, by the values of the tied loops, in order."""
        found: dict[Index, set[Index]] = defaultdict(set)
        loops = [(self._ranks.index(self.nest.slots[loop].rank), loop) for loop in self.tied(position)]
        for point in self.points():
            index = tuple(point[side] // self.nest.steps[loop] % self.nest.trips[loop] for side, loop in loops)
            found[index].add(point)
        return {index: frozenset(found[index]) for index in sorted(found)}

    def points(self) -> Iterator[Index]:
        first, second = (range(self.sizes[rank]) for rank in self._ranks)
        low, high = self.band.low, self.band.high
        for i in first:
            for j in second:
                if (low is None or low <= i - j) and (high is None or i - j <= high):
                    yield i, j

    def visits(self, access: Access, position: int) -> list[tuple[Index, list[Visit]]]:
        """The visits of every instance, by the values of its spatial loops."""
        loops, lines = self.tied(position), defaultdict[Index, list[Visit]](list)
        temporal = [at for at, loop in enumerate(loops) if not self.nest.slots[loop].is_spatial]
        for index, points in self.filled(position).items():
            line = lines[tuple(x for at, x in enumerate(index) if at not in temporal)]
            time = tuple(index[at] for at in temporal)
            moved = (loops[at] for at, x, y in zip(temporal, time, line[-1].time) if x != y) if line else iter(())
            tile = frozenset(tuple(point[side] for side in self._used(access)) for point in points)
            line.append(Visit(time, tile, next(moved, -1)))
        return list(lines.items())

    def new(self, access: Access, position: int, idle: SetOf[int], last: int) -> int:
        """What is fetched where `last` is the innermost free loop beyond its first value, equal sets once."""
        spatial = [loop for loop in self.tied(position) if self.nest.slots[loop].is_spatial]
        served = set[tuple[Index, Index, Points]]()
        for instance, line in self.visits(access, position):
            merged = tuple(x for loop, x in zip(spatial, instance) if loop not in idle)
            for at, visit in enumerate(line):
                served.add((merged, visit.time, visit.tile - self.kept(access, position, line, at, last)))
        return sum(len(tile) for *_, tile in served)

    def kept(self, access: Access, position: int, line: list[Visit], at: int, last: int) -> Points:
        """What an instance still has of its tile before.

        Where `last` has moved, the loops inside it start again: that tile is the last one of the round that begins.
        """
        closing, moved = self._closing(access, position), max(line[at].turn, last)
        if moved < closing or moved < 0 or last == closing == moved:
            return frozenset()
        if last < 0 or line[at].turn >= last:
            return line[at - 1].tile
        ends = (later for later in range(at + 1, len(line)) if line[later].turn < last)
        return line[next(ends, len(line)) - 1].tile
