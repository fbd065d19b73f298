"""The loops of a mapping as generated code sees them: each with a variable, spatial ones innermost in every block.

All instances move in step: temporal loops stand outside, and every transfer and every compute is a loop over instances.
That is what the arrays of a machine do, and it is how the model counts what they share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from polymap.architecture.hierarchy import Architecture, Array
from polymap.mapping.nest import Mapping, Spatial, Storage
from polymap.mapping.tiles import step
from polymap.model.band import Band
from polymap.report.code.linear import Linear, total
from polymap.report.code.names import Names
from polymap.workload.einsum import Einsum


@dataclass(frozen=True)
class Turn:
    """A loop: `variable` counts its trips, one of which moves the rank by `step`. `array` is None for a temporal one.

    `position` is its index among the nodes, `node` in the mapping as it was given.
    """

    variable: str
    rank: str
    trip: int
    step: int
    position: int
    node: int
    text: str
    array: Array | None = None


@dataclass(frozen=True)
class Nest:
    """A mapping of an einsum without loops of one trip; `end` is the position of the computes.

    `band` ties two ranks of a domain that is no box.
    """

    einsum: Einsum
    turns: tuple[Turn, ...]
    end: int
    band: Band | None = None

    @property
    def tied(self) -> frozenset[str]:
        """The ranks that the domain ties; none on a box."""
        return frozenset((self.band.first, self.band.second)) if self.band else frozenset()

    @property
    def temporal(self) -> tuple[Turn, ...]:
        return tuple(turn for turn in self.turns if turn.array is None)

    def spatial(self, above: int) -> tuple[Turn, ...]:
        """Spatial loops above a position, outermost first."""
        return tuple(turn for turn in self.turns if turn.array is not None and turn.position < above)

    def tile(self, rank: str, position: int) -> int:
        """Points of a rank below a position."""
        return prod(turn.trip for turn in self.turns if turn.rank == rank and turn.position > position)

    def slots(self, rank: str, position: int) -> int:
        """Tiles of a rank that the loops above a position number, empty ones included."""
        return prod(turn.trip for turn in self.turns if turn.rank == rank and turn.position < position)

    def may_be_empty(self, rank: str, position: int) -> bool:
        """Whether some tile of a rank lies beyond its size."""
        size = self.einsum.sizes[rank]
        return self.slots(rank, position) > -(-size // self.tile(rank, position))

    def may_end(self, turn: Turn) -> bool:
        """Whether trips of a loop may begin beyond the size of its rank."""
        tiles = self.slots(turn.rank, turn.position) * turn.trip
        return tiles > -(-self.einsum.sizes[turn.rank] // turn.step)

    def may_be_short(self, rank: str, position: int) -> bool:
        """Whether the last tile of a rank has fewer points than the others."""
        return self.einsum.sizes[rank] % self.tile(rank, position) != 0

    def low(self, rank: str, turns: Iterable[Turn]) -> Linear:
        """The first point of a rank's tile where only these loops have moved."""
        return total(Linear(((turn.variable, turn.step),)) for turn in turns if turn.rank == rank)


def band(einsum: Einsum) -> Band | None:
    """The limits of the difference of two ranks that a domain is, if it is one; a box has none."""
    from polymap.workload.sets import difference

    found = difference(einsum)
    return Band(*found) if found else None


def nest(einsum: Einsum, architecture: Architecture, mapping: Mapping, names: Names) -> Nest:
    """The loops of a legal mapping; variables are ranks with a number, 0 for the outermost loop of a rank,
    as in formulas."""
    kept = [i for i, node in enumerate(mapping.nodes) if isinstance(node, Storage) or node.trip != 1]
    nodes = [mapping.nodes[i] for i in kept]
    turns: list[Turn] = []
    for position, node in enumerate(nodes):
        if isinstance(node, Storage):
            continue
        outside = sum(turn.rank == node.rank for turn in turns)
        found = architecture.dimension(node.on) if isinstance(node, Spatial) else None
        name = names.new(f"{node.rank}{outside}")
        place = (position, kept[position], str(node), found[0] if found else None)
        turns.append(Turn(name, node.rank, node.trip, step(nodes, position), *place))
    return Nest(einsum, tuple(turns), len(nodes), band(einsum))
