"""All unrollings of a frame at once: quick bounds as arrays, and classes in the order of these.

First each node pays for what it needs once. What nodes outside all arrays pay does not depend on the unrolling: to them
a spatial loop further in is a loop like any other. So one table bounds it for all, and two for what is inside and
outside the outermost array (`meeting`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory
from polymap.constraints.bind import Limits
from polymap.constraints.limits import ShareLimit, UnrollingLimit
from polymap.errors import Infeasible, Mistake
from polymap.mapper.imperfect.charges import Charges
from polymap.mapper.imperfect.classes import Class
from polymap.mapper.imperfect.flows import Flow, Loops, one_rank
from polymap.mapper.imperfect.meeting import Meeting
from polymap.mapper.imperfect.tables import Bounds
from polymap.mapper.imperfect.unrolling import unrollings
from polymap.mapper.ledger import Ledger
from polymap.mapper.pricing import Counts, Functional, energy_actions, functional, port_actions, traffic_actions
from polymap.mapper.problem import FLOAT
from polymap.mapper.progress import nothing
from polymap.mapper.space import Skeleton, even, keepings, uneven
from polymap.mapper.traffic import Geometry, shares
from polymap.mapper.unrolling import Spatial, Unrolling, is_most, said
from polymap.model.conventions import Conventions
from polymap.workload.einsum import Einsum, Tensor

Numbers = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Unrollings:
    """Every unrolling of an einsum over the arrays: `choice` has a row for each and a column for each array, with the
    number of its unrolling in `of`."""

    einsum: Einsum
    arrays: tuple[Array, ...]
    of: tuple[tuple[Unrolling, ...], ...]
    choice: Numbers
    limits: Limits | None = None

    def factors(self, array: Array) -> Numbers:
        """Factors over an array: unrollings by ranks."""
        place = self.arrays.index(array)
        found = np.array([u.factors for u in self.of[place]], dtype=np.int64)
        rows: Numbers = found[self.choice[:, place]]
        return rows

    def spatial(self, row: int) -> Spatial | None:
        """One of them; None if a dimension could be used more, which must not be, or limits do not allow it."""
        found = Spatial(tuple(self.of[a][n] for a, n in enumerate(self.choice[row])))
        if self.limits and not self.limits.allows_unrollings(dict(said(self.einsum, u) for u in found.unrollings)):
            return None
        return found if is_most(self.einsum, found) else None

    def part(self, rows: Any) -> Unrollings:
        return replace(self, choice=self.choice[rows])


def all_unrollings(einsum: Einsum, arrays: tuple[Array, ...], limits: Limits | None = None) -> Unrollings:
    """All that some nest has: each array finds at least as many tiles as it unrolls, as the limits of each allow."""
    sizes = tuple(size for _, size in einsum.ranks)
    of = tuple(tuple(unrollings(einsum, sizes, array, limits)) for array in arrays)
    choice, left = np.zeros((1, 0), dtype=np.int64), np.array([sizes], dtype=np.int64)
    for options in reversed(of):
        factors = np.array([u.factors for u in options], dtype=np.int64).reshape(len(options), len(sizes))
        rows, numbers = (grid.ravel() for grid in np.indices((len(left), len(options))))
        here, taken = left[rows], factors[numbers]
        fits = (taken <= here).all(axis=1)
        left = -(-here[fits] // taken[fits])
        choice = np.column_stack([numbers[fits], choice[rows[fits]]])
    return Unrollings(einsum, arrays, of, choice, limits)


@dataclass
class Batch:
    """The unrollings of one frame, `even` or of the same arrays in use, and their bounds."""

    skeleton: Skeleton
    conventions: Conventions
    unrollings: Unrollings
    levels: tuple[str, ...] = ()  # memories whose traffic is asked for
    check: Callable[[], None] = nothing  # called while bounds are made; may end that by raising
    _opened: dict[int, Class | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.unrollings.choice)

    def open(self, row: int) -> Class | None:
        """The class of an unrolling; None if it breaks a rule of its arrays."""
        if row not in self._opened:
            spatial = self.unrollings.spatial(row)
            geometry = Geometry(self.skeleton, spatial) if spatial else None
            self._opened[row] = Class(geometry, self.conventions, self.levels, self.check) if geometry else None
        return self._opened[row]

    @cached_property
    def alone(self) -> Charges:
        """Flows and prices where nothing is unrolled. Statements are ignored: spatial loops are temporal ones here,
        so tiles and loops are not those that statements mean."""
        arrays = (array for here in self.skeleton.arrays for array in here)
        ones = (1,) * len(self.skeleton.einsum.ranks)
        spatial = Spatial(tuple(Unrolling(array, ones, ()) for array in arrays))
        return Charges(Loops(Geometry(replace(self.skeleton, ledger=None), spatial)), self.conventions)

    @cached_property
    def _factors(self) -> dict[str, Numbers]:
        return {array.name: self.unrollings.factors(array) for here in self.skeleton.arrays for array in here}

    def _between(self, first: int, last: int, tensor: Tensor | None = None) -> Numbers:
        """Factors of all arrays of some gaps together, or of those that share a tensor."""
        found = np.ones((len(self), len(self.skeleton.einsum.ranks)), dtype=np.int64)
        for gap in range(first, last + 1):
            for array in self.skeleton.arrays[gap]:
                if tensor is None or shares(tensor, array):
                    found = found * self._factors[array.name]
        return found

    def _running(self, arrays: list[Array]) -> Numbers:
        """Instances along each rank that run at least, inside arrays from the outermost one on."""
        found = np.ones((len(self), len(self.skeleton.einsum.ranks)), dtype=np.int64)
        for array in reversed(arrays):
            factors = self._factors[array.name]
            cut = np.where(found > 1, (factors - 1) * found + 1, factors)
            found = np.where(factors > 1, cut, found)
        return found

    def _above(self, stop: int) -> list[Array]:
        return [array for here in self.skeleton.arrays[: stop + 1] for array in here]

    @cached_property
    def cycles(self) -> Numbers:
        """Compute cycles at least."""
        sizes = np.array(self.alone.loops.sizes, dtype=np.int64)
        found: Numbers = (-(-sizes // self._between(0, self.skeleton.last))).prod(axis=1)
        return found

    @cached_property
    def leakage(self) -> Values:
        """pJ per cycle at least."""
        architecture, total = self.skeleton.architecture, np.zeros(len(self))
        unrolled = [array for array in architecture.arrays if array.name in self._factors]
        levels: list[Memory | Compute] = [*architecture.memories, architecture.compute]
        for level in levels:
            if level.leakage_w:
                above = [a for a in unrolled if architecture.index(a.name) < architecture.index(level.name)]
                idle = self.conventions.idle_instances_leak
                here = architecture.instances(level.name) if idle else self._running(above).prod(axis=1)
                total = total + float(level.leakage_w * 10**12 / architecture.clock_hz) * here
        return total

    def energy(self, tables: bool, most: float | None = None) -> Values:
        """pJ without leakage at least. Without `tables`, a quick bound: all nodes fetch what they need once. With
        `most`, a closer one, and infinity for some that need more."""
        actions = [(c, energy_actions(self.alone.loops.geometry, (c,))) for c in self.alone.counts]
        compute = self.skeleton.architecture.compute.energy_pj * self.skeleton.einsum.computes
        return self._least(actions, np.ones(len(self)), tables, most and most - float(compute)) + float(compute)

    def moved(self, level: str, tables: bool) -> Values:
        """Bits that a memory moves at least."""
        actions = [(c, traffic_actions(level)(self.alone.loops.geometry, (c,))) for c in self.alone.counts]
        return np.ceil(self._least(actions, np.ones(len(self)), tables, None) * (1 - FLOAT) - 1e-6)

    def busy(self, tables: bool) -> Values:
        """Cycles that some port is busy at least."""
        most = np.zeros(len(self))
        for kept in self.skeleton.kept:
            here = tuple(c for c in self.alone.counts if c.site.name == kept.memory.name)
            names = {name for name, _ in port_actions(self.alone.loops.geometry, here)}
            for port in sorted(names):
                asked = ((c, dict(port_actions(self.alone.loops.geometry, (c,)))) for c in here)
                actions = [(c, found[port]) for c, found in asked if port in found]
                instances = self._between(0, here[0].site.stop).prod(axis=1)
                most = np.maximum(most, self._least(actions, instances, tables, None))
        return most

    def _least(
        self, actions: list[tuple[Counts, list[Any]]], instances: Numbers | Values, tables: bool, most: float | None
    ) -> Values:
        """What actions cost at least; up to `most` from tables inside the arrays and outside, if it is told."""
        plain = [
            (c, replace(action, each=action.each / max(1, action.wide), wide=0))
            for c, here in actions
            for action in here
        ]
        prices = functional([action for _, action in plain]).prices
        meeting = self._meeting(prices) if tables and most is not None else None
        outer = {i for i in prices if i in self._outer} if tables and not meeting else set()
        total = np.full(len(self), self._outside(Functional(0.0, {i: prices[i] for i in outer}, {})))
        told = meeting.told if meeting else outer
        for i, price in prices.items():
            if i not in told:
                total = total + price * self._amount(i)
        for c, action in plain:
            if action.count.constant:
                writes = self._first_writes(c, fills=action.count is c.fills)
                total = total + float(action.each * action.count.constant) * writes
        if meeting and most is not None:
            more = {i: np.maximum(self._amount(i) - self._needed(i), 0.0) for i in meeting.told}
            total = meeting.least(self._between(meeting.gap, meeting.gap), more, total, most)
        found: Values = total / instances
        return found

    def _meeting(self, prices: Mapping[int, float]) -> Meeting | None:
        """Tables that meet at the outermost array; None where there is none inside of a memory."""
        gap = self._first_array
        if not 0 < gap <= self.skeleton.last:
            return None
        return Meeting(self.alone, self.conventions.tiles_stay, gap, prices, self.check)

    def _needed(self, number: int) -> int:
        """Elements of a flow's tensor at least."""
        sizes, coordinates = self.alone.loops.sizes, self.alone.flows[number].coordinates
        return prod(max((sizes[r] for _, r in c), default=1) for c in coordinates)

    @cached_property
    def _outer(self) -> frozenset[int]:
        """Flows to nodes outside all arrays."""
        nodes, inside = self.alone.loops.geometry.nodes, self._first_array
        outer = [i for i, node in enumerate(nodes) if node.stop < inside]
        return frozenset(outer) | {len(nodes) + i for i in outer}

    @property
    def _first_array(self) -> int:
        return next((gap for gap, here in enumerate(self.skeleton.arrays) if here), self.skeleton.last + 1)

    def _outside(self, quantity: Functional) -> float:
        if not quantity.prices:
            return 0.0
        bounds = Bounds(self.alone, self.conventions.tiles_stay, self._first_array, self.check)
        return bounds.least(quantity)

    def _amount(self, number: int) -> Values:
        """Elements of a flow at least."""
        nodes, flow = len(self.alone.loops.geometry.nodes), self.alone.flows[number]
        shared = self._shared(number, flow)
        sizes = np.array(self.alone.loops.sizes, dtype=np.int64)
        if number < 2 * nodes:
            groups, each = self._running(self._above(flow.stop)), [max((sizes[r] for _, r in c), default=1)
                                                                   for c in flow.coordinates]  # fmt: skip
        else:
            groups = np.broadcast_to(sizes, (len(self), len(sizes)))
            each = [prod(int(sizes[r]) for _, r in c) for c in flow.coordinates]
        total = np.full(len(self), float(prod(map(int, each))))
        for r in flow.others:
            total = total * -(-groups[:, r] // shared[:, r])
        for c in flow.coordinates:
            together = shared[:, [r for _, r in c]]
            if len(c) > 1:
                total = total / (together.prod(axis=1) / together.max(axis=1))
        return total

    def _shared(self, number: int, flow: Flow) -> Numbers:
        nodes = self.alone.loops.geometry.nodes
        if number < len(nodes):
            return self._between(0, -1)
        if number < 2 * len(nodes):
            parent = nodes[number - len(nodes)].parent.stop
        else:
            parent = self.skeleton.sites[flow.tensor.name][-2].stop
        return self._between(parent + 1, flow.stop, flow.tensor)

    def _first_writes(self, c: Counts, fills: bool) -> Values:
        """How many times as many elements are written first as where nothing is unrolled, at most."""
        sites = self.skeleton.sites[c.tensor.name]
        child = sites[sites.index(c.site) + 1]
        apart = self.conventions.all_write_first and child.memory is not None and not fills
        factors = self._between(0, child.stop if apart else c.site.stop)
        if apart:
            factors = factors // self._between(c.site.stop + 1, child.stop, c.tensor)
        alone = {rank for x in c.tensor.coordinates if one_rank(x) for rank in x.ranks}
        times = [r for r, (name, _) in enumerate(self.skeleton.einsum.ranks) if name not in alone]
        found: Values = factors[:, times].prod(axis=1).astype(np.float64)
        return found


def _unfilled(found: Unrollings) -> Iterator[Mistake]:
    """The arrays of which no trips use as much as they must; if each can be used so alone, all that must be."""
    alone = [array for array, options in zip(found.arrays, found.of) if not options]
    ruled = [array for array in found.arrays if any(rule.min_usage for _, rule in array.rules)]
    for array in alone or ruled:
        message = f"no trips use as many instances of {array.name} as `min_usage` asks for"
        yield Mistake(array.place, message, "lower `min_usage`, or add `or most` to it")


def batches(
    einsum: Einsum, architecture: Architecture, conventions: Conventions, roaming: bool, limits: Limits | None = None
) -> Iterator[Batch]:
    """The mapspace that limits leave, uneven (`roaming`) or even, frame by frame. Raises `Infeasible` where an array
    must be fuller than it can be."""
    ledger = None if limits is None else Ledger(limits, perfect=False)
    asked = ledger if ledger and not ledger.empty else None
    about = (UnrollingLimit, ShareLimit)
    spread = limits if limits and any(isinstance(limit, about) for limit in limits.limits) else None
    found = all_unrollings(einsum, architecture.arrays, spread)
    if not len(found.choice):
        if spread:
            return
        raise Infeasible(_unfilled(found))
    used = np.column_stack([np.zeros((len(found.choice), 0), dtype=bool),
                            *((found.factors(a) > 1).any(axis=1) for a in architecture.arrays)])  # fmt: skip
    kinds, kind = np.unique(used, axis=0, return_inverse=True)
    for kept in keepings(einsum, architecture, limits):
        idle = {memory.name for memory in architecture.memories} - {k.memory.name for k in kept}
        if ledger and not ledger.allows_none(idle):
            continue
        if not roaming:
            yield Batch(replace(even(einsum, architecture, kept), ledger=asked), conventions, found)
            continue
        for number, which in enumerate(kinds):
            names = [array.name for array, here in zip(architecture.arrays, which) if here]
            frame = uneven(einsum, architecture, kept, names, apart=True)
            yield Batch(replace(frame, ledger=asked), conventions, found.part(kind.ravel() == number))
