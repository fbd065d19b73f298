"""A tighter bound where tiles overlap, with prices that depend on the unrolling (see `relaxation`).

Closed inside the outermost array, a node's parent is read for at least `F / pi`, with pi the most instances that can
share one tile. Owing across it, a node fetches at least `sigma X`, sigma being the instances that differ in loops which
do not concern its tensor. A least price is concave in prices: a minimum over nests of sums that are linear in them. So
where the prices of an unrolling are a weighted mean of points, the same mean of the tables at these points is a bound.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from polymap.mapper.families import Nodes
from polymap.mapper.grid import corners
from polymap.mapper.pricing import Functional

if TYPE_CHECKING:
    from polymap.mapper.relaxation import Arrived, Loops, Relaxation, Unrolled, Whole

MOST_BYTES = 64_000_000  # of tables that are kept, inside and outside each


@dataclass
class Kept:
    """The tables that were asked for last."""

    known: OrderedDict[object, Arrived] = field(default_factory=OrderedDict)

    def get(self, key: object, make: Callable[[], Arrived]) -> Arrived:
        if key not in self.known:
            found = make()
            each = max(1, sum(values.nbytes for values in found.values()))
            while len(self.known) * each > MOST_BYTES:
                self.known.popitem(last=False)
            self.known[key] = found
        self.known.move_to_end(key)
        return self.known[key]


@dataclass
class Dearer:
    """The tables of a frame on a box, without energies of networks."""

    frame: Relaxation
    _inside: Kept = field(default_factory=Kept)
    _outside: Kept = field(default_factory=Kept)

    def least(self, unrolled: Unrolled) -> float:
        """A lower bound of the energy of all mappings with these spatial factors; infinite if there are none."""
        shift = self.frame.geometry.lattice.shift(self.frame.across(unrolled.loops, 1))
        tables = [(weight, self._up_to(unrolled.loops, point)) for weight, point in corners(self._shares(unrolled))]
        beyond = [(weight, self._from(point)) for weight, point in corners(self._times(unrolled))]
        best = np.inf
        for owing in tables[0][1]:
            met = sum(weight * inside[owing][shift.near] for weight, inside in tables)
            rest = sum(weight * outside[owing][shift.far] for weight, outside in beyond)
            best = min(best, float(np.min(met + rest)))
        return best + unrolled.constant

    @cached_property
    def _behind(self) -> list[tuple[int, int]]:
        """(Node, gap) for nodes that close in a gap behind a network that shares."""
        nodes, gaps, shared = self.frame.geometry.nodes, range(2, self.frame.skeleton.last + 1), self.frame.shared
        return [(i, gap) for i, n in enumerate(nodes) for gap in gaps if n.parent.stop < gap - 1 and i in shared]

    def _alone(self, node: int) -> float:
        return self.frame.own(node) + self.frame.parent(node)

    def _shares(self, unrolled: Unrolled) -> list[float]:
        """What is left, for those behind, of the price of an element at a node and at its parent."""
        row = np.array([unrolled.loops], dtype=np.int64)
        found = []
        for i, gap in self._behind:
            alone, several = self._alone(i), self._shared_by(i, row, gap)
            found.append((self.frame.own(i) + self.frame.parent(i) / several) / alone if alone > 0 else 1.0)
        return found

    def _shared_by(self, number: int, row: Whole, gap: int) -> int:
        """Instances that share one copy of what a node fetches, at most, across the arrays between its parent and a gap
        in which it closes. If it has owed across others, windows may meet along any loop of these and those."""
        node = self.frame.geometry.nodes[number]
        factors = self.frame.factors(row, range(node.parent.stop + 1, gap), node.tensor)
        windows = any(len(c.ranks) > 1 for c in node.tensor.coordinates)
        if windows and any(self.frame.skeleton.arrays[gap : node.stop + 1]):
            alone = [c.ranks[0] for c in node.tensor.coordinates if len(c.ranks) == 1]
            return int(factors[0, [r for r, rank in enumerate(self.frame.geometry.ranks) if rank not in alone]].prod())
        return int(self.frame.same(node.tensor, factors)[0])

    @cached_property
    def _crossing(self) -> list[int]:
        """Nodes inside the outermost array."""
        return [i for i, node in enumerate(self.frame.geometry.nodes) if node.stop > 0]

    def _times(self, unrolled: Unrolled) -> list[float]:
        """How many times the price of an element those pay that owe across the outermost array."""
        row = np.array([unrolled.loops], dtype=np.int64)
        found = []
        for i in self._crossing:
            node = self.frame.geometry.nodes[i]
            others = [r for r, rank in enumerate(self.frame.geometry.ranks) if rank not in node.tensor.ranks]
            sigma = int(self.frame.factors(row, range(1, node.stop + 1))[0, others].prod())
            paid = self.frame.own(i) * sigma + self.frame.parent(i) * unrolled.apart[i]
            found.append(paid / self._alone(i) if self._alone(i) > 0 else 1.0)
        return found

    def _up_to(self, loops: Loops, shares: tuple[float, ...]) -> Arrived:
        """Least price up to the outermost array."""
        inner = tuple(factors for (gap, _), factors in zip(self.frame.arrays, loops) if gap > 1)
        return self._inside.get((inner, shares), lambda: self._arrived(loops, dict(zip(self._behind, shares))))

    def _arrived(self, loops: Loops, shares: dict[tuple[int, int], float]) -> Arrived:
        lattice = self.frame.geometry.lattice
        start = np.full(lattice.shape, np.inf)
        start.flat[0] = 0.0
        arrived: Arrived = {Nodes(): start}
        for gap in range(self.frame.skeleton.last, 1, -1):
            shift = lattice.shift(self.frame.across(loops, gap))
            entered = {owing: np.full(values.shape, np.inf) for owing, values in arrived.items()}
            for owing, values in arrived.items():
                entered[owing][shift.far] = values[shift.near]
            nodes = range(len(self.frame.geometry.nodes))
            prices = {i: self._alone(i) * shares.get((i, gap), 1.0) for i in nodes}
            arrived = self.frame.through(gap, entered, Functional(0.0, prices, {}))
        return arrived

    def _from(self, times: tuple[float, ...]) -> Arrived:
        """Least price from just outside the outermost array on."""
        more = dict(zip(self._crossing, times))
        prices = {i: price * more.get(i, 1.0) for i, price in self.frame.paid(1).prices.items()}
        return self._outside.get(times, lambda: self.frame.outside(Functional(0.0, prices, {})))
