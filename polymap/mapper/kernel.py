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
from polymap.mapper.lattice import Lattice
from polymap.mapper.pricing import Functional
from polymap.mapper.program import Program, Table
from polymap.mapper.space import Factors
from polymap.mapper.states import Open
from polymap.mapping.tiles import extents

TOLERANCE = 1e-9
STATES = 20_000
ARCS = 400_000


class KernelTooLarge(PolymapError):
    """More states or arcs than a solver model should hold."""


@dataclass(frozen=True)
class State:
    """At the inner stop of `gap`: nodes open from there outwards and the temporal tile."""

    gap: int
    nodes: Open
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

    def allows_states(self, gap: int, nodes: Open) -> NDArray[np.bool_]:
        return np.asarray(self.allows(self.inside[gap][nodes] + self.outside[gap][nodes]))

    def allows_arc(self, lattice: Lattice, arc: Arc) -> bool:
        before = self.inside[arc.inner.gap][arc.inner.nodes][lattice.index_of(arc.inner.tile)]
        paid = sum(self.quantity.prices[node] * elements for node, elements in arc.fetched)
        outer = arc.outer
        after = self.outside[outer.gap][outer.nodes][lattice.index_of(outer.tile)] if outer else 0.0
        return bool(self.allows(before + paid + after))


def kernel(program: Program, limits: list[tuple[Functional, float]]) -> Kernel:
    """All surviving arcs; each limit bounds one functional. Raises `KernelTooLarge`."""
    tables = [Limit(f, most, program.from_inside(f.prices), program.to_go(f.prices)) for f, most in limits]
    states = _states(program, tables)
    arcs: list[tuple[Arc, ...]] = []
    for gap in range(program.last, 0, -1):
        found: list[Arc] = []
        for state in states[gap]:
            for outer in states.get(gap - 1, [None]):
                found.extend(_arcs(program, state, outer, tables))
            if len(found) > ARCS:
                raise KernelTooLarge(f"more than {ARCS} partial nests are within the limits")
        arcs.append(tuple(sorted(found, key=lambda arc: _text(program, arc))))
    return Kernel(tuple(arcs))


def _states(program: Program, limits: list[Limit]) -> dict[int, list[State]]:
    states: dict[int, list[State]] = {}
    for gap in range(program.last, 0, -1):
        states[gap] = []
        for nodes in (family.nodes for family in program.states.families[gap]):
            if all(nodes in limit.inside[gap] for limit in limits):
                within = [limit.allows_states(gap, nodes) for limit in limits]
                states[gap].extend(_at(program, gap, nodes, np.logical_and.reduce(within)))
        if len(states[gap]) > STATES:
            raise KernelTooLarge(f"more than {STATES} tiles are within the limits")
    return states


def _at(program: Program, gap: int, nodes: Open, mask: NDArray[np.bool_]) -> Iterator[State]:
    for index in np.argwhere(mask):
        yield State(gap, nodes, program.geometry.lattice.tile_at(tuple(int(i) for i in index)))


def _arcs(program: Program, state: State, outer: State | None, limits: list[Limit]) -> list[Arc]:
    target = outer.tile if outer else program.geometry.lattice.sizes
    if any(big % small for big, small in zip(target, state.tile)):
        return []
    factors = tuple(big // small for big, small in zip(target, state.tile))
    loops = frozenset(rank for rank, factor in enumerate(factors) if factor > 1)
    remain = frozenset(i for i in state.nodes if not any(_relevant(program, rank, Open({i})) for rank in loops))
    if outer and outer.nodes != remain | program.states.opened[state.gap - 1]:
        return []
    orders = _orders(program, state.gap, state.nodes, state.tile, factors, loops)
    arcs = [Arc(state, outer, order, (*fetched, *_left(program, remain if outer is None else Open(), target)))
            for order, fetched in orders]  # fmt: skip
    if not program.sweep:  # there an arc's own counts are no lower bound
        arcs = [arc for arc in arcs if all(limit.allows_arc(program.geometry.lattice, arc) for limit in limits)]
    return _undominated(sorted(arcs, key=lambda arc: _text(program, arc)))


def _relevant(program: Program, rank: int, nodes: Open) -> tuple[int, ...]:
    name = program.geometry.ranks[rank]
    return tuple(i for i in sorted(nodes) if name in program.nodes[i].tensor.ranks)


def _left(program: Program, nodes: Open, tile: Factors) -> Iterator[tuple[int, int]]:
    for node in sorted(nodes):
        yield node, fetched(program, node, tile, None, 1, 1)


def _orders(
    program: Program, gap: int, nodes: Open, tile: Factors, factors: Factors, loops: frozenset[int]
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
