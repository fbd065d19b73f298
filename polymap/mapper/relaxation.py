"""A bound of the energy of every unrolling of a roaming frame at once, from tables that hardly depend on it.

Read with total tiles (temporal and spatial loops together), most prices know nothing of the unrolling `s`. Let a node
inside an array pay at total tile T; its tensor has N elements in all.

* Closed inside the array: its instances fetch `F = |D(T)| * N / T`, whatever `s` is, and a parent outside the array is
  read for what differs between the instances. That is at least every element touched while the tile just outside the
  array stays, once for each of these tiles.
* Closed outside: its instances share what crosses, `X = |D(T)| * N / T`, and fetch `F = sigma(s) * X`, where sigma is
  the number of instances that hold the same. Here `F >= X + (sigma - 1) * N`.

So the frame is cut at its outermost array. Inside, a table gives the least price up to every tile and every set of
nodes still owing (one for each unrolling of the arrays further inside); outside, another one the least price from
there. For an unrolling the two meet at `T = t * s`. All of this is from below; the parts that remain are bounded by
their programs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from math import inf, prod

import numpy as np

from polymap.architecture.hierarchy import Array
from polymap.mapper.families import Nodes
from polymap.mapper.lattice import Values
from polymap.mapper.pricing import (
    Counts,
    Functional,
    Pricing,
    counts,
    energy_actions,
    exact_seen,
    traffic_actions,
    weighed_actions,
)
from polymap.mapper.program import Program
from polymap.mapper.sharing import sharings
from polymap.mapper.space import Skeleton
from polymap.mapper.traffic import Geometry, shares
from polymap.mapper.unrolling import Factors, Spatial, Unrolling
from polymap.model.conventions import Conventions
from polymap.model.distinct import distinct
from polymap.workload.einsum import Affine, Tensor

MOST_BYTES = 64_000_000  # of tables that are kept
Arrived = dict[Nodes, Values]  # least price up to a place, by nodes that owe there and total tile


def relaxable(skeleton: Skeleton, conventions: Conventions) -> bool:
    """Whether the domain is a box, the frame has an array in use, no rank occurs twice in a tensor, the output has no
    holes, and its first writes do not depend on a network that adds nothing."""
    if not skeleton.einsum.is_box:
        return False
    tensors, output = skeleton.einsum.tensors, skeleton.einsum.output
    once = all(sum(len(c.ranks) for c in t.coordinates) == len(t.ranks) for t in tensors)
    apart = conventions.all_write_first and not all(shares(output, array) for a in skeleton.arrays for array in a)
    return skeleton.roaming and any(skeleton.arrays[1:]) and once and exact_seen(output) and not apart


@dataclass
class Relaxation:
    """The tables of a frame that `relaxable` accepts. Energies in pJ, without compute and leakage; or what else
    `pricing` makes of counts."""

    skeleton: Skeleton
    conventions: Conventions
    pricing: Pricing = energy_actions
    _inside: OrderedDict[tuple[Factors, ...], Arrived] = field(default_factory=OrderedDict, init=False)
    _others: dict[tuple[str, float], Relaxation] = field(default_factory=dict, init=False)

    def traffic(self, level: str, weight: float = inf) -> Relaxation:
        """The tables of the bits that a memory moves; with a weight, of energy and so much more per bit."""
        key = level, weight
        if key not in self._others:
            pricing = traffic_actions(level) if weight == inf else weighed_actions(level, weight)
            self._others[key] = Relaxation(self.skeleton, self.conventions, pricing)
        return self._others[key]

    @cached_property
    def geometry(self) -> Geometry:
        """Nothing is unrolled: tiles are total tiles."""
        alone = (1,) * len(self.skeleton.einsum.ranks)
        arrays = (array for arrays in self.skeleton.arrays for array in arrays)
        return Geometry(self.skeleton, Spatial(tuple(Unrolling(array, alone, ()) for array in arrays)))

    @cached_property
    def counts(self) -> tuple[Counts, ...]:
        return counts(self.geometry, sharings(self.geometry)[0], self.conventions)

    @cached_property
    def prices(self) -> dict[tuple[int, bool], float]:
        """pJ for every element that a node fetches, at its own memory (True) and at its parent's."""
        found: dict[tuple[int, bool], float] = {}
        for c in self.counts:
            for action in self.pricing(self.geometry, (c,)):
                for node, share in action.count.shares:
                    key = node, self.geometry.nodes[node].memory.name == c.site.name
                    found[key] = found.get(key, 0.0) + float(action.each * share / max(1, action.wide))
        return found

    def own(self, node: int) -> float:
        return self.prices.get((node, True), 0.0)

    def parent(self, node: int) -> float:
        return self.prices.get((node, False), 0.0)

    @cached_property
    def shared(self) -> Nodes:
        """Nodes whose parents are read, or updated, once for several instances somewhere on the way."""
        return Nodes(
            i
            for i, node in enumerate(self.geometry.nodes)
            if any(_any_shares(node.tensor, a) for a in self.skeleton.arrays[node.parent.stop + 1 : node.stop + 1])
        )

    def paid(self, gap: int) -> Functional:
        """What nodes pay that close in a gap: their own accesses, and those of parents that do not stand further out
        behind a network that shares."""
        prices = {}
        for i, node in enumerate(self.geometry.nodes):
            beyond = node.parent.stop < gap - 1 and i in self.shared
            prices[i] = self.own(i) + (0.0 if beyond else self.parent(i))
        return Functional(0.0, prices, {})

    def entering(self, gap: int, owing: Nodes) -> Values:
        """What is read at parents in the stage of a gap for nodes that have closed further inside, by the tile just
        outside the array."""
        nodes = self.geometry.nodes
        closed = (i for i in self.shared - owing if nodes[i].parent.stop == gap - 1)
        return np.asarray(sum((self.parent(i) * self.crossing[i] for i in closed), start=np.zeros(())))

    @cached_property
    def crossing(self) -> tuple[Values, ...]:
        """What crosses into the array for each node at least, by the tile outside it."""
        return tuple(touched(node.tensor, self.geometry) * self.geometry.lattice.steps for node in self.geometry.nodes)

    @cached_property
    def program(self) -> Program:
        masks = tuple(self.geometry.at_home(stop) for stop in range(self.skeleton.last))
        return Program(self.geometry, masks, stays=self.conventions.tiles_stay)

    def _lowered(self, gap: int) -> Program:
        """The program in whose gap nodes from further inside fetch no more than what crosses."""
        pairs = zip(self.geometry.nodes, self.program.fetched, self.crossing)
        return replace(self.program, lowered=tuple(np.minimum(f, c) if n.stop >= gap else f for n, f, c in pairs))

    def inside(self, factors: tuple[Factors, ...]) -> Arrived:
        """Least price up to the outermost array; `factors` of the arrays further inside, outermost gap first."""
        if factors not in self._inside:
            found = self._arrived(factors)
            each = max(1, sum(values.nbytes for values in found.values()))
            while len(self._inside) * each > MOST_BYTES:
                self._inside.popitem(last=False)
            self._inside[factors] = found
        self._inside.move_to_end(factors)
        return self._inside[factors]

    def _arrived(self, factors: tuple[Factors, ...]) -> Arrived:
        start = np.full(self.geometry.lattice.shape, np.inf)
        start.flat[0] = 0.0
        arrived: Arrived = {Nodes(): start}
        for gap in range(self.skeleton.last, 1, -1):
            entered = {owing: self._crossed(gap, owing, v, factors[gap - 2]) for owing, v in arrived.items()}
            arrived = self._through(gap, entered)
        return arrived

    def _crossed(self, gap: int, owing: Nodes, values: Values, factors: Factors) -> Values:
        shift = self.geometry.lattice.shift(factors)
        moved = np.full(values.shape, np.inf)
        moved[shift.far] = values[shift.near]
        return moved + self.entering(gap, owing)

    def _through(self, gap: int, entered: Arrived) -> Arrived:
        program = self._lowered(gap)
        reached = program.outwards(self.paid(gap), gap, {(Nodes(), owing): v for owing, v in entered.items()})
        return {key[1]: values for key, values in reached.items() if np.isfinite(values).any()}

    @cached_property
    def _outside(self) -> dict[Nodes, Values]:
        """Least price from the tile just outside the outermost array on, by nodes that owe there."""
        table = self._lowered(1).to_go(self.paid(1), innermost=1)[1]
        return {key[1]: values + self.entering(1, key[1]) for key, values in table.items() if not key[0]}

    def _factors(self, spatial: Spatial) -> tuple[Factors, ...]:
        """Spatial factors of every gap but gap 0."""
        return tuple(spatial.factors(arrays, len(self.geometry.ranks)) for arrays in self.skeleton.arrays[1:])

    def compulsory(self, spatial: Spatial) -> float:
        """A quick lower bound: every instance fetches each element that it needs at least once."""
        factors = self._factors(spatial)
        fetched = (
            (self.own(i) * self._sharers(i, factors) + self.parent(i)) * self._needed[i]
            for i in range(len(self.geometry.nodes))
        )
        return sum(fetched) + self._constant(factors)

    @cached_property
    def _needed(self) -> tuple[int, ...]:
        """Elements of each node's tensor, at least."""
        sizes = self.skeleton.einsum.sizes
        return tuple(
            prod(max((sizes[rank] for rank in c.ranks), default=1) for c in node.tensor.coordinates)
            for node in self.geometry.nodes
        )

    def least(self, spatial: Spatial) -> float:
        """A lower bound of the energy of all mappings with these spatial factors; infinite if there are none."""
        outer, *inner = self._factors(spatial)
        shift = self.geometry.lattice.shift(outer)
        best = np.inf
        for owing, values in self.inside(tuple(inner)).items():
            met = values[shift.near] + self._outside[owing][shift.far]
            best = min(best, float(met.min()) + sum(self._again(i, (outer, *inner)) for i in owing))
        return best + self._constant((outer, *inner))

    def _again(self, number: int, factors: tuple[Factors, ...]) -> float:
        """What instances that hold the same across the outermost array fetch more than once."""
        price = self.own(number) + (0.0 if number in self.shared else self.parent(number))
        return price * (self._sharers(number, factors) - 1) * self._needed[number]

    def _sharers(self, number: int, factors: tuple[Factors, ...]) -> int:
        """Instances of a node that hold the same tile, at least."""
        node = self.geometry.nodes[number]
        slides = any(len(c.ranks) > 1 for c in node.tensor.coordinates)
        return 1 if slides else self._same(node.tensor, factors[: node.stop])

    def _same(self, tensor: Tensor, factors: tuple[Factors, ...]) -> int:
        """Instances that hold the same tile, at most. Windows may also meet across arrays: factors of all gaps count
        together."""
        joint = {rank: prod(here[r] for here in factors) for r, rank in enumerate(self.geometry.ranks)}
        apart = prod(max((joint[rank] for rank in c.ranks), default=1) for c in tensor.coordinates)
        return prod(joint.values()) // apart

    def _constant(self, factors: tuple[Factors, ...]) -> float:
        """What does not depend on tiles: reads of the computes, less first writes."""
        total = 0.0
        for each, stop, tensor, asked, first in self._constants:
            inside = factors[stop:]
            sharing = (f for f, arrays in zip(inside, self.skeleton.arrays[stop + 1 :]) if _any_shares(tensor, arrays))
            total += each * (asked / self._same(tensor, tuple(sharing)) - first * self._same(tensor, factors[:stop]))
        return total

    @cached_property
    def _constants(self) -> tuple[tuple[float, int, Tensor, float, float], ...]:
        """(pJ per element, stop, tensor, elements that the computes ask for, first writes) of every constant."""
        return tuple(self._each_constant())

    def _each_constant(self) -> Iterator[tuple[float, int, Tensor, float, float]]:
        for c in self.counts:
            direct = self.skeleton.sites[c.tensor.name][-2].name == c.site.name
            for action in self.pricing(self.geometry, (c,)):
                if action.count.constant:
                    asked = float(self.skeleton.einsum.computes) if direct and action.count is not c.fills else 0.0
                    first = asked - float(action.count.constant)
                    yield float(action.each / max(1, action.wide)), c.site.stop, c.tensor, asked, first


def _any_shares(tensor: Tensor, arrays: tuple[Array, ...]) -> bool:
    return any(shares(tensor, array) for array in arrays)


def touched(tensor: Tensor, geometry: Geometry) -> Values:
    """Different elements that a total tile touches, over the lattice: hulls without their holes."""
    whole = np.ones((1,) * geometry.lattice.dimensions)
    return prod((_values(coordinate, geometry) for coordinate in tensor.coordinates if coordinate.ranks), start=whole)


def _values(coordinate: Affine, geometry: Geometry) -> Values:
    terms = [(abs(c), geometry.ranks.index(rank)) for rank, c in coordinate.terms]
    tiles = [geometry.lattice.tiles[r] for _, r in terms]
    count = np.frompyfunc(lambda *sizes: _different(tuple(zip((c for c, _ in terms), map(int, sizes)))), len(terms), 1)
    return np.asarray(count(*tiles), dtype=np.float64)


@lru_cache(maxsize=65536)
def _different(terms: tuple[tuple[int, int], ...]) -> int:
    return distinct(tuple((size, step) for step, size in terms))
