"""What crosses the networks of arrays: words, the mesh links they travel, routers, adders, and their energy.

A word leaves the memory above at the corner of the mesh, where position 0 of every dimension is, and travels along the
first dimension, then the second, ...: its path to several instances is a tree of `hops` links and `hops + 1` routers. A
partial sum travels the same tree the other way and is added where branches meet. For a word that reaches `n_d`
positions in dimension d, the farthest of them `m_d`, `hops = sum_d m_d * prod(n_e for e before d)`. A word from a
neighbour takes one link and two routers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

from polymap.architecture.hierarchy import Architecture, Array, Wiring
from polymap.errors import NOWHERE, Mistake, PolymapError
from polymap.model.counting import Engines
from polymap.model.distinct import counting
from polymap.model.neighbours import Pair, stops
from polymap.model.nest import Access
from polymap.model.quantities import Quantities
from polymap.model.readings import Number, weighted
from polymap.model.sliding import held
from polymap.model.trees import Trees
from polymap.workload.einsum import Tensor


@dataclass(frozen=True)
class Haul:
    """One tensor over one array's network; `energy` is over `denominator`, in pJ. None is not modelled."""

    array: Array
    tensor: str
    parent: str
    child: str
    words: Number | None
    delivered: Number | None
    word_hops: Number | None
    link_words: Number | None
    energy: Number | None = None
    denominator: int = 1


def carried(
    architecture: Architecture, access: Access, homes: Sequence[tuple[str, int]], engines: Engines, computes: Number
) -> tuple[tuple[Quantities, ...], tuple[Haul, ...]]:
    """The quantities of a tensor with what networks change in them, and what crosses each network.

    Raises `PolymapError` where a network asks for what these conventions do not count.
    """
    engine, tensor = engines.of(access), access.tensor
    slide = engines.conventions.tiles_slide
    nodes = held(engine, access, homes, engines.nest) if slide else engine.quantities(access, homes)
    legs = _legs(architecture, access, homes, engines)
    if legs:
        nodes = tuple(leg.spared(node) for leg, node in zip(legs, nodes, strict=True))
    found = list[Haul]()
    for i, node in enumerate(nodes):
        child = nodes[i + 1].level if i + 1 < len(nodes) else architecture.compute.name
        delivered = nodes[i + 1].fetched if i + 1 < len(nodes) else computes
        bits = architecture.memory(node.level).element_bits(tensor)
        found += hauls(architecture, Way(node, child, delivered, tensor, bits, legs[i] if legs else None))
    return nodes, tuple(found)


def _legs(architecture: Architecture, access: Access, homes: Sequence[tuple[str, int]], engines: Engines) -> list[Leg]:
    """The ways of a tensor from level to level; none where no network asks for more than sharing equal tiles."""
    special = [array for array in architecture.arrays if _is_special(array, access)]
    if not special:
        return []
    if engines.conventions.continuing_sweep or not engines.conventions.tiles_stay:
        raise _foreign(special[0], engines.conventions.name)
    if any(array.returns_sums for array in special) and access.tensor.is_output:
        raise _uncounted(special[0])
    pairs = (Pair(access, engines.nest, *pair) for pair in stops(access, homes, engines.nest))
    return [Leg(pair, engines) for pair in pairs]


@dataclass(frozen=True)
class Leg:
    """A tensor between two levels, and who counts it there."""

    pair: Pair
    engines: Engines

    def spared(self, node: Quantities) -> Quantities:
        """The quantities of the parent with what links and shared halos save and move.

        Raises `PolymapError` where both apply to one tensor between the same two levels.
        """
        if self.pair.linked and self.pair.haloed:
            raise _both(self.pair.access.tensor.name)
        with counting(self.pair.access.tensor.name, node.level):
            return self._counted(node)

    def _counted(self, node: Quantities) -> Quantities:
        if self.pair.haloed:
            return replace(node, crossing=self.engines.networks(self.pair).halo_reads(self.pair))
        if self.pair.linked:
            crossing, linked = self.engines.links(self.pair).passed(self.pair)
            return replace(node, crossing=crossing, linked=linked)
        return node


def _is_special(array: Array, access: Access) -> bool:
    """Whether a network asks for more than sharing equal tiles."""
    spares = array.links_of(access.tensor) or array.shares_halo(access.tensor)
    return array.wiring is not None or (spares and not access.tensor.is_output)


def _foreign(array: Array, name: str) -> PolymapError:
    message = f"the energies, links and shared halos of array {array.name} are not priced under `{name}` here"
    return PolymapError(Mistake(array.place, message, "use the conventions `polymap`"))


@dataclass(frozen=True)
class Way:
    """A tensor from a node to the next inner one, or to the computes: `delivered` is what all instances there fetch.

    `leg` is None where no network asks for more than sharing equal tiles.
    """

    node: Quantities
    child: str
    delivered: Number
    tensor: Tensor
    bits: int
    leg: Leg | None

    def trees(self, array: int) -> Trees:
        """What travels on one array; between levels that no spatial loop parts, every word by itself."""
        if self.leg is None or not self.leg.pair.near:
            return Trees(self.delivered, self.delivered, 0)
        return self.leg.engines.networks(self.leg.pair).trees(self.leg.pair, array)


def hauls(architecture: Architecture, way: Way) -> tuple[Haul, ...]:
    """What crosses each array between the two levels, outermost first."""
    first, last = architecture.index(way.node.level), architecture.index(way.child)
    between = [
        (i, level) for i, level in enumerate(architecture.hierarchy[first:last], first) if isinstance(level, Array)
    ]
    return tuple(_haul(way, i, array, between) for i, array in between)


def _haul(way: Way, index: int, array: Array, between: Sequence[tuple[int, Array]]) -> Haul:
    known = (array, way.tensor.name, way.node.level, way.child)
    linked = _link_words(way, array, between)
    if array.wiring is None:
        words = way.node.crossing if array is between[0][1] else None
        return Haul(*known, words, way.delivered if array is between[-1][1] else None, None, linked)
    with counting(way.tensor.name, array.name):
        trees = way.trees(index)
    counts = (trees.hops, trees.packets, trees.members - trees.packets, linked)
    energy, denominator = _energy(array.wiring, way, counts)
    words = way.node.crossing if array is between[0][1] else trees.packets
    return Haul(*known, words, trees.members, trees.hops, linked, energy, denominator)


def _uncounted(array: Array) -> PolymapError:
    message = f"sums that return (`returns_sums`) in array {array.name} are counted under `timeloop` only"
    return PolymapError(Mistake(array.place, message, "leave them out, or use the conventions `timeloop`"))


def _both(tensor: str) -> PolymapError:
    message = f"polymap does not count links and shared halos together, as for tensor {tensor}"
    return PolymapError(Mistake(NOWHERE, message, "switch it off in the array's `network:`"))


def _link_words(way: Way, array: Array, between: Sequence[tuple[int, Array]]) -> Number:
    """Words over links belong to the array along whose loops the neighbours stand.

    Raises `PolymapError` where they stand along several whose wires differ: which of them serves is not told apart.
    """
    if way.leg is None:
        return 0
    slots, linked = way.leg.pair.nest.slots, way.leg.pair.linked
    along = [level for i, level in between if any(slots[loop].array == i for loop in linked)]
    for other in along[1:]:
        if other.wiring != along[0].wiring:
            raise _unlike(along[0], other, way.tensor.name)
    return way.node.linked if along and array is along[0] else 0


def _unlike(first: Array, other: Array, tensor: str) -> PolymapError:
    message = f"neighbours along {first.name} and {other.name} pass tensor {tensor} on over unlike wires"
    mend = f"give both the same energies in `network:`, or leave {tensor} out of the `links` of one of them"
    return PolymapError(Mistake(other.place, message, mend))


def _energy(wiring: Wiring, way: Way, counts: tuple[Number, Number, Number, Number]) -> tuple[Number, int]:
    """Numerator and denominator of the energy of hops, words that set out, additions and words over links."""
    hops, packets, joined, linked = counts
    hop, router, adder = wiring.hop_of(way.bits), wiring.router_pj, wiring.reduce_pj
    prices = (hop + router, router, adder if way.tensor.is_output else Fraction(0), hop + 2 * router)
    denominator = lcm(*(price.denominator for price in prices))
    return weighted([int(price * denominator) for price in prices], [hops, packets, joined, linked]), denominator
