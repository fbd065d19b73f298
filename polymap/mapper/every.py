"""Every nest of a part in the order of its bound, where nests of one bound may cost different things.

On a domain that is no box, what a nest costs depends on more than what its nodes pay when they close: on the order of
loops inside the closing one, on the loops of one rank being split, on where among them a node stands. So no label
stands for another one, and loops are not joined. Of nests that count alike one is found: neighbouring loops of two
ranks stand in the order of the ranks where nobody that owes sees a difference.
"""

from __future__ import annotations

from polymap.mapper.families import Key
from polymap.mapper.labels import Gaps, Item, Label, Labels, Rank
from polymap.mapper.lattice import Index
from polymap.mapper.touched import loose_ranks


class EveryNest(Labels):
    """A search in which labels do not dominate each other."""

    def _worth(self, gap: int, key: Key, flat: int, vector: Rank) -> bool:
        return True

    def _stands(self, label: Label) -> bool:
        return True

    def _push(
        self, before: Label | None, item: Item | None, gap: int, key: Key, at: Index, paid: Rank, taken: Rank
    ) -> None:
        if before is None or not isinstance(item, tuple) or self._is_first(before, item):
            super()._push(before, item, gap, key, at, paid, taken)

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
        """Whether loops over these ranks, next to each other, can change places."""
        owing = inside.key[1]
        if not owing:
            return True
        names = {self.program.geometry.ranks[rank] for rank in ranks}
        tensors = [self.program.nodes[i].tensor for i in owing]
        loose = loose_ranks(self.program.geometry.skeleton.einsum)
        return names <= loose and not any(names & tensor.ranks for tensor in tensors)

    def _gaps(self, label: Label) -> Gaps:
        """What stands in every gap of a path, loop by loop."""
        items: list[Item | None] = []
        step: Label | None = label
        while step is not None and step.before is not None:
            items.append(step.item)
            step = step.before
        gaps: Gaps = [[]]
        for item in reversed(items):
            if item is None:
                gaps.append([])
            else:
                gaps[-1].append(item)
        return gaps[:-1]
