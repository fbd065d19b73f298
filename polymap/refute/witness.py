"""The mapping that a walk ends in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import prod

from polymap.architecture.hierarchy import Architecture, Array
from polymap.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from polymap.refute.classes import Factors, Side, sides
from polymap.refute.labels import PLACED, Label
from polymap.refute.layout import Layout
from polymap.workload.einsum import Einsum


def witness(layout: Layout, label: Label) -> Mapping:
    """The mapping of a label at the end of a walk, with a nest that stands as its steps do."""
    nodes: list[Node] = []  # from the inside out
    zone = 0
    for step in label.steps():
        nodes += [Storage(site.memory.name, (site.tensor.name,)) for site in step.placed]
        if step.rank is not None:
            nodes += [] if step.rank == PLACED else [Temporal(layout.ranks[step.rank], step.trip)]
            continue
        homes = [sites[-1] for sites in layout.sites if sites[-1].zone == zone]
        nodes += [Storage(home.memory.name, (home.tensor.name,)) for home in homes]
        if zone < layout.last:
            nodes += reversed(list(_block(layout.einsum, layout.architecture, *layout.blocks[zone])))
        zone += 1
    return Mapping(tuple(reversed(nodes)))


def _block(einsum: Einsum, architecture: Architecture, array: Array, factors: Factors) -> Iterator[Spatial]:
    """The spatial loops of an array, dimension by dimension."""
    along = sides(einsum, array)
    laid = next(split for split in _laid(0, factors, along) if _is_enough(split, along))
    for number, (dimension, _) in enumerate(array.shape):
        on = architecture.dimension_label(array, dimension)
        for (rank, _), trips in zip(einsum.ranks, laid, strict=True):
            if trips[number] > 1:
                yield Spatial(rank, trips[number], on)


def _laid(rank: int, factors: Factors, along: tuple[Side, ...]) -> Iterator[tuple[Factors, ...]]:
    """Ways to split each factor over the dimensions that have room."""
    if not factors:
        yield ()
        return
    mosts = [side.size if rank in side.ranks else 1 for side in along]
    for split in product(*([d for d in range(1, min(most, factors[0]) + 1) if factors[0] % d == 0] for most in mosts)):
        if prod(split) == factors[0]:
            left = tuple(replace(side, size=side.size // d) for side, d in zip(along, split, strict=True))
            yield from ((split, *others) for others in _laid(rank + 1, factors[1:], left))


def _is_enough(split: tuple[Factors, ...], along: tuple[Side, ...]) -> bool:
    return all(prod(column) >= side.least for column, side in zip(zip(*split, strict=True), along, strict=True))
