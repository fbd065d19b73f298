"""The kernel of a class: the few tiles and loop orders that can still lead to an answer as good as wanted.

A state (open nodes and tile at a stop) survives if, for every limited quantity, the least price from the inside to it
plus the least price from it outwards stays within the limit. Between surviving states of consecutive stops the loops
of the gap are known; their orders differ only in what nodes fetch when they close. Everything here is exact: integers
from tile sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polymap.errors import PolymapError
from polymap.mapper.families import Nodes, relevant
from polymap.mapper.lattice import Index, Lattice, Values
from polymap.mapper.objective import TOLERANCE
from polymap.mapper.pricing import Functional
from polymap.mapper.program import Program, Table
from polymap.mapper.unrolling import Factors
from polymap.mapping.tiles import extents

STATES = 20_000
ARCS = 400_000


class KernelTooLarge(PolymapError):
    """More states or arcs than a solver model should hold."""


@dataclass(frozen=True)
class State:
    """At the inner stop of `gap`: nodes that owe from there outwards and the temporal tile."""

    gap: int
    nodes: Nodes
    tile: Factors


@dataclass(frozen=True)
class Arc:
    """The loops of one gap, innermost first, from a state to one of the next gap outwards (None: the top of the nest).

    `fetched` holds (node, elements) of the nodes that close in this gap.
    """

    inner: State
    outer: State | None
    loops: tuple[tuple[int, int], ...]
    fetched: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Kernel:
    """Arcs per gap, innermost gap first."""

    arcs: tuple[tuple[Arc, ...], ...]

    @property
    def empty(self) -> bool:
        return any(not arcs for arcs in self.arcs)


@dataclass(frozen=True)
class Limit:
    """A limited quantity with its least prices from the inside to every state and from every state outwards."""

    quantity: Functional
    most: float
    inside: Table
    outside: Table

    def allows(self, values: Any) -> Any:
        return self.quantity.constant + values <= self.most + TOLERANCE * abs(self.most)

    def reaches(self, gap: int, nodes: Nodes) -> bool:
        return (Nodes(), nodes) in self.inside[gap]

    def allows_states(self, gap: int, nodes: Nodes) -> NDArray[np.bool_]:
        key = (Nodes(), nodes)
        return np.asarray(self.allows(self.inside[gap][key] + self.outside[gap][key]))

    def allows_arc(self, lattice: Lattice, arc: Arc) -> bool:
        before = self._at(self.inside, arc.inner, lattice)
        paid = sum(self._paid(node, elements) for node, elements in arc.fetched)
        after = self._at(self.outside, arc.outer, lattice) if arc.outer else 0.0
        return bool(self.allows(before + paid + after))

    def _at(self, table: Table, state: State, lattice: Lattice) -> float:
        return float(table[state.gap][Nodes(), state.nodes][lattice.index_of(state.tile)])

    def _paid(self, node: int, elements: int) -> float:
        return float(self.quantity.charge(node, np.asarray(float(elements)))) if self.quantity.concerns(node) else 0.0


def kernel(program: Program, limits: list[tuple[Functional, float]], most: int = ARCS) -> Kernel:
    """All surviving arcs; each limit bounds one functional. Raises `KernelTooLarge` beyond `most` arcs in all gaps."""
    tables = [Limit(f, most, program.from_inside(f), program.to_go(f)) for f, most in limits]
    states = _states(program, tables, min(most, STATES))
    arcs: list[tuple[Arc, ...]] = []
    for gap in range(program.last, 0, -1):
        found: list[Arc] = []
        for state in states[gap]:
            for outer in states.get(gap - 1, [None]):
                found.extend(_arcs(program, state, outer, tables))
            if sum(map(len, arcs)) + len(found) > most:
                raise KernelTooLarge(f"more than {most} partial nests are within the limits")
        arcs.append(tuple(sorted(found, key=lambda arc: _text(program, arc))))
    return Kernel(tuple(arcs))


def _states(program: Program, limits: list[Limit], most: int) -> dict[int, list[State]]:
    states: dict[int, list[State]] = {}
    for gap in range(program.last, 0, -1):
        states[gap] = []
        for nodes in (family.key[1] for family in program.families.of[gap]):
            if all(limit.reaches(gap, nodes) for limit in limits):
                within = [limit.allows_states(gap, nodes) for limit in limits]
                states[gap].extend(_at(program, gap, nodes, np.logical_and.reduce(within)))
        if len(states[gap]) > most:
            raise KernelTooLarge(f"more than {most} tiles are within the limits")
    return states


def _at(program: Program, gap: int, nodes: Nodes, mask: NDArray[np.bool_]) -> Iterator[State]:
    for index in np.argwhere(mask):
        yield State(gap, nodes, program.geometry.lattice.tile_at(tuple(int(i) for i in index)))


def _arcs(program: Program, state: State, outer: State | None, limits: list[Limit]) -> list[Arc]:
    target = outer.tile if outer else program.geometry.lattice.sizes
    if any(big % small for big, small in zip(target, state.tile)):
        return []
    factors = tuple(big // small for big, small in zip(target, state.tile))
    loops = frozenset(rank for rank, factor in enumerate(factors) if factor > 1)
    remain = Nodes(i for i in state.nodes if not any(_relevant(program, rank, Nodes({i})) for rank in loops))
    placed = Nodes(i for i, node in enumerate(program.nodes) if node.stop == state.gap - 1)
    owing = remain | placed if program.stays else remain
    if outer and outer.nodes != owing:
        return []
    due = remain | placed if outer is None else Nodes() if program.stays else placed
    orders = _orders(program, state.gap, state.nodes, state.tile, factors, loops)
    arcs = [Arc(state, outer, order, (*fetched, *_left(program, due, target))) for order, fetched in orders]
    if not program.sweep:  # there an arc's own counts are no lower bound
        arcs = [arc for arc in arcs if all(limit.allows_arc(program.geometry.lattice, arc) for limit in limits)]
    return _undominated(sorted(arcs, key=lambda arc: _text(program, arc)))


def _relevant(program: Program, rank: int, nodes: Nodes) -> tuple[int, ...]:
    skeleton = program.geometry.skeleton
    return tuple(i for i in sorted(nodes) if relevant(skeleton, program.nodes[i], rank))


def _left(program: Program, nodes: Nodes, tile: Factors) -> Iterator[tuple[int, int]]:
    for node in sorted(nodes):
        yield node, fetched(program, node, tile, None, 1, 1)


def _orders(
    program: Program, gap: int, nodes: Nodes, tile: Factors, factors: Factors, loops: frozenset[int]
) -> Iterator[tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]]:
    """Loop orders of a gap that differ in what closes when: (loops innermost first, fetched of closed nodes)."""
    free = sorted(rank for rank in loops if not _relevant(program, rank, nodes))
    tile = tuple(t * (factors[rank] if rank in free else 1) for rank, t in enumerate(tile))
    done = tuple((rank, factors[rank]) for rank in free)
    rest = loops - set(free)
    if not rest:
        yield done, ()
    for rank in sorted(rest):
        closed = _relevant(program, rank, nodes)
        paid = tuple((i, fetched(program, i, tile, rank, factors[rank], gap)) for i in closed)
        grown = tuple(t * (factors[rank] if r == rank else 1) for r, t in enumerate(tile))
        for loops_outside, later in _orders(program, gap, nodes - set(closed), grown, factors, rest - {rank}):
            yield (*done, (rank, factors[rank]), *loops_outside), (*paid, *later)


def fetched(program: Program, number: int, tile: Factors, rank: int | None, factor: int, gap: int) -> int:
    """Elements a node fetches when it closes at a temporal tile, at a loop over `rank` with `factor` in `gap`."""
    geometry, node = program.geometry, program.nodes[number]
    if geometry.touched:
        return int(_at_tile(program.fetched[number], geometry.lattice.index_of(tile)))
    below = geometry.below(node.stop)
    sizes = {name: t * inner for name, t, inner in zip(geometry.ranks, tile, below)}
    parts = extents(node.tensor, sizes)
    whole, kept = prod(parts), 0
    if rank is not None:
        step = tile[rank] * geometry.below(gap - 1)[rank]
        moves = (abs(dict(c.terms).get(geometry.ranks[rank], 0)) * step for c in node.tensor.coordinates)
        kept = prod(max(0, extent - move) for extent, move in zip(parts, moves))
    steps = prod(size // t for size, t in zip(geometry.lattice.sizes, tile))
    return steps // factor * (whole + (factor - 1) * (whole - kept)) * geometry.instances(node.stop)


def _at_tile(values: Values, index: Index) -> float:
    return float(np.broadcast_to(values, values.shape)[tuple(min(i, n - 1) for i, n in zip(index, values.shape))])


def _undominated(arcs: list[Arc]) -> list[Arc]:
    """One arc for each minimal vector of fetched elements; the first in text order among equals."""
    best: dict[tuple[tuple[int, int], ...], Arc] = {}
    for arc in arcs:
        key = tuple(sorted(arc.fetched))
        best.setdefault(key, arc)
    return [arc for key, arc in best.items() if not any(_dominates(other, key) for other in best if other != key)]


def _text(program: Program, arc: Arc) -> list[str]:
    """The loops of an arc as they stand in the mapping, outermost first: the order that breaks ties."""
    return [f"for {program.geometry.ranks[rank]} in {trip}" for rank, trip in reversed(arc.loops)]


def _dominates(a: tuple[tuple[int, int], ...], b: tuple[tuple[int, int], ...]) -> bool:
    return all(x <= y for (_, x), (_, y) in zip(a, b))
