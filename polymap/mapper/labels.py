"""Nests of a part in the order of their price: a best-first search over the states of its program.

The tables of the program say what is still to pay from any state, except that they do not know how much room the nodes
that stand already have taken, nor that several quantities (energy, cycles of ports) must be small in the same nest. So
they guide an A* search: a *label* is a path from the innermost state, with all it has paid and the exact room it has
taken in each memory; its bound is what it has paid plus what the tables say is still to pay. Of two labels in one state
one is enough if it has paid and taken no more than the other. The first label that arrives is a nest of least rank.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from polymap.errors import PolymapError
from polymap.mapper.families import START, Family, Key, Nodes
from polymap.mapper.fronts import SAME, Fronts, added
from polymap.mapper.lattice import Index, Shift, Values
from polymap.mapper.objective import Rank
from polymap.mapper.pricing import Functional
from polymap.mapper.program import Program

Item: TypeAlias = "tuple[int, int] | Nodes"  # a loop (rank, trip), or nodes placed between loops
Gaps: TypeAlias = list[list[Item]]  # what stands in every gap, innermost gap and item first
MOST_LABELS = 200_000


class TooManyLabels(PolymapError):
    """The search has been given up; all nests that it has not yielded have at least the rank `bound`."""

    def __init__(self, bound: Rank) -> None:
        super().__init__(f"more than {MOST_LABELS} labels")
        self.bound = bound


@dataclass(frozen=True, slots=True)
class Label:
    """A path from the innermost state to this one: its state (the tile as its place `at` in a flat array), what it has
    paid and the bits it has taken so far."""

    gap: int
    key: Key
    at: int
    paid: Rank
    taken: Rank
    bound: Rank
    depth: int
    before: Label | None
    item: Item | None  # None where a gap was left, or at the start


class Labels:
    """One search. `rank` makes a rank of the least values of all quantities, or None of values that are no good."""

    def __init__(self, program: Program, quantities: Sequence[Functional], rank: Callable[[Rank], Rank | None]) -> None:
        self.program, self.rank = program, rank
        self.lattice = program.geometry.lattice
        self.pay = [program.pay(quantity) for quantity in quantities]
        self.tables = [program.to_go(quantity) for quantity in quantities]
        self.constants = [quantity.constant for quantity in quantities]
        self.rooms = program.rooms
        self.shape = self.lattice.shape
        self.families = {(gap, f.key): f for gap in range(1, program.last + 1) for f in program.families.of[gap]}
        self.fitting: dict[int, NDArray[np.bool_]] = {}
        self.queue: list[tuple[Rank, int, int, Label]] = []
        self.fronts = Fronts[tuple[int, Key, int]]()
        self.serial = 0

    def nests(self) -> Iterator[tuple[Rank, Gaps]]:
        """Ranks and nests, least rank first. Raises `TooManyLabels`."""
        nothing = tuple(0.0 for _ in self.pay)
        self._push(None, None, self.program.last, START, 0, nothing, tuple(0.0 for _ in self.rooms.limited))
        popped = 0
        while self.queue:
            bound, _, _, label = heapq.heappop(self.queue)
            if not label.gap:
                yield bound, self._gaps(label)
            elif self._stands(label):
                popped += 1
                if popped > MOST_LABELS:
                    raise TooManyLabels(bound)
                self._expand(label)

    def _expand(self, label: Label) -> None:
        """All that may follow a label. Of equals the last one goes on: leaving before placing before loops."""
        family, flat = self.families[label.gap, label.key], label.at
        for rank, shift, after, prices in self._closings(label.gap, family):
            self._loop(label, rank, shift, after, tuple([price.item(flat) for price in prices]))
        free = tuple(0.0 for _ in self.pay)
        for rank in reversed(family.free):
            for shift in reversed(self._shifts(rank, False)):
                self._loop(label, rank, shift, label.key, free)
        for placing in reversed(family.placings):
            nodes = Nodes({placing.node})
            taken = self._take(label, nodes, flat)
            if taken is not None:
                paid = added(label.paid, tuple(_at(pay.placed(placing), flat) for pay in self.pay))
                self._push(label, nodes, label.gap, placing.after, label.at, paid, taken)
        self._leave(label, family, flat)

    @cached_property
    def _known(self) -> dict[tuple[int, Key], list[tuple[int, Shift, Key, list[Values]]]]:
        return {}

    def _closings(self, gap: int, family: Family) -> list[tuple[int, Shift, Key, list[Values]]]:
        """(rank, shift, key after, prices before the loop) of every closing loop; where no tiles overlap in any
        quantity, prime factors do."""
        known = (gap, family.key)
        if known not in self._known:
            found = []
            for closing in reversed(family.closings):
                mixed = any(pay.quantity.concerns(i) for pay in self.pay for i in closing.mixed)
                for shift in reversed(self._shifts(closing.rank, mixed)):
                    prices = [pay.price(closing, shift.factor if mixed else 0, gap) for pay in self.pay]
                    found.append((closing.rank, shift, closing.after, prices))
            self._known[known] = found
        return self._known[known]

    def _shifts(self, rank: int, mixed: bool) -> tuple[Shift, ...]:
        """Loops over a rank, one step each: a longer one is several of prime factors, unless it keeps an overlap."""
        return self.lattice.shifts(rank) if mixed else self.lattice.prime_shifts(rank)

    def _loop(self, label: Label, rank: int, shift: Shift, key: Key, prices: Rank) -> None:
        if self._fit(shift).item(label.at):
            paid = added(label.paid, prices)
            self._push(label, (rank, shift.factor), label.gap, key, label.at + shift.offset, paid, label.taken)

    def _fit(self, shift: Shift) -> NDArray[np.bool_]:
        """Whether a loop fits after a tile."""
        if shift.offset not in self.fitting:
            fits = np.zeros(self.shape, dtype=bool)
            fits[shift.near] = True
            self.fitting[shift.offset] = fits
        return self.fitting[shift.offset]

    def _leave(self, label: Label, family: Family, flat: int) -> None:
        top = label.gap == 1
        if not family.leaves or (top and flat != self.lattice.points - 1):
            return
        taken = self._take(label, family.leaving, flat)
        if taken is None or _at(self.program.masks[label.gap - 1], flat, self.shape) == inf:
            return
        due = family.leaving | (label.key[1] if top else Nodes())
        pays = due if top or not self.program.stays else Nodes()
        prices = tuple(sum(pay.whole(i).item(flat) for i in pays) for pay in self.pay)
        self._push(label, None, label.gap - 1, (Nodes(), family.owing), label.at, added(label.paid, prices), taken)

    def _take(self, label: Label, nodes: Nodes, flat: int) -> Rank | None:
        """Bits taken once nodes are placed; None if those still to come will not fit. Memories that await no more
        nodes are forgotten."""
        placed = self.program.placed(label.gap, label.key)
        found = []
        for memory, taken in zip(self.rooms.limited, label.taken):
            arriving = memory.nodes & nodes
            if not arriving:
                found.append(taken)
                continue
            more = {i: self.rooms.bits[i].item(flat) for i in memory.nodes - placed}
            if taken + sum(more.values()) > memory.room:
                return None
            found.append(0.0 if len(arriving) == len(more) else taken + sum(more[i] for i in arriving))
        return tuple(found)

    def _push(
        self, before: Label | None, item: Item | None, gap: int, key: Key, at: int, paid: Rank, taken: Rank
    ) -> None:
        least = []
        for constant, table, cost in zip(self.constants, self.tables, paid):
            to_go = table[gap][key].item(at) if gap else 0.0
            if to_go == inf:
                return
            least.append(constant + cost + to_go)
        rank = self.rank(tuple(least))
        if rank is None or not self._worth(gap, key, at, (*paid, *taken)):
            return
        bound = raised(before.bound, rank) if before else rank
        depth = before.depth + 1 if before else 0
        self.serial += 1
        label = Label(gap, key, at, paid, taken, bound, depth, before, item)
        heapq.heappush(self.queue, (bound, -depth, -self.serial, label))

    def _worth(self, gap: int, key: Key, at: int, vector: Rank) -> bool:
        """Whether no label in this state has paid and taken as little; then it joins them."""
        return self.fronts.joins((gap, key, at), vector)

    def _stands(self, label: Label) -> bool:
        return self.fronts.hold((label.gap, label.key, label.at), (*label.paid, *label.taken))

    def _gaps(self, last: Label) -> Gaps:
        """The nest of a path. A second loop over a rank between two placements is moved inwards to the first: it
        fetches no more there (see `program`). Unless tiles stay, a node that owes stands outside the loop that follows.
        """
        gaps: Gaps = [[]]
        trips: dict[int, int] = {}  # place of each rank's loop since the last placement
        owing: list[Nodes] = []
        for label in _path(last):
            item = label.item
            if item is None:
                gaps.append([])
                trips = {}
            elif isinstance(item, frozenset):
                slides = not self.program.stays and item <= label.key[1]
                (owing if slides else gaps[-1]).append(item)
                trips = {}
            elif item[0] in trips:
                rank, trip = gaps[-1][trips[item[0]]]
                gaps[-1][trips[item[0]]] = (rank, trip * item[1])
            else:
                trips[item[0]] = len(gaps[-1])
                gaps[-1] += [item, *owing]
                trips, owing = ({} if owing else trips), []
        return gaps[:-1]


def _path(label: Label) -> list[Label]:
    """The labels that lead to one, without the start."""
    found: list[Label] = []
    step: Label | None = label
    while step is not None and step.before is not None:
        found.append(step)
        step = step.before
    return found[::-1]


def raised(bound: Rank, rank: Rank) -> Rank:
    """The greater of a rank and the bound of what came before, rounding errors forgiven."""
    for place, (low, value) in enumerate(zip(bound, rank)):
        if value > low * (1 + SAME):
            return (*bound[:place], *rank[place:])
        if value < low * (1 - SAME):
            return bound
    return bound


def _at(values: Values, flat: int, shape: Index | None = None) -> float:
    """A value of an array that may have to be broadcast."""
    if values.ndim == 0:
        return float(values)
    return float((values if shape is None else np.broadcast_to(values, shape)).item(flat))
