"""The dynamic program of a part: the least price of any tiling, any loop order and any place of the nodes.

A state is (gap, placed nodes, owing nodes, temporal tile). The nest is read from the inside out. A node
owes from where it is placed up to its closing loop, and pays there (see `traffic`). From a state one may
* add a loop over a rank that no owing node depends on: free (it is reuse);
* add a loop over a relevant rank with some factor: the nodes that depend on it close and pay;
* in a roaming frame, place a node of this gap (see `families`);
* leave the gap: the nodes of its stop that are still missing are placed there.
`to_go(quantity)[gap][family]` holds, over the lattice, the least price from a state to the whole problem; the least of
the part is its value at the innermost gap and tile 1. It is a lower bound for every mapping of the part and, for prices
without further rounding, attained.

Where the nodes of one memory are placed at different tiles, only a part of the room they take is seen here (`room`);
`labels` adds the rest.

Proof that a rank needs no more than one loop between two placements: a second loop over the same rank can be moved
inwards to the first. Nodes owing there do not depend on the rank or close there anyway; a longer closing loop fetches
no more. (Under a continuing sweep a second loop may help; there one loop per rank and gap is part of what `even`
means.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from polymap.mapper.bounds import factors
from polymap.mapper.families import START, Closing, Families, Family, Key, Nodes, Placing, families
from polymap.mapper.lattice import Shift, Values
from polymap.mapper.pricing import Functional
from polymap.mapper.room import Rooms
from polymap.mapper.space import StorageNode
from polymap.mapper.traffic import Geometry

Table = dict[int, dict[Key, Values]]


@dataclass(frozen=True)
class Program:
    """States and moves of one part; `masks[stop]` are 0 where a tile is allowed at a stop and infinite elsewhere.

    With `sweep` prices are lowered to what a continuing sweep fetches at least; unless `stays`, nothing is reused in
    time, but for tiles that slide along one loop (`slides`). What has been told of quantities is kept in `answers`, if
    there is such a list.
    """

    geometry: Geometry
    masks: tuple[Values, ...]
    sweep: bool = False
    stays: bool = True
    slides: bool = False
    lowered: tuple[Values, ...] | None = None  # instead of `fetched`, for bounds
    answers: list[Asked] | None = None

    @cached_property
    def families(self) -> Families:
        active = tuple(r for r, size in enumerate(self.geometry.lattice.sizes) if size > 1)
        return families(self.geometry.skeleton, active, self.stays, self.slides)

    @property
    def nodes(self) -> tuple[StorageNode, ...]:
        return self.geometry.nodes

    @property
    def last(self) -> int:
        return self.geometry.skeleton.last

    @cached_property
    def fetched(self) -> tuple[Values, ...]:
        return self.lowered or tuple(self.geometry.fetched(node) for node in self.nodes)

    @cached_property
    def _slid(self) -> dict[tuple[int, int, int], Values]:
        return {}

    def sliding(self, node: int, rank: int, gap: int) -> Values:
        """Elements that a node fetches if its tiles overlap along the closing loop, by loop over the rank."""
        key = (node, rank, gap)
        if key not in self._slid:
            self._slid[key] = self._sliding(node, rank, gap)
        return self._slid[key]

    def _sliding(self, node: int, rank: int, gap: int) -> Values:
        whole, geometry, shifts = self.fetched[node], self.geometry, self.geometry.lattice.shifts(rank)
        if geometry.touched:
            return self._stacked(geometry.sliding(self.nodes[node], rank, s.factor, gap) for s in shifts)
        if not self.stays:
            return self._stacked(self._after(whole, shift) for shift in shifts)
        again = np.array([(s.factor - 1) / s.factor for s in shifts]).reshape(-1, *(1,) * whole.ndim)
        # Under a continuing sweep a whole tile may never be fetched again: only the steps of the closing loop count.
        first = whole * again if self.sweep else whole
        return np.asarray(np.maximum(first - geometry.overlap(self.nodes[node], rank, gap) * again, 0.0))

    def _stacked(self, tables: Iterable[Values]) -> Values:
        return np.stack([np.broadcast_to(table, self.geometry.lattice.shape) for table in tables])

    def _after(self, values: Values, shift: Shift) -> Values:
        """Values after a loop, by the tile before it."""
        found = np.zeros(self.geometry.lattice.shape)
        found[shift.near] = np.broadcast_to(values, found.shape)[shift.far]
        return found

    @cached_property
    def crossing(self) -> tuple[Values, ...]:
        """What crosses to each node from its parent, on a domain that is no box."""
        return tuple(self.geometry.crossing(node) for node in self.nodes)

    @cached_property
    def rooms(self) -> Rooms:
        return Rooms(self.geometry)

    @cached_property
    def _placed_inside(self) -> tuple[Nodes, ...]:
        """Nodes of all stops inside each gap."""
        return tuple(Nodes(i for i, node in enumerate(self.nodes) if node.stop >= gap) for gap in range(self.last + 1))

    def placed(self, gap: int, key: Key) -> Nodes:
        return self._placed_inside[gap] | key[0]

    def pay(self, quantity: Functional) -> Payments:
        """What closings cost in terms of a quantity."""
        return self._asked(quantity).pay

    def to_go(self, quantity: Functional) -> Table:
        """Least price from every state to the end."""
        asked = self._asked(quantity)
        if asked.table is None:
            asked.table = self._up_to(asked.pay, self.last)
        return asked.table

    def _asked(self, quantity: Functional) -> Asked:
        known = next((asked for asked in self.answers or () if asked.quantity is quantity), None)
        if known is None:
            known = Asked(quantity, Payments(self, quantity))
            if self.answers is not None:
                self.answers.append(known)
        return known

    def up_to(self, quantity: Functional, innermost: int) -> Table:
        """Least price from every state to the end, for the gaps up to one."""
        return self._up_to(Payments(self, quantity), innermost)

    def _up_to(self, pay: Payments, innermost: int) -> Table:
        tables: Table = {}
        for gap in range(1, innermost + 1):
            here = tables[gap] = {}
            for family in self.families.of[gap]:
                best = self._leave(pay, gap, family, tables.get(gap - 1, {}))
                for placing in family.placings:
                    after = here[placing.after] + pay.placed(placing)
                    fitting = self.rooms.fitting(after, self.placed(gap, family.key), Nodes({placing.node}))
                    np.minimum(best, fitting, out=best)
                flat = best.reshape(-1)
                for closing in family.closings:
                    beyond = here[closing.after].reshape(-1)
                    for offset, price in pay.closed(closing, gap):
                        near = flat[: price.size]
                        np.minimum(near, price + beyond[offset:], out=near)
                here[family.key] = self._free(best, gap, family, inwards=True)
        return tables

    def least(self, quantity: Functional) -> float:
        return float(self.to_go(quantity)[self.last][START].flat[0])

    def from_inside(self, quantity: Functional) -> Table:
        """Least price from the innermost state to every state at the inner stop of each gap."""
        pay = self.pay(quantity)
        start = np.full(self.geometry.lattice.shape, np.inf)
        start.flat[0] = 0.0
        tables: Table = {self.last: {START: start}}
        for gap in range(self.last, 1, -1):
            tables[gap - 1] = self._outwards(pay, gap, tables[gap])
        return tables

    def outwards(self, quantity: Functional, gap: int, entering: dict[Key, Values]) -> dict[Key, Values]:
        """Least price to every state at the outer end of a gap, given that at its inner end."""
        return self._outwards(Payments(self, quantity), gap, entering)

    def _outwards(self, pay: Payments, gap: int, entering: dict[Key, Values]) -> dict[Key, Values]:
        leaving: dict[Key, Values] = {}
        table = {key: values.copy() for key, values in entering.items()}
        for family in reversed(self.families.of[gap]):
            if family.key in table:
                values = self._free(table[family.key], gap, family, inwards=False)
                flat = values.reshape(-1)
                for closing in family.closings:
                    if closing.after not in table:
                        table[closing.after] = np.full(values.shape, np.inf)
                    beyond = table[closing.after].reshape(-1)
                    for offset, price in pay.closed(closing, gap):
                        far = beyond[offset:]
                        np.minimum(far, flat[: price.size] + price, out=far)
                for placing in family.placings:
                    paid, placed = values + pay.placed(placing), self.placed(gap, family.key)
                    _keep_least(table, placing.after, self.rooms.fitting(paid, placed, Nodes({placing.node})))
                if not family.leaves:
                    continue
                if not self.stays:
                    values = values + sum((pay.whole(i) for i in family.leaving), start=np.zeros(()))
                beyond = self.rooms.fitting(values, self.placed(gap, family.key), family.leaving)
                _keep_least(leaving, (Nodes(), family.owing), beyond + self.masks[gap - 1])
        return leaving

    def _leave(self, pay: Payments, gap: int, family: Family, outer: dict[Key, Values]) -> Values:
        """Price of leaving the gap outwards at each tile (a fresh array); at the top, whoever owes fetches its whole
        tile once."""
        if not family.leaves:
            return np.full(self.geometry.lattice.shape, np.inf)
        placed = self.placed(gap, family.key)
        if gap > 1:
            beyond = self.rooms.fitting(outer[Nodes(), family.owing] + self.masks[gap - 1], placed, family.leaving)
            return beyond if self.stays else beyond + sum((pay.whole(i) for i in family.leaving), start=np.zeros(()))
        top = np.full(self.geometry.lattice.shape, np.inf)
        due = (float(pay.whole(i).flat[-1]) for i in family.leaving | family.key[1])
        top.flat[-1] = sum(due) + self.masks[0].flat[-1]
        return self.rooms.fitting(top, placed, family.leaving)

    def _free(self, values: Values, gap: int, family: Family, inwards: bool) -> Values:
        """The least over all tiles that free loops lead to (inwards: from). Overwrites the values."""
        few = self.factors[gap]
        for rank in family.free:
            values = self.freely(values, rank, few.get(rank), inwards)
        return values

    def freely(self, values: Values, rank: int, few: frozenset[int] | None, inwards: bool = True) -> Values:
        """The least over all tiles that free loops over a rank lead to (inwards: from). Overwrites the values."""
        if few is not None:
            return self._by_factors(values, rank, few, inwards)
        self.geometry.lattice.lower(values, rank, inwards)
        return values

    def _by_factors(self, values: Values, rank: int, few: frozenset[int], inwards: bool) -> Values:
        """The least over all tiles that a free loop with one of few factors leads to (inwards: from)."""
        found = values.copy()
        for shift in self.geometry.lattice.shifts(rank):
            if shift.factor in few:
                here, there = (shift.near, shift.far) if inwards else (shift.far, shift.near)
                np.minimum(found[here], values[there], out=found[here])
        return found

    @cached_property
    def factors(self) -> tuple[dict[int, frozenset[int]], ...]:
        """For each gap the factors of loops over those ranks of which statements do not allow all."""
        return factors(self.geometry.skeleton)


@dataclass
class Asked:
    """What a program has told about a quantity."""

    quantity: Functional
    pay: Payments
    table: Table | None = None


class Payments:
    """What closings cost over the lattice; equal ones are computed once."""

    def __init__(self, program: Program, quantity: Functional) -> None:
        self.program, self.quantity = program, quantity
        self.lattice = program.geometry.lattice
        self.concerned = [quantity.concerns(i) for i in range(len(program.nodes))]
        self.loops: dict[tuple[tuple[int, ...], int, int], list[tuple[int, Values]]] = {}
        self.walls: dict[tuple[int, bool], Values] = {}
        self.known: dict[int, Values] = {}
        self.slid: dict[tuple[int, int, int], Values] = {}
        self.sums: dict[tuple[object, ...], Values] = {}

    def closed(self, closing: Closing, gap: int) -> list[tuple[int, Values]]:
        """(offset, price) of every loop that a closing may be, in flat arrays: from place n the loop leads to place
        n + offset, at an infinite price where that is no multiple of the tile. Where no tiles overlap prime factors do:
        the rest is free afterwards."""
        mixed = any(self.concerned[i] for i in closing.mixed)
        few = self.program.factors[gap].get(closing.rank)
        key = closing.closed, closing.rank, gap if mixed or few is not None else 0
        if key not in self.loops:
            prices = self._walls(closing.rank, mixed)
            for i in closing.closed:
                slides = mixed and i in closing.mixed
                prices = prices + (self._sliding(i, closing.rank, gap) if slides else self.whole(i))
            pairs = zip(self._shifts(closing.rank, mixed), prices.reshape(len(prices), -1))
            self.loops[key] = [
                (shift.offset, price[: price.size - shift.offset])
                for shift, price in pairs
                if few is None or shift.factor in few
            ]
        return self.loops[key]

    def _shifts(self, rank: int, mixed: bool) -> tuple[Shift, ...]:
        return self.lattice.shifts(rank) if mixed else self.lattice.prime_shifts(rank)

    def _walls(self, rank: int, mixed: bool) -> Values:
        """By loop over a rank, 0 at the tiles whose multiples are in the lattice, else infinite."""
        if (rank, mixed) not in self.walls:
            shifts = self._shifts(rank, mixed)
            walls = np.full((len(shifts), *self.lattice.shape), np.inf)
            for wall, shift in zip(walls, shifts):
                wall[shift.near] = 0.0
            self.walls[rank, mixed] = walls
        return self.walls[rank, mixed]

    def whole(self, node: int) -> Values:
        """Price of a node that keeps nothing from one tile to the next."""
        if node not in self.known:
            charged = self._charged(node, self.program.fetched[node], slides=False)
            self.known[node] = np.broadcast_to(charged, self.lattice.shape)
        return self.known[node]

    def placed(self, placing: Placing) -> Values:
        """Price of placing a node: what it fetches, unless it owes that."""
        return self.whole(placing.node) if placing.pays else np.zeros(())

    def price(self, closing: Closing, factor: int, gap: int) -> Values:
        """Price of a closing loop by the tile before it; of any loop (`factor` 0) where no tiles overlap."""
        key = (closing.closed, closing.rank, factor, gap) if factor else closing.closed
        if key not in self.sums:
            paid = [self.paid(i, closing.rank, factor if i in closing.mixed else 0, gap) for i in closing.closed]
            self.sums[key] = np.broadcast_to(sum(paid, start=np.zeros(())), self.lattice.shape)
        return self.sums[key]

    def paid(self, node: int, rank: int, factor: int, gap: int) -> Values:
        """Price of a node that a loop closes, by the tile before it; of any loop (`factor` 0) if no tiles overlap."""
        if not factor:
            return self.whole(node)
        place = next(n for n, shift in enumerate(self.lattice.shifts(rank)) if shift.factor == factor)
        return np.asarray(self._sliding(node, rank, gap)[place])

    def _sliding(self, node: int, rank: int, gap: int) -> Values:
        """Price of a node whose tiles overlap along a rank, by loop over it."""
        if (node, rank, gap) not in self.slid:
            charged = self._charged(node, self.program.sliding(node, rank, gap), slides=True)
            loops = len(self.lattice.shifts(rank))
            self.slid[node, rank, gap] = np.broadcast_to(charged, (loops, *self.lattice.shape))
        return self.slid[node, rank, gap]

    def _charged(self, node: int, fetched: Values, slides: bool) -> Values:
        geometry = self.program.geometry
        if not self.concerned[node]:
            return np.zeros(())
        if geometry.touched is None:
            return self.quantity.charge(node, fetched)
        if slides:
            return self.quantity.charge(node, fetched, geometry.shared(self.program.nodes[node], fetched))
        return self.quantity.charge(node, fetched, self.program.crossing[node])


def _keep_least(table: dict[Key, Values], key: Key, values: Values) -> None:
    table[key] = np.minimum(table[key], values) if key in table else values
