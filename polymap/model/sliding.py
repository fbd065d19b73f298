"""Tiles that slide along the loop just inside their storage node: what they hold at a time (`tiles_slide`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from polymap.model.nest import Access, Nest
from polymap.model.quantities import Quantities

if TYPE_CHECKING:
    from polymap.model.counting import Engine

Homes = Sequence[tuple[str, int]]


def held(engine: Engine, access: Access, homes: Homes, nest: Nest) -> tuple[Quantities, ...]:
    """The quantities of a tensor, its tiles being what is held while the loop just inside each node runs.

    The outermost node holds all of the tensor: nothing brings it what is still to come.
    """
    nodes = engine.quantities(access, homes)
    slid = [*homes[:1], *((level, position + _slides(access, nest, position)) for level, position in homes[1:])]
    if slid == list(homes):
        return nodes
    return tuple(replace(node, tile=at.tile) for node, at in zip(nodes, engine.quantities(access, slid), strict=True))


def _slides(access: Access, nest: Nest, position: int) -> bool:
    """Whether the loop at a position is temporal and moves the tensor's tile."""
    loop = nest.slots[position] if position < len(nest.slots) else None
    return loop is not None and not loop.is_spatial and loop.rank in access.ranks
