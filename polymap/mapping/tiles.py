"""Geometry of tiles: what one instance holds at a position of the nest. Pure functions of the trips.

Sizes may be integers, sympy symbols or numpy arrays; a rank that is not listed has size 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any, TypeVar, cast

from polymap.mapping.nest import Node, Spatial, Storage
from polymap.workload.einsum import Affine, Einsum, Tensor

Size = TypeVar("Size")


def tile_sizes(nodes_below: Iterable[Node]) -> dict[str, int]:
    """Tile size per rank: the product of the trips of its loops (temporal and spatial) in `nodes_below`.

    >>> from polymap.mapping.nest import Spatial, Temporal
    >>> tile_sizes([Temporal("p", 4), Spatial("k", 8, "X"), Temporal("p", 2)])
    {'p': 8, 'k': 8}
    """
    sizes: dict[str, int] = {}
    for node in nodes_below:
        if not isinstance(node, Storage):
            sizes[node.rank] = sizes.get(node.rank, 1) * node.trip
    return sizes


def largest_sizes(einsum: Einsum, nodes_below: Iterable[Node]) -> dict[str, int]:
    """Size per rank of the largest tile: the trips of `nodes_below`, but no more than the rank has."""
    sizes = einsum.sizes
    return {rank: min(size, sizes.get(rank, size)) for rank, size in tile_sizes(nodes_below).items()}


def step(nodes: Sequence[Node], index: int) -> int:
    """How far the loop at `index` moves its rank per iteration: the trips of the same rank below it."""
    node = nodes[index]
    assert not isinstance(node, Storage)
    return tile_sizes(nodes[index + 1 :]).get(node.rank, 1)


def instances(nodes_above: Iterable[Node]) -> int:
    """Instances used at a position: the product of the spatial trips above it."""
    return prod(node.trip for node in nodes_above if isinstance(node, Spatial))


def extent(affine: Affine, sizes: Mapping[str, Size]) -> Size:
    """Hull of one data coordinate over a tile: `1 + sum |c_r| (T_r - 1)`, in elements. Equation 1."""
    known: Mapping[str, Any] = sizes
    total = 1 + sum(abs(coefficient) * (known.get(rank, 1) - 1) for rank, coefficient in affine.terms)
    return cast(Size, total)


def extents(tensor: Tensor, sizes: Mapping[str, Size]) -> tuple[Size, ...]:
    """Hull of a tile of `tensor`, one extent per data coordinate."""
    return tuple(extent(coordinate, sizes) for coordinate in tensor.coordinates)


def elements(tensor: Tensor, sizes: Mapping[str, Size]) -> Size:
    """Elements of a tile of `tensor`: the product of its extents, 1 for a tensor without coordinates.

    >>> from polymap.workload.einsum import Affine
    >>> i = Tensor("I", (Affine((("c", 1),)), Affine((("p", 2), ("r", 1)))), 16, "input")
    >>> elements(i, {"c": 4, "p": 8, "r": 3})
    68
    """
    return cast(Size, prod(extents(tensor, cast("Mapping[str, Any]", sizes))))
