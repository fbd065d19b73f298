"""Trees and shared halos on boxes with imperfect factors: the siblings of every group of tiles, one by one.

A coordinate with its ranks is a part, and so is a rank that the tensor does not depend on. The groups of a part are
few (`model/digits.py`), and the tiles of a group are those of at most all instances under one parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import product
from math import prod
from operator import add
from typing import TypeAlias

from polymap.model.digits import Digit, Role
from polymap.model.distinct import within_reach
from polymap.model.mesh import MOST_INSTANCES, too_many
from polymap.model.neighbours import Pair
from polymap.model.trees import Branches, Trees, Vector, grown, none
from polymap.model.uneven import Term, Uneven
from polymap.model.windows import Part, Shape, Slide, shapes, union

# Places of the different unions that are held at once, a bit each: half a GiB.
MOST_PLACES = 1 << 32


@dataclass(frozen=True)
class Spot:
    """What the index of a spatial loop means: whether it tells packets apart, and where along which dimension it leads.

    `dim` counts the dimensions of the array that is asked about, -1 is none of them.
    """

    tells: bool
    dim: int = -1
    place: int = 0


# By part of a coordinate (a rank), the spots of its digits.
Spots: TypeAlias = tuple[tuple[Spot, ...], ...]


@dataclass(frozen=True)
class Fans:
    """`Networks` of a nest over a box, by sums over full and last tiles; it does not count links."""

    uneven: Uneven

    def trees(self, pair: Pair, array: int) -> Trees:
        """What travels on one array, by its index in the hierarchy."""
        spots, dims = _spots(pair, array), len(pair.dims(array))
        return grown([self._branches(pair, part, spots, dims) for part in self._parts(pair)])

    def halo_reads(self, pair: Pair) -> int:
        """Union of what the children of one parent fetch at once; arrays that share no halo count different unions."""
        joins = {loop: Spot(False) for loop in pair.haloed}
        alone = {loop: Spot(False, 0) for loop in pair.near if pair.shares(loop) and loop not in joins}
        spots = {loop: Spot(True) for loop in pair.near} | alone | joins
        return prod(
            sum(term.times * unions(*self._asked(pair, part, term, spots)) for term in part.terms)
            for part in self._parts(pair)
        )

    def _branches(self, pair: Pair, part: _Share, spots: dict[int, Spot], dims: int) -> Branches:
        found = (fan(*self._asked(pair, part, term, spots), dims).times(term.times) for term in part.terms)
        return reduce(add, found, none(dims))

    def _asked(
        self, pair: Pair, part: _Share, term: Term, spots: dict[int, Spot]
    ) -> tuple[tuple[Part, ...], Slide | None, bool, Spots]:
        slots = pair.nest.slots
        known = tuple(tuple(spots[loop] for loop in pair.near if slots[loop].rank == rank) for rank in part.ranks)
        return term.parts, term.slide, self.uneven.exact and not part.is_idle, known

    def _parts(self, pair: Pair) -> Iterator[_Share]:
        """What the children fetch, with all loops between parent and child in groups."""
        found = self.uneven.deliveries(pair.access, pair.child.position, frozenset(pair.near), pair.child.keeps)
        of_coordinates = [factor for factor in found if set(factor.ranks) <= pair.access.ranks]
        yield from (_Share(factor.ranks, factor.terms, False) for factor in of_coordinates)
        yield from (self._idle(pair, rank) for rank in self.uneven.sizes if rank not in pair.access.ranks)

    def _idle(self, pair: Pair, rank: str) -> _Share:
        """A rank that the tensor does not depend on: all its tiles are the same element."""
        near, end = set(pair.near), pair.fetching_end

        def role(loop: int) -> Role:
            if loop in near:
                return Role.TOGETHER
            return Role.FIRST if loop >= end and not pair.nest.slots[loop].is_spatial else Role.EACH

        slots = pair.nest.slots
        digits = tuple(Digit(pair.nest.trips[n], pair.nest.steps[n]) for n in pair.near if slots[n].rank == rank)
        tile = pair.nest.tiles[pair.child.position].get(rank, 1)
        found = self.uneven.groups(rank, pair.child.position, role).items()
        return _Share((rank,), tuple(Term(times, 1, (Part(0, tile, digits, group),)) for group, times in found), True)


@dataclass(frozen=True)
class _Share:
    """A part: its ranks, the combinations of groups of their tiles, and whether the tensor depends on none of them."""

    ranks: tuple[str, ...]
    terms: tuple[Term, ...]
    is_idle: bool


def _spots(pair: Pair, array: int) -> dict[int, Spot]:
    """Of the loops between parent and child, asked about one array: loops outside it and apart tell packets apart."""
    slots, dims = pair.nest.slots, pair.dims(array)
    return {
        loop: Spot(
            slots[loop].array < array or not pair.shares(loop),
            *((dims.index(slots[loop].dim), pair.place(loop)) if slots[loop].array == array else ()),
        )
        for loop in pair.near
    }


@lru_cache(maxsize=4096)
def fan(parts: tuple[Part, ...], slide: Slide | None, exact: bool, spots: Spots, dims: int) -> Branches:
    """The packets of one combination of groups. Raises `PolymapError` for too many instances."""
    packets: dict[tuple[Vector, Shape], set[Vector]] = {}
    for indices, shape in _members(parts, slide, exact):
        told = tuple(x for x, spot in zip(indices, _flat(spots), strict=True) if spot.tells)
        packets.setdefault((told, shape), set()).add(_place(indices, spots, dims))
    return reduce(add, (Branches.of(places, shape[2], dims) for (_, shape), places in packets.items()), none(dims))


@lru_cache(maxsize=4096)
def unions(parts: tuple[Part, ...], slide: Slide | None, exact: bool, spots: Spots) -> int:
    """Elements of the different unions of one combination of groups, along the loops that neither tell nor lead.

    Raises `PolymapError` for too many instances, and `TooWide` where the unions would not fit into memory.
    """
    joint: dict[tuple[Vector, Vector], list[Shape]] = {}
    for indices, shape in _members(parts, slide, exact):
        known = list(zip(indices, _flat(spots), strict=True))
        told = tuple(x for x, spot in known if spot.tells)
        alone = tuple(x for x, spot in known if not spot.tells and spot.dim >= 0)
        joint.setdefault((told, alone), []).append(shape)
    numbers: dict[int, int] = {}  # of unions that differ in more than their place: only these are held
    held = 0
    made: dict[frozenset[tuple[int, int]], tuple[int, int]] = {}
    different: dict[tuple[Vector, int, int], int] = {}
    for (told, _), found in joint.items():
        least = min(begin for begin, _, _ in found)
        placed = frozenset((begin - least, form) for begin, form, _ in found)
        if placed not in made:
            bits = union(placed, exact)
            held += bits.bit_length() if bits not in numbers else 0
            within_reach(held, MOST_PLACES)
            made[placed] = numbers.setdefault(bits, len(numbers)), bits.bit_count()
        number, size = made[placed]
        different[told, least, number] = size
    return sum(different.values())


def _members(parts: tuple[Part, ...], slide: Slide | None, exact: bool) -> Iterator[tuple[Vector, Shape]]:
    """Every instance's indices, rank after rank, and the set that it fetches."""
    if prod(part.count for part in parts) > MOST_INSTANCES:
        raise too_many()
    indices = [list(product(*(range(digit.trip) for digit in part.digits))) for part in parts]
    for numbers, shape in shapes(parts, slide, exact):
        yield tuple(x for part, number in enumerate(numbers) for x in indices[part][number]), shape


def _flat(spots: Spots) -> Iterator[Spot]:
    return (spot for part in spots for spot in part)


def _place(indices: Sequence[int], spots: Spots, dims: int) -> Vector:
    known = list(zip(indices, _flat(spots), strict=True))
    return tuple(sum(x * spot.place for x, spot in known if spot.dim == d) for d in range(dims))
