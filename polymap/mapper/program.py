"""The dynamic program of a class: the least price of any tiling and any loop order, exact for linear prices.

A state is (gap, open nodes, temporal tile). Nodes open where the nest, read from the inside out, passes their stop; a
node closes at the first loop over a relevant rank, and pays there (see `traffic`). From a state one may
* add a loop over a rank that no open node depends on: free (it is reuse);
* add a loop over a relevant rank with some factor: the nodes that depend on it close and pay;
* leave the gap: the tile must fit the next memory, whose nodes open.
`to_go(prices)[gap][open]` holds, over the lattice, the least price from a state to the whole problem; the class's
minimum is its value at the innermost gap and tile 1. It is a lower bound for every mapping of the class and, for
linear prices, attained.

Proof that a rank needs no more than one loop in a gap: a second loop over the same rank can be moved inwards to
the first. Nodes open there do not depend on the rank or close there anyway; a longer closing loop fetches no more.
(Under a continuing sweep a second loop may help; there one loop per rank and gap is part of what `even` means.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from polymap.mapper.lattice import Index, Values
from polymap.mapper.states import Closing, Family, Open, States, StorageNode, states
from polymap.mapper.traffic import Geometry

Prices = Mapping[int, float]  # price of one fetched element, by node number
Table = dict[int, dict[Open, Values]]


@dataclass(frozen=True)
class Program:
    """States and moves of one class; `masks[stop]` are 0 where a tile is allowed at a stop and infinite elsewhere.

    With `sweep` prices are lowered to what a continuing sweep fetches at least.
    """

    geometry: Geometry
    masks: tuple[Values, ...]
    sweep: bool = False

    @cached_property
    def states(self) -> States:
        active = tuple(r for r, size in enumerate(self.geometry.lattice.sizes) if size > 1)
        return states(self.geometry.skeleton, active)

    @property
    def nodes(self) -> tuple[StorageNode, ...]:
        return self.states.nodes

    @property
    def last(self) -> int:
        return self.geometry.skeleton.last

    @cached_property
    def fetched(self) -> tuple[Values, ...]:
        return tuple(self.geometry.fetched(node) for node in self.nodes)

    @cached_property
    def _overlaps(self) -> dict[tuple[int, int, int], Values]:
        return {}

    def overlap(self, node: int, rank: int, gap: int) -> Values:
        key = (node, rank, gap)
        if key not in self._overlaps:
            self._overlaps[key] = self.geometry.overlap(self.nodes[node], rank, gap)
        return self._overlaps[key]

    def to_go(self, prices: Prices) -> Table:
        """Least price from every state to the end."""
        tables: Table = {}
        for gap in range(1, self.last + 1):
            pay = Payments(self, prices, gap)
            tables[gap] = {}
            for family in self.states.families[gap]:
                best = self._leave(prices, gap, family.nodes, tables.get(gap - 1, {}))
                for closing, _, shift, price in pay.of(family):
                    here, there = _slices(shift)
                    np.minimum(best[here], price[here] + tables[gap][closing.after][there], out=best[here])
                tables[gap][family.nodes] = self._free(best, family, inwards=True)
        return tables

    def from_inside(self, prices: Prices) -> Table:
        """Least price from the innermost state to every state at the inner stop of each gap."""
        start = np.full(self.geometry.lattice.shape, np.inf)
        start.flat[0] = 0.0
        tables: Table = {self.last: {Open(): start}}
        for gap in range(self.last, 1, -1):
            tables[gap - 1] = self._outwards(prices, gap, tables[gap])
        return tables

    def _outwards(self, prices: Prices, gap: int, entering: dict[Open, Values]) -> dict[Open, Values]:
        pay, leaving = Payments(self, prices, gap), dict[Open, Values]()
        table = {nodes: values.copy() for nodes, values in entering.items()}
        for family in reversed(self.states.families[gap]):
            if family.nodes in table:
                values = self._free(table[family.nodes], family, inwards=False)
                for closing, _, shift, price in pay.of(family):
                    here, there = _slices(shift)
                    reached = table.setdefault(closing.after, np.full(values.shape, np.inf))
                    np.minimum(reached[there], values[here] + price[here], out=reached[there])
                _keep_least(leaving, family.nodes | self.states.opened[gap - 1], values + self.masks[gap - 1])
        return leaving

    def _leave(self, prices: Prices, gap: int, nodes: Open, outer: dict[Open, Values]) -> Values:
        """Price of leaving the gap outwards at each tile (a fresh array); at the top, open nodes fetch their whole
        tile once."""
        if gap > 1:
            return self.masks[gap - 1] + outer[nodes | self.states.opened[gap - 1]]
        best = np.full(self.geometry.lattice.shape, np.inf)
        best.flat[-1] = sum(prices[i] * self.fetched[i].flat[-1] for i in nodes) + self.masks[0].flat[-1]
        return best

    def _free(self, values: Values, family: Family, inwards: bool) -> Values:
        """The least over all tiles that free loops lead to (inwards: from)."""
        for rank in family.free:
            for axis in self.geometry.lattice.axes_of(rank):
                turned = values[_reversal(values.ndim, axis)] if inwards else values
                least = np.minimum.accumulate(turned, axis=axis)
                values = least[_reversal(values.ndim, axis)] if inwards else least
        return values


class Payments:
    """What closings of a gap cost over the lattice; equal ones are computed once."""

    def __init__(self, program: Program, prices: Prices, gap: int) -> None:
        self.program, self.prices, self.gap = program, prices, gap
        self.lattice = program.geometry.lattice
        self.known: dict[tuple[object, ...], Values] = {}

    def of(self, family: Family) -> Iterator[tuple[Closing, int, Index, Values]]:
        """(closing, factor, index shift, price before the loop). Where no tiles overlap prime factors do: the rest is
        free afterwards."""
        for closing in family.closings:
            mixed = any(self.prices[i] for i in closing.mixed)
            shifts = self.lattice.shifts(closing.rank) if mixed else self.lattice.prime_shifts(closing.rank)
            for factor, shift in shifts:
                yield closing, factor, shift, self._price(closing, factor if mixed else 0)

    def _price(self, closing: Closing, factor: int) -> Values:
        key = (closing.closed, closing.rank, factor) if factor else closing.closed
        if key not in self.known:
            paid = [self.prices[i] * self._paid(i, closing, factor) for i in closing.closed if self.prices[i]]
            self.known[key] = np.broadcast_to(sum(paid, start=np.zeros(())), self.lattice.shape)
        return self.known[key]

    def _paid(self, node: int, closing: Closing, factor: int) -> Values:
        whole = self.program.fetched[node]
        if not factor or node not in closing.mixed:
            return whole
        again = (factor - 1) / factor
        # Under a continuing sweep a whole tile may never be fetched again: only the steps of the closing loop count.
        first = whole * again if self.program.sweep else whole
        return first - self.program.overlap(node, closing.rank, self.gap) * again


def _keep_least(table: dict[Open, Values], nodes: Open, values: Values) -> None:
    table[nodes] = np.minimum(table[nodes], values) if nodes in table else values


def _reversal(dimensions: int, axis: int) -> tuple[slice, ...]:
    return tuple(slice(None, None, -1 if a == axis else 1) for a in range(dimensions))


def _slices(shift: Index) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    return tuple(slice(None, -s or None) for s in shift), tuple(slice(s, None) for s in shift)
