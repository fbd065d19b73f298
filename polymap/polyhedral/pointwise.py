"""All counts of a tensor by looking at every point of the iteration domain: docs/design/exact.md, step by step.

It holds what integer sets counted in the first place against something that shares nothing with them but the rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import TypeAlias

import islpy as isl

from polymap.errors import NOWHERE, Mistake
from polymap.model.quantities import Quantities
from polymap.polyhedral.nest import Line, Nest
from polymap.workload.counting import TooLarge
from polymap.workload.einsum import Einsum, Tensor

MOST_POINTS = 1 << 14
MOST_ELEMENTS = 1 << 21

Vector: TypeAlias = tuple[int, ...]
Tiles: TypeAlias = dict[Vector, dict[Vector, frozenset[Vector]]]


@dataclass(frozen=True)
class Pointwise:
    """A nest of few points; `hull` tiles are whole windows, and with `stays` a tile stays while nothing moves it."""

    nest: Nest
    hull: bool
    stays: bool = True

    @cached_property
    def points(self) -> list[dict[str, int]]:
        """The points of the domain by rank. Raises `TooLarge` for more than `MOST_POINTS`."""
        return list(points(self.nest.einsum))

    def cycles(self) -> int:
        return self._values(line for line in self.nest.lines if not line.is_spatial)

    def used(self, hierarchy_index: int) -> int:
        return self._values(line for line in self.nest.lines if line.is_spatial and line.place < hierarchy_index)

    def computes(self) -> int:
        return len(self.points)

    def _values(self, lines: Iterable[Line]) -> int:
        chosen = list(lines)
        return len({digits(point, chosen) for point in self.points})

    def quantities(self, tensor: Tensor, homes: Sequence[tuple[str, int]]) -> tuple[Quantities, ...]:
        """What every memory of a tensor holds and moves, outermost first."""
        stops = [*homes, ("", self.nest.end)]
        return tuple(self._node(tensor, here, below) for here, below in pairwise(stops))

    def _node(self, tensor: Tensor, here: tuple[str, int], below: tuple[str, int]) -> Quantities:
        (level, position), (kept_below, inner) = here, below
        tiles, beneath = self.tiles(tensor, position, keeps=True), self.tiles(tensor, inner, keeps=bool(kept_below))
        above = sum(line.is_spatial for line in self.nest.lines[:position])
        return Quantities(
            level,
            max(len(tile) for steps in tiles.values() for tile in steps.values()),
            len(tiles),
            sum(len(new) for _, _, new in self.fetches(tensor, tiles, position, keeps=True)),
            self._crossing(tensor, beneath, position, inner, keeps=bool(kept_below)),
            _union(tiles, above) if tensor.is_output else 0,
            _union(beneath, above) if tensor.is_output else 0,
        )

    def tiles(self, tensor: Tensor, position: int, keeps: bool) -> Tiles:
        """Per instance and step, both as loop indices, what is held there."""
        lines = self.nest.lines[:position]
        spatial, temporal = [line for line in lines if line.is_spatial], [line for line in lines if not line.is_spatial]
        found: dict[Vector, dict[Vector, set[Vector]]] = defaultdict(lambda: defaultdict(set))
        for point in self.points:
            found[digits(point, spatial)][digits(point, temporal)].add(_element(tensor, point))
        fill = self.hull and keeps and self.nest.einsum.is_box
        tiles = {i: {t: _window(tile) if fill else frozenset(tile) for t, tile in s.items()} for i, s in found.items()}
        if sum(len(tile) for steps in tiles.values() for tile in steps.values()) > MOST_ELEMENTS:
            raise _too_many(f"tiles of {tensor.name} of more than {MOST_ELEMENTS} elements together")
        return tiles

    def fetches(
        self, tensor: Tensor, tiles: Tiles, position: int, keeps: bool
    ) -> Iterator[tuple[Vector, Vector, frozenset[Vector]]]:
        """Instance, step and what is fetched: what is new where only `j` and loops inside it have moved, else all."""
        temporal = [line for line in self.nest.lines[:position] if not line.is_spatial]
        outside = max((n for n, line in enumerate(temporal) if line.rank in tensor.ranks), default=0)
        for instance, steps in tiles.items():
            before: tuple[Vector, frozenset[Vector]] | None = None
            for time, tile in sorted(steps.items()):
                stays = keeps and self.stays and before is not None and before[0][:outside] == time[:outside]
                yield instance, time, tile - before[1] if stays and before else tile
                before = time, tile

    def _crossing(self, tensor: Tensor, tiles: Tiles, parent: int, child: int, keeps: bool) -> int:
        """What passes the parent: equal sets of instances that share count once; of computes, equal elements."""
        spatial = [line for line in self.nest.lines[:child] if line.is_spatial]
        apart = [n for n, line in enumerate(spatial) if line.index < parent or not self.nest.shares(line, tensor)]
        fetched = self.fetches(tensor, tiles, child, keeps)
        sent = {(tuple(instance[n] for n in apart), time, new) for instance, time, new in fetched}
        return sum(len(new) for _, _, new in sent)


def points(einsum: Einsum) -> Iterator[dict[str, int]]:
    """The points of an einsum's domain. Raises `TooLarge` for more than `MOST_POINTS`."""
    if einsum.computes > MOST_POINTS:
        raise _too_many(f"{einsum.computes} points")
    names = list(einsum.sizes)
    if einsum.is_box:
        yield from (dict(zip(names, at, strict=True)) for at in product(*(range(size) for _, size in einsum.ranks)))
        return
    found: list[isl.Point] = []
    einsum.domain().foreach_point(found.append)
    for at in found:
        values = (at.get_coordinate_val(isl.dim_type.set, n).to_python() for n in range(len(names)))
        yield {name: int(value) for name, value in zip(names, values, strict=True)}


def digits(point: dict[str, int], lines: Iterable[Line]) -> Vector:
    """The indices of loops at a point."""
    return tuple(point[line.rank] // line.step % line.trip for line in lines)


def _element(tensor: Tensor, point: dict[str, int]) -> Vector:
    return tuple(at.constant + sum(c * point[rank] for rank, c in at.terms) for at in tensor.coordinates)


def _window(tile: Iterable[Vector]) -> frozenset[Vector]:
    """The hull of a tile: every coordinate from its least to its greatest value."""
    return frozenset(product(*(range(min(values), max(values) + 1) for values in zip(*tile))))


def _union(tiles: Tiles, above: int) -> int:
    """Distinct elements per instance of a level with so many spatial loops above it, summed."""
    held: dict[Vector, set[Vector]] = defaultdict(set)
    for instance, steps in tiles.items():
        held[instance[:above]].update(*steps.values())
    return sum(map(len, held.values()))


def _too_many(what: str) -> TooLarge:
    return TooLarge(Mistake(NOWHERE, f"{what} are too many to look at each", "verify a smaller workload"))
