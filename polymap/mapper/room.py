"""The room of memories along a nest: where nodes may be placed, and how much of a shared memory is taken by then.

Nodes of one memory that are placed at different tiles share its room. The room taken by those placed is an axis of the
program's tables, cut into steps: amounts are rounded down to one of them, so that prices stay bounds. A mapping read
off the tables may then overfill the memory, and a step is added. Where a node is placed, the others of its memory that
follow will hold at least the tile of this moment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from polymap.mapper.families import Nodes
from polymap.mapper.lattice import Values
from polymap.mapper.traffic import Geometry

# Steps before and after nodes arrive, as indices of a table, and the tiles for which they lead from one to the other.
Led: TypeAlias = tuple[tuple[Any, ...], tuple[Any, ...], NDArray[np.bool_]]


@dataclass(frozen=True)
class Shared:
    """A limited memory whose nodes are placed one by one; `steps` are the amounts of taken room told apart, in bits."""

    name: str
    nodes: Nodes
    room: float
    steps: tuple[float, ...]

    def taken(self, placed: Nodes) -> tuple[float, ...]:
        """The amounts of taken room told apart when these nodes are placed."""
        part = placed & self.nodes
        return self.steps if part and part != self.nodes else (0.0,)


@dataclass(frozen=True)
class Rooms:
    """The limited memories of a part. Tables have one axis for each of `shared`, then those of the lattice."""

    geometry: Geometry
    steps: Mapping[str, Collection[float]]

    @cached_property
    def bits(self) -> tuple[Values, ...]:
        """Room that each node's tile takes, over the lattice."""
        return tuple(self.geometry.bits(node) for node in self.geometry.nodes)

    @cached_property
    def shared(self) -> tuple[Shared, ...]:
        found, nodes = [], self.geometry.nodes
        for name, room in self.geometry.rooms.items():
            held = Nodes(i for i, node in enumerate(nodes) if node.memory.name == name)
            if len(held) > 1 and (self.geometry.skeleton.roaming or len({nodes[i].stop for i in held}) > 1):
                found.append(Shared(name, held, room, tuple(sorted(self.steps.get(name, (0.0,))))))
        return tuple(found)

    @cached_property
    def alone(self) -> dict[str, float]:
        """Rooms of memories without an axis: their nodes are placed together."""
        return {name: room for name, room in self.geometry.rooms.items() if name not in {m.name for m in self.shared}}

    def shape(self, placed: Nodes) -> tuple[int, ...]:
        """Shape of a table where these nodes are placed."""
        return (*(len(memory.taken(placed)) for memory in self.shared), *self.geometry.lattice.shape)

    def before(self, values: Values, placed: Nodes, nodes: Nodes) -> Values:
        """A table seen from before some nodes are placed: a fresh array, infinite where they do not fit."""
        result = np.full(self.shape(placed), np.inf)
        for near, far, reached in self._moves(placed, nodes):
            here = result[near]
            np.minimum(here, np.where(reached, values[far], np.inf), out=here)
        return result

    def after(self, values: Values, placed: Nodes, nodes: Nodes) -> Values:
        """A table seen from after some nodes are placed, given it before: a fresh array."""
        result = np.full(self.shape(placed | nodes), np.inf)
        for near, far, reached in self._moves(placed, nodes):
            there = result[far]
            np.minimum(there, np.where(reached, values[near], np.inf), out=there)
        return result

    def _moves(self, placed: Nodes, nodes: Nodes) -> list[Led]:
        key = (placed, nodes)
        if key not in self._known:
            self._known[key] = list(self._led(placed, nodes))
        return self._known[key]

    @cached_property
    def _known(self) -> dict[tuple[Nodes, Nodes], list[Led]]:
        return {}

    def _led(self, placed: Nodes, nodes: Nodes) -> list[Led]:
        found = []
        fits = self._fits_alone(nodes)
        for steps in product(*(self._steps(memory, placed, nodes) for memory in self.shared)):
            reached = np.logical_and.reduce(np.broadcast_arrays(fits, *(mask for _, _, mask in steps)))
            if reached.any():
                near, far = (near for near, _, _ in steps), (far for _, far, _ in steps)
                found.append(((*near, ...), (*far, ...), reached))
        return found

    def _fits_alone(self, nodes: Nodes) -> NDArray[np.bool_]:
        fits = np.ones(self.geometry.lattice.shape, dtype=bool)
        for name, room in self.alone.items():
            held = [self.bits[i] for i in nodes if self.geometry.nodes[i].memory.name == name]
            if held:
                fits = fits & (sum(held, start=np.zeros(())) <= room)
        return fits

    def _steps(self, memory: Shared, placed: Nodes, nodes: Nodes) -> list[tuple[int, int, NDArray[np.bool_]]]:
        """(step before, step after, tiles) of one memory."""
        arriving = nodes & memory.nodes
        before, after = memory.taken(placed), memory.taken(placed | nodes)
        if not arriving:
            return [(number, number, np.ones((), dtype=bool)) for number in range(len(before))]
        found = []
        for number, known in enumerate(before):
            total, fits = self.fill(memory, placed, nodes, known)
            for then, (low, high) in enumerate(zip(after, (*after[1:], np.inf))):
                found.append((number, then, np.asarray(fits & (total >= low) & (total < high))))
        return found

    def fill(self, memory: Shared, placed: Nodes, nodes: Nodes, taken: float) -> tuple[Values, NDArray[np.bool_]]:
        """Room taken in a memory after nodes arrive, and where they fit; those still to come hold no less later on."""
        total = taken + sum((self.bits[i] for i in nodes & memory.nodes), start=np.zeros(()))
        coming = memory.nodes - placed - nodes
        least = total + sum((self.bits[i] for i in coming), start=np.zeros(()))
        return total, np.asarray(least <= memory.room)


def least_over_room(values: Values, dimensions: int) -> Values:
    """A table without its axes of room taken, which stand before those of the lattice: the least of them."""
    return np.asarray(values.min(axis=tuple(range(values.ndim - dimensions))))
