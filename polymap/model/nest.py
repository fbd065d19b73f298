"""One loop nest as the formulas see it: its skeleton (no trips) and the products of trips at every position."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from polymap.architecture.hierarchy import Architecture, Array
from polymap.errors import NOWHERE, IllegalMapping, Mistake
from polymap.mapping.nest import Loop, Node, Storage, Temporal
from polymap.model.readings import Number
from polymap.workload.einsum import Tensor


@dataclass(frozen=True)
class Slot:
    """A loop without its trip; `array` is the index of its array in the hierarchy, -1 if the loop is temporal.

    A spatial loop runs over the dimension number `dim` of the array called `level`.
    """

    rank: str
    array: int
    level: Array | None = None
    dim: int = 0

    @property
    def is_spatial(self) -> bool:
        return self.array >= 0

    def shares(self, tensor: Tensor) -> bool:
        """Whether the network under this loop multicasts an input or reduces the output."""
        if self.level is None:
            return True
        return self.level.reduces(tensor) if tensor.is_output else self.level.multicasts(tensor)


@dataclass(frozen=True)
class Skeleton:
    """Loops, outermost first, and per tensor its memories with their position: the number of loops above."""

    slots: tuple[Slot, ...]
    homes: MappingOf[str, tuple[tuple[str, int], ...]]


@dataclass(frozen=True)
class Nest:
    """A skeleton with trips, and for every position 0..n the products that the formulas are made of.

    `times[p]` and `spaces[p]`: temporal and spatial trips above p; `tiles[p]`: tile size per rank, all trips below p;
    `steps[l]`: how far loop l moves its rank, i.e. the trips of the same rank inside it.
    """

    slots: tuple[Slot, ...]
    trips: tuple[Number, ...]
    times: tuple[Number, ...]
    spaces: tuple[Number, ...]
    tiles: tuple[MappingOf[str, Number], ...]
    steps: tuple[Number, ...]

    def temporal_above(self, position: int) -> list[int]:
        return [loop for loop in range(position) if self.slots[loop].array < 0]

    def spatial_between(self, outer: int, inner: int) -> list[int]:
        return [loop for loop in range(outer, inner) if self.slots[loop].array >= 0]


@dataclass(frozen=True)
class Access:
    """A tensor's coordinates as coefficient per rank, ready for look-up."""

    tensor: Tensor
    coefficients: tuple[MappingOf[str, int], ...]
    ranks: frozenset[str]
    shares_ranks: bool
    slides: bool

    @classmethod
    def of(cls, tensor: Tensor) -> Access:
        """`shares_ranks`: a rank occurs in two coordinates; `slides`: a coordinate has two ranks, tiles may overlap."""
        terms = tuple(dict(coordinate.terms) for coordinate in tensor.coordinates)
        shares = sum(map(len, terms)) > len(tensor.ranks)
        return cls(tensor, terms, tensor.ranks, shares, any(len(coordinate) > 1 for coordinate in terms))

    @property
    def may_have_holes(self) -> bool:
        """Whether a hull tile can hold elements that no iteration touches."""
        return self.shares_ranks or any(abs(c) > 1 for terms in self.coefficients for c in terms.values())

    def coupled(self, ranks: frozenset[str]) -> list[tuple[list[int], frozenset[str]]]:
        """Coordinates grouped by the ranks they share among `ranks`, each group with those ranks."""
        if not self.shares_ranks:
            return [([d], ranks & terms.keys()) for d, terms in enumerate(self.coefficients)]
        groups: list[tuple[list[int], frozenset[str]]] = []
        for d, terms in enumerate(self.coefficients):
            mine, together = ranks & terms.keys(), [d]
            joined = [group for group in groups if group[1] & mine]
            groups = [group for group in groups if not group[1] & mine]
            for coordinates, shared in joined:
                mine, together = mine | shared, coordinates + together
            groups.append((together, mine))
        return groups


Places = MappingOf[str, tuple[int, Array]]


def array_places(architecture: Architecture) -> Places:
    """Every name a mapping may use for a dimension, `X` or `PE.X`, with its array and the array's index."""
    found: dict[str, list[tuple[int, Array]]] = {}
    for index, level in enumerate(architecture.hierarchy):
        if isinstance(level, Array):
            for dim, _ in level.shape:
                for name in (dim, f"{level.name}.{dim}"):
                    found.setdefault(name, []).append((index, level))
    return {name: places[0] for name, places in found.items() if len(places) == 1}


def skeleton(nodes: Sequence[Node], tensors: Sequence[Tensor], places: Places) -> Skeleton:
    """The skeleton of a mapping's nodes. Raises `IllegalMapping` for an unknown or ambiguous dimension."""
    slots: list[Slot] = []
    homes: dict[str, list[tuple[str, int]]] = {tensor.name: [] for tensor in tensors}
    for node in nodes:
        if not isinstance(node, Storage):
            slots.append(_slot(node, places))
            continue
        for name in node.tensors:
            if name not in homes:
                raise IllegalMapping(Mistake(NOWHERE, f"{node.level} holds '{name}', which is no tensor of the einsum"))
            homes[name].append((node.level, len(slots)))
    return Skeleton(tuple(slots), {name: tuple(levels) for name, levels in homes.items()})


def _slot(loop: Loop, places: Places) -> Slot:
    if isinstance(loop, Temporal):
        return Slot(loop.rank, -1)
    if loop.on not in places:
        message, known = f"no single array dimension is called '{loop.on}'", ", ".join(places)
        raise IllegalMapping(Mistake(NOWHERE, message, f"use one of: {known}"))
    index, array = places[loop.on]
    dim = next(d for d, (name, _) in enumerate(array.shape) if loop.on in (name, f"{array.name}.{name}"))
    return Slot(loop.rank, index, array, dim)


def nest(slots: tuple[Slot, ...], trips: Sequence[Number]) -> Nest:
    """All products of one loop nest in two passes, one from each end."""
    times, spaces = [1], [1]
    for slot, trip in zip(slots, trips, strict=True):
        times.append(times[-1] if slot.is_spatial else times[-1] * trip)
        spaces.append(spaces[-1] * trip if slot.is_spatial else spaces[-1])
    tiles, steps = _inner_products(slots, trips)
    return Nest(slots, tuple(trips), tuple(times), tuple(spaces), tiles, steps)


def _inner_products(
    slots: tuple[Slot, ...], trips: Sequence[Number]
) -> tuple[tuple[dict[str, Number], ...], tuple[Number, ...]]:
    tiles: list[dict[str, Number]] = [{}]
    steps: list[Number] = []
    for slot, trip in zip(reversed(slots), reversed(trips), strict=True):
        step = tiles[-1].get(slot.rank, 1)
        steps.append(step)
        tiles.append({**tiles[-1], slot.rank: step * trip})
    return tuple(reversed(tiles)), tuple(reversed(steps))


def used_instances(nest: Nest, hierarchy_index: int) -> Number:
    """Instances of a level that the mapping uses: the trips on the arrays above it."""
    trips = zip(nest.slots, nest.trips, strict=True)
    return prod(trip for slot, trip in trips if 0 <= slot.array < hierarchy_index)
