"""Convention `continuing_sweep` by integer sets: the walk of docs/design/model.md, visit by visit, tile by tile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

import islpy as isl

from polymap.errors import NOWHERE, Mistake
from polymap.polyhedral.counts import Stop, TensorCount
from polymap.polyhedral.nest import Line
from polymap.polyhedral.relations import Part, Relation
from polymap.workload.counting import TooLarge, within

MOST_LOOPS = 12


@dataclass(frozen=True)
class SweptCount(TensorCount):
    """Counts on a box with perfect factors: all instances do the same, each with a tile of its own."""

    def flow(self, stop: Stop) -> int:
        return super().flow(stop) if not stop.level else self._each(stop, lambda part, found: found)

    def product(self, stop: Stop, what: str, change: Callable[[Part, Relation], Relation]) -> int:
        """What crosses at the first step, for each tile of which an instance fetches what it does in the whole run."""
        return super().product(stop, what, change) if not stop.level else self._each(stop, change)

    def _each(self, stop: Stop, change: Callable[[Part, Relation], Relation]) -> int:
        def first(part: Part) -> int:
            temporal = [line for line in part.lines if not line.is_spatial]
            found = change(part, Relation(part.first(temporal), part.lines))
            return self.counted(found.without(part.followed).points())

        what = f"the first tiles of {self.tensor.name} at {stop.level}"
        return self.over(stop, what, first) * self._fetched_by_one(stop) // self.tile(stop)

    def _fetched_by_one(self, stop: Stop) -> int:
        """Elements that one instance fetches in the run."""
        loops = [
            line for line in self.nest.lines[: stop.position] if not line.is_spatial and line.index <= stop.innermost
        ]
        if len(loops) > MOST_LOOPS:
            text = f"the walk of {self.tensor.name} at {stop.level} visits 2^{len(loops)} steps"
            raise TooLarge(Mistake(NOWHERE, text, "use fewer loops"))
        part = self.part(stop, frozenset(self.nest.einsum.sizes))
        return within(f"the walk of {self.tensor.name} at {stop.level}", lambda: _walked(part, loops, self.tile(stop)))


def _walked(part: Part, loops: list[Line], whole: int) -> int:
    """Index 0 and 1 of every loop in order; index 1 stands for all later ones. See docs/design/model.md."""
    total, remembered, before = 0, None, None
    for weight, tile in _visits(part, loops):
        move = None if before is None else _moved(before, tile)
        if move is None or (any(move) and remembered not in (None, move)):
            total, remembered = total + weight * whole, None
        elif any(move):
            total, remembered = total + weight * _points(tile.subtract(before)), move
        before = tile
    return total


def _visits(part: Part, loops: list[Line]) -> Iterator[tuple[int, isl.Set]]:
    """How many steps a visit stands for, and the tile of the first instance there."""
    for index in product((0, 1), repeat=len(loops)):
        chosen = {line.index: x for line, x in zip(loops, index, strict=True)}
        at = ", ".join(str(chosen.get(line.index, 0)) for line in part.lines)
        tile = part.held.intersect_domain(isl.Set(f"{{ [{at}] }}")).range()
        yield prod(line.trip - 1 for line, x in zip(loops, index, strict=True) if x), tile


def _moved(before: isl.Set, now: isl.Set) -> tuple[int, ...]:
    """How far a tile, which keeps its shape, has moved in each coordinate."""
    dims = range(now.dim(isl.dim_type.set))
    return tuple(int(now.dim_min_val(d).to_python()) - int(before.dim_min_val(d).to_python()) for d in dims)


def _points(found: isl.Set) -> int:
    return int(found.count_val().to_python())
