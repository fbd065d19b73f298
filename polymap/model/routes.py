"""Trees of words over the meshes of arrays, links and shared halos: closed forms for boxes with perfect factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from polymap.model import mesh
from polymap.model.conventions import Conventions
from polymap.model.neighbours import Pair
from polymap.model.readings import Number, divided
from polymap.model.traffic import fetched
from polymap.model.trees import Trees


@dataclass(frozen=True)
class Routes:
    """`Networks` in any reading of the trips."""

    conventions: Conventions

    def trees(self, pair: Pair, array: int) -> Trees:
        """What travels on one array, by its index in the hierarchy."""
        if pair.linked or _is_coupled(pair, array):
            counts = (mesh.packets, mesh.members, mesh.edges)
            return Trees(*(pair.summed(count, array) for count in counts))
        words = self._each(pair) * pair.nest.spaces[pair.parent.position]
        packets, members, twice = (words * count for count in _product_trees(pair, array))
        return Trees(packets, members, divided(twice, 2))

    def _each(self, pair: Pair) -> Number:
        """Elements that one child fetches in a run."""
        child = pair.child
        if not child.keeps:
            return pair.nest.times[child.position]
        return fetched(pair.access, pair.nest, child.position, child.hull, self.conventions)

    def halo_reads(self, pair: Pair) -> Number:
        """Elements that the parent sends where arrays share halos."""
        return pair.halo_reads()

    def passed(self, pair: Pair) -> tuple[Number, Number]:
        """Elements that the parent sends where neighbours pass tiles on, and those that they pass on."""
        return pair.summed(mesh.tiles), pair.summed(mesh.served)


def _is_coupled(pair: Pair, index: int) -> bool:
    """Whether loops of several ranks move one coordinate, so that equal tiles lie along a diagonal."""
    slots, access = pair.nest.slots, pair.access
    ranks = frozenset(slots[loop].rank for loop in pair.near if slots[loop].array >= index)
    return any(len(shared) > 1 for _, shared in access.coupled(ranks))


def _product_trees(pair: Pair, index: int) -> tuple[Number, Number, Number]:
    """Packets, arrivals and twice the links, of one step of the children of one parent.

    A dimension with `G` choices of which packet, `n` positions per packet and farthest positions that add up to `m`
    over the choices contributes `m * (n of the dimensions before) * (G of all others)` links.
    """
    slots, trips = pair.nest.slots, pair.nest.trips
    outer = prod(trips[loop] for loop in pair.near if slots[loop].array < index)
    inner = _choices(pair, [loop for loop in pair.near if slots[loop].array > index])
    lines = [_line(pair, index, dim) for dim in pair.dims(index)]
    choices = [line.choices for line in lines]
    links = sum(
        line.twice_farthest
        * prod(before.positions for before in lines[:d])
        * prod(choices[:d])
        * prod(choices[d + 1 :])
        for d, line in enumerate(lines)
    )
    packets = outer * inner * prod(choices)
    return packets, packets * prod(line.positions for line in lines), outer * inner * links


@dataclass(frozen=True)
class _Line:
    """One dimension of a mesh: see `_product_trees`; `twice_farthest` is twice the sum over the choices."""

    choices: Number
    positions: Number
    twice_farthest: Number


def _line(pair: Pair, index: int, dim: int) -> _Line:
    slots, trips = pair.nest.slots, pair.nest.trips
    loops = [loop for loop in pair.near if (slots[loop].array, slots[loop].dim) == (index, dim)]
    together = [loop for loop in loops if _is_shared(pair, loop)]
    choices = _choices(pair, loops)
    reach = sum((1 + (loop in together)) * pair.place(loop) * (trips[loop] - 1) for loop in loops)
    return _Line(choices, prod(trips[loop] for loop in together), choices * reach)


def _choices(pair: Pair, loops: Sequence[int]) -> Number:
    return prod(pair.nest.trips[loop] for loop in loops if not _is_shared(pair, loop))


def _is_shared(pair: Pair, loop: int) -> bool:
    """Whether all instances along a loop hold the same tile and may share it."""
    return pair.nest.slots[loop].rank not in pair.access.ranks and pair.shares(loop)
