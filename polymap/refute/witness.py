"""The mapping that a walk ends in."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from polymap.architecture.hierarchy import Array
from polymap.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from polymap.refute.labels import PLACED, Label
from polymap.refute.laid import Laid
from polymap.refute.layout import Layout, Site


def witness(layout: Layout, label: Label, ways: tuple[Laid, ...]) -> Mapping:
    """The mapping of a label at the end of a walk, with a nest that stands as its steps do.

    `ways` are those in which the factors of all arrays are laid on their dimensions.
    """
    arrays = zip(layout.architecture.arrays, layout.cls.unrolled, ways, strict=True)
    blocks = [list(_block(layout, array, way)) for array, factors, way in arrays if prod(factors) > 1][::-1]
    nodes: list[Node] = []  # from the inside out
    placed: list[Site] = []
    zone = 0
    for step in label.steps():
        placed += step.placed
        nodes += [_node(site) for site in step.placed]
        if step.rank is not None:
            nodes += [] if step.rank == PLACED else [Temporal(layout.ranks[step.rank], step.trip)]
            continue
        homes = [sites[-1] for sites in layout.sites if sites[-1].zone == zone]
        nodes += [_node(home) for home in homes if home not in placed]
        nodes += reversed(blocks[zone]) if zone < layout.last else []
        zone += 1
    return Mapping(tuple(reversed(nodes)))


def in_one(mapping: Mapping) -> Mapping | None:
    """The even mapping in which neighbouring loops over one rank are one; None if a gap has others over it still."""
    nodes: list[Node] = []
    gap = set[str]()  # ranks of the loops since the last node that is none
    for node in mapping.nodes:
        last = nodes[-1] if nodes else None
        if not isinstance(node, Temporal):
            gap = set()
        elif isinstance(last, Temporal) and last.rank == node.rank:
            nodes[-1] = Temporal(node.rank, last.trip * node.trip)
            continue
        elif node.rank in gap:
            return None
        else:
            gap.add(node.rank)
        nodes.append(node)
    return Mapping(tuple(nodes))


def _node(site: Site) -> Storage:
    return Storage(site.memory.name, (site.tensor.name,))


def _block(layout: Layout, array: Array, way: Laid) -> Iterator[Spatial]:
    """The spatial loops of an array, dimension by dimension."""
    for number, (dimension, _) in enumerate(array.shape):
        on = layout.architecture.dimension_label(array, dimension)
        for rank, trips in zip(layout.ranks, way, strict=True):
            if trips[number] > 1:
                yield Spatial(rank, trips[number], on)
