"""The room of memories along a nest: where nodes may be placed.

Nodes of one memory that are placed at different tiles share its room. The tables of the program do not remember how
much is taken (`labels` does): where a node is placed, those of its memory that follow will hold at least the tile of
this moment, and those that stand already hold at least the least tile.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polymap.mapper.families import Nodes
from polymap.mapper.lattice import Values
from polymap.mapper.ledger import Ledger
from polymap.mapper.traffic import Geometry


@dataclass(frozen=True)
class Limited:
    """A memory with so many bits of room for these nodes."""

    name: str
    nodes: Nodes
    room: float


@dataclass(frozen=True)
class Rooms:
    """The limited memories of a part."""

    geometry: Geometry

    @cached_property
    def bits(self) -> tuple[Values, ...]:
        """Room that each node's tile takes, over the lattice."""
        shape = self.geometry.lattice.shape
        return tuple(np.broadcast_to(self.geometry.bits(node), shape) for node in self.geometry.nodes)

    @cached_property
    def limited(self) -> tuple[Limited, ...]:
        nodes = self.geometry.nodes
        held = {
            name: Nodes(i for i, node in enumerate(nodes) if node.memory.name == name) for name in self.geometry.rooms
        }
        return tuple(Limited(name, held[name], room) for name, room in self.geometry.rooms.items() if held[name])

    @cached_property
    def _known(self) -> dict[tuple[Nodes, Nodes], Values | None]:
        return {}

    def fitting(self, values: Values, placed: Nodes, nodes: Nodes) -> Values:
        """A fresh array: infinite where nodes do not fit if they are placed after those that are `placed`."""
        key = (placed, nodes)
        if key not in self._known:
            found = [self._fits(memory, placed) for memory in self.limited if memory.nodes & nodes]
            found += [mask for i in sorted(nodes) if (mask := self.stated[i]) is not None]
            self._known[key] = np.where(np.logical_and.reduce(found), 0.0, np.inf) if found else None
        wall = self._known[key]
        return values.copy() if wall is None else values + wall

    @cached_property
    def stated(self) -> tuple[NDArray[np.bool_] | None, ...]:
        """For each node the tiles that statements allow; None if they allow all."""
        ledger = self.geometry.skeleton.ledger
        if ledger is None or not ledger.about_tiles:
            return (None,) * len(self.geometry.nodes)
        return tuple(self._allowed(ledger, i) for i in range(len(self.geometry.nodes)))

    def _allowed(self, ledger: Ledger, number: int) -> NDArray[np.bool_]:
        node, lattice = self.geometry.nodes[number], self.geometry.lattice
        allowed = np.ones(lattice.shape, dtype=bool)
        pairs = zip(self.geometry.ranks, lattice.tiles, self.geometry.below(node.stop))
        for rank, tiles, inner in pairs:
            sizes = tuple(int(size) * inner for size in np.unique(tiles))
            told = ledger.allowed_tiles(node.memory.name, node.tensor.name, rank, sizes)
            few = [size // inner for size, yes in zip(sizes, told) if yes]
            allowed = allowed & np.isin(tiles, few)
        return allowed

    def _fits(self, memory: Limited, placed: Nodes) -> NDArray[np.bool_]:
        inside = sum(float(self.bits[i].flat[0]) for i in memory.nodes & placed)
        coming: Any = sum((self.bits[i] for i in memory.nodes - placed), start=np.zeros(()))
        return np.asarray(coming <= memory.room - inside)
