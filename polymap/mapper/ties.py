"""The nest of fewest loops among equals: the last tie-breakers, by a search like `labels`.

Of all nests of a part within some limits, the one of fewest loops is wanted, and of these the first in *reading order*:
read from the innermost line outwards, a loop comes before a node, and loops come in the order of their text. Here a
loop is taken with its whole trip at once, so that loops count. Every rank that is not whole yet needs one more: with
that bound, labels are taken by (loops, lines). What a label may still become starts with its lines, so the first nest
that arrives is the one that is wanted.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from polymap.errors import PolymapError
from polymap.mapper.families import START, Key, Nodes
from polymap.mapper.fronts import no_more
from polymap.mapper.incumbent import Candidate, Incumbent
from polymap.mapper.labels import Gaps, Item, Label, Labels
from polymap.mapper.lattice import Shift
from polymap.mapper.objective import TOLERANCE, Rank
from polymap.mapper.pricing import Functional
from polymap.mapper.problem import Part
from polymap.mapper.program import Program
from polymap.mapper.reading import Lines, held

MOST_TIED_LABELS = 4_000
MOST_TIED = 64  # parts
Order = tuple[int, Lines]  # loops, and the lines that stand, innermost first


class TooManyTies(PolymapError):
    """More labels than it pays to look at for the last tie-breakers."""


@dataclass(frozen=True, slots=True)
class Counted(Label):
    """A label with the number of its loops and its lines."""

    order: Order = (0, ())


class FewestLoops(Labels):
    """One search. Each of `limits` is a quantity and the most of it that a nest may need."""

    def __init__(self, program: Program, limits: Sequence[tuple[Functional, float]]) -> None:
        super().__init__(program, [quantity for quantity, _ in limits], lambda least: least)
        self.most = [most + TOLERANCE * abs(most) for _, most in limits]
        self.waiting: list[tuple[int, Lines, int, Counted]] = []
        self.known: dict[tuple[int, Key, int], list[tuple[Order, Rank]]] = {}
        self.popped = 0

    def equals(self) -> Iterator[Gaps]:
        """The nests within the limits, first those of fewest loops. Raises `TooManyTies`."""
        nothing = tuple(0.0 for _ in self.pay)
        self._push(None, None, self.program.last, START, 0, nothing, tuple(0.0 for _ in self.rooms.limited))
        while self.waiting:
            *_, label = heapq.heappop(self.waiting)
            if not label.gap:
                yield self._gaps(label)
            elif self._is_known(label):
                self.popped += 1
                if self.popped > MOST_TIED_LABELS:
                    raise TooManyTies(f"more than {MOST_TIED_LABELS} labels")
                self._expand(label)

    def _shifts(self, rank: int, mixed: bool) -> tuple[Shift, ...]:
        return self.lattice.shifts(rank)

    def _push(
        self, before: Label | None, item: Item | None, gap: int, key: Key, at: int, paid: Rank, taken: Rank
    ) -> None:
        for constant, table, cost, most in zip(self.constants, self.tables, paid, self.most):
            if constant + cost + (table[gap][key].item(at) if gap else 0.0) > most:
                return
        loops, lines = before.order if isinstance(before, Counted) else (0, ())
        order = loops + isinstance(item, tuple), (*lines, *self._lines(item, gap, before))
        if self._is_new(gap, key, at, order, (*paid, *taken)):
            self.serial += 1
            label = Counted(gap, key, at, paid, taken, (), 0, before, item, order)
            heapq.heappush(self.waiting, (order[0] + self._remaining(at), order[1], self.serial, label))

    def _lines(self, item: Item | None, gap: int, before: Label | None) -> Lines:
        geometry = self.program.geometry
        if isinstance(item, tuple):
            return (f"for {geometry.ranks[item[0]]} in {item[1]}",)
        placed = item
        if item is None and before is not None:
            placed = self.families[before.gap, before.key].leaving
        nodes = (self.program.nodes[i] for i in placed or Nodes())
        machine = geometry.skeleton.architecture
        spatial = ("parallel",) if item is None and any(f > 1 for f in geometry.unrolled[gap]) else ()
        return (*sorted(held(n.memory.name, n.tensor.name, machine) for n in nodes), *spatial)

    def _remaining(self, at: int) -> int:
        """Ranks that are not whole: each needs one more loop."""
        return int(self._cut.item(at))

    @cached_property
    def _cut(self) -> NDArray[np.int64]:
        pairs = zip(self.lattice.tiles, self.lattice.sizes)
        return sum((np.asarray(tile < size, dtype=np.int64) for tile, size in pairs), start=np.zeros(self.shape, int))

    def _is_new(self, gap: int, key: Key, at: int, order: Order, vector: Rank) -> bool:
        """Whether no label in this state comes before it and has paid and taken as little; then it joins them."""
        others = self.known.setdefault((gap, key, at), [])
        if any(first <= order and no_more(least, vector) for first, least in others):
            return False
        others[:] = [(o, v) for o, v in others if not (order <= o and no_more(vector, v))]
        others.append((order, vector))
        return True

    def _is_known(self, label: Counted) -> bool:
        here = self.known[label.gap, label.key, label.at]
        return (label.order, (*label.paid, *label.taken)) in here


def settle(incumbent: Incumbent, closed: Iterable[Part]) -> None:
    """Put the first of all mappings that tie with the best in its place.

    They may be in the parts where some were found, in those that were `closed` because they could do no better, and in
    those for which these stand; of all the first `MOST_TIED` count. In a part of more than `MOST_TIED_LABELS` labels
    the best found stands.
    """
    best = incumbent.best
    if best is not None:
        parts = chain.from_iterable(part.images() for part in chain(incumbent.equals.copy(), closed))
        for part in islice(parts, MOST_TIED):
            if part.exact and part.geometry.compute_cycles <= best.cost.cycles:
                with suppress(TooManyTies):
                    _settle(incumbent, part, best)


def _settle(incumbent: Incumbent, part: Part, best: Candidate) -> None:
    energy = float(best.cost.energy - part.leakage * best.cost.cycles)
    limits = [(part.energy, energy), *((port, float(best.cost.cycles)) for port in part.ports.values())]
    for gaps in FewestLoops(part.program(), [*limits, *incumbent.moving(part)]).equals():
        if incumbent.offer(part, gaps).rank <= best.rank:  # else only rounding errors put it within the limits
            return
