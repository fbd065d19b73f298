"""The walk over the nest: tiles, what changes in them, and what that moves. Rules of timeloop 4cf6d4c.

A temporal loop runs its first iteration, and one that stands for all others; where the last ones are shorter inside,
they run too. Of the children of an array only the first is walked, the others see the same, shifted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from polymap.model.conventions import Conventions
from polymap.model.replay.boxes import Box, Region, Vector, difference, size, translation
from polymap.model.replay.chain import Chain, chosen
from polymap.model.replay.fanout import Grid, Record, Shifts, records, unlinked
from polymap.model.replay.tally import ALONE, Tally, Walked
from polymap.model.replay.visits import visited
from polymap.workload.einsum import Tensor


@dataclass
class _Memory:
    """What a level last held of a tensor, and how it had moved."""

    tile: Box | None = None
    move: Vector | None = None


def walk(nest: Chain, tensors: Sequence[Tensor], rules: Conventions) -> Walked:
    """Run through the whole nest once."""
    return _Walk(nest, tensors, rules).run()


class _Walk:
    """The state of a walk: loop indices, offsets per rank, weight, and what every level remembers."""

    def __init__(self, nest: Chain, tensors: Sequence[Tensor], rules: Conventions) -> None:
        self.nest, self.loops, self.tensors, self.rules = nest, nest.loops, tensors, rules
        self.coefficients = [[dict(axis.terms) for axis in tensor.coordinates] for tensor in tensors]
        self.index = [0] * len(nest.loops)
        self.at = dict.fromkeys((rank for tensor in tensors for rank in sorted(tensor.ranks)), 0)
        self.at.update(dict.fromkeys((loop.rank for loop in nest.loops), 0))
        self.weight = 1
        self.innermost = nest.innermost
        levels = range(len(nest.memories))
        self.kept = [[_Memory() for _ in tensors] for _ in levels]
        self.tallies = [[Tally() for _ in tensors] for _ in levels]
        self.tiles = [[0] * len(tensors) for _ in levels]
        self.spread = [[0] * len(tensors) for _ in levels]
        self.before: dict[int, tuple[tuple[Region, ...], Sequence[Shifts]]] = {}
        self.known: dict[tuple[int, tuple[bool, ...]], Sequence[Shifts]] = {}
        self.computes: Counter[int] = Counter()
        self.grids = [_grid(nest, level) for level in levels]
        self.shared: dict[tuple[int, int, int], tuple[Record, ...]] = {}

    def run(self) -> Walked:
        self.enter(len(self.loops) - 1)
        return Walked(
            tuple(map(tuple, self.tiles)),
            tuple(map(tuple, self.spread)),
            tuple(map(tuple, self.tallies)),
            sum(self.computes.values()),
            len(self.computes),
        )

    # tiles

    def is_last(self, index: int, rank: str) -> bool:
        """Whether all loops of a rank from `index` outwards make their last trip."""
        return all(
            self.index[i] + 1 >= loop.last
            for i, loop in enumerate(self.loops[index:], start=index)
            if loop.rank == rank
        )

    def trips(self, index: int) -> int:
        loop = self.loops[index]
        return loop.last if not loop.is_perfect and self.is_last(index + 1, loop.rank) else loop.end

    def tile(self, index: int) -> tuple[Box, ...]:
        """The hull of every tensor's tile at a loop, its own iterations included."""
        reach = {rank: self.reach(index, rank) for rank in self.at}
        return tuple(self.hull(axes, reach) for axes in self.coefficients)

    def reach(self, index: int, rank: str) -> int:
        loop = next((loop for loop in reversed(self.loops[: index + 1]) if loop.rank == rank), None)
        if loop is None:
            return 0
        return loop.last_reach if loop.last_reach < loop.reach and self.is_last(index + 1, rank) else loop.reach

    def hull(self, axes: Sequence[dict[str, int]], reach: dict[str, int]) -> Box:
        low, high = [], []
        for axis in axes:
            ends = [(c * self.at[r], c * (self.at[r] + reach[r])) for r, c in axis.items()]
            low.append(sum(min(pair) for pair in ends))
            high.append(sum(max(pair) for pair in ends) + 1)
        return Box(tuple(low), tuple(high))

    # levels and temporal loops

    def enter(self, index: int) -> tuple[Region, ...]:
        """Walk a level from its outermost temporal loop inwards; returns what is new in its tiles."""
        level = self.loops[index].level
        self.step(index)
        tiles = self.tile(index)
        self.tiles[level] = [max(old, tile.size) for old, tile in zip(self.tiles[level], tiles, strict=True)]
        return tuple(self.news(level, t, tile) for t, tile in enumerate(tiles))

    def news(self, level: int, t: int, tile: Box) -> Region:
        """What a level fetches of a tensor's tile."""
        if chosen(self.nest.memories[level].refetches, self.tensors[t]):
            return difference(tile, None)
        return _new(self.kept[level][t], tile)

    def step(self, index: int) -> None:
        if self.loops[index].is_spatial:
            self.cross(index)
        elif index <= self.innermost:
            self.compute(index)
        else:
            self.repeat(index)

    def compute(self, index: int) -> None:
        """All loops from `index` inwards; nothing is moved between them, so perfect ones are counted at once."""
        done = prod(self.trips(i) for i in range(index + 1)) * self.weight
        self.computes[0] += done
        for tally in self.tallies[0]:
            tally.add((ALONE,), done)

    def repeat(self, index: int) -> None:
        """A temporal loop: its first iteration, and those that stand for the others."""
        loop, start, weight = self.loops[index], self.at[self.loops[index].rank], self.weight
        below = index - 1
        is_boundary = self.loops[below].level != loop.level
        totals = [0] * len(self.tensors)
        latest = totals
        # The number of trips depends on the loops around this one, so it is settled before the first.
        visits = self.visits(index)
        self.index[index] = 0
        for stands_for, is_own in visits:
            self.weight = weight * stands_for
            if is_boundary:
                new = self.enter(below)
                latest = [size(region) for region in new] if is_own else latest
                totals = [total + words * stands_for for total, words in zip(totals, latest, strict=True)]
            else:
                self.step(below)
            self.at[loop.rank] += loop.step * stands_for
            self.index[index] += stands_for
        self.at[loop.rank], self.weight = start, weight
        if is_boundary:
            for tally, words in zip(self.tallies[loop.level], totals, strict=True):
                tally.add((ALONE,), words * weight)

    def visits(self, index: int) -> tuple[tuple[int, bool], ...]:
        """The iterations of a loop that are walked, as `visited` describes them."""
        return visited(self.trips(index), not self.loops[index].is_perfect, self.ends_short(index), self.rules)

    def ends_short(self, index: int) -> bool:
        """Whether the last iteration of a loop differs: an imperfect loop of the rank runs inside it."""
        rank = self.loops[index].rank
        inside = any(loop.rank == rank and not loop.is_perfect for loop in self.loops[:index])
        return inside and self.is_last(index + 1, rank)

    # spatial loops

    def cross(self, master: int) -> None:
        """All spatial loops of a level at once."""
        level = self.loops[master].level
        lowest = master - len(self.nest.block(level)) + 1
        self.index[lowest : master + 1] = [0] * (master - lowest + 1)
        new = self.enter(lowest - 1) if lowest else self.points()
        shifts = self.shifts(master, lowest)
        tiles = self.tile(master)
        self.spread[level] = [max(old, tile.size) for old, tile in zip(self.spread[level], tiles, strict=True)]
        if not lowest:
            self.computes.update(dict.fromkeys(shifts[0], self.weight))
        for t in range(len(self.tensors)):
            self.deliver(level, t, new, shifts)
        self.before[level] = (new, shifts)

    def points(self) -> tuple[Region, ...]:
        """The first compute unit's operands."""
        nowhere = dict.fromkeys(self.at, 0)
        return tuple((self.hull(axes, nowhere),) for axes in self.coefficients)

    def deliver(self, level: int, t: int, new: Sequence[Region], shifts: Sequence[Shifts]) -> None:
        """Count one change of a tensor below a level: multicast, and over links where that saves accesses."""
        words = size(new[t]) * self.weight
        if not words:
            return
        tally, array = self.tallies[level][t], self.nest.arrays[level]
        found = self.groups(level, t, shifts[t])
        if array and array.links_of(self.tensors[t]) and level in self.before:
            regions, placed = self.before[level]
            rest = unlinked(new[t], shifts[t], regions[t], placed[t], self.grids[level])
            fewer = records(rest, self.grids[level], self.shares(level, t)) if len(rest) < len(shifts[t]) else found
            if sum(r.groups for r in fewer) < sum(r.groups for r in found):
                found = fewer
                tally.links += (len(shifts[t]) - len(rest)) * words
        tally.add(found, words)

    def shares(self, level: int, t: int) -> bool:
        """Whether the network below a level multicasts a tensor, or reduces the output."""
        array, tensor = self.nest.arrays[level], self.tensors[t]
        return array is None or (array.reduces(tensor) if tensor.is_output else array.multicasts(tensor))

    def groups(self, level: int, t: int, shifts: Shifts) -> tuple[Record, ...]:
        """Who shares, if all children are served by the parent."""
        key = (level, t, id(shifts))
        if key not in self.shared:
            self.shared[key] = records(shifts, self.grids[level], self.shares(level, t))
        return self.shared[key]

    def shifts(self, master: int, lowest: int) -> Sequence[Shifts]:
        """Per tensor, child to shift against the first child; it depends only on which ranks are at their last trip."""
        ranks = dict.fromkeys(loop.rank for loop in self.loops[lowest : master + 1])
        key = (master, tuple(self.is_last(master + 1, rank) for rank in ranks))
        if key not in self.known:
            placed: dict[int, dict[str, int]] = {}
            self.fill(master, lowest, 0, dict.fromkeys(self.at, 0), placed)
            self.known[key] = [
                {child: _image(axes, move) for child, move in placed.items()} for axes in self.coefficients
            ]
        return self.known[key]

    def fill(
        self, index: int, lowest: int, first: int, move: dict[str, int], placed: dict[int, dict[str, int]]
    ) -> None:
        """Number the children, outer loops first, by the trips that each loop makes there."""
        loop, trips = self.loops[index], self.trips(index)
        for j in range(trips):
            self.index[index] = j
            here = {**move, loop.rank: move[loop.rank] + j * loop.step}
            if index == lowest:
                placed[first * trips + j] = here
            else:
                self.fill(index - 1, lowest, first * trips + j, here, placed)


def _new(memory: _Memory, tile: Box) -> Region:
    """What of a tile was not in the previous one; a tile that moves unlike before is fetched whole."""
    before, memory.tile = memory.tile, tile
    if before is None:
        return difference(tile, None)
    move = translation(tile, before)
    if any(move):
        if memory.move not in (None, move):
            memory.move = None
            return difference(tile, None)
        memory.move = move
    return difference(tile, before)


def _image(axes: Sequence[dict[str, int]], move: dict[str, int]) -> Vector:
    return tuple(sum(c * move[rank] for rank, c in axis.items()) for axis in axes)


def _grid(nest: Chain, level: int) -> Grid:
    """The array's own width, or that of the loops where they are wider."""
    array = nest.arrays[level]
    shape = [size for _, size in array.shape] if array else []
    ends = [1, 1]
    for loop in nest.block(level):
        ends[loop.axis] *= loop.end
    width, height = (max(end, size) for end, size in zip(ends, [*shape, 1, 1]))
    return Grid(width, height)
