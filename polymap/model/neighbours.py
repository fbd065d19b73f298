"""A tensor between two levels, and what siblings spare their parent beyond equal tiles: links, halos that are shared.

The counts here are those of inputs on boxes with perfect factors; docs/design/exact.md, Networks, has the sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod

from polymap.architecture.hierarchy import Array
from polymap.mapping.tiles import extents
from polymap.model import mesh
from polymap.model.nest import Access, Nest
from polymap.model.readings import Number, Rows, maximum, search
from polymap.model.traffic import union


@dataclass(frozen=True)
class Stop:
    """Where a tensor rests: the position of a memory's node, or of the compute statement, which keeps nothing."""

    position: int
    hull: Sequence[Number]
    keeps: bool = True


@dataclass(frozen=True)
class Fetch:
    """One kind of step at which every instance fetches a box of these extents, and how often it comes in a run.

    `move` is how far the tile has moved since the step before, None at the first step.
    """

    times: Number
    box: Sequence[Number]
    elements: Number
    move: tuple[Number, ...] | None


@dataclass(frozen=True)
class Pair:
    """A tensor between two stops, parent and child; `near` are the spatial loops between them."""

    access: Access
    nest: Nest
    parent: Stop
    child: Stop

    @property
    def near(self) -> list[int]:
        return self.nest.spatial_between(self.parent.position, self.child.position)

    def shares(self, loop: int) -> bool:
        """Whether instances along a loop that fetch the same are served by one word."""
        return self.nest.slots[loop].shares(self.access.tensor)

    def dims(self, array: int) -> list[int]:
        """The dimensions that near loops take of an array, by its index in the hierarchy."""
        slots = self.nest.slots
        return sorted({slots[loop].dim for loop in self.near if slots[loop].array == array})

    @property
    def linked(self) -> list[int]:
        """The near loops on arrays whose neighbours pass the tensor on: inputs only."""
        return [loop for loop, array in self._of_inputs if array.links_of(self.access.tensor)]

    @property
    def haloed(self) -> list[int]:
        """The near loops on arrays that share halos of the tensor: inputs only."""
        return [loop for loop, array in self._of_inputs if array.shares_halo(self.access.tensor)]

    @property
    def _of_inputs(self) -> list[tuple[int, Array]]:
        levels = ((loop, self.nest.slots[loop].level) for loop in self.near)
        return [(loop, level) for loop, level in levels if level and not self.access.tensor.is_output]

    def fetches(self) -> Iterator[Fetch]:
        """The steps of a child at which it fetches, by the loop that advances (docs/design/model.md, Fills)."""
        nest, whole = self.nest, prod(self.child.hull)
        yield Fetch(1, self.child.hull, whole, None)
        loops = self._fetching_loops()
        for loop in loops:
            slides = self.child.keeps and loop == loops[-1]
            box, elements = self._uncovered(loop) if slides else (self.child.hull, whole)
            yield Fetch(nest.times[loop] * (nest.trips[loop] - 1), box, elements, self._move(loop))

    @property
    def fetching_end(self) -> int:
        """Temporal loops above the child at whose steps it fetches stand before: the computes do at all, a memory not
        inside `j`."""
        loops = self.nest.temporal_above(self.child.position)
        relevant = (loop for loop in loops if self.nest.slots[loop].rank in self.access.ranks)
        return max(relevant, default=-1) + 1 if self.child.keeps else len(self.nest.slots)

    def _fetching_loops(self) -> list[int]:
        return self.nest.temporal_above(min(self.fetching_end, self.child.position))

    def _move(self, loop: int) -> tuple[Number, ...]:
        """How the tile moves when a loop advances and all temporal loops inside it fall back to 0."""
        inside = [other for other in self.nest.temporal_above(self.child.position) if other > loop]
        back = [(self.nest.trips[other] - 1, self.offset(other)) for other in inside]
        ahead = enumerate(self.offset(loop))
        return tuple(step - sum(times * offset[d] for times, offset in back) for d, step in ahead)

    def offset(self, loop: int) -> tuple[Number, ...]:
        """How far one step of a loop moves the tile, per coordinate."""
        rank, step = self.nest.slots[loop].rank, self.nest.steps[loop]
        # A coordinate that stands still has the number 0, not an expression that is 0: `_uncovered` tells them apart.
        return tuple(terms[rank] * step if rank in terms else 0 for terms in self.access.coefficients)

    def _uncovered(self, loop: int) -> tuple[Sequence[Number], Number]:
        """What is new when a loop moves the tile by one step: the extents if it is a box, and the elements."""
        shifts = [abs(shift) for shift in self.offset(loop)]
        kept = [maximum(0, extent - shift) for extent, shift in zip(self.child.hull, shifts, strict=True)]
        moved = zip(self.child.hull, shifts, kept, strict=True)
        return [e if type(s) is int and s == 0 else e - k for e, s, k in moved], prod(self.child.hull) - prod(kept)

    def rows(self, fetch: Fetch, near: Sequence[int] | None = None, array: int = -1) -> Rows:
        """What `mesh` needs to know of the children at one kind of step; `array` is the index of the asked one."""
        loops = self.near if near is None else near
        slots, linked = self.nest.slots, self.linked if fetch.move is not None else []
        lines = sorted({(slots[loop].array, slots[loop].dim) for loop in loops})
        apart = [loop for loop in loops if not self.shares(loop)]
        first, last = (sum(line[0] < end for line in lines) for end in (array, array + 1))
        move = fetch.move or tuple(0 for _ in self.access.coefficients)
        head = (len(apart), int(fetch.move is not None), first, last)
        return (
            (*head, *move, *(0 for _ in apart)),
            *(
                (
                    self.nest.trips[loop],
                    lines.index((slots[loop].array, slots[loop].dim)),
                    self.place(loop),
                    int(loop in linked),
                    *self.offset(loop),
                    *(int(loop == other) for other in apart),
                )
                for loop in loops
            ),
        )

    def place(self, loop: int) -> Number:
        """Place value of a loop along its dimension: loops inside it on the same dimension count faster."""
        slots, line = self.nest.slots, (self.nest.slots[loop].array, self.nest.slots[loop].dim)
        inside = (other for other in self.near if other > loop and (slots[other].array, slots[other].dim) == line)
        return prod(self.nest.trips[other] for other in inside)

    def summed(self, count: Callable[[tuple[tuple[int, ...], ...]], int], array: int = -1) -> Number:
        """Elements times what `mesh` counts for them, over the whole run and all parents."""
        parents = self.nest.spaces[self.parent.position]
        found = ((f.times * f.elements, search(count, self.rows(f, array=array))) for f in self.fetches())
        return parents * sum(elements * counted for elements, counted in found)

    @property
    def is_askew(self) -> bool:
        """Whether what is new at a step is not a box, because the loop that slides a tile moves it along a diagonal."""
        loops = self._fetching_loops()
        rank = self.nest.slots[loops[-1]].rank if loops and self.child.keeps else ""
        if sum(rank in terms for terms in self.access.coefficients) < 2:
            return False
        return any(type(fetch.elements) is not int or prod(fetch.box) != fetch.elements for fetch in self.fetches())

    def halo_reads(self) -> Number:
        """Union of what the children of one parent fetch at once; arrays that share no halo count different tiles."""
        haloed = self.haloed
        others = [loop for loop in self.near if loop not in haloed]
        reads: Number = 0
        for fetch in self.fetches():
            each = union(self.access, self.nest, haloed, fetch.box)
            reads = reads + fetch.times * each * search(mesh.tiles, self.rows(replace(fetch, move=None), others))
        return self.nest.spaces[self.parent.position] * reads


def stops(access: Access, homes: Sequence[tuple[str, int]], nest: Nest) -> Iterator[tuple[Stop, Stop]]:
    """Parent and child of every hop of a tensor, outermost first; the last child is the compute statement."""
    kept = [Stop(position, extents(access.tensor, nest.tiles[position])) for _, position in homes]
    return pairwise([*kept, Stop(len(nest.slots), extents(access.tensor, {}), keeps=False)])
