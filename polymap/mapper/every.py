"""Every nest of a part in the order of its bound, where nests of one bound may cost different things.

On a domain that is no box, what a nest costs depends on more than what its nodes pay when they close: on the order of
loops inside the closing one, on the loops of one rank being split, on where among them a node stands. So labels are
told apart by all that such a cost can depend on, their *history*; only labels of one history and price stand for each
other. Neighbouring loops of two ranks stand in the order of the ranks where nobody that owes sees a difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, TypeAlias

from polymap.mapper.families import Key, Nodes
from polymap.mapper.groups import Alone
from polymap.mapper.labels import Gaps, Item, Label, Labels
from polymap.mapper.objective import Rank
from polymap.mapper.touched import mixes, own_ranks, touched

Event: TypeAlias = "int | tuple[str, int]"  # the trip of loops, or a node that is placed or closes, or an array
Step: TypeAlias = "tuple[Label, Item | None, Key]"  # a label, what is added to it, the key of the label after


class EveryNest(Labels):
    """A search in which a label stands for those of its own history only."""

    def _expand(self, label: Label) -> None:
        """Of equals, free loops come first, then those that close, then nodes: what a node outside loops that do not
        concern it fetches, it fetches at once, and instances more often share it."""
        self.waiting: list[tuple[int, Any]] = []
        super()._expand(label)
        for _, step in sorted(self.waiting, key=lambda waiting: waiting[0]):
            self.history = self._history(step[0], step[1], step[3])
            super()._push(*step)

    def _push(
        self, before: Label | None, item: Item | None, gap: int, key: Key, at: int, paid: Rank, taken: Rank
    ) -> None:
        step = before, item, gap, key, at, paid, taken
        if before is None:
            self.history = ()
            super()._push(*step)
        elif not isinstance(item, tuple):
            self.waiting.append((0, step))
        elif self._is_first(before, item):
            self.waiting.append((2 if key == before.key else 1, step))

    def _worth(self, gap: int, key: Key, flat: int, vector: Rank) -> bool:
        """Whether no label of the same history and price is in this state; then it joins them."""
        digits = tuple(f"{value:.12g}" for value in vector)
        if (gap, key, flat, digits, self.history) in self.seen:
            return False
        self.seen.add((gap, key, flat, digits, self.history))
        return True

    def _stands(self, label: Label) -> bool:
        return True

    @cached_property
    def seen(self) -> set[tuple[object, ...]]:
        return set()

    def _is_first(self, before: Label, loop: tuple[int, int]) -> bool:
        """Whether a loop may stand outside what a label ends with: not where an other order is listed that counts
        alike."""
        last, rank = before.item, loop[0]
        if not self.program.geometry.skeleton.roaming and self._is_second(before, rank):
            return False
        if not isinstance(last, tuple) or before.before is None:
            return True
        if last[0] == rank:
            return last[1] <= loop[1]
        return last[0] < rank or not self._commute(before.before, last[0], rank)

    def _is_second(self, label: Label, rank: int) -> bool:
        """Whether the gap has a loop over a rank that others follow: an even frame has one for each."""
        step: Label | None = label
        while step is not None and isinstance(step.item, tuple) and step.item[0] == rank:
            step = step.before
        while step is not None and step.item is not None:
            if isinstance(step.item, tuple) and step.item[0] == rank:
                return True
            step = step.before
        return False

    def _commute(self, inside: Label, *ranks: int) -> bool:
        """Whether loops over these ranks, next to each other, can change places: nobody that owes tells them apart."""
        names = {self.program.geometry.ranks[rank] for rank in ranks}
        return all(
            names <= self.program.nodes[i].tensor.ranks and not self.marked[i]
            if names & self.program.nodes[i].tensor.ranks
            else not names & self.tied
            for i in inside.key[1]
        )

    @cached_property
    def tied(self) -> frozenset[str]:
        """Ranks that hang together with others, or are cut."""
        found = touched(self.program.geometry.skeleton.einsum)
        return frozenset(r for group, _ in found.shares(None) if not isinstance(group, Alone) for r in group.ranks)

    @cached_property
    def marked(self) -> tuple[frozenset[str], ...]:
        """For every node the ranks whose loops it tells apart: those of groups of which it has some ranks, or none, or
        several in a coordinate."""
        found = touched(self.program.geometry.skeleton.einsum)
        return tuple(
            frozenset(
                rank
                for group, own in found.shares(node.tensor)
                if not isinstance(group, Alone) and (mixes(own) or own_ranks(own) < set(group.ranks))
                for rank in group.ranks
            )
            for node in self.program.nodes
        )

    def _history(self, before: Label, item: Item | None, key: Key) -> tuple[object, ...]:
        """What is done to the ranks that hang together, from the inside out, and for each marked node the loops that do
        not concern it while it owes."""
        lines: dict[str, list[Event]] = {rank: [] for rank in sorted(self.tied.union(*self.marked))}
        passed: dict[int, list[tuple[int, int]]] = {}
        for label, added, after in reversed(list(_steps(before, item, key))):
            self._note(lines, passed, label, added, after)
        rounds = ((node, tuple(loops)) for node, loops in sorted(passed.items()) if len(loops) > 1)
        return (*(tuple(line) for line in lines.values()), *rounds)

    def _note(
        self,
        lines: dict[str, list[Event]],
        passed: dict[int, list[tuple[int, int]]],
        label: Label,
        added: Item | None,
        after: Key,
    ) -> None:
        self._mark(lines, "closed", label.key[1] - after[1])
        if isinstance(added, tuple):
            rank, trip = added
            name = self.program.geometry.ranks[rank]
            if name in lines:
                _append(lines[name], trip)
            for i in after[1]:
                if self.marked[i] and name not in self.program.nodes[i].tensor.ranks:
                    _pass(passed.setdefault(i, []), rank, trip)
        elif added is not None:
            self._mark(lines, "placed", added)
        else:
            stop = label.gap - 1
            here = Nodes(i for i, node in enumerate(self.program.nodes) if node.stop == stop)
            self._mark(lines, "placed", here - label.key[0])
            for name, factor in zip(self.program.geometry.ranks, self.program.geometry.unrolled[stop]):
                if factor > 1 and name in lines:
                    lines[name].append(("array", stop))

    def _mark(self, lines: dict[str, list[Event]], what: str, nodes: Nodes) -> None:
        for i in sorted(nodes):
            for rank in self.marked[i]:
                lines[rank].append((what, i))

    def _gaps(self, label: Label) -> Gaps:
        """What stands in every gap of a path, loop by loop."""
        gaps: Gaps = [[]]
        for item in reversed([added for _, added, _ in _steps(label.before, label.item, label.key)]):
            if item is None:
                gaps.append([])
            else:
                gaps[-1].append(item)
        return gaps[:-1]


def _steps(before: Label | None, item: Item | None, key: Key) -> Iterator[Step]:
    """The steps of a path, the last one first."""
    label: Label | None = before
    while label is not None:
        yield label, item, key
        item, key, label = label.item, label.key, label.before


def _append(line: list[Event], trip: int) -> None:
    last = line[-1] if line else None
    if isinstance(last, int):
        line[-1] = last * trip
    else:
        line.append(trip)


def _pass(loops: list[tuple[int, int]], rank: int, trip: int) -> None:
    if loops and loops[-1][0] == rank:
        loops[-1] = rank, loops[-1][1] * trip
    else:
        loops.append((rank, trip))
