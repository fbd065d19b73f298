"""A bound of the energy of every unrolling of a frame at once, from two tables that meet at its outermost array.

Told by total tiles (temporal and spatial loops together) rungs know nothing of the unrolling: an array that unrolls a
rank by s leads from n tiles to `ceil(n / s)`, as a loop of trip s does. So one table goes from the inside to the array,
one from just outside it to the end, and for every unrolling they meet at these pairs of rungs. Let a node inside fetch
U elements of its tensor for each group of the ranks that do not concern it.

* Closed inside the array it fetches what its rungs say. Its parent outside is read for what the tile just outside the
  array touches at least, once for each of these tiles: n groups.
* Closed outside, n groups cross, and as many are fetched at least.
* Where sigma instances hold the same, or apart of them are served one by one, groups are at least `n + sigma - 1`: for
  two tiles or more they are `(n - 1) s + 1` at least, for one all instances run. What is needed once is U at least, so
  `sigma - 1` times that is added.

Arrays further inside may lead to any rung, and what crosses them costs what is needed once. Windows with a stride, and
those of several arrays, count once. The proof is in docs/design/mapper.md, "Imperfect factors".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import inf, prod

import numpy as np
from numpy.typing import NDArray

from polymap.mapper.families import Key, Nodes
from polymap.mapper.imperfect.charges import Charges
from polymap.mapper.imperfect.flows import Loops
from polymap.mapper.imperfect.rungs import WHOLE, reached, rungs
from polymap.mapper.imperfect.tables import Bounds, Prices
from polymap.mapper.pricing import Functional
from polymap.mapper.progress import nothing
from polymap.mapper.traffic import shares

Numbers = NDArray[np.int64]
Values = NDArray[np.float64]


class _Rough(Loops):
    """Loops under which windows count once."""

    @property
    def several(self) -> bool:
        return True


@dataclass
class Meeting:
    """The tables of a frame with an array in `gap` and none further out, for `prices` of its flows in pJ per element;
    in `charges` nothing is unrolled."""

    charges: Charges
    stays: bool
    gap: int
    prices: Mapping[int, float]
    check: Callable[[], None] = field(default=nothing)

    @cached_property
    def bounds(self) -> Bounds:
        """States of total tiles."""
        charges = self.charges
        windows = [c for flow in charges.flows for c in flow.coordinates if len(c) > 1]
        arrays = [array for here in charges.loops.skeleton.arrays for array in here]
        if windows and (len(arrays) > 1 or any(k > 1 for c in windows for k, _ in c)):
            charges = Charges(_Rough(charges.loops.geometry), charges.conventions)
        return Bounds(charges, self.stays, check=self.check)

    @cached_property
    def _inner(self) -> Nodes:
        """Nodes inside the array."""
        return Nodes(i for i, node in enumerate(self.bounds.nodes) if node.stop >= self.gap)

    @cached_property
    def entering(self) -> tuple[int, ...]:
        """Nodes inside that fetch from outside."""
        return tuple(i for i in sorted(self._inner) if self.bounds.nodes[i].parent.stop < self.gap)

    @cached_property
    def told(self) -> frozenset[int]:
        """Flows whose prices are in the tables: all but what crosses inner arrays that share it, and the computes'."""
        nodes, arrays = self.bounds.nodes, self.bounds.loops.skeleton.arrays
        found = set(range(2 * len(nodes)))
        for i in self._inner - set(self.entering):
            between = (a for here in arrays[nodes[i].parent.stop + 1 : nodes[i].stop + 1] for a in here)
            if any(shares(nodes[i].tensor, array) for array in between):
                found.discard(len(nodes) + i)
        return frozenset(found)

    def _functional(self, leave_out: set[int]) -> Functional:
        kept = {i: price for i, price in self.prices.items() if i in self.told and i not in leave_out}
        return Functional(0.0, kept, {})

    @cached_property
    def _crossing(self) -> set[int]:
        return {len(self.bounds.nodes) + i for i in self.entering}

    @cached_property
    def inside(self) -> dict[Nodes, Values]:
        """Least price up to the array, by the nodes that owe there and the rungs just inside it."""
        start = np.full(self.bounds.shape, inf)
        start.flat[0] = 0.0
        arrived = {Nodes(): start}
        pay = Prices(self.bounds, self._functional(self._crossing))
        for gap in range(self.bounds.loops.skeleton.last, self.gap, -1):
            if self.bounds.loops.skeleton.arrays[gap]:
                arrived = {owing: self._any_rung(values) for owing, values in arrived.items()}
            arrived = self._through(gap, pay, arrived)
        return arrived

    @cached_property
    def outside(self) -> dict[Nodes, Values]:
        """Least price from the rungs just outside the array on, by the nodes that owe there."""
        quantity = self._functional(set())
        pay, nodes = Prices(self.bounds, quantity), len(self.bounds.nodes)
        found = {}
        for (placed, owing), values in self.bounds.to_go(quantity, self.gap)[self.gap].items():
            if not placed:
                closed = (nodes + i for i in self.entering if i not in owing and nodes + i in quantity.prices)
                read = (quantity.prices[number] * pay.fetched(number) for number in closed)
                found[owing] = np.broadcast_to(sum(read, start=values), self.bounds.shape)
        return found

    def _any_rung(self, values: Values) -> Values:
        for rank in range(values.ndim):
            values = np.minimum.accumulate(values, axis=rank)
        return values

    def _through(self, gap: int, pay: Prices, arrived: dict[Nodes, Values]) -> dict[Nodes, Values]:
        """Least price to the outer end of a gap, given that to its inner end."""
        table: dict[Key, Values] = {(Nodes(), owing): values for owing, values in arrived.items()}
        leaving: dict[Nodes, Values] = {}
        for family in reversed(self.bounds.families.of[gap]):
            if family.key not in table:
                continue
            values = table.pop(family.key)
            for rank in family.free:
                values = self._moved(values, rank, stay=True)
            for closing in family.closings:
                moved = self._moved(values + pay.closing(closing), closing.rank, stay=False)
                later = (pay.sliding(i, closing.rank)[1] for i in closing.mixed)
                _keep_least(table, closing.after, sum(later, start=moved))
            for placing in family.placings:
                paid = pay.whole(placing.node) if placing.pays else np.zeros(())
                wall = self.bounds.fits(family.key[0], Nodes({placing.node}))
                _keep_least(table, placing.after, values + paid + wall)
            due = [] if self.stays else [pay.whole(i) for i in family.leaving]
            wall = self.bounds.fits(family.key[0], family.leaving) + self.bounds.home[gap - 1]
            _keep_least(leaving, family.owing, sum(due, start=values + wall))
        return leaving

    def _moved(self, values: Values, rank: int, stay: bool) -> Values:
        """Least price after one loop over a rank (or none, with `stay`)."""
        self.check()
        turned = np.moveaxis(values, rank, 0)
        found = np.full(turned.shape, inf)
        for place, sources in enumerate(_sources(self.bounds.loops.sizes[rank])):
            where = [*([place] if stay else []), *sources]
            if where:
                found[place] = turned[where].min(axis=0)
        return np.moveaxis(found, 0, rank)

    def least(self, factors: Numbers, more: Mapping[int, Values], base: Values, most: float) -> Values:
        """Lower bounds, and infinity for more than `most`, of unrollings by the factors (unrolling, rank) of the array:
        `more` is what each flow asks for beyond what is needed once, `base` what other flows cost, in pJ."""
        nodes = len(self.bounds.nodes)
        crossed = (self.prices.get(nodes + i, 0.0) * more[nodes + i] for i in self.entering)
        base = sum(crossed, start=base)
        trees = []
        for owing, values in self.inside.items():
            flows = [number for i in owing & self._inner for number in (i, nodes + i)]
            again = [self.prices.get(n, 0.0) * more[n] for n in flows if n in self.told and n not in self._crossing]
            floor = sum(again, start=base)
            trees.append((floor, _Tree(factors, values, self.outside[owing], most - floor, self._sizes, self.check)))
        best = np.full(len(factors), inf)
        for floor, tree in sorted(trees, key=lambda pair: pair[1].states):  # the small ones make the others smaller
            best = np.minimum(best, floor + tree.least(np.minimum(best, most) - floor))
        return best

    @property
    def _sizes(self) -> tuple[int, ...]:
        return self.bounds.loops.sizes


class _Tree:
    """The least of `inside[m] + outside[n]` over the rungs m just inside an array, for all unrollings by `factors`,
    each of which leads from m to one n.

    The factors are chosen rank by rank; states inside whose price is beyond the most whatever the other factors are
    leave on the way, and with the last of them all unrollings that begin so.
    """

    def __init__(
        self,
        factors: Numbers,
        inside: Values,
        outside: Values,
        most: Values,
        sizes: tuple[int, ...],
        check: Callable[[], None],
    ) -> None:
        self.factors, self.sizes, self.check = factors, sizes, check
        self.inside, self.shape = inside.ravel(), inside.shape
        kinds = [len(np.unique(column)) for column in factors.T]
        self.ranks = sorted(range(len(sizes)), key=lambda rank: kinds[rank])
        self.strides = [prod(self.shape[rank + 1 :]) for rank in range(len(sizes))]
        self.beyond = [outside.ravel()]  # where the factors of the last ranks may be any
        for rank in reversed(self.ranks):
            outside = np.flip(np.minimum.accumulate(np.flip(outside, axis=rank), axis=rank), axis=rank)
            self.beyond.insert(0, outside.ravel())
        self.some = np.flatnonzero(self.inside + self.beyond[0] <= most.max(initial=-inf))

    @property
    def states(self) -> int:
        return len(self.some)

    def least(self, most: Values) -> Values:
        """By unrolling; infinite for some that are above their most."""
        self.found, self.most = np.full(len(self.factors), inf), most
        self._choose(0, np.arange(len(self.factors)), self.some, self.some, self.inside[self.some])
        return self.found

    def _choose(self, depth: int, rows: Numbers, states: Numbers, near: Numbers, inside: Values) -> None:
        """The factor of the next rank: `near` are the states that `states` have led to so far."""
        if depth == len(self.ranks):
            self.found[rows] = (inside + self.beyond[depth][near]).min()
            return
        self.check()
        rank = self.ranks[depth]
        stride = self.strides[rank]
        places = states // stride % self.shape[rank]
        column = self.factors[rows, rank]
        for factor in np.unique(column).tolist():
            those = rows[column == factor]
            moved = _outwards(self.sizes[rank], factor)[places]
            led = near + (moved - places) * stride
            keep = np.flatnonzero((moved >= 0) & (inside + self.beyond[depth + 1][led] <= self.most[those].max()))
            if len(keep):
                self._choose(depth + 1, those, states[keep], led[keep], inside[keep])


@lru_cache(maxsize=4096)
def _sources(size: int) -> tuple[tuple[int, ...], ...]:
    """For each rung of a rank the places of those from which one loop leads to it."""
    found: list[list[int]] = [[] for _ in rungs(size)]
    for place, places in enumerate(reached(size, 1)):
        for other in places:
            found[other].append(place)
    return tuple(map(tuple, found))


@lru_cache(maxsize=4096)
def _outwards(size: int, factor: int) -> Numbers:
    """For each rung of a rank the place of that outside an array which unrolls it by a factor; -1 where it cannot."""
    order = rungs(size)
    if factor == 1:
        return np.arange(len(order))
    left = [-(-rung // factor) if rung >= factor else -1 for rung in order]
    return np.array([-1 if n < 0 else order.index(WHOLE if n == 1 else n) for n in left])


def _keep_least(table: dict[Key, Values] | dict[Nodes, Values], key: object, values: Values) -> None:
    found: dict[object, Values] = table  # type: ignore[assignment]
    found[key] = np.minimum(found[key], values) if key in found else values
