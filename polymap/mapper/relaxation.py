"""A bound of the energy of every unrolling of a roaming frame at once, from tables that hardly depend on it.

Read with total tiles (temporal and spatial loops together), most prices know nothing of the unrolling `s`. Let a node
inside an array pay at total tile T; its tensor has N elements in all.

* Closed inside the array: its instances fetch `F = |D(T)| * N / T`, whatever `s` is, and a parent outside the array is
  read for what differs between the instances. That is at least every element touched while the tile just outside the
  array stays, once for each of these tiles, `X`; `nu(s)` times as much where so many instances hold the same and an
  array does not share it. Where tiles of the tensor do not overlap, the parent is read for `F / pi(s)`, with pi the
  number of instances that share one: a second, tighter bound, whose tables depend on these numbers (`refined`).
* Closed outside: its instances share what crosses, `X = |D(T)| * N / T`, and fetch `F = sigma(s) * X`, where sigma is
  the number of instances that hold the same. Here `F >= X + (sigma - 1) * N`; the parent is read for `nu(s) * X`.

So the frame is cut at its outermost array. Inside, a table gives the least price up to every tile and every set of
nodes still owing (one for each unrolling of the arrays further inside); outside, another one the least price from
there. For an unrolling the two meet at `T = t * s`. All of this is from below; the parts that remain are bounded by
their programs.

On a domain that is no box `F` and `X` are what cells of `T` points touch: below `T` all loops move, so that instances
together run through blocks. Those that hold the same hold it at some steps only where the rank between them is tied to
the tensor's: `sigma` and `nu` count loose ranks alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from math import inf, prod
from typing import Any
from weakref import proxy

import numpy as np
from numpy.typing import NDArray

from polymap.architecture.hierarchy import Array
from polymap.mapper.dearer import Dearer
from polymap.mapper.families import Nodes
from polymap.mapper.hauling import pays
from polymap.mapper.lattice import Values
from polymap.mapper.layouts import least_hauls
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
from polymap.mapper.sharing import Crossing, sharings
from polymap.mapper.space import Link, Site, Skeleton
from polymap.mapper.tolls import Tolls
from polymap.mapper.touched import loose_ranks
from polymap.mapper.traffic import Geometry, least_elements, shares
from polymap.mapper.unrolling import Factors, Spatial, Unrolling
from polymap.model.conventions import Conventions
from polymap.model.distinct import distinct
from polymap.workload.einsum import Affine, Tensor

MOST_BYTES = 64_000_000  # of tables that are kept
Loops = tuple[Factors, ...]  # factors of each array, outermost first
Whole = NDArray[np.int64]
Arrived = dict[Nodes, Values]  # least price up to a place, by nodes that owe there and total tile


def relaxable(skeleton: Skeleton) -> bool:
    """Whether the frame has an array in use, no rank occurs twice in a tensor, the output has no holes, no price
    depends on how many instances are in use, no neighbours pass tiles on, and the domain is a box or no tiles slide."""
    if not skeleton.einsum.is_box and any(slides(tensor) for tensor in skeleton.einsum.tensors):
        return False
    once = all(sum(len(c.ranks) for c in t.coordinates) == len(t.ranks) for t in skeleton.einsum.tensors)
    alone = all(kept.memory.cluster == 1 for kept in skeleton.kept)
    passing = any(array.links for arrays in skeleton.arrays for array in arrays)
    plain = once and exact_seen(skeleton.einsum.output) and alone and not passing
    return skeleton.roaming and any(skeleton.arrays[1:]) and plain


@dataclass(frozen=True)
class Unrolled:
    """What the bounds need of an unrolling: factors of each array, outermost first; for each node how many instances
    hold the same and are served one by one, how many hold the same, and how many share one copy across the outermost
    array; pJ that words of each node pay at least on networks, for each element of its tensor and beyond what its
    parent's price tells; pJ that no tile changes; least pJ."""

    loops: Loops
    apart: list[int]
    sharers: list[int]
    sharing: tuple[int, ...]
    hauled: list[float]
    constant: float
    compulsory: float


@dataclass
class Relaxation:
    """The tables of a frame that `relaxable` accepts. Energies in pJ, without compute and leakage; or what else
    `pricing` makes of counts."""

    skeleton: Skeleton
    conventions: Conventions
    pricing: Pricing = energy_actions
    hauling: bool = True  # whether `pricing` asks what words pay on networks
    _inside: OrderedDict[object, Arrived] = field(default_factory=OrderedDict, init=False)
    _any: Arrived | None = field(default=None, init=False)
    _programs: dict[int, Program] = field(default_factory=dict, init=False)
    _others: dict[tuple[str, float], Relaxation] = field(default_factory=dict, init=False)

    def traffic(self, level: str, weight: float = inf) -> Relaxation:
        """The tables of the bits that a memory moves; with a weight, of energy and so much more per bit."""
        key = level, weight
        if key not in self._others:
            pricing = traffic_actions(level) if weight == inf else weighed_actions(level, weight)
            self._others[key] = Relaxation(self.skeleton, self.conventions, pricing, weight < inf)
        return self._others[key]

    @cached_property
    def geometry(self) -> Geometry:
        """Nothing is unrolled: tiles are total tiles."""
        alone = (1,) * len(self.skeleton.einsum.ranks)
        arrays = (array for arrays in self.skeleton.arrays for array in arrays)
        return Geometry(self.skeleton, Spatial(tuple(Unrolling(array, alone, ()) for array in arrays)))

    @cached_property
    def counts(self) -> tuple[Counts, ...]:
        alone = sharings(self.geometry)[0]
        return counts(self.geometry, replace(alone, hauls=self._set_out), self.conventions)

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

    def paid(self, gap: int, loops: Loops | None = None) -> Functional:
        """What nodes pay that close in a gap: their own accesses, and those of parents that do not stand further out
        behind a network that shares. `loops`, if told, say how many instances share what no other tile overlaps."""
        prices = {}
        for i, node in enumerate(self.geometry.nodes):
            parent = self.parent(i)
            if node.parent.stop < gap - 1 and i in self.shared:
                sharing = range(node.parent.stop + 1, gap)
                known = loops is not None and not slides(node.tensor)
                parent = parent / self._shared_by(i, np.array([loops]), sharing).item() if known else 0.0
            prices[i] = self.own(i) + parent
        return Functional(0.0, prices, {})

    def _shared_by(self, number: int, loops: Whole, gaps: range) -> Whole:
        """Instances that share one copy of a node's tile across the arrays of some gaps."""
        tensor = self.geometry.nodes[number].tensor
        return self.same(tensor, self.factors(loops, gaps, tensor))

    def _entering(self, gap: int, owing: Nodes, refined: bool) -> list[tuple[int, Values]]:
        """What is read at parents in the stage of a gap for each node that has closed further inside, by the tile just
        outside the array; once for each of the instances that hold the same and are served one by one. If `refined`,
        only where tiles slide: the others have paid already."""
        nodes = self.geometry.nodes
        closed = (i for i in sorted(self.shared - owing) if nodes[i].parent.stop == gap - 1)
        if refined:
            closed = (i for i in closed if slides(nodes[i].tensor))
        return [(i, self.parent(i) * np.broadcast_to(self.crossing[i], self.geometry.lattice.shape)) for i in closed]

    def _hauled_into(self, gap: int, owing: Nodes) -> list[int]:
        """Nodes that have closed further inside and whose words come from the stage of a gap, if words pay at all."""
        nodes = enumerate(self.geometry.nodes)
        closed = [i for i, node in nodes if node.parent.stop == gap - 1 < node.stop and i not in owing]
        return closed if self._tolls else []

    @cached_property
    def _tolls(self) -> Tolls | None:
        arrays = self.skeleton.architecture.arrays if self.hauling and not self.geometry.touched else ()
        return Tolls(self.skeleton, tuple(array for _, array in self.arrays)) if any(map(pays, arrays)) else None

    def _hauled(self, loops: Whole) -> Values:
        """For each unrolling and node pJ that words pay on networks at least, for each element of the node's tensor,
        beyond the part that is in the parent's price."""
        nodes = self.geometry.nodes
        found = np.zeros((len(loops), len(nodes)))
        if self._tolls:
            apart = self._apart(loops)
            for i, node in enumerate(nodes):
                link = Link(node.tensor, node.parent, Site(node.memory, node.stop))
                each, alike = self._tolls.of(link, loops)
                known = float(self._set_out[link.tensor.name, link.child.name]) * apart[:, i]
                found[:, i] = np.maximum(0.0, each * alike - known)
        return found

    @cached_property
    def _set_out(self) -> dict[Crossing, Fraction]:
        """What words that set out pay, which is in the prices of parents; nothing on a domain that is no box."""
        return {} if self.geometry.touched else least_hauls(self.geometry, sharings(self.geometry)[0])

    @cached_property
    def crossing(self) -> tuple[Values, ...]:
        """What crosses into the array for each node at least, by the tile outside it."""
        if self.geometry.touched:
            return self.program.fetched
        return tuple(touched(node.tensor, self.geometry) * self.geometry.lattice.steps for node in self.geometry.nodes)

    def _crossed(self, node: int) -> Values:
        return np.broadcast_to(self.crossing[node], self.geometry.lattice.shape)

    @cached_property
    def program(self) -> Program:
        masks = tuple(self.geometry.at_home(stop) for stop in range(self.skeleton.last))
        return Program(self.geometry, masks, stays=self.conventions.tiles_stay, slides=self.conventions.tiles_slide)

    def _lowered(self, gap: int) -> Program:
        """The program in whose gap nodes from further inside fetch no more than what crosses."""
        if gap not in self._programs:
            pairs = zip(self.geometry.nodes, self.program.fetched, self.crossing)
            lowered = tuple(np.minimum(f, c) if n.stop >= gap else f for n, f, c in pairs)
            self._programs[gap] = replace(self.program, lowered=lowered)
        return self._programs[gap]

    def inside(self, unrolled: Unrolled, refined: bool) -> Arrived:
        """Least price up to the outermost array, for the factors of the arrays further inside."""
        inner = tuple(factors for (gap, _), factors in zip(self.arrays, unrolled.loops) if gap > 1)
        key = (inner, unrolled.sharing if refined else None)
        if key not in self._inside:
            found = self._arrived(unrolled.loops, refined)
            each = max(1, sum(values.nbytes for values in found.values()))
            while len(self._inside) * each > MOST_BYTES:
                self._inside.popitem(last=False)
            self._inside[key] = found
        self._inside.move_to_end(key)
        return self._inside[key]

    def _arrived(self, loops: Loops, refined: bool) -> Arrived:
        start = np.full(self.geometry.lattice.shape, np.inf)
        start.flat[0] = 0.0
        arrived: Arrived = {Nodes(): start}
        row = np.array([loops], dtype=np.int64)
        apart, hauled = self._apart(row)[0], self._hauled(row)[0]
        for gap in range(self.skeleton.last, 1, -1):
            shift = self.geometry.lattice.shift(self.across(loops, gap))
            entered = {}
            for owing, values in arrived.items():
                entered[owing] = np.full(values.shape, np.inf)
                entered[owing][shift.far] = values[shift.near]
                for node, crossing in self._entering(gap, owing, refined):
                    entered[owing] += apart[node] * crossing
                for node in self._hauled_into(gap, owing):
                    entered[owing] += hauled[node] * self._crossed(node)
            arrived = self.through(gap, entered, self.paid(gap, loops if refined else None))
        return arrived

    def across(self, loops: Loops, gap: int) -> Factors:
        """Factors of the arrays of a gap together."""
        here = [factors for (place, _), factors in zip(self.arrays, loops) if place == gap]
        return tuple(prod(factors) for factors in zip(*here)) or (1,) * len(self.geometry.ranks)

    def through(self, gap: int, entered: Arrived, paid: Functional) -> Arrived:
        program = self._lowered(gap)
        reached = program.outwards(paid, gap, {(Nodes(), owing): v for owing, v in entered.items()})
        return {key[1]: values for key, values in reached.items() if np.isfinite(values).any()}

    @cached_property
    def _outside(self) -> dict[Nodes, Values]:
        """Least price from the tile just outside the outermost array on, by nodes that owe there."""
        return self.outside(self.paid(1))

    def outside(self, paid: Functional) -> dict[Nodes, Values]:
        """The same at other prices."""
        table = self._lowered(1).up_to(paid, innermost=1)[1]
        return {key[1]: values for key, values in table.items() if not key[0]}

    @cached_property
    def _dearer(self) -> Dearer | None:
        """Tables of prices that depend on the unrolling: on a box where tiles overlap and words pay nothing on
        networks."""
        windows = any(slides(node.tensor) for node in self.geometry.nodes)
        if not windows or self.geometry.touched or self._tolls:
            return None
        return Dearer(proxy(self))  # without a cycle, the tables of a layer go when the layer is done

    @cached_property
    def _beyond(self) -> dict[tuple[Nodes, bool], list[tuple[int, Values]]]:
        keys = [family.key for family in self.program.families.of[1] if not family.key[0]]
        return {(owing, kind): self._entering(1, owing, kind) for _, owing in keys for kind in (False, True)}

    @cached_property
    def arrays(self) -> tuple[tuple[int, Array], ...]:
        """Every array inside of the first stop, with its gap."""
        return tuple((gap, array) for gap, arrays in enumerate(self.skeleton.arrays) if gap for array in arrays)

    def about(self, loops: Whole) -> list[Unrolled]:
        """What the bounds need of each of some unrollings: factors by (unrolling, array, rank)."""
        across = [i for i, node in enumerate(self.geometry.nodes) if node.parent.stop == 0 and not slides(node.tensor)]
        sharing = _columns(len(loops), [self._shared_by(i, loops, range(1, 2)) for i in across])
        columns = (self._apart(loops), self._sharers(loops), sharing, self._hauled(loops), self._constant(loops),
                   self.compulsory(loops))  # fmt: skip
        factors = (tuple(map(tuple, arrays)) for arrays in loops.tolist())
        rows = zip(factors, *(column.tolist() for column in columns))
        return [Unrolled(loops, apart, sharers, tuple(shared), *rest) for loops, apart, sharers, shared, *rest in rows]

    def compulsory(self, loops: Whole) -> Values:
        """Quick lower bounds: every instance fetches each element that it needs at least once."""
        own, parent = (np.array([f(i) for i in range(len(self._needed))]) for f in (self.own, self.parent))
        fetched = own * self._sharers(loops) + parent * self._apart(loops) + self._hauled(loops)
        return np.asarray(fetched @ np.array(self._needed, dtype=np.float64) + self._constant(loops))

    def factors(self, loops: Whole, gaps: range, tensor: Tensor | None = None, sharing: bool = True) -> Whole:
        """Factors of all arrays of some gaps together; for a tensor, of those whose network shares it or does not."""
        chosen = [
            number
            for number, (gap, array) in enumerate(self.arrays)
            if gap in gaps and (tensor is None or shares(tensor, array) == sharing)
        ]
        return np.asarray(loops[:, chosen].prod(axis=1))

    def _apart(self, loops: Whole) -> Whole:
        """For each node the instances that hold the same tile and are served one by one between it and its parent."""
        nodes = self.geometry.nodes
        return _columns(
            len(loops),
            [
                self._copies(n.tensor, self.factors(loops, range(n.parent.stop + 1, n.stop + 1), n.tensor, False))
                for n in nodes
            ],
        )

    def _sharers(self, loops: Whole) -> Whole:
        """For each node the instances that hold the same tile, at least."""
        nodes = self.geometry.nodes
        return _columns(len(loops), [self._copies(n.tensor, self.factors(loops, range(1, n.stop + 1))) for n in nodes])

    def _copies(self, tensor: Tensor, factors: Whole) -> Whole:
        """Instances with the same tile, at least: windows may differ, and so may tiles of a domain that is no box."""
        if slides(tensor):
            return np.ones(len(factors), dtype=np.int64)
        return self.same(tensor, np.where(self._loose, factors, 1))

    @cached_property
    def _loose(self) -> NDArray[np.bool_]:
        """For each rank whether its values change nothing of what other ranks run through."""
        einsum = self.skeleton.einsum
        loose = loose_ranks(einsum) if self.geometry.touched else einsum.sizes
        return np.array([rank in loose for rank in self.geometry.ranks])

    def same(self, tensor: Tensor, factors: Whole) -> Whole:
        """Instances with the same tile, at most: windows may meet."""
        different = np.ones(len(factors), dtype=np.int64)
        for coordinate in tensor.coordinates:
            if coordinate.ranks:
                different *= factors[:, [self.geometry.ranks.index(rank) for rank in coordinate.ranks]].max(axis=1)
        return np.asarray(factors.prod(axis=1) // different)

    @cached_property
    def _needed(self) -> tuple[int, ...]:
        """Elements of each node's tensor, at least."""
        if self.geometry.touched:
            return tuple(int(fetched.flat[-1]) for fetched in self.program.fetched)
        return tuple(least_elements(node.tensor, self.skeleton.einsum.sizes) for node in self.geometry.nodes)

    def least_of(self, loops: Loops) -> float:
        """`least` for factors of each array."""
        (unrolled,) = self.about(np.array([loops], dtype=np.int64))
        return self.least(unrolled)

    def least(self, unrolled: Unrolled, refined: bool = False) -> float:
        """A lower bound of the energy of all mappings with these spatial factors; infinite if there are none."""
        if refined and self._dearer:
            return self._dearer.least(unrolled)
        shift = self.geometry.lattice.shift(self.across(unrolled.loops, 1))
        apart, sharers, hauled, best = unrolled.apart, unrolled.sharers, unrolled.hauled, np.inf
        for owing, values in self.inside(unrolled, refined).items():
            met = values[shift.near] + self._outside[owing][shift.far]
            for node, crossing in self._beyond[owing, refined]:
                met += apart[node] * crossing[shift.far]
            for node in self._hauled_into(1, owing):
                met += hauled[node] * self._crossed(node)[shift.far]
            again = sum(self._needed[i] * (self._again(i, sharers[i], apart[i]) + hauled[i]) for i in owing)
            best = min(best, float(met.min()) + again)
        return best + unrolled.constant

    def least_of_any(self, loops: Whole, rows: Whole) -> Values:
        """Lower bounds for some unrollings with the same factors on the outermost arrays, from the least price inside
        of them that any of `loops` has; infinite if there is no mapping."""
        here = loops[rows]
        shift = self.geometry.lattice.shift(tuple(self.factors(here[:1], range(1, 2))[0].tolist()))
        apart, sharers, best = self._apart(here).min(axis=0), self._sharers(here), np.full(len(rows), np.inf)
        hauled = self._hauled(here)
        for owing, values in self._any_inside(loops).items():
            met = values[shift.near] + self._outside[owing][shift.far]
            for node, crossing in self._beyond[owing, False]:
                met += apart[node] * crossing[shift.far]
            for node in self._hauled_into(1, owing):
                met += hauled[:, node].min() * self._crossed(node)[shift.far]
            again = [self._needed[i] * (self._again(i, sharers[:, i], apart[i]) + hauled[:, i]) for i in owing]
            best = np.minimum(best, float(met.min()) + sum(again, start=np.zeros(len(rows))))
        return np.asarray(best + self._constant(here))

    def _any_inside(self, loops: Whole) -> Arrived:
        """Least price up to the outermost array, for any factors of the arrays further inside."""
        if self._any is None:
            start = np.full(self.geometry.lattice.shape, np.inf)
            start.flat[0] = 0.0
            arrived: Arrived = {Nodes(): start}
            for gap in range(self.skeleton.last, 1, -1):
                factors = np.unique(self.factors(loops, range(gap, gap + 1)), axis=0).tolist()
                shifts = [self.geometry.lattice.shift(tuple(row)) for row in factors]
                entered = {}
                for owing, values in arrived.items():
                    least = entered[owing] = np.full(values.shape, np.inf)
                    for shift in shifts:
                        np.minimum(least[shift.far], values[shift.near], out=least[shift.far])
                    for _, crossing in self._entering(gap, owing, False):
                        least += crossing
                arrived = self.through(gap, entered, self.paid(gap))
            self._any = arrived
        return self._any

    def _again(self, number: int, sharers: Any, apart: Any) -> Any:
        """pJ for each element of a node that owes across the outermost array, for what is fetched more than once."""
        return self.own(number) * (sharers - 1) + self.parent(number) * (apart - 1)

    def _constant(self, loops: Whole) -> Values:
        """What does not depend on tiles: reads of the computes, less first writes."""
        total, last = np.zeros(len(loops)), self.skeleton.last
        for each, stop, arriving, tensor, asked, first in self._constants:
            read = asked / self.same(tensor, self.factors(loops, range(stop + 1, last + 1), tensor))
            written = self.same(tensor, self.factors(loops, range(1, stop + 1)))
            apart = self.same(tensor, self.factors(loops, range(stop + 1, arriving + 1), tensor, False))
            total += each * (read - first * written * apart)
        return total + self._hauled_to_computes(loops)

    def _hauled_to_computes(self, loops: Whole) -> Values:
        """What words for the computes pay at least, beyond the part that is in the constants."""
        total = np.zeros(len(loops))
        for link in self.skeleton.links:
            if self._tolls and link.child.memory is None:
                each, _ = self._tolls.of(link, loops)
                gaps = range(link.parent.stop + 1, self.skeleton.last + 1)
                served = self.same(link.tensor, self.factors(loops, gaps, link.tensor))
                known = float(self._set_out[link.tensor.name, link.child.name]) / served
                total += float(self.skeleton.einsum.computes) * np.maximum(0.0, each - known)
        return total

    @cached_property
    def _constants(self) -> tuple[tuple[float, int, int, Tensor, float, float], ...]:
        """(pJ per element, stop, stop from which first writes arrive one by one, tensor, elements that the computes ask
        for, first writes) of every constant."""
        return tuple(self._each_constant())

    def _each_constant(self) -> Iterator[tuple[float, int, int, Tensor, float, float]]:
        for c in self.counts:
            sites = self.skeleton.sites[c.tensor.name]
            direct = sites[-2].name == c.site.name
            below = sites[sites.index(c.site) + 1].stop
            for action in self.pricing(self.geometry, (c,)):
                if action.count.constant:
                    asked = float(self.skeleton.einsum.computes) if direct and action.count is not c.fills else 0.0
                    first = asked - float(action.count.constant)
                    apart = self.conventions.all_write_first and not direct and action.count is c.reads
                    stop, arriving = c.site.stop, below if apart else c.site.stop
                    yield float(action.each / max(1, action.wide)), stop, arriving, c.tensor, asked, first


def _columns(rows: int, columns: list[Whole]) -> Whole:
    return np.stack(columns, axis=1) if columns else np.ones((rows, 0), dtype=np.int64)


def slides(tensor: Tensor) -> bool:
    """Whether tiles of a tensor may overlap."""
    return any(len(c.ranks) > 1 for c in tensor.coordinates)


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
