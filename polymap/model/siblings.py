"""The children of one parent at some steps of a nest over a box: what each fetches, and what a neighbour hands it.

Arrays have a row per step and a column per sibling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from polymap.model.neighbours import Pair
from polymap.model.uneven import Uneven
from polymap.model.windows import Part, Slide, shape_of

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
Bools: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"


@dataclass(frozen=True)
class Entries:
    """What the parent is asked for, an entry for every sibling at a situation that is not served by a neighbour.

    `sets` numbers the sets of elements, apart at every situation; `size` is that of the entry's. `linked` are the
    elements that neighbours pass on, by situation.
    """

    rows: Ints
    columns: Ints
    sets: Ints
    size: Ints
    linked: tuple[int, ...]


def numbered(columns: Sequence[Ints]) -> Ints:
    """A number for every different combination of entries."""
    found = np.zeros_like(columns[0])
    for column in columns:
        _, at = np.unique(column, return_inverse=True)
        _, found = np.unique(found * (int(at.max(initial=0)) + 1) + at, return_inverse=True)
    return np.asarray(found, dtype=np.int64)


@dataclass(frozen=True)
class Sets:
    """A set of elements for every situation and sibling: `keys` tell sets apart and are 0 where one is empty."""

    keys: tuple[Ints, ...]
    size: Ints


@dataclass(frozen=True)
class Block:
    """Some situations: `indices` of all loops above the child, row by row. `forms` numbers the forms of sets."""

    uneven: Uneven
    pair: Pair
    siblings: Ints
    indices: Ints
    forms: dict[object, int]

    def entries(self) -> Entries:
        now, fetched = self._held(self._starts), self._fetched()
        served = self._served(now) & (fetched.size > 0)
        rows, columns = np.nonzero((fetched.size > 0) & ~served)
        sets = numbered([rows, *(key[rows, columns] for key in fetched.keys)])
        linked = (fetched.size * served).sum(axis=1)
        return Entries(rows, columns, sets, fetched.size[rows, columns], tuple(int(n) for n in linked))

    # Where every sibling stands.

    @cached_property
    def _around(self) -> dict[str, Ints]:
        """Of every rank, where tiles start by the loops around the parent and those between parent and child."""
        nest, found = self.pair.nest, {}
        for rank in self.uneven.sizes:
            far = self._sum(rank, nest.spatial_between(0, self.pair.parent.position))[:, None]
            near = [n for n in self.pair.near if nest.slots[n].rank == rank]
            found[rank] = far + sum(
                (nest.steps[n] * self.siblings[self.pair.near.index(n)] for n in near),
                start=np.zeros(self.siblings.shape[1], dtype=np.int64),
            )
        return found

    @cached_property
    def _starts(self) -> dict[str, Ints]:
        return {rank: at + self._sum(rank, self._temporal)[:, None] for rank, at in self._around.items()}

    @cached_property
    def _temporal(self) -> list[int]:
        return self.pair.nest.temporal_above(self.pair.child.position)

    def _sum(self, rank: str, loops: Sequence[int]) -> Ints:
        nest, total = self.pair.nest, np.zeros(len(self.indices), dtype=np.int64)
        for loop in loops:
            if nest.slots[loop].rank == rank:
                total += nest.steps[loop] * self.indices[:, loop]
        return total

    # Sets of elements.

    def _held(self, starts: Mapping[str, Ints]) -> Sets:
        """The tiles that start there; empty where some rank has no points."""
        return self._product(starts, [self._set(terms, starts, None) for terms in self._coordinates])

    def _fetched(self) -> Sets:
        """What is fetched: of a tile that slides, what is new."""
        found, closing, nest = list[tuple[Ints, Ints, Ints]](), self.pair.fetching_end - 1, self.pair.nest
        for terms in self._coordinates:
            whole = self._set(terms, self._starts, None)
            if self.pair.child.keeps and len(terms) > 1 and closing >= 0 and nest.slots[closing].rank in terms:
                slide = Slide(list(terms).index(nest.slots[closing].rank), nest.steps[closing])
                later, new = self.indices[:, closing, None] > 0, self._set(terms, self._starts, slide)
                whole = tuple(np.where(later, b, a) for a, b in zip(whole, new, strict=True))  # type: ignore[assignment]
            found.append(whole)
        return self._product(self._starts, found)

    def _product(self, starts: Mapping[str, Ints], sets: Sequence[tuple[Ints, Ints, Ints]]) -> Sets:
        size = np.prod([self._length(rank, at) > 0 for rank, at in starts.items()], axis=0, dtype=np.int64)
        for _, _, elements in sets:
            size = size * elements
        return Sets(tuple(key * (size > 0) for least, form, _ in sets for key in (least, form)), size)

    def _length(self, rank: str, starts: Ints) -> Ints:
        tile = self.pair.nest.tiles[self.pair.child.position].get(rank, 1)
        return np.clip(self.uneven.sizes[rank] - starts, 0, tile)

    @cached_property
    def _coordinates(self) -> list[dict[str, int]]:
        """Coefficients by rank, that of the loop that slides a tile positive."""
        end, slots = self.pair.fetching_end, self.pair.nest.slots
        rank = slots[end - 1].rank if self.pair.child.keeps and end > 0 else ""
        return [
            {other: c if terms.get(rank, 1) > 0 else -c for other, c in terms.items()}
            for terms in self.pair.access.coefficients
        ]

    def _set(
        self, terms: Mapping[str, int], starts: Mapping[str, Ints], slide: Slide | None
    ) -> tuple[Ints, Ints, Ints]:
        """Of one coordinate: the least element, the form by its number, and the size."""
        lengths = [self._length(rank, starts[rank]) for rank in terms]
        least = sum(
            (c * (starts[rank] + (n - 1 if c < 0 else 0)) for (rank, c), n in zip(terms.items(), lengths, strict=True)),
            start=np.zeros(self._shape, dtype=np.int64),
        )
        tiles = [self.pair.nest.tiles[self.pair.child.position].get(rank, 1) for rank in terms]
        packed = np.zeros(self._shape, dtype=np.int64)
        for tile, length in zip(tiles, lengths, strict=True):
            packed = packed * (tile + 1) + length
        _, first, number = np.unique(packed, return_index=True, return_inverse=True)
        shapes = [self._form(terms, tiles, [int(n.flat[at]) for n in lengths], slide) for at in first]
        offset, form, size = (np.array(column)[number.reshape(self._shape)] for column in zip(*shapes, strict=True))
        return least + offset, form, size

    def _form(
        self, terms: Mapping[str, int], tiles: Sequence[int], sizes: Sequence[int], slide: Slide | None
    ) -> tuple[int, int, int]:
        if not all(sizes):
            return 0, 0, 0
        parts = [Part(c, tile, (), (1, size)) for c, tile, size in zip(terms.values(), tiles, sizes, strict=True)]
        offset, form, size = shape_of(parts, sizes, slide, self.uneven.exact)
        return offset, self.forms.setdefault(form, len(self.forms) + 1), size

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.indices), self.siblings.shape[1]

    # Neighbours.

    def _served(self, now: Sets) -> Bools:
        """Whether a neighbour holds, when the step begins, the tile that an instance needs."""
        runs, starts = self._before()
        held, served = self._held(starts), np.zeros(self._shape, dtype=np.bool_)
        for here, beside in self._beside():
            same = runs[:, beside] & (held.size[:, beside] > 0)
            for key, other in zip(now.keys, held.keys, strict=True):
                same &= key[:, here] == other[:, beside]
            served[:, here] |= same
        return served

    def _before(self) -> tuple[Bools, dict[str, Ints]]:
        """Whether an instance has run before a step, and where its tile stood then.

        The loop that has moved since is the outermost at whose index the instance has no points any more, or else the
        innermost that is beyond its first index. Inside it all loops stood at the last index with points.
        """
        moved, is_out = self._moved()
        starts = {rank: at.copy() for rank, at in self._around.items()}
        for loop in self._temporal:
            rank, step = self.pair.nest.slots[loop].rank, self.pair.nest.steps[loop]
            last, index = (self.uneven.sizes[rank] - 1 - starts[rank]) // step, self.indices[:, loop, None]
            inside = np.minimum(self.pair.nest.trips[loop] - 1, last)
            at = np.where(loop < moved, index, np.where(loop > moved, inside, np.where(is_out, last, index - 1)))
            starts[rank] += step * at
        ever = np.all([at < self.uneven.sizes[rank] for rank, at in self._around.items()], axis=0)
        return ever & (moved >= 0), starts

    def _moved(self) -> tuple[Ints, Bools]:
        """The loop that has moved, -1 if none has, and whether it is one at whose index there are no points."""
        moved: Ints = np.full(self._shape, -1, dtype=np.int64)
        is_out: Bools = np.zeros(self._shape, dtype=np.bool_)
        starts = {rank: at.copy() for rank, at in self._around.items()}
        for loop in self._temporal:
            rank, index = self.pair.nest.slots[loop].rank, self.indices[:, loop, None]
            starts[rank] += self.pair.nest.steps[loop] * index
            moved = np.where(~is_out & (index > 0), loop, moved)
            out = ~is_out & (starts[rank] >= self.uneven.sizes[rank])
            moved, is_out = np.where(out, loop, moved), is_out | out
        return moved, is_out

    def _beside(self) -> Iterator[tuple[Ints, Ints]]:
        """Siblings with a neighbour, and these neighbours, one direction along one dimension after the other."""
        slots, linked = self.pair.nest.slots, set(self.pair.linked)
        lines = sorted({(slots[n].array, slots[n].dim) for n in self.pair.near})
        along = [[n for n in self.pair.near if (slots[n].array, slots[n].dim) == line] for line in lines]
        places = [sum(self.pair.place(n) * self.siblings[self.pair.near.index(n)] for n in loops) for loops in along]
        number = {at: n for n, at in enumerate(zip(*(place.tolist() for place in places), strict=True))}
        for d, loops in enumerate(along):
            for step in (-1, 1) if linked.intersection(loops) else ():
                moves = ((number.get((*at[:d], at[d] + step, *at[d + 1 :])), n) for at, n in number.items())
                pairs = np.array([(n, other) for other, n in moves if other is not None], dtype=np.int64).reshape(-1, 2)
                yield pairs[:, 0], pairs[:, 1]
