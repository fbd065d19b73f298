"""The loop nest on any domain with any factors, walked point by point: docs/design/exact.md, literally.

Every count is the size of a set that was held. A nest of a few hundred points takes a few milliseconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture, Array
from polymap.mapping.nest import Loop, Spatial, Storage, Temporal
from polymap.mapping.nest import Mapping as LoopNest
from polymap.workload.einsum import Affine, Einsum, Tensor
from tests.oracles.walk import Index, Point, Row, Tile, Walked, occupied

Domain: TypeAlias = Callable[[Mapping[str, int]], bool]
Iteration: TypeAlias = dict[str, int]
Runs: TypeAlias = dict[Index, dict[Index, list[Iteration]]]


@dataclass(frozen=True)
class Rules:
    """What the walk is told of the conventions: `holes` is "hull" or "exact"."""

    holes: str = "hull"
    drains_are_read: bool = True


@dataclass(frozen=True)
class Step:
    """One step of an instance: the value of the temporal loops above, what is held, what of it is fetched."""

    time: Index
    tile: Tile
    fetched: Tile


@dataclass(frozen=True)
class Arrival:
    """What crosses once between a parent instance and some of its children, at one value of the temporal loops."""

    parent: Index
    elements: Tile


def everywhere(point: Mapping[str, int]) -> bool:
    """The predicate of a box: nothing is left out."""
    return True


def walk(
    einsum: Einsum, mapping: LoopNest, architecture: Architecture, rules: Rules, domain: Domain = everywhere
) -> Walked:
    """Count every fill, read and update of `mapping` over the points of the box of `einsum` that `domain` accepts."""
    nest = Nest(einsum, architecture, mapping.without_unit_loops(), domain)
    rows = {}
    for tensor in einsum.tensors:
        rows.update(TensorWalk(nest, tensor, rules).rows())
    return Walked(rows, len(nest.executed), nest.compute_cycles(), occupied(rows))


def always_empty(
    einsum: Einsum, mapping: LoopNest, architecture: Architecture, domain: Domain = everywhere
) -> list[int]:
    """Positions of the loops of which some iteration never runs a point."""
    nest = Nest(einsum, architecture, mapping, domain)
    ever = {position: {index[k] for index, _ in nest.executed} for k, position in enumerate(nest.positions)}
    return [position for position in nest.positions if len(ever[position]) < nest.loop(position).trip]


@dataclass(frozen=True)
class Nest:
    """A mapping with positions: node `i` of the flat list stands at position `i`, the compute statement at the end."""

    einsum: Einsum
    architecture: Architecture
    mapping: LoopNest
    domain: Domain

    @property
    def end(self) -> int:
        return len(self.mapping.nodes)

    def loop(self, position: int) -> Loop:
        node = self.mapping.nodes[position]
        assert not isinstance(node, Storage)
        return node

    def array(self, position: int) -> Array:
        """The array that a spatial loop runs on."""
        return self.dimension(position)[0]

    def dimension(self, position: int) -> tuple[Array, str]:
        """The array that a spatial loop runs on, and along which dimension."""
        loop = self.loop(position)
        assert isinstance(loop, Spatial)
        found = self.architecture.dimension(loop.on)
        assert found is not None
        return found[0], found[1]

    @cached_property
    def positions(self) -> tuple[int, ...]:
        """Where the loops stand, outermost first; an index vector has one component per loop."""
        return tuple(i for i, node in enumerate(self.mapping.nodes) if not isinstance(node, Storage))

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """How far each loop moves its rank."""
        return tuple(self.trips_below(position) for position in self.positions)

    def trips_below(self, position: int) -> int:
        rank = self.loop(position).rank
        return prod(self.loop(i).trip for i in self.positions if i > position and self.loop(i).rank == rank)

    @cached_property
    def executed(self) -> list[tuple[Index, Iteration]]:
        """Every point that runs, in the order of execution, with the index vector that runs it."""
        found = (
            (index, self.iteration(index)) for index in product(*(range(self.loop(i).trip) for i in self.positions))
        )
        return [(index, point) for index, point in found if self.runs(point)]

    def iteration(self, index: Index) -> Iteration:
        point = dict.fromkeys(self.einsum.sizes, 0)
        for position, step, x in zip(self.positions, self.steps, index, strict=True):
            point[self.loop(position).rank] += step * x
        return point

    def runs(self, point: Iteration) -> bool:
        return all(point[rank] < size for rank, size in self.einsum.ranks) and self.domain(point)

    @cached_property
    def is_box(self) -> bool:
        ranks = self.einsum.sizes
        return len(self.executed) == prod(ranks.values())

    def components(self, kind: type[Loop], stop: int) -> tuple[int, ...]:
        """Which components of an index vector belong to temporal or spatial loops above position `stop`."""
        places = enumerate(self.positions)
        return tuple(k for k, i in places if i < stop and isinstance(self.mapping.nodes[i], kind))

    def below(self, position: int) -> Runs:
        """By instance and step of a node at `position`: the points that run below. Steps without points are absent."""
        spatial, temporal = self.components(Spatial, position), self.components(Temporal, position)
        found: Runs = defaultdict(lambda: defaultdict(list))
        for index, point in self.executed:
            found[pick(index, spatial)][pick(index, temporal)].append(point)
        return found

    def compute_cycles(self) -> int:
        """Values of all temporal loops for which some instance runs a point."""
        temporal = self.components(Temporal, self.end)
        return len({pick(index, temporal) for index, _ in self.executed})


def pick(index: Index, components: tuple[int, ...]) -> Index:
    return tuple(index[k] for k in components)


def datum(coordinates: tuple[Affine, ...], point: Iteration) -> Point:
    return tuple(axis.constant + sum(c * point[rank] for rank, c in axis.terms) for axis in coordinates)


def filled(touched: Tile) -> Tile:
    """Each coordinate filled to the interval between its least and greatest value."""
    axes = list(zip(*touched, strict=True))
    return frozenset(product(*(range(min(axis), max(axis) + 1) for axis in axes)))


@dataclass(frozen=True)
class TensorWalk:
    """All storage nodes of one tensor, outermost first, and the compute statement as their innermost consumer."""

    nest: Nest
    tensor: Tensor
    rules: Rules

    def rows(self) -> dict[tuple[str, str], Row]:
        nodes = self.nodes()
        steps = {p: self.timelines(p) for p in (*nodes, self.nest.end)}
        consumers = (*nodes[1:], self.nest.end)
        return {
            (self.level(q), self.tensor.name): self.row(q, p, steps, outermost=q == nodes[0])
            for q, p in zip(nodes, consumers, strict=True)
        }

    def nodes(self) -> tuple[int, ...]:
        nodes = enumerate(self.nest.mapping.nodes)
        return tuple(i for i, node in nodes if isinstance(node, Storage) and self.tensor.name in node.tensors)

    def parent(self, position: int) -> int:
        nodes = self.nodes()
        return nodes[nodes.index(position) - 1]

    def level(self, position: int) -> str:
        node = self.nest.mapping.nodes[position]
        assert isinstance(node, Storage)
        return node.level

    def row(self, q: int, p: int, steps: dict[int, dict[Index, list[Step]]], outermost: bool) -> Row:
        own, passed_on = steps[q], 0 if outermost else self.linked(self.parent(q), q, steps[q])
        arrivals = list(self.crossing(q, p, steps[p]))
        crossed = sum(len(arrival.elements) for arrival in arrivals)
        instances, tile = len(own), max(len(step.tile) for line in own.values() for step in line)
        if not self.tensor.is_output:
            return Row(0 if outermost else fetched(own), crossed + passed_on, 0, tile, instances)
        fills = fetched(own) - firsts((instance, step.fetched) for instance, line in own.items() for step in line)
        reads = crossed - firsts((arrival.parent, arrival.elements) for arrival in arrivals)
        drained = fetched(own) if self.rules.drains_are_read and not outermost else 0
        return Row(0 if outermost else fills, reads + drained, crossed, tile, instances)

    def timelines(self, p: int) -> dict[Index, list[Step]]:
        """Every instance's steps in the order of time."""
        rule = self.touching if p == self.nest.end else self.resident
        return {instance: rule(p, line) for instance, line in self.nest.below(p).items()}

    def touching(self, p: int, line: dict[Index, list[Iteration]]) -> list[Step]:
        """The compute statement keeps nothing: it touches its point at every step."""
        return [Step(time, self.touched(points), self.touched(points)) for time, points in line.items()]

    def resident(self, p: int, line: dict[Index, list[Iteration]]) -> list[Step]:
        """What the previous step held stays unless a loop outside `j` has moved since."""
        outside = self.outside(p)
        steps: list[Step] = []
        for time, points in line.items():
            tile = self.tile(points)
            stays = bool(steps) and pick(steps[-1].time, outside) == pick(time, outside)
            steps.append(Step(time, tile, tile - steps[-1].tile if stays else tile))
        return steps

    def outside(self, p: int) -> Index:
        """Which components of a node's time belong to loops outside `j`, the innermost relevant temporal loop above."""
        temporal = self.nest.components(Temporal, p)
        ranks = [self.nest.loop(self.nest.positions[k]).rank for k in temporal]
        relevant = [at for at, rank in enumerate(ranks) if rank in self.tensor.ranks]
        return tuple(range(relevant[-1])) if relevant else ()

    def touched(self, points: list[Iteration]) -> Tile:
        return frozenset(datum(self.tensor.coordinates, point) for point in points)

    def tile(self, points: list[Iteration]) -> Tile:
        exact = self.touched(points)
        return filled(exact) if self.rules.holes == "hull" and self.nest.is_box else exact

    def crossing(self, q: int, p: int, children: dict[Index, list[Step]]) -> Iterator[Arrival]:
        """What crosses at each time: siblings apart on sharing arrays only, that fetch one set, are served once.

        On arrays with `share_halo` siblings are served together: each element that any of them fetches crosses once.
        What a neighbour passes on does not cross.
        """
        far = len(self.nest.components(Spatial, q))
        alone, private = self.near(q, p, lambda array: not self.joins(array)), self.near(q, p, self.is_private)
        joint: dict[tuple[Index, Index, Index, Index], set[Point]] = defaultdict(set)
        for instance, step in self.asked(q, p, children):
            key = (step.time, instance[:far], pick(instance, private), pick(instance, alone))
            joint[key] |= step.fetched
        sent = {(time, parent, apart, frozenset(elements)) for (time, parent, apart, _), elements in joint.items()}
        return (Arrival(parent, elements) for _, parent, _, elements in sent)

    def asked(self, q: int, p: int, children: dict[Index, list[Step]]) -> Iterator[tuple[Index, Step]]:
        """The steps whose data no neighbour can pass on: the parent is asked for them."""
        neighbours = self.neighbours(q, p, list(children))
        for instance, line in children.items():
            for step in line:
                if not any(last_before(children[other], step.time) == step.tile for other in neighbours[instance]):
                    yield instance, step

    def linked(self, q: int, p: int, children: dict[Index, list[Step]]) -> int:
        """Elements that children of q take from a neighbour: their next tile is what it held at the step before."""
        asked = sum(len(step.fetched) for _, step in self.asked(q, p, children))
        return fetched(children) - asked

    def neighbours(self, q: int, p: int, instances: list[Index]) -> dict[Index, list[Index]]:
        """Instances one position apart along one dimension of an array with links, and equal in all else."""
        near = () if self.tensor.is_output else self.near(q, p, lambda array: array.links_of(self.tensor))
        if not near:
            return {one: [] for one in instances}
        spatial = [self.nest.positions[k] for k in self.nest.components(Spatial, p)]
        return {one: [other for other in instances if self.adjoin(one, other, near, spatial)] for one in instances}

    def adjoin(self, one: Index, other: Index, near: Index, spatial: list[int]) -> bool:
        """Whether two instances differ on `near` loops only, by one position along one dimension."""
        if any(a != b for at, (a, b) in enumerate(zip(one, other, strict=True)) if at not in near):
            return False
        apart: dict[tuple[Array, str], int] = defaultdict(int)
        for at in near:
            dimension = self.nest.dimension(spatial[at])
            inside = (
                self.nest.loop(spatial[k]) for k in near if k > at and self.nest.dimension(spatial[k]) == dimension
            )
            apart[dimension] += (one[at] - other[at]) * prod(loop.trip for loop in inside)
        return sorted(abs(distance) for distance in apart.values() if distance) == [1]

    def near(self, q: int, p: int, chosen: Callable[[Array], bool]) -> Index:
        """Which components of an instance's index belong to loops between q and p on chosen arrays."""
        spatial = [self.nest.positions[k] for k in self.nest.components(Spatial, p)]
        return tuple(at for at, i in enumerate(spatial) if i > q and chosen(self.nest.array(i)))

    def is_private(self, array: Array) -> bool:
        shares = array.reduces(self.tensor) if self.tensor.is_output else array.multicasts(self.tensor)
        return not shares and not self.joins(array)

    def joins(self, array: Array) -> bool:
        return not self.tensor.is_output and array.shares_halo(self.tensor)


def last_before(line: list[Step], time: Index) -> Tile | None:
    """What an instance holds when a time begins: the tile of its last step before it, None before its first."""
    return next((step.tile for step in reversed(line) if step.time < time), None)


def fetched(lines: dict[Index, list[Step]]) -> int:
    return sum(len(step.fetched) for line in lines.values() for step in line)


def firsts(events: Iterable[tuple[Index, Tile]]) -> int:
    """Distinct elements that each instance ever meets, summed over instances."""
    met: dict[Index, set[Point]] = defaultdict(set)
    for instance, elements in events:
        met[instance] |= elements
    return sum(len(elements) for elements in met.values())
