"""What crosses the networks of arrays: words, the mesh links they travel, routers, adders, and their energy.

A word leaves the memory above at the corner of the mesh, where position 0 of every dimension is, and travels along the
first dimension, then the second, ...: its path to several instances is a tree of `hops` links and `hops + 1` routers. A
partial sum travels the same tree the other way and is added where branches meet. For a word that reaches `n_d`
positions in dimension d, the farthest of them `m_d`, `hops = sum_d m_d * prod(n_e for e before d)`. A word from a
neighbour takes one link and two routers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm, prod

from polymap.architecture.hierarchy import Architecture, Array, Wiring
from polymap.errors import Mistake, PolymapError
from polymap.model import mesh
from polymap.model.counting import Closed, Engine
from polymap.model.neighbours import Pair, spared, stops
from polymap.model.nest import Access
from polymap.model.quantities import Quantities
from polymap.model.readings import Number, divided, weighted


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
    architecture: Architecture, access: Access, homes: Sequence[tuple[str, int]], engine: Engine, computes: Number
) -> tuple[tuple[Quantities, ...], tuple[Haul, ...]]:
    """The quantities of a tensor with what networks change in them, and what crosses each network.

    Raises `PolymapError` where a network asks for what this engine or these conventions do not count.
    """
    nodes, pairs = engine.quantities(access, homes), None
    special = [array for array in architecture.arrays if _is_special(array, access)]
    if special:
        if not isinstance(engine, Closed):
            raise uncounted(special[0], "hops, links and shared halos")
        if engine.conventions.continuing_sweep or not engine.conventions.tiles_stay:
            raise _foreign(special[0], engine.conventions.name)
        if any(array.returns_sums for array in special) and access.tensor.is_output:
            raise uncounted(special[0], "sums that return (`returns_sums`), but")
        nodes, pairs = spared(access, homes, engine.nest, nodes), list(stops(access, homes, engine.nest))
    tensor, found = access.tensor, list[Haul]()
    for i, node in enumerate(nodes):
        child = nodes[i + 1].level if i + 1 < len(nodes) else architecture.compute.name
        delivered = nodes[i + 1].fetched if i + 1 < len(nodes) else computes
        pair = Pair(access, engine.nest, *pairs[i]) if pairs and isinstance(engine, Closed) else None
        bits = architecture.memory(node.level).element_bits(tensor)
        found += hauls(architecture, Way(node, child, delivered, tensor.name, bits, pair))
    return nodes, tuple(found)


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

    `pair` is None where the counts are not those of a box with perfect factors.
    """

    node: Quantities
    child: str
    delivered: Number
    tensor: str
    bits: int
    pair: Pair | None


def hauls(architecture: Architecture, way: Way) -> tuple[Haul, ...]:
    """What crosses each array between the two levels, outermost first."""
    first, last = architecture.index(way.node.level), architecture.index(way.child)
    between = [
        (i, level) for i, level in enumerate(architecture.hierarchy[first:last], first) if isinstance(level, Array)
    ]
    return tuple(_haul(way, i, array, between) for i, array in between)


def _haul(way: Way, index: int, array: Array, between: Sequence[tuple[int, Array]]) -> Haul:
    known = (array, way.tensor, way.node.level, way.child)
    linked = _link_words(way, array, between)
    if array.wiring is None:
        words = way.node.crossing if array is between[0][1] else None
        return Haul(*known, words, way.delivered if array is between[-1][1] else None, None, linked)
    if way.pair is None:
        raise uncounted(array, "hops")
    packets, members, hops = _trees(way, index)
    energy, denominator = _energy(array.wiring, way, (hops, packets, members - packets, linked))
    words = way.node.crossing if array is between[0][1] else packets
    return Haul(*known, words, members, hops, linked, energy, denominator)


def uncounted(array: Array, what: str) -> PolymapError:
    """The error for a network of which more is asked than is counted."""
    message = f"{what} in array {array.name} are counted on boxes with perfect factors only"
    return PolymapError(Mistake(array.place, message, "leave them out of `network:`, or give trips that divide"))


def _link_words(way: Way, array: Array, between: Sequence[tuple[int, Array]]) -> Number:
    """The outermost array with links has them all: an instance asks its neighbours whatever array they differ in."""
    tensor = way.pair.access.tensor if way.pair else None
    linked = [level for _, level in between if tensor and level.links_of(tensor)]
    return way.node.linked if linked and array is linked[0] else 0


def _energy(wiring: Wiring, way: Way, counts: tuple[Number, Number, Number, Number]) -> tuple[Number, int]:
    """Numerator and denominator of the energy of hops, words that set out, additions and words over links."""
    hops, packets, joined, linked = counts
    hop, router, adder = wiring.hop_of(way.bits), wiring.router_pj, wiring.reduce_pj
    is_output = way.pair is not None and way.pair.access.tensor.is_output
    prices = (hop + router, router, adder if is_output else Fraction(0), hop + 2 * router)
    denominator = lcm(*(price.denominator for price in prices))
    return weighted([int(price * denominator) for price in prices], [hops, packets, joined, linked]), denominator


def _trees(way: Way, index: int) -> tuple[Number, Number, Number]:
    """(words that enter an array, words that arrive at its instances, links they travel), of the whole run."""
    pair = way.pair
    assert pair is not None
    if pair.linked or _is_coupled(pair, index):
        counts = (mesh.packets, mesh.members, mesh.edges)
        packets, members, hops = (pair.summed(count, index) for count in counts)
        return packets, members, hops
    packets, members, twice = (way.delivered * count for count in _product_trees(pair, index))
    each = prod(pair.nest.trips[loop] for loop in pair.near)
    return divided(packets, each), divided(members, each), divided(twice, 2 * each)


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
    lines = [_line(pair, index, dim) for dim in sorted({slots[loop].dim for loop in pair.near})]
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
    slot = pair.nest.slots[loop]
    return slot.rank not in pair.access.ranks and slot.shares(pair.access.tensor)
