"""One order of loops with every legal placing of storage nodes in it, all at once: what they hold, what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from math import prod
from typing import Any, TypeAlias

import numpy as np

from polymap.architecture.hierarchy import Architecture, Memory
from polymap.mapping.nest import Temporal
from polymap.model.conventions import POLYMAP, Conventions
from polymap.model.counting import Sets
from polymap.workload.einsum import Einsum, Tensor
from tests.oracles.uneven_loops import PERFECT, Rules, Sequence
from tests.oracles.uneven_nodes import Placed, Places, homes, needed, tail
from tests.oracles.uneven_price import Pricer, Run

EVERY_RULE = Rules()

Grid: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"


@dataclass(frozen=True)
class Posed:
    """An einsum on an architecture, what factors are meant, and which rules leave mappings out."""

    einsum: Einsum
    architecture: Architecture
    factors: str = PERFECT
    rules: Rules = EVERY_RULE
    conventions: Conventions = POLYMAP
    sets: Sets | None = None

    @cached_property
    def homes(self) -> dict[str, tuple[tuple[Memory, ...], ...]]:
        """By tensor, the memories that can keep it together."""
        return {t.name: homes(self.einsum, self.architecture, t) for t in self.einsum.tensors}

    @cached_property
    def pricer(self) -> Pricer:
        return Pricer(self.einsum, self.architecture, self.conventions, self.sets)

    @cached_property
    def limits(self) -> list[tuple[int, int]]:
        """The numbers of the limited memories and their bits."""
        bits = enumerate(memory.capacity_bits for memory in self.architecture.memories)
        return [(i, limit) for i, limit in bits if limit is not None]


@dataclass(frozen=True)
class Witness:
    """Where a mapping is listed: its loops, and the places of every tensor's nodes."""

    sequence: Sequence
    placed: tuple[Placed, ...]


@dataclass(frozen=True)
class Nest:
    """One order of loops. What placings of nodes hold and cost adds up over tensors."""

    space: Posed
    sequence: Sequence

    @cached_property
    def places(self) -> tuple[tuple[Placed, ...], ...]:
        """Per tensor, every placing of its nodes that has room."""
        space = self.space
        places = Places(space.architecture, self.sequence, space.rules)
        of = ((tensor, places.of(tensor, space.homes[tensor.name])) for tensor in space.einsum.tensors)
        return tuple(tuple(placed for placed in found if self._has_room(tensor, placed)) for tensor, found in of)

    @property
    def size(self) -> int:
        """How many placings there are, before tensors are held together; 0 where a rule leaves all of them out."""
        reached = 0
        for placed in chain.from_iterable(self.places):
            reached |= _positions(placed)
        need = needed(self.sequence, self.space.rules)
        return prod(map(len, self.places)) if reached & need == need else 0

    def placings(self) -> Iterator[tuple[Placed, ...]]:
        """The legal placings that no rule leaves out."""
        for chosen in zip(*(column.tolist() for column in self._listed()), strict=True):
            yield tuple(places[i] for places, i in zip(self.places, chosen, strict=True))

    def collect(self, found: dict[tuple[int, ...], Witness], level: str) -> int:
        """Add the costs that are new to `found`; how many mappings were priced."""
        chosen = self._listed()
        count = len(chosen[0])
        if not count:
            return 0
        costs = self._costs(chosen, level)
        firsts = dict(zip(zip(*(cost[::-1].tolist() for cost in costs), strict=True), range(count - 1, -1, -1)))
        for cost in firsts.keys() - found.keys():
            at = firsts[cost]
            placed = tuple(places[column[at]] for places, column in zip(self.places, chosen, strict=True))
            found[cost] = Witness(self.sequence, placed)
        return count

    def _has_room(self, tensor: Tensor, placed: Placed) -> bool:
        """Whether a tensor's tiles would fit if they were alone."""
        bits = self._bits(tensor, placed)
        return all(bits[i] <= limit for i, limit in self.space.limits)

    def _bits(self, tensor: Tensor, placed: Placed) -> tuple[int, ...]:
        """Bits that a tensor's tiles take in each memory, all buffers together."""
        pricer = self.space.pricer
        if not self.space.einsum.is_box:
            return pricer.price(tensor, self.sequence, placed).row[pricer.columns[1]]
        at = {memory.name: self._elements(tensor, position) for memory, position in placed}
        return tuple(m.buffering * at.get(m.name, 0) * m.element_bits(tensor) for m in pricer.memories)

    def _elements(self, tensor: Tensor, position: int) -> int:
        below = self._tiles[position]
        return prod(
            1 + sum(abs(coefficient) * (below[rank] - 1) for rank, coefficient in axis.terms)
            for axis in tensor.coordinates
        )

    @cached_property
    def _tiles(self) -> list[dict[str, int]]:
        """Points of every rank at each position, in the largest tile."""
        sizes, spans = self.space.einsum.sizes, [dict.fromkeys(self.space.einsum.sizes, 1)]
        for item in reversed(self.sequence):
            trips = {item.rank: item.trip} if isinstance(item, Temporal) else item.trips
            spans.append({rank: span * trips.get(rank, 1) for rank, span in spans[-1].items()})
        return [{rank: min(span, sizes[rank]) for rank, span in tile.items()} for tile in reversed(spans)]

    def _listed(self) -> tuple[Grid, ...]:
        """The legal placings that no rule leaves out: per tensor, which of its `places` each of them takes."""
        sizes = tuple(map(len, self.places))
        numbers, rows = np.zeros(1, np.int64), np.zeros((1, 1 + len(self.space.pricer.memories)), np.int64)
        for tensor, places in zip(self.space.einsum.tensors, self.places, strict=True):
            mine = np.array([(_positions(p), *self._bits(tensor, p)) for p in places], np.int64).reshape(
                -1, rows.shape[1]
            )
            numbers = (numbers[:, None] * len(places) + np.arange(len(places))).ravel()
            masks = (rows[:, None, 0] | mine[None, :, 0]).ravel()
            rows = (rows[:, None, :] + mine[None, :, :]).reshape(len(numbers), rows.shape[1])
            rows[:, 0] = masks
            kept = np.logical_and.reduce([rows[:, 1 + i] <= limit for i, limit in self.space.limits] or [masks >= 0])
            numbers, rows = numbers[kept], rows[kept]
        return np.unravel_index(numbers[self._is_listed(rows)], sizes) if all(sizes) else (numbers,)

    def _is_listed(self, rows: Grid) -> Any:
        """Which rows (positions of nodes, bits by memory) break no rule of the list and leave no memory too empty."""
        space = self.space
        need = needed(self.sequence, space.rules)
        lowest = tail(self.sequence, list(space.einsum.sizes), space.rules)
        listed = (rows[:, 0] & need == need) & (rows[:, 0] >= 1 << lowest)
        for i, memory in enumerate(space.architecture.memories):
            least = memory.min_utilization * (memory.capacity_bits or 0)
            listed &= rows[:, 1 + i] * least.denominator >= least.numerator
        return listed

    def _costs(self, chosen: tuple[Grid, ...], level: str) -> tuple[Grid, ...]:
        """Energy, cycles and, of the memory `level`, bits moved and held."""
        pricer = self.space.pricer
        loads, held, moved = pricer.columns
        rows, run = self._priced(chosen)
        busy = [np.full(len(rows), run.time)]
        for (memory, port), load in zip(pricer.ports, rows[:, loads].T, strict=True):
            busy.append(-(-load // (run.instances[memory] * port.denominator)))
        cycles = np.maximum.reduce(busy) + pricer.delay
        powered = cycles - (0 if pricer.conventions.latency_leaks else pricer.delay)
        energy = rows[:, 0] + run.rate * powered + pricer.computing
        if not level:
            return energy, cycles
        at = [memory.name for memory in pricer.memories].index(level)
        return energy, cycles, rows[:, moved.start + at], rows[:, held.start + at]

    def _priced(self, chosen: tuple[Grid, ...]) -> tuple[Grid, Run]:
        """The sum over tensors of the rows of their prices; only placings that some mapping takes are priced."""
        tensors, rows = self.space.einsum.tensors, []
        for tensor, places, column in zip(tensors, self.places, chosen, strict=True):
            used, back = np.unique(column, return_inverse=True)
            priced = [self.space.pricer.price(tensor, self.sequence, places[i]) for i in used.tolist()]
            rows.append(np.array([price.row for price in priced], np.int64)[back])
        return np.add.reduce(rows), priced[0].run


def _positions(placed: Placed) -> int:
    return sum({1 << position for _, position in placed})
