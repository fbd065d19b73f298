"""The mapping that a walk ends in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

from polymap.architecture.hierarchy import Architecture, Array
from polymap.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from polymap.refute.classes import Factors
from polymap.refute.labels import Label
from polymap.refute.layout import Layout


def witness(layout: Layout, label: Label) -> Mapping:
    """The mapping of a label at the end of a walk, with a nest that stands as its steps do."""
    nodes: list[Node] = []  # from the inside out
    zone = 0
    for step in label.steps():
        nodes += [Storage(site.memory.name, (site.tensor.name,)) for site in step.placed]
        if step.rank is not None:
            nodes.append(Temporal(layout.ranks[step.rank], step.trip))
            continue
        homes = [sites[-1] for sites in layout.sites if sites[-1].zone == zone]
        nodes += [Storage(home.memory.name, (home.tensor.name,)) for home in homes]
        if zone < layout.last:
            nodes += reversed(list(_block(layout.architecture, layout.ranks, *layout.blocks[zone])))
        zone += 1
    return Mapping(tuple(reversed(nodes)))


def _block(architecture: Architecture, ranks: tuple[str, ...], array: Array, factors: Factors) -> Iterator[Spatial]:
    """The spatial loops of an array, dimension by dimension."""
    laid = next(_laid(factors, tuple(size for _, size in array.shape)))
    for (dimension, _), column in zip(array.shape, zip(*laid, strict=True), strict=True):
        on = architecture.dimension_label(array, dimension)
        yield from (Spatial(rank, trip, on) for rank, trip in zip(ranks, column, strict=True) if trip > 1)


def _laid(factors: Factors, rooms: Factors) -> Iterator[tuple[Factors, ...]]:
    """Ways to split each factor over the dimensions that have room."""
    if not factors:
        yield ()
        return
    choices = product(*([d for d in range(1, min(room, factors[0]) + 1) if factors[0] % d == 0] for room in rooms))
    for split in choices:
        if prod(split) == factors[0]:
            left = tuple(room // d for room, d in zip(rooms, split, strict=True))
            yield from ((split, *others) for others in _laid(factors[1:], left))
