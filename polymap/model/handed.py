"""Links between neighbours on boxes with imperfect factors: all siblings at every kind of step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product
from math import prod

import numpy as np

from polymap.model.fans import Fans
from polymap.model.neighbours import Pair
from polymap.model.siblings import Block, Entries, Ints, numbered
from polymap.model.situations import Kinds, Situation
from polymap.model.trees import Trees

MOST_STEPS = 1 << 21  # situations times siblings
AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Handed(Fans):
    """What crosses between one parent and its children if neighbours pass tiles on."""

    pair: Pair

    @property
    def is_small(self) -> bool:
        """Whether there are few enough steps to look at."""
        return self._width <= MOST_STEPS and len(self._situations) * self._width <= MOST_STEPS

    def trees(self, pair: Pair, array: int) -> Trees:
        """What travels on one array, by its index in the hierarchy."""
        slots, entries = pair.nest.slots, self._entries
        packets = self._packets([n for n in pair.near if slots[n].array < array or not pair.shares(n)])
        places, hops = list[Ints](), 0
        for dim in pair.dims(array):
            stems = numbered([packets, *places])
            along = (n for n in pair.near if (slots[n].array, slots[n].dim) == (array, dim))
            places.append(sum((self._index(n) * pair.place(n) for n in along), start=np.zeros_like(packets)))
            hops += self._total(stems, entries.size * largest(stems, places[-1]))
        return Trees(self._total(packets, entries.size), self._total(numbered([packets, *places]), entries.size), hops)

    def passed(self, pair: Pair) -> tuple[int, int]:
        """Elements that the parent sends where neighbours pass tiles on, and those that they pass on."""
        packets = self._packets([n for n in pair.near if not pair.shares(n)])
        linked = sum(words * found.times for words, found in zip(self._entries.linked, self._situations, strict=True))
        return self._total(packets, self._entries.size), linked

    def _packets(self, told: Sequence[int]) -> Ints:
        """The packet of every entry; siblings are apart along the loops that are `told`."""
        return numbered([self._entries.sets, *(self._index(loop) for loop in told)])

    def _index(self, loop: int) -> Ints:
        return np.asarray(self._siblings[self.pair.near.index(loop)][self._entries.columns])

    def _total(self, groups: Ints, words: Ints) -> int:
        """Words of one entry of every group, over the whole run."""
        _, first = np.unique(groups, return_index=True)
        rows = np.zeros(len(self._situations), dtype=np.int64)
        np.add.at(rows, self._entries.rows[first], words[first])
        return sum(int(n) * found.times for n, found in zip(rows, self._situations, strict=True))

    @cached_property
    def _situations(self) -> list[Situation]:
        kinds = iter(Kinds(self.pair, self.uneven.sizes))
        return list(islice(kinds, MOST_STEPS // max(1, self._width) + 1))

    @property
    def _width(self) -> int:
        return prod(self.pair.nest.trips[n] for n in self.pair.near)

    @cached_property
    def _siblings(self) -> Ints:
        """Row by row, the index of a loop between parent and child; a column per sibling."""
        found = list(product(*(range(self.pair.nest.trips[n]) for n in self.pair.near)))
        return np.array(found, dtype=np.int64).T.reshape(len(self.pair.near), -1)

    @cached_property
    def _entries(self) -> Entries:
        forms: dict[object, int] = {}
        rows, height = self._situations, max(1, AT_ONCE // self._width)
        blocks = (
            Block(self.uneven, self.pair, self._siblings, np.array([s.indices for s in rows[n : n + height]]), forms)
            for n in range(0, len(rows), height)
        )
        return joined([(n * height, block.entries()) for n, block in enumerate(blocks)])


def joined(blocks: Sequence[tuple[int, Entries]]) -> Entries:
    """Blocks of situations as one; each with the number of its first row."""
    rows = np.concatenate([block.rows + first for first, block in blocks])
    sets = numbered([rows, np.concatenate([block.sets for _, block in blocks])])
    columns, size = (np.concatenate([getattr(b, name) for _, b in blocks]) for name in ("columns", "size"))
    return Entries(rows, columns, sets, size, tuple(words for _, block in blocks for words in block.linked))


def largest(groups: Ints, values: Ints) -> Ints:
    """The largest value of every entry's group."""
    most = np.zeros(int(groups.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(most, groups, values)
    return np.asarray(most[groups])
