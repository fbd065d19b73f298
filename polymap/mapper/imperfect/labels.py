"""Nests of a class in the order of what they cost at least: a best-first search with true tiles.

A *label* is a path from the innermost state: the trips taken, the exact room its nodes take, and what it has paid. Its
bound adds what the tables say is still to pay. Prices that depend on the steps of spatial loops further out (`Owed`)
are paid from below at first and corrected when the array is crossed.

Two labels in one state, with equal tiles at the arrays they have crossed, have the same ways to go on, but for the
room that is left. So one that has paid, taken and spread no more than the other is enough. A rank that no array unrolls
may be told by its rung then, and smaller tiles are better: counts see the rung only.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import inf, prod
from typing import Any, TypeAlias

import numpy as np

from polymap.mapper.families import START, Closing, Family, Key, Nodes
from polymap.mapper.fronts import Fronts, added
from polymap.mapper.imperfect.flows import Crossing, Flow, kept
from polymap.mapper.imperfect.rungs import WHOLE, crossed, least_trips, starts
from polymap.mapper.imperfect.tables import Bounds
from polymap.mapper.labels import TooManyLabels
from polymap.mapper.objective import Rank

Item: TypeAlias = "tuple[int, int] | frozenset[int]"  # a loop (rank, trip), or nodes placed between loops
Gaps: TypeAlias = list[list[Item]]  # innermost gap and item first
Nest: TypeAlias = Sequence[Any]  # gaps or, under statements, steps
Ranking: TypeAlias = Callable[[Rank, int], Rank | None]  # of energy and busy cycles, and of compute cycles
PAUSE = 500  # labels
MOST_EAGER = 2_000  # labels


@dataclass(frozen=True, slots=True)
class Crossed:
    """An array on the way: `tile` points of the rank were inside it."""

    crossing: Crossing
    tile: int


@dataclass(frozen=True, slots=True)
class Owed:
    """A flow that closed at these tiles: `base` elements for every group of the ranks that do not concern it."""

    flow: int
    base: int
    tiles: tuple[tuple[int, int], ...]  # of ranks that do not concern the tensor: (rank, points of its tile, or WHOLE)


@dataclass(frozen=True, slots=True)
class Label:
    """A path to a state. `trips` are the products of temporal trips so far, WHOLE for ranks that are whole."""

    gap: int
    key: Key
    trips: tuple[int, ...]
    paid: Rank
    taken: tuple[tuple[str, int], ...]
    way: tuple[Crossed, ...]
    owed: tuple[Owed, ...]
    told: tuple[Owed, ...]  # all flows so far, where bounds do not tell counts
    cycles: int
    bound: Rank
    before: Label | None
    item: Item | None


class Labels:
    """One search; `rank` is None for values that are of no use."""

    most: float = inf  # labels

    def __init__(self, bounds: Bounds, rank: Ranking) -> None:
        self.bounds, self.rank = bounds, rank
        self.charges, self.loops = bounds.charges, bounds.loops
        self.quantities = self.charges.quantities
        self.tables = [bounds.to_go(quantity) for quantity in self.quantities]
        self.families = {(gap, f.key): f for gap, found in enumerate(bounds.families.of) for f in found}
        self.places = [{m: i for i, m in enumerate(order)} for order in bounds.rungs]
        self.rooms = {name: int(bits) for name, bits in self.loops.geometry.rooms.items()}
        self.mates = {name: bounds.held_in(name) for name in self.rooms}
        self.queue: list[tuple[Rank, int, int, Label]] = []
        self.fronts = Fronts[tuple[object, ...]]()
        self.serial, self.eager = 0, False
        ranks = range(len(self.loops.sizes))
        strided = {
            r
            for flow in self.charges.flows
            for c in flow.coordinates
            if len(c) > 1 and any(k > 1 for k, _ in c)
            for _, r in c
        }
        self.by_rung = frozenset(r for r in ranks if r not in self.loops.unrolled and r not in strided)

    def nests(self) -> Iterator[tuple[Rank, Nest | None]]:
        """(bound, nest), least bound first; now and then a bound alone. Raises `TooManyLabels`."""
        if self.bounds.start is None:
            return
        self._begin()
        for popped in count():
            if not self.queue:
                return
            bound, _, _, label = heapq.heappop(self.queue)
            if not label.gap:
                yield bound, self.nest(label)
            else:
                if popped >= self.most:
                    raise TooManyLabels(bound)
                if popped % PAUSE == PAUSE - 1:
                    yield bound, None
                if self._stands(label):
                    self._expand(label)

    def first(self) -> Nest | None:
        """A nest without a proof: the outermost gap first, where the best label goes on."""
        self.eager = True
        if self.bounds.start is not None:
            self._begin()
        for _ in range(MOST_EAGER):
            if not self.queue:
                return None
            *_, label = heapq.heappop(self.queue)
            if not label.gap:
                return self.nest(label)
            self._expand(label)
        return None

    def _begin(self) -> None:
        nodes, sizes = len(self.bounds.nodes), self.loops.sizes
        owed, paid = [], [quantity.constant for quantity in self.quantities]
        for i, flow in enumerate(self.charges.computing, 2 * nodes):
            base = prod(sizes[r] for c in flow.coordinates for _, r in c)
            due = Owed(i, base, tuple((r, 1) for r in flow.others))
            owed.append(due)
            paid = [p + c for p, c in zip(paid, self._charged(i, self._amount(due, flow, ())))]
        trips = tuple(1 if size > 1 else WHOLE for size in sizes)
        last = self.loops.skeleton.last
        label = Label(last, START, trips, tuple(paid), (), (), tuple(owed), (), self.charges.cycles, (), None, None)
        self._cross(self._initial(label), last)

    def _initial(self, label: Label) -> Label:
        return label

    def _charged(self, flow: int, amount: float) -> Rank:
        elements = np.asarray(amount, dtype=np.float64)
        return tuple(float(q.charge(flow, elements)) if q.concerns(flow) else 0.0 for q in self.quantities)

    # counts

    def _rung(self, rank: int, trips: int) -> int:
        return -(-self.loops.sizes[rank] // trips) if trips else WHOLE

    def _tiles(self, trips: tuple[int, ...], rank: int, stop: int) -> int:
        """Tiles of a rank that nodes at a stop have in all."""
        if not trips[rank]:
            return self.loops.least_instances(stop)[rank]
        return -(-self._rung(rank, trips[rank]) // self.loops.below[stop][rank])

    def _span(self, trips: tuple[int, ...], rank: int, stop: int) -> int:
        size = self.loops.sizes[rank]
        return min(size, trips[rank] * self.loops.below[stop][rank]) if trips[rank] else size

    def _amount(self, owed: Owed, flow: Flow, way: tuple[Crossed, ...]) -> float:
        """Elements of a flow, as far as the arrays on the way are known."""
        total: float = owed.base
        for rank, tile in owed.tiles:
            total *= self._groups(flow, rank, tile, way)
        return total / flow.alike

    def _groups(self, flow: Flow, rank: int, tile: int, way: tuple[Crossed, ...]) -> int:
        """Groups of a rank that does not concern a flow closed at a tile of it: every value of its loops outside and of
        the spatial loops inside apart, but for those that are shared."""
        size, unknown = self.loops.sizes[rank], flow.shared[rank]
        loops: list[tuple[int, int]] = []
        here = tile
        for step in way:
            c = step.crossing
            if c.rank != rank or c.gap > flow.stop:
                continue
            shared = self._is_shared(flow, c)
            unknown //= c.factor if shared else 1
            if tile == WHOLE or step.tile < tile:
                loops += [] if shared else [(c.factor, step.tile)]
                continue
            if step.tile > here:
                loops.append((step.tile // here, here))
            loops += [] if shared else [(c.factor, step.tile)]
            here = step.tile * c.factor
        if here != WHOLE and here < size:
            loops.append((-(-size // here), here))
        found = starts(size, loops[::-1])
        return -(-found // unknown)

    def _is_shared(self, flow: Flow, crossing: Crossing) -> bool:
        return (crossing.gap, crossing.array.name) in flow.sharing

    # moves

    def _expand(self, label: Label) -> None:
        self.bounds.check()
        family = self.families[label.gap, label.key]
        for closing in family.closings:
            for trip in self._trips(label, closing.rank):
                self._close(label, closing, trip)
        for rank in family.free:
            for trip in self._trips(label, rank):
                self._push(replace(label, trips=self._looped(label, rank, trip), before=label, item=(rank, trip)))
        for placing in family.placings:
            nodes = Nodes({placing.node})
            taken = self._take(label, nodes)
            if taken is not None:
                after = replace(label, key=placing.after, taken=taken, before=label, item=nodes)
                self._push(self._pay(after, label, (placing.node,)) if placing.pays else after)
        self._leave(label, family)

    def _trips(self, label: Label, rank: int) -> tuple[int, ...] | range:
        trips = label.trips[rank]
        if not trips:
            return ()
        tiles = -(-self._rung(rank, trips) // self.loops.below[label.gap - 1][rank])
        return least_trips(tiles) if rank in self.by_rung else range(2, tiles + 1)

    def _looped(self, label: Label, rank: int, trip: int) -> tuple[int, ...]:
        tiles = -(-self._rung(rank, label.trips[rank]) // self.loops.below[label.gap - 1][rank])
        trips = WHOLE if trip >= tiles else label.trips[rank] * trip
        return (*label.trips[:rank], trips, *label.trips[rank + 1 :])

    def _close(self, label: Label, closing: Closing, trip: int) -> None:
        trips = self._looped(label, closing.rank, trip)
        after = replace(label, key=closing.after, trips=trips, before=label, item=(closing.rank, trip))
        for node in closing.closed:
            slide = (closing.rank, trip) if node in closing.mixed else None
            after = self._pay(after, label, (node,), slide)
        self._push(after)

    def _pay(self, after: Label, at: Label, nodes: tuple[int, ...], slide: tuple[int, int] | None = None) -> Label:
        """The label once nodes have closed at the tiles of `at`."""
        paid, owed, told = after.paid, list(after.owed), list(after.told)
        for node in nodes:
            for number in (node, len(self.bounds.nodes) + node):
                flow = self.charges.flows[number]
                tiles = tuple((r, self._position(at, r)) for r in flow.others)
                due = Owed(number, self._base(flow, at, slide), tiles)
                paid = added(paid, self._charged(number, self._amount(due, flow, at.way)))
                if self._awaits(flow, at.gap):
                    owed.append(due)
                if not self.charges.exact:
                    told.append(due)
        return replace(after, paid=paid, owed=tuple(owed), told=tuple(told))

    def _position(self, label: Label, rank: int) -> int:
        """Points of a rank's tile here."""
        return label.trips[rank] * self.loops.below[label.gap - 1][rank]

    def _awaits(self, flow: Flow, gap: int) -> bool:
        """Whether arrays further out decide how often the flow is asked for."""
        return any(
            c.rank in flow.others and self._is_shared(flow, c) for g in range(gap) for c in self.loops.crossing[g]
        )

    def _base(self, flow: Flow, at: Label, slide: tuple[int, int] | None) -> int:
        sizes, ranks = self.loops.sizes, range(len(self.loops.sizes))
        tiles = tuple(self._tiles(at.trips, r, flow.stop) for r in ranks)
        whole = prod(flow.extents(c, sizes, tiles) for c in flow.coordinates)
        if slide is None or flow.rough:
            return int(whole)
        rank, trip = slide
        spans = tuple(self._span(at.trips, r, flow.stop) for r in ranks)
        same = 1
        for c in flow.coordinates:
            moved = any(r == rank for _, r in c)
            step = self._position(at, rank)
            same *= kept(c, rank, sizes, spans, tiles, step) if moved else flow.extents(c, sizes, tiles)
        return int(whole - same * (tiles[rank] - self._first(flow, at, rank, trip)))

    def _first(self, flow: Flow, at: Label, rank: int, trip: int) -> int:
        """Tiles of a node along a rank that are the first of their closing loop."""
        outside = self._position(at, rank) * trip
        loops = [(-(-self.loops.sizes[rank] // outside), outside)]
        here = (s for s in reversed(at.way) if s.crossing.rank == rank and s.crossing.gap <= flow.stop)
        loops += [(s.crossing.factor, s.tile) for s in here]
        return starts(self.loops.sizes[rank], loops)

    def _take(self, label: Label, nodes: Nodes) -> tuple[tuple[str, int], ...] | None:
        """Room taken once nodes are placed; None if too little is left for those of their memories that are to come."""
        held = dict(label.taken)
        for i in nodes:
            name = self.bounds.nodes[i].memory.name
            if name in self.rooms:
                held[name] = held.get(name, 0) + self._bits(label, i)
                coming = sum(self._bits(label, j) for j in self.mates[name] - label.key[0] - nodes)
                if held[name] + coming > self.rooms[name]:
                    return None
        return tuple(sorted(held.items()))

    def _bits(self, label: Label, number: int) -> int:
        """Room of a node's tile here."""
        node, coordinates = self.bounds.nodes[number], self.charges.flows[number].coordinates
        extents = (1 + sum(k * (self._span(label.trips, r, node.stop) - 1) for k, r in c) for c in coordinates)
        return prod(extents) * node.memory.element_bits(node.tensor) * node.memory.buffering

    def _leave(self, label: Label, family: Family) -> None:
        stop = label.gap - 1
        taken = self._take(label, family.leaving)
        ranks = self.bounds.at_home(stop) if stop else range(len(label.trips))
        if taken is None or any(label.trips[r] for r in ranks):
            return
        due = family.leaving | (label.key[1] if not stop else frozenset())
        pays = tuple(sorted(due)) if not stop or not self.bounds.stays else ()
        after = replace(label, key=(frozenset(), family.owing), taken=(), before=label, item=None)
        after = self._pay(after, label, pays)
        if stop:
            self._cross(after, stop)
        else:
            self._push(replace(after, gap=0))

    def _cross(self, label: Label, gap: int) -> None:
        """Through the arrays of a gap into it."""
        trips, way, inside = list(label.trips), list(label.way), list(self.loops.below[gap])
        for c in self.loops.crossing[gap]:
            outside = crossed(self._rung(c.rank, trips[c.rank]), inside[c.rank], c.factor, c.through)
            if outside is None:
                return
            way.append(Crossed(c, trips[c.rank] * inside[c.rank]))
            inside[c.rank] *= c.factor
            trips[c.rank] = WHOLE if outside == WHOLE else trips[c.rank]
        after = replace(label, gap=gap, trips=tuple(trips), way=tuple(way))
        self._push(self._settled(after, label) if self.loops.crossing[gap] else after)

    def _settled(self, label: Label, before: Label) -> Label:
        """What is owed, and the cycles, now that more arrays have been crossed."""
        paid, owed = label.paid, []
        for due in label.owed:
            flow = self.charges.flows[due.flow]
            now, then = (self._amount(due, flow, way) for way in (label.way, before.way))
            if now != then:
                rise = (a - b for a, b in zip(self._charged(due.flow, now), self._charged(due.flow, then)))
                paid = added(paid, tuple(rise))
            if self._awaits(flow, label.gap):
                owed.append(due)
        return replace(label, paid=paid, owed=tuple(owed), cycles=self._cycles(label))

    def _cycles(self, label: Label) -> int:
        """Compute cycles at least, exact once all arrays of a rank are crossed."""
        total = 1
        for rank, size in enumerate(self.loops.sizes):
            loops, here = list[tuple[int, int]](), 1
            for step in label.way:
                if step.crossing.rank == rank:
                    loops += [(step.tile // here, here)] if step.tile > here else []
                    here = step.tile * step.crossing.factor
            loops += [(-(-size // here), here)] if here < size else []
            ahead = prod(c.factor for g in range(label.gap) for c in self.loops.crossing[g] if c.rank == rank)
            total *= -(-starts(size, loops[::-1]) // ahead)
        return total

    # the queue

    def _push(self, label: Label) -> None:
        least = label.paid
        if label.gap:
            key, place = self._key(label), tuple(self.places[r][self._rung(r, t)] for r, t in enumerate(label.trips))
            least = tuple(p + float(table[label.gap][key][place]) for p, table in zip(label.paid, self.tables))
        if inf in least:
            return
        rank = self.rank(least, label.cycles)
        if rank is None or not self._worth(label):
            return
        self.serial += 1
        bound = max(rank, label.before.bound) if label.before else rank
        label = replace(label, bound=bound)
        urgent = (float(label.gap), *bound) if self.eager else bound
        heapq.heappush(self.queue, (urgent, label.gap, -self.serial, label))

    def _key(self, label: Label) -> Key:
        """What the tables are asked for."""
        return label.key

    def _state(self, label: Label) -> tuple[tuple[object, ...], Rank]:
        """(what two labels must have in common, what must be no more)."""
        by_rung = self.by_rung
        where = tuple(self._rung(r, t) if r in by_rung else t for r, t in enumerate(label.trips))
        spread = tuple(float(t) for r, t in enumerate(label.trips) if r in by_rung)
        way = tuple(step.tile for step in label.way)
        owed = tuple((due.flow, due.tiles) for due in label.owed)
        bases = tuple(float(due.base) for due in label.owed)
        taken = tuple(float(bits) for _, bits in label.taken)
        names = tuple(name for name, _ in label.taken)
        return (label.gap, label.key, where, way, owed, names, label.told), (*label.paid, *taken, *spread, *bases)

    def _worth(self, label: Label) -> bool:
        return self.fronts.joins(*self._state(label))

    def _stands(self, label: Label) -> bool:
        return self.fronts.hold(*self._state(label))

    def nest(self, label: Label) -> Nest:
        """What stands in the gaps of a nest."""
        items: list[Item | None] = []
        step: Label | None = label
        while step is not None and step.before is not None:
            items.append(step.item)
            step = step.before
        return self._legal(_merged(items[::-1]))

    def _legal(self, gaps: Gaps) -> Gaps:
        """The same nest with no iteration that is always empty: a joined loop may have some."""
        trips, found = [1 if size > 1 else WHOLE for size in self.loops.sizes], Gaps()
        for gap, items in zip(range(self.loops.skeleton.last, 0, -1), gaps):
            inside = list(self.loops.below[gap])
            for c in self.loops.crossing[gap]:
                outside = crossed(self._rung(c.rank, trips[c.rank]), inside[c.rank], c.factor, c.through)
                inside[c.rank] *= c.factor
                trips[c.rank] = WHOLE if outside == WHOLE else trips[c.rank]
            here: list[Item] = []
            for item in items:
                if isinstance(item, frozenset):
                    here.append(item)
                    continue
                rank, trip = item
                tiles = -(-self._rung(rank, trips[rank]) // inside[rank]) if trips[rank] else 1
                if tiles > 1:
                    here.append((rank, min(trip, tiles)))
                    trips[rank] = WHOLE if trip >= tiles else trips[rank] * trip
            found.append(here)
        return found


def _merged(items: list[Item | None]) -> Gaps:
    """Items by gaps. A second loop over a rank between two placements is moved inwards to the first: no more is fetched
    there (see `program`)."""
    gaps: Gaps = [[]]
    since: dict[int, int] = {}
    for item in items:
        if item is None:
            gaps.append([])
            since = {}
        elif isinstance(item, frozenset):
            gaps[-1].append(item)
            since = {}
        elif item[0] in since:
            place = since[item[0]]
            first = gaps[-1][place]
            assert isinstance(first, tuple)
            gaps[-1][place] = (item[0], first[1] * item[1])
        else:
            since[item[0]] = len(gaps[-1])
            gaps[-1].append(item)
    return gaps[:-1]
