"""The loop nest, walked step by step with explicit sets of data coordinates: what the cost model's formulas must equal.

Nothing here is a formula where a set can be held instead. Only nests of a few thousand steps are practical.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.nest import Loop, Mapping, Spatial, Storage, Temporal
from polymap.model.conventions import Conventions
from polymap.workload.einsum import Affine, Einsum, Tensor

Point: TypeAlias = tuple[int, ...]
Tile: TypeAlias = frozenset[Point]
Index: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One tensor at one memory: totals over all used instances in elements; `tile_elements` per instance."""

    fills: int
    reads: int
    updates: int
    tile_elements: int
    instances: int


@dataclass(frozen=True)
class Walked:
    """Everything that was counted; `occupied` is the most elements one instance of a memory holds at any step."""

    rows: dict[tuple[str, str], Row]
    computes: int
    compute_cycles: int
    occupied: dict[str, int]


@dataclass(frozen=True)
class Visit:
    """One step of a node as one instance sees it: the tile, what of it is fetched, how many steps it stands for."""

    tile: Tile
    fetched: Tile
    weight: int = 1


def walk(einsum: Einsum, mapping: Mapping, architecture: Architecture, conventions: Conventions) -> Walked:
    """Count every fill, read and update of `mapping` by walking its loop nest."""
    nest = Nest(einsum, architecture, mapping.without_unit_loops())
    rows = {}
    for tensor in einsum.tensors:
        rows.update(TensorWalk(nest, tensor, conventions).rows())
    return Walked(rows, nest.computes(), nest.compute_cycles(), occupied(rows))


def occupied(rows: dict[tuple[str, str], Row]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for (level, _), row in rows.items():
        total[level] += row.tile_elements
    return dict(total)


@dataclass(frozen=True)
class Nest:
    """A mapping with positions: node `i` of the flat list stands at position `i`, the compute statement at the end."""

    einsum: Einsum
    architecture: Architecture
    mapping: Mapping

    @property
    def end(self) -> int:
        return len(self.mapping.nodes)

    def loops(self, kind: type[Loop], start: int, stop: int) -> tuple[int, ...]:
        """Positions of the temporal or spatial loops in [start, stop)."""
        return tuple(i for i in range(start, stop) if isinstance(self.mapping.nodes[i], kind))

    def loop(self, position: int) -> Loop:
        node = self.mapping.nodes[position]
        assert not isinstance(node, Storage)
        return node

    def indices(self, positions: tuple[int, ...]) -> Iterator[Index]:
        """Every value of the indices of these loops, the last loop fastest."""
        return product(*(range(self.loop(i).trip) for i in positions))

    def trips_below(self, position: int, rank: str) -> int:
        nodes = self.mapping.nodes[position:]
        return prod(node.trip for node in nodes if not isinstance(node, Storage) and node.rank == rank)

    def box(self, position: int, index: dict[int, int]) -> dict[str, range]:
        """The values every rank takes below `position`, once the loops above stand at `index`."""
        return {rank: self.interval(position, rank, index) for rank in self.einsum.sizes}

    def interval(self, position: int, rank: str, index: dict[int, int]) -> range:
        above = (i for i in index if self.loop(i).rank == rank)
        start = sum(index[i] * self.trips_below(i + 1, rank) for i in above)
        return range(start, start + self.trips_below(position, rank))

    def tile(self, position: int, tensor: Tensor, index: dict[int, int]) -> Tile:
        """The hull of the data of `tensor` that is touched below `position`."""
        box = self.box(position, index)
        return hull(tuple(extremes(coordinate, box) for coordinate in tensor.coordinates))

    def steps(self) -> Iterator[dict[int, int]]:
        """Every (time, instance) of the compute statement."""
        positions = tuple(i for i in range(self.end) if not isinstance(self.mapping.nodes[i], Storage))
        return (dict(zip(positions, index, strict=True)) for index in self.indices(positions))

    def computes(self) -> int:
        """Points visited; each point of the domain must be visited exactly once."""
        visited = Counter(tuple(r.start for r in self.box(self.end, index).values()) for index in self.steps())
        assert visited == Counter(product(*(range(size) for size in self.einsum.sizes.values())))
        return visited.total()

    def compute_cycles(self) -> int:
        return sum(1 for _ in self.indices(self.loops(Temporal, 0, self.end)))


def extremes(coordinate: Affine, box: dict[str, range]) -> tuple[int, int]:
    """Smallest and largest value of an affine coordinate over a box."""
    ends = [sorted((c * box[rank][0], c * box[rank][-1])) for rank, c in coordinate.terms]
    return coordinate.constant + sum(low for low, _ in ends), coordinate.constant + sum(high for _, high in ends)


@lru_cache(maxsize=100_000)
def hull(bounds: tuple[tuple[int, int], ...]) -> Tile:
    """All integer points of a box; equal boxes are the same object."""
    return frozenset(product(*(range(low, high + 1) for low, high in bounds)))


@dataclass(frozen=True)
class TensorWalk:
    """All storage nodes of one tensor, outermost first, and the compute statement as their innermost consumer."""

    nest: Nest
    tensor: Tensor
    conventions: Conventions

    def rows(self) -> dict[tuple[str, str], Row]:
        nodes = self.positions()
        below = (*nodes[1:], self.nest.end)
        return {
            (self.level(q), self.tensor.name): self.row(q, p, outermost=q == nodes[0])
            for q, p in zip(nodes, below, strict=True)
        }

    def level(self, position: int) -> str:
        node = self.nest.mapping.nodes[position]
        assert isinstance(node, Storage)
        return node.level

    def positions(self) -> tuple[int, ...]:
        nodes = enumerate(self.nest.mapping.nodes)
        return tuple(i for i, node in nodes if isinstance(node, Storage) and self.tensor.name in node.tensors)

    def row(self, q: int, p: int, outermost: bool) -> Row:
        own = self.visits_by_instance(q)
        counts = self.output_row(q, p, own) if self.tensor.is_output else self.input_row(q, p, own)
        fills, reads, updates = counts
        if self.tensor.is_output and self.conventions.drains_are_read and not outermost:
            reads += fetched(own)
        tile = max(len(visit.tile) for visits in own.values() for visit in visits)
        return Row(0 if outermost else fills, reads, updates, tile, len(own))

    def input_row(self, q: int, p: int, own: dict[Index, list[Visit]]) -> tuple[int, int, int]:
        reads = sum(weight * len(tile) for _, tile, weight in self.crossing(q, p))
        return fetched(own), reads, 0

    def output_row(self, q: int, p: int, own: dict[Index, list[Visit]]) -> tuple[int, int, int]:
        """The first write of every element by every instance is free, later ones find a partial sum to be read."""
        arrivals = list(self.crossing(q, p))
        updates = sum(weight * len(tile) for _, tile, weight in arrivals)
        if self.conventions.continuing_sweep:
            seen = sum(len(self.seen(q, instance)) for instance in own)
            return fetched(own) - seen, updates - seen, updates
        held_before = sum(repeated([visit.fetched for visit in visits]) for visits in own.values())
        by_instance: dict[Index, list[Tile]] = {instance: [] for instance in own}
        for instance, tile, _ in arrivals:
            by_instance[instance].append(tile)
        return held_before, sum(repeated(tiles) for tiles in by_instance.values()), updates

    def seen(self, p: int, instance: Index) -> Tile:
        """All elements that pass through one instance during the whole run."""
        spatial = dict(zip(self.nest.loops(Spatial, 0, p), instance, strict=True))
        temporal = self.nest.loops(Temporal, 0, p)
        steps = (dict(zip(temporal, time, strict=True)) for time in self.nest.indices(temporal))
        return frozenset().union(*(self.nest.tile(p, self.tensor, step | spatial) for step in steps))

    def visits_by_instance(self, p: int) -> dict[Index, list[Visit]]:
        rule = self.rule(p)
        return {instance: rule(p, instance) for instance in self.nest.indices(self.nest.loops(Spatial, 0, p))}

    def rule(self, p: int) -> Callable[[int, Index], list[Visit]]:
        if p == self.nest.end:
            return self.every_step
        return self.sweeping if self.conventions.continuing_sweep else self.resident

    def every_step(self, p: int, instance: Index) -> list[Visit]:
        """The compute statement keeps nothing: it touches its point at every step."""
        return [Visit(tile, tile) for _, tile in self.tiles(p, instance)]

    def tiles(self, p: int, instance: Index) -> Iterator[tuple[Index, Tile]]:
        """The tile of one instance at every time step."""
        spatial = dict(zip(self.nest.loops(Spatial, 0, p), instance, strict=True))
        temporal = self.nest.loops(Temporal, 0, p)
        for time in self.nest.indices(temporal):
            yield time, self.nest.tile(p, self.tensor, dict(zip(temporal, time, strict=True)) | spatial)

    def resident(self, p: int, instance: Index) -> list[Visit]:
        """What an instance holds is the tile of the current step.

        When the innermost relevant temporal loop steps, what is already held stays; when a loop outside it steps,
        the tile is fetched whole; loops inside it change nothing.
        """
        temporal = self.nest.loops(Temporal, 0, p)
        relevant = [k for k, i in enumerate(temporal) if self.nest.loop(i).rank in self.tensor.ranks]
        innermost = relevant[-1] if relevant else -1
        visits: list[Visit] = []
        before: Index | None = None
        for time, tile in self.tiles(p, instance):
            stepped = next(k for k in range(len(time)) if time[k] != before[k]) if before is not None else -2
            visits.append(Visit(tile, self.newly(tile, visits, stepped, innermost)))
            before = time
        return visits

    def newly(self, tile: Tile, visits: list[Visit], stepped: int, innermost: int) -> Tile:
        """What is fetched when the loop `stepped` (the outermost whose index changed) has stepped; -2 is the start."""
        if stepped == -2 or stepped < innermost:
            return tile
        if stepped > innermost:
            assert tile == visits[-1].tile
            return frozenset()
        return tile - visits[-1].tile

    def sweeping(self, p: int, instance: Index) -> list[Visit]:
        """The walk of timeloop 4cf6d4c: index 1 of every loop stands for all its later ones."""
        spatial = dict(zip(self.nest.loops(Spatial, 0, p), instance, strict=True))
        visits: list[Visit] = []
        remembered: Point | None = None
        for index, weight in self.representatives(self.nest.loops(Temporal, 0, p), {}, 1):
            tile = self.nest.tile(p, self.tensor, index | spatial)
            if not visits:
                visits.append(Visit(tile, tile, weight))
                continue
            previous = visits[-1].tile
            moved = translation(previous, tile)
            if not any(moved):
                visits.append(Visit(tile, frozenset(), weight))
            elif remembered is None or remembered == moved:
                visits.append(Visit(tile, tile - previous, weight))
                remembered = moved
            else:
                visits.append(Visit(tile, tile, weight))
                remembered = None
        return visits

    def representatives(
        self, loops: tuple[int, ...], index: dict[int, int], weight: int
    ) -> Iterator[tuple[dict[int, int], int]]:
        if not loops:
            yield index, weight
            return
        outermost, inner = loops[0], loops[1:]
        yield from self.representatives(inner, index | {outermost: 0}, weight)
        trip = self.nest.loop(outermost).trip
        if trip >= 2:
            yield from self.representatives(inner, index | {outermost: 1}, weight * (trip - 1))

    def crossing(self, q: int, p: int) -> Iterator[tuple[Index, Tile, int]]:
        """(parent instance, tile, weight) of everything that crosses between q and p, step by step.

        Sibling instances whose tiles are equal at a step share one transfer, unless they sit apart on an array
        whose network does not share.
        """
        visits = self.visits_by_instance(p)
        parent = len(self.nest.loops(Spatial, 0, q))
        private = self.private(q, p)
        for step in range(len(next(iter(visits.values())))):
            sent: dict[tuple[Index, Index, Tile], Visit] = {}
            for instance, of_instance in visits.items():
                visit = of_instance[step]
                apart = tuple(instance[k] for k in private)
                shared = sent.setdefault((instance[:parent], apart, visit.tile), visit)
                assert shared.fetched == visit.fetched
            yield from ((key[0], visit.fetched, visit.weight) for key, visit in sent.items())

    def private(self, q: int, p: int) -> tuple[int, ...]:
        """Which components of an instance's index belong to near loops on arrays that do not share."""
        spatial = self.nest.loops(Spatial, 0, p)
        return tuple(k for k, i in enumerate(spatial) if i > q and not self.shares(i))

    def shares(self, position: int) -> bool:
        loop = self.nest.loop(position)
        assert isinstance(loop, Spatial)
        found = self.nest.architecture.dimension(loop.on)
        assert found is not None
        return found[0].reduction if self.tensor.is_output else found[0].multicast


def fetched(visits: dict[Index, list[Visit]]) -> int:
    return sum(visit.weight * len(visit.fetched) for of_instance in visits.values() for visit in of_instance)


def repeated(tiles: list[Tile]) -> int:
    """How many elements of a sequence of sets have been there before."""
    before: set[Point] = set()
    count = 0
    for tile in tiles:
        count += len(tile & before)
        before |= tile
    return count


def translation(before: Tile, after: Tile) -> Point:
    """How far a box has moved, per coordinate."""
    return tuple(b - a for a, b in zip(min(before), min(after), strict=True))
