"""The walk over the nest with what every visit moved: what the totals of a replay are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polymap.model.conventions import Conventions
from polymap.model.replay.boxes import Region, size
from polymap.model.replay.chain import Chain
from polymap.model.replay.fanout import Shifts
from polymap.model.replay.walk import _Walk
from polymap.workload.einsum import Tensor


@dataclass(frozen=True)
class Visit:
    """`words` moved below a level, to one child, at a visit that stands for `times` steps.

    `loop` is the innermost temporal loop above that is beyond its first iteration, by its index in the chain, -1 at the
    first visit of all.
    """

    level: int
    tensor: int
    loop: int
    times: int
    words: int


def visits(nest: Chain, tensors: Sequence[Tensor], rules: Conventions) -> list[Visit]:
    """Every visit of the walk that moved something, in order."""
    walk = _Traced(nest, tensors, rules)
    walk.run()
    return walk.noted


class _Traced(_Walk):
    """A walk that notes its visits."""

    def __init__(self, nest: Chain, tensors: Sequence[Tensor], rules: Conventions) -> None:
        super().__init__(nest, tensors, rules)
        self.noted: list[Visit] = []

    def note(self, level: int, tensor: int, words: int, outside: int) -> None:
        moved = (i for i in range(outside, len(self.loops)) if self.index[i] and not self.loops[i].is_spatial)
        self.noted.append(Visit(level, tensor, next(moved, -1), self.weight, words))

    def enter(self, index: int) -> tuple[Region, ...]:
        new = super().enter(index)
        above = index + 1
        if above < len(self.loops) and not self.loops[above].is_spatial:
            for t, region in enumerate(new):
                self.note(self.loops[above].level, t, size(region), above)
        return new

    def deliver(self, level: int, t: int, new: Sequence[Region], shifts: Sequence[Shifts]) -> None:
        outside = next((i for i, loop in enumerate(self.loops) if loop.level == level and not loop.is_spatial), 0)
        self.note(level, t, size(new[t]), outside)
        super().deliver(level, t, new, shifts)

    def compute(self, index: int) -> None:
        steps = 1
        for i in range(index + 1):
            steps *= self.trips(i)
        for t in range(len(self.tensors)):
            self.note(0, t, steps, index + 1)
        super().compute(index)
