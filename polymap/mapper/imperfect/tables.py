"""Least prices from every state of a class to the end of the nest, over the rungs of its ranks.

This is the dynamic program of `polymap.mapper.program` with rungs in place of divisors. It is a lower bound: tiles are
taken as small as their rung allows, memories are asked for the room of what is placed and of what will be at least, and
flows are counted from below where the steps of spatial loops matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polymap.mapper.bounds import Few, factors
from polymap.mapper.families import START, Closing, Families, Family, Key, Nodes, families
from polymap.mapper.imperfect.charges import Charges
from polymap.mapper.imperfect.flows import Flow, Loops, extents, overlaps
from polymap.mapper.imperfect.rungs import WHOLE, crossed, reached, reached_by, rungs
from polymap.mapper.ledger import Ledger
from polymap.mapper.pricing import Functional
from polymap.mapper.progress import nothing
from polymap.mapper.space import StorageNode

Values = NDArray[np.float64]
Table = dict[int, dict[Key, Values]]


@dataclass(frozen=True)
class Bounds:
    """The states of a class and the prices of its flows, over an array with one axis for each rank."""

    charges: Charges
    stays: bool
    outside: int | None = None  # ask only memories outside this gap whether they hold their nodes
    check: Callable[[], None] = field(default=nothing, compare=False)  # called again and again; may end it by raising

    @property
    def loops(self) -> Loops:
        return self.charges.loops

    @property
    def nodes(self) -> tuple[StorageNode, ...]:
        return self.loops.geometry.nodes

    @cached_property
    def rungs(self) -> tuple[tuple[int, ...], ...]:
        return tuple(rungs(size) for size in self.loops.sizes)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(order) for order in self.rungs)

    @cached_property
    def families(self) -> Families:
        active = tuple(r for r, size in enumerate(self.loops.sizes) if size > 1)
        return families(self.loops.skeleton, active, self.stays)

    def _axis(self, rank: int, values: list[int]) -> Values:
        return np.array(values, dtype=np.float64).reshape([-1 if r == rank else 1 for r in range(len(self.shape))])

    @cached_property
    def tiles(self) -> tuple[tuple[Values, ...], ...]:
        """At every stop the number of tiles of each rank that a node there has, over all instances."""
        found = []
        for stop in range(self.loops.skeleton.last + 1):
            below, running = self.loops.below[stop], self.loops.least_instances(stop)
            found.append(tuple(self._axis(r, [-(-m // below[r]) if m else running[r] for m in order])
                               for r, order in enumerate(self.rungs)))  # fmt: skip
        return tuple(found)

    @cached_property
    def spans(self) -> tuple[tuple[Values, ...], ...]:
        """At every stop the least tile size of each rank."""
        sizes = self.loops.sizes
        return tuple(
            tuple(
                self._axis(r, [min(sizes[r], -(-sizes[r] // m) * below[r]) if m else sizes[r] for m in order])
                for r, order in enumerate(self.rungs)
            )
            for below in self.loops.below
        )

    @cached_property
    def bits(self) -> tuple[Values, ...]:
        """Room of each node's tile at least."""
        return tuple(self._bits(flow, node) for flow, node in zip(self.charges.flows, self.nodes))

    def _bits(self, flow: Flow, node: StorageNode) -> Values:
        spans = self.spans[node.stop]
        extents = (1 + sum((k * (spans[r] - 1) for k, r in c), start=np.zeros(())) for c in flow.coordinates)
        each = node.memory.element_bits(node.tensor) * node.memory.buffering
        return np.asarray(prod(extents, start=np.ones(())) * float(each))

    @cached_property
    def _walls(self) -> dict[tuple[Nodes, Nodes], Values]:
        return {}

    def fits(self, placed: Nodes, nodes: Nodes) -> Values:
        """0 where nodes may stand, and leave room, outside those `placed` in their gap, infinite elsewhere. Nodes of
        their memory that are still to come will hold at least the tile of this moment, those placed hold the least
        tile."""
        if (placed, nodes) not in self._walls:
            bad = [self._room(memory, placed) > self.loops.geometry.rooms[memory] for memory in self._limited(nodes)]
            bad += [self.refused[i] for i in nodes if i in self.refused]
            wall = np.where(np.logical_or.reduce(np.broadcast_arrays(*bad)), np.inf, 0.0) if bad else np.zeros(())
            self._walls[placed, nodes] = wall
        return self._walls[placed, nodes]

    def _limited(self, nodes: Nodes) -> list[str]:
        """Memories of nodes that have limited room, and are asked for it."""
        stop = inf if self.outside is None else self.outside
        found = {self.nodes[i].memory.name for i in nodes if self.nodes[i].stop < stop}
        return sorted(found & set(self.loops.geometry.rooms))

    def held_in(self, memory: str) -> Nodes:
        return Nodes(i for i, node in enumerate(self.nodes) if node.memory.name == memory)

    def _room(self, memory: str, placed: Nodes) -> Values:
        held = self.held_in(memory)
        inside = sum(float(self.bits[i].flat[0]) for i in held & placed)
        return sum((self.bits[i] for i in held - placed), start=np.asarray(inside))

    @cached_property
    def refused(self) -> dict[int, NDArray[np.bool_]]:
        """For nodes of whose tiles statements speak: where no tile of the rungs is allowed."""
        ledger = self.loops.skeleton.ledger
        if ledger is None or not ledger.about_tiles:
            return {}
        return {i: self._refused(ledger, node) for i, node in enumerate(self.nodes)}

    def _is_barred(self, memory: str, room: float) -> bool:
        held = self.held_in(memory)
        return sum(float(np.where(self.refused[i], inf, self.bits[i]).min()) for i in held) > room

    def _refused(self, ledger: Ledger, node: StorageNode) -> NDArray[np.bool_]:
        found = np.zeros((1,) * len(self.shape), dtype=bool)
        for r, (name, size) in enumerate(self.loops.skeleton.einsum.ranks):
            below = self.loops.below[node.stop][r]
            if name in node.tensor.ranks:
                sizes = [min(size, trip * below) for trip in range(1, size)] + [size]
                allowed = ledger.allowed_tiles(node.memory.name, node.tensor.name, name, tuple(sizes))
                good = {-(-size // trip) if trip < size else WHOLE
                        for trip, yes in enumerate(allowed, start=1) if yes}  # fmt: skip
                found = found | (self._axis(r, [int(m not in good) for m in self.rungs[r]]) > 0)
        return found

    @cached_property
    def home(self) -> tuple[Values, ...]:
        """0 where tensors whose limited home is at a stop are whole, infinite elsewhere and if they do not fit."""
        found = []
        for stop in range(self.loops.skeleton.last):
            homes, rooms = self.loops.skeleton.homes.values(), self.loops.geometry.rooms
            none = any(home.stop == stop and rooms.get(home.name, 0.0) < 0 for home in homes)
            bad = np.full((1,) * len(self.shape), none)
            for r in self.at_home(stop):
                bad = bad | ~self.is_whole(r)
            found.append(np.where(bad, np.inf, 0.0))
        return tuple(found)

    def is_whole(self, rank: int) -> NDArray[np.bool_]:
        return np.asarray(self._axis(rank, list(self.rungs[rank])) == WHOLE)

    def at_home(self, stop: int) -> frozenset[int]:
        """Ranks that have to be whole at a stop."""
        skeleton, rooms = self.loops.skeleton, self.loops.geometry.rooms
        limited = [name for name, home in skeleton.homes.items() if home.stop == stop and home.name in rooms]
        names = {rank for name in limited for rank in skeleton.einsum.tensor(name).ranks}
        return frozenset(r for r, rank in enumerate(self.loops.geometry.ranks) if rank in names)

    def computing(self, quantity: Functional) -> float:
        """What the computes ask for, at least."""
        first, sizes = 2 * len(self.nodes), self.loops.sizes
        asked = (flow.whole(sizes, sizes, sizes) for flow in self.charges.computing)
        return sum(float(quantity.charge(first + i, np.asarray(float(n)))) for i, n in enumerate(asked)
                   if quantity.concerns(first + i))  # fmt: skip

    def to_go(self, quantity: Functional, innermost: int | None = None) -> Table:
        """Least price from every state outside the arrays of its gap to the end, up to the innermost gap asked for."""
        pay, tables = Prices(self, quantity), Table()
        for gap in range(1, (innermost or self.loops.skeleton.last) + 1):
            here = tables[gap] = {}
            beyond: dict[object, Values] = {}  # least prices after a closing loop, for several families
            for family in self.families.of[gap]:
                best = self._leave(pay, gap, family, tables.get(gap - 1, {}))
                for placing in family.placings:
                    paid = pay.whole(placing.node) if placing.pays else np.zeros(())
                    wall = self.fits(family.key[0], Nodes({placing.node}))
                    best = np.minimum(best, here[placing.after] + paid + wall)
                for closing in family.closings:
                    self.check()
                    key = closing.after, closing.rank, closing.mixed
                    if key not in beyond:
                        beyond[key] = self._beyond(pay, gap, closing, here[closing.after])
                    best = np.minimum(best, beyond[key] + pay.closing(closing))
                for rank in family.free:
                    self.check()
                    best = self._least_of(best, gap, rank, stay=True)
                here[family.key] = best
        return tables

    def least(self, quantity: Functional) -> float:
        """A lower bound of a quantity over the class; infinite if no tiles fit."""
        start = self.start
        if start is None:
            return np.inf
        return (
            quantity.constant
            + self.computing(quantity)
            + float(self.to_go(quantity)[self.loops.skeleton.last][START][start])
        )

    @cached_property
    def start(self) -> tuple[int, ...] | None:
        """The state before the first temporal loop; None if the innermost arrays take more than there is, or a memory
        has no room for the least tiles that statements allow."""
        if self.refused and any(self._is_barred(memory, room) for memory, room in self.loops.geometry.rooms.items()):
            return None
        rung = [size if size > 1 else WHOLE for size in self.loops.sizes]
        inside = [1] * len(rung)
        for c in self.loops.crossing[self.loops.skeleton.last]:
            outside = crossed(rung[c.rank], inside[c.rank], c.factor, c.through)
            if outside is None:
                return None
            rung[c.rank], inside[c.rank] = outside, inside[c.rank] * c.factor
        return tuple(order.index(m) for order, m in zip(self.rungs, rung))

    def _leave(self, pay: Prices, gap: int, family: Family, outer: dict[Key, Values]) -> Values:
        if gap > 1:
            beyond = self._outside(gap - 1, outer[frozenset(), family.owing])
            due = sum((pay.whole(i) for i in family.leaving), start=np.zeros(())) if not self.stays else np.zeros(())
        else:
            beyond = np.full(self.shape, np.inf)
            beyond.flat[-1] = 0.0
            due = sum((pay.whole(i) for i in family.leaving | family.key[1]), start=np.zeros(()))
        found: Values = beyond + due + self.fits(family.key[0], family.leaving) + self.home[gap - 1]
        return found

    def _outside(self, gap: int, values: Values) -> Values:
        """Values outside the arrays of a gap, seen from inside them."""
        for rank in range(len(self.shape)):
            places = self._across[gap][rank]
            if places is not None:
                dead = self._axis(rank, [int(place < 0) for place in places]) > 0
                values = np.where(dead, np.inf, np.take(values, places, axis=rank))
        return values

    @cached_property
    def _across(self) -> tuple[tuple[list[int] | None, ...], ...]:
        """For every gap and rank where each rung leads to across its arrays, -1 where nowhere; None for no change."""
        return tuple(
            tuple(self._across_rank(gap, rank) for rank in range(len(self.shape)))
            for gap in range(self.loops.skeleton.last + 1)
        )

    def _across_rank(self, gap: int, rank: int) -> list[int] | None:
        mine = [c for c in self.loops.crossing[gap] if c.rank == rank]
        if not mine:
            return None
        found = []
        for m in self.rungs[rank]:
            rung: int | None = m
            inside = self.loops.below[gap][rank]
            for c in mine:
                rung = None if rung is None else crossed(rung, inside, c.factor, c.through)
                inside *= c.factor
            found.append(-1 if rung is None else self.rungs[rank].index(rung))
        return found

    def moves(self, gap: int, rank: int) -> tuple[tuple[int, ...], ...]:
        """Places of the rungs that one temporal loop in a gap leads to."""
        size, below = self.loops.sizes[rank], self.loops.below[gap - 1][rank]
        few = self._factors[gap].get(rank)
        return reached(size, below) if few is None else reached_by(size, below, few)

    @cached_property
    def _factors(self) -> tuple[Few, ...]:
        """Trips that loops of a gap may have, by rank, where statements bound them."""
        return factors(self.loops.skeleton)

    def _least_of(self, values: Values, gap: int, rank: int, stay: bool) -> Values:
        """The least value that one loop over a rank (or none, with `stay`) leads to."""
        turned = np.moveaxis(values, rank, 0)
        found = np.full(turned.shape, np.inf)
        for i, places in enumerate(self.moves(gap, rank)):
            where = [*([i] if stay else []), *places]
            if where:
                found[i] = turned[where].min(axis=0)
        return np.moveaxis(found, 0, rank)

    def _beyond(self, pay: Prices, gap: int, closing: Closing, values: Values) -> Values:
        """Least price of a closing loop and what follows, without what does not depend on the rung outside it."""
        outside = sum((pay.sliding(i, closing.rank)[1] for i in closing.mixed), start=values)
        return self._least_of(outside, gap, closing.rank, stay=False)


class Prices:
    """What nodes pay where they close, over the states."""

    def __init__(self, bounds: Bounds, quantity: Functional) -> None:
        self.bounds, self.quantity = bounds, quantity
        self.known: dict[int, Values] = {}
        self.slides: dict[tuple[int, int], tuple[Values, Values]] = {}

    def _flows(self, node: int) -> Iterator[int]:
        return (i for i in (node, len(self.bounds.nodes) + node) if self.quantity.concerns(i))

    def whole(self, node: int) -> Values:
        if node not in self.known:
            found: Values = np.zeros(())
            for i in self._flows(node):
                found = found + self.quantity.charge(i, self.fetched(i))
            self.known[node] = found
        return self.known[node]

    def fetched(self, number: int) -> Values:
        """Elements of a flow that closes along a rank in which no tiles overlap."""
        flow = self.bounds.charges.flows[number]
        tiles = self.bounds.tiles[flow.stop]
        return np.asarray(flow.whole(self.bounds.loops.sizes, tiles, tiles), dtype=np.float64)

    def closing(self, closing: Closing) -> Values:
        """What nodes pay at a closing loop by the rung inside it."""
        plain = (self.whole(i) for i in closing.closed if i not in closing.mixed)
        return sum((self.sliding(i, closing.rank)[0] for i in closing.mixed), start=sum(plain, start=np.zeros(())))

    def sliding(self, node: int, rank: int) -> tuple[Values, Values]:
        """What a node pays that closes along a rank in which its tiles overlap: by the rung inside that loop, and by
        the one outside. Of `n` tiles inside and `m` outside, `n - m` keep something: the price is a sum of the two, if
        no access is rounded."""
        if (node, rank) not in self.slides:
            inside, outside = np.zeros(()), np.zeros(())
            for number in self._flows(node):
                whole, kept = self._kept(number, rank)
                tiles = self.bounds.tiles[self.bounds.charges.flows[number].stop][rank]
                rounds = np.where(self.bounds.is_whole(rank), 1.0, tiles)
                each, constant = self.quantity.unrounded(number)
                inside = inside + each * (whole - kept * tiles) + constant
                outside = outside + each * kept * rounds
            self.slides[node, rank] = inside, outside
        return self.slides[node, rank]

    def _kept(self, number: int, rank: int) -> tuple[Values, Values]:
        flow = self.bounds.charges.flows[number]
        tiles, sizes = self.bounds.tiles[flow.stop], self.bounds.loops.sizes
        if flow.rough:
            return self.fetched(number), np.zeros(())
        kept: Any = flow.rest(tiles)
        for c in flow.coordinates:
            sliding = any(r == rank for _, r in c)
            kept = kept * (overlaps(c, rank, sizes, tiles) if sliding else extents(c, sizes, tiles))
        return self.fetched(number), np.asarray(kept, dtype=np.float64)
