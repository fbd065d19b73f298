"""How the spatial factors of a class lie on the dimensions of arrays, where words pay for the way they travel.

The factors of an array can be packed onto its dimensions in several ways, and the loops along one dimension can stand
in any order. Nothing of a class depends on it but what words pay on the network. Of all layouts those are kept that no
other one is as good as for every tensor: energy is a sum of what is fetched times such prices, so one of these is best.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise, permutations, product
from math import factorial, prod
from typing import TypeAlias

from polymap.mapper.hauling import Passage, crossed, fare, passages, pays
from polymap.mapper.sharing import Choice, Crossing, Sharing, crossing, sharings
from polymap.mapper.traffic import Geometry
from polymap.mapper.unrolling import Factors, Order, Spatial, Unrolling, is_most, said, side
from polymap.model.trees import reached

MOST_TRIED = 20_000  # trees of one array that are looked at for one class

Hops: TypeAlias = tuple[int, ...]  # of each tensor


def arrangements(geometry: Geometry) -> list[Sharing]:
    """The parts of a class with fixed copies and, where networks have energies, fixed prices of words and a layout that
    has them."""
    found = sharings(geometry)
    architecture = geometry.skeleton.architecture
    if not any(pays(array) for array in architecture.arrays):
        return found
    if geometry.touched:
        return [replace(sharing, hauls=least_hauls(geometry, sharing), loose=True) for sharing in found]
    priced: dict[tuple[object, ...], tuple[Sharing, list[Choice]]] = {}
    for sharing in found:
        for choice in sharing.tiles or ({},):
            for arranged in _arranged(geometry, sharing, choice):
                key = (*sharing.copies.items(), *arranged.hauls.items(), arranged.layout, *_apart(sharing, choice))
                priced.setdefault(key, (arranged, []))[1].append(choice)
    return [replace(arranged, tiles=tuple(filter(None, choices))) for arranged, choices in priced.values()]


def _apart(sharing: Sharing, choice: Choice) -> tuple[object, ...]:
    """Tiles across several stops stay apart, as in `sharings`."""
    return tuple(choice.items()) if len({gap for gap, _ in choice}) > 1 else ()


def _arranged(geometry: Geometry, sharing: Sharing, tiles: Choice) -> Iterator[Sharing]:
    """A part for each choice of the best layouts of all arrays."""
    found = passages(geometry, tiles)
    told = [passage for passage in found if passage.is_small]
    options, loose = list[list[Unrolling]](), len(told) < len(found)
    for unrolling in geometry.spatial.unrollings:
        here = [passage for passage in told if passage.array == unrolling.array]
        laid = _best(geometry, unrolling, here)
        options.append(laid or [unrolling])
        if laid is None:
            told, loose = [passage for passage in told if passage not in here], True
    rest = [passage for passage in found if passage not in told]
    for chosen in product(*options):
        spatial = Spatial(chosen)
        limits = geometry.skeleton.limits
        if not is_most(geometry.skeleton.einsum, spatial):
            continue
        if limits is not None and not limits.allows_unrollings(dict(said(geometry.skeleton.einsum, u) for u in chosen)):
            continue
        orders = {unrolling.array.name: unrolling.loops for unrolling in chosen}
        hauls = dict.fromkeys(sharing.copies, Fraction(0))
        for passage in told:
            hauls[crossing(passage.link)] += passage.energy(orders.get(passage.array.name, ()))
        for passage in rest:
            hauls[crossing(passage.link)] += passage.fare.packet / sharing.copies[crossing(passage.link)]
        yield replace(sharing, hauls=hauls, layout=chosen, loose=loose)


def least_hauls(geometry: Geometry, sharing: Sharing) -> dict[Crossing, Fraction]:
    """What a word that crosses pays at least: it sets out."""
    hauls = dict.fromkeys(sharing.copies, Fraction(0))
    for link in geometry.skeleton.links:
        for array in crossed(geometry.skeleton.architecture, link):
            if pays(array) and link.parent.memory is not None:
                hauls[crossing(link)] += fare(array, link.tensor, link.parent.memory).packet
    return hauls


def _listed(packing: Sequence[Factors]) -> Order:
    return tuple((d, r, f) for d, factors in enumerate(packing) for r, f in enumerate(factors) if f > 1)


@dataclass(frozen=True)
class _Layout:
    hops: Hops
    order: Order
    packing: tuple[Factors, ...]

    @property
    def rank(self) -> tuple[object, ...]:
        """Of equals the one of fewest loops, then the first."""
        return len(self.order), self.order


def _best(geometry: Geometry, unrolling: Unrolling, here: Sequence[Passage]) -> list[Unrolling] | None:
    """The layouts of an array that no other one is as good as; None if there are too many to look at."""
    asked = [passage for passage in here if passage.fare.hop]
    if not asked or prod(unrolling.factors) == 1:
        return [unrolling]
    packed = _packings(geometry, unrolling)
    met = frozenset(rank for passage in asked for group in passage.groups for rank in group)
    if met:
        if len(asked) * sum(_tried(packing, met) for packing in packed) > MOST_TRIED:
            return None
        laid = [one for packing in packed for one in _laid(packing, asked, met)]
    else:
        laid = [one for packing in _different(packed, asked) for one in _along(packing, asked, met)]
    return [replace(unrolling, packing=one.packing, order=one.order) for one in _undominated(laid)]


def _crosses(packing: tuple[Factors, ...], met: frozenset[int]) -> bool:
    """Whether a rank that meets another one runs along several dimensions: then orders across these count, too."""
    ranks = [rank for _, rank, _ in _listed(packing) if rank in met]
    return len(set(ranks)) < len(ranks)


def _tried(packing: tuple[Factors, ...], met: frozenset[int]) -> int:
    """Orders of the loops of a packing that are looked at."""
    if _crosses(packing, met):
        return factorial(len(_listed(packing)))
    return sum(factorial(len(loops)) for loops in _by_dimension(packing))


def _laid(packing: tuple[Factors, ...], asked: Sequence[Passage], met: frozenset[int]) -> list[_Layout]:
    """The best orders of the loops of a packing where ranks meet."""
    if not _crosses(packing, met):
        return _along(packing, asked, met)
    return [
        _Layout(tuple(_hops(passage, order, range(len(packing))) for passage in asked), order, packing)
        for order in _orders(_listed(packing))
    ]


def _packings(geometry: Geometry, unrolling: Unrolling) -> list[tuple[Factors, ...]]:
    """Every way to pack the factors of an array onto its dimensions that rules and statements allow."""
    einsum, limits, array = geometry.skeleton.einsum, geometry.skeleton.limits, unrolling.array
    grown: list[tuple[tuple[Factors, ...], Factors]] = [((), unrolling.factors)]
    for d, (dimension, _) in enumerate(array.shape):
        here, room = side(einsum, array, dimension, limits), prod(size for _, size in array.shape[d + 1 :])
        grown = [
            ((*packing, vector), left)
            for packing, rest in grown
            for vector in here.vectors(rest)
            if prod(left := tuple(f // v for f, v in zip(rest, vector))) <= room
        ]
    found = [replace(unrolling, packing=packing) for packing, rest in grown if prod(rest) == 1]
    return [u.packing for u in found if limits is None or limits.allows_unrolling(*said(einsum, u))]


def _orders(loops: Order) -> Iterator[Order]:
    """Orders of loops, up to exchanging neighbours with neither the rank nor the dimension in common."""
    for order in permutations(loops):
        pairs = pairwise(order)
        if all(a[0] == b[0] or a[1] == b[1] or loops.index(a) < loops.index(b) for a, b in pairs):
            yield order


def _hops(passage: Passage, order: Order, dims: Iterable[int]) -> int:
    parts = passage.parts(order)
    return sum(reached(parts, d) for d in dims)


def _different(packed: Iterable[tuple[Factors, ...]], asked: Sequence[Passage]) -> list[tuple[Factors, ...]]:
    """Packings that differ for some tensor: ranks along which all do alike are as good as one. Of equal ones that of
    fewest loops."""
    found: dict[object, tuple[Factors, ...]] = {}
    for packing in sorted(packed, key=lambda packing: (len(_listed(packing)), packing)):
        key = tuple(tuple(sorted((k, prod(t for _, _, t in ls)) for k, ls in _kinds(loops, asked).items()))
                    for loops in _by_dimension(packing))  # fmt: skip
        found.setdefault(key, packing)
    return list(found.values())


def _by_dimension(packing: tuple[Factors, ...]) -> list[Order]:
    return [tuple(loop for loop in _listed(packing) if loop[0] == d) for d in range(len(packing))]


def _kinds(loops: Order, asked: Sequence[Passage]) -> dict[tuple[bool, ...], Order]:
    """Loops by the tensors that are the same along them."""
    found: dict[tuple[bool, ...], Order] = {}
    for loop in loops:
        kind = tuple(loop[1] in passage.alike for passage in asked)
        found[kind] = (*found.get(kind, ()), loop)
    return found


def _along(packing: tuple[Factors, ...], asked: Sequence[Passage], met: frozenset[int]) -> list[_Layout]:
    """The best orders of the loops of a packing: those along one dimension change nothing along another. Where
    ranks have `met`, loops along which all do alike need not stand side by side."""
    best = [_Layout((0,) * len(asked), (), packing)]
    lines = _by_dimension(packing)
    for d, loops in enumerate(lines):
        others = tuple(loop for line in lines if line is not loops for loop in line)
        together = [(loop,) for loop in loops] if met else list(_kinds(loops, asked).values())
        orders = [sum(order, start=()) for order in permutations(together)]
        here = [(tuple(_hops(p, (*order, *others), (d,)) for p in asked), order) for order in orders]
        grown = [
            _Layout(tuple(map(sum, zip(one.hops, hops))), (*one.order, *order), packing)
            for one in best
            for hops, order in here
        ]
        best = _undominated(grown)
    return best


def _undominated(found: Iterable[_Layout]) -> list[_Layout]:
    """Those that none of the others is as good as for every tensor."""
    kept: list[_Layout] = []
    for one in sorted(found, key=lambda one: (one.hops, one.rank)):
        if not any(all(a <= b for a, b in zip(other.hops, one.hops)) for other in kept):
            kept.append(one)
    return kept
