"""What best-first searches share: a queue under lower bounds, a best mapping, and when to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from math import inf
from typing import Generic, Protocol, TypeVar

from polymap.mapper.incumbent import Candidate, Incumbent
from polymap.mapper.objective import Rank
from polymap.mapper.progress import nothing


class Bounded(Protocol):
    """Something in a queue."""

    bound: Rank


Queued = TypeVar("Queued", bound=Bounded)
Met = TypeVar("Met")


class BestFirst(Generic[Queued, Met]):
    """A search of what is met one by one (`unseen`, None when all has been) and then waits in `queue`.

    `taken` is what is being worked on: it is still open if that is cut short. `open` are bounds of what was given up.
    """

    def __init__(
        self, met: Iterable[Met], incumbent: Incumbent, gap: float, seconds: float | None, hear: Callable[[], None]
    ) -> None:
        self.met, self.incumbent, self.gap, self.hear = met, incumbent, gap, hear
        self.deadline = None if seconds is None else time.monotonic() + seconds
        self.queue: list[Queued] = []
        self.open: list[Rank] = []
        self.taken: Queued | None = None
        self.unseen: Iterator[Met] | None = iter(met)
        self.interrupted = False
        self.prepare: Callable[[], None] = nothing  # done first: it may offer a mapping
        self.serial = 0

    @property
    def best(self) -> Candidate | None:
        return self.incumbent.best

    @property
    def bound(self) -> float:
        """A lower bound of the objective over the whole mapspace."""
        waiting = [w.bound[0] for w in (*self.queue[:1], self.taken) if w]
        best = [float(self.best.rank[0])] if self.best else []
        unseen = [self.incumbent.compulsory] if self.unseen is not None else []
        return min([*waiting, *best, *unseen, *(bound[0] for bound in self.open)], default=inf)

    @property
    def proven(self) -> bool:
        return not self.queue and not self.open and self.taken is None and self.unseen is None

    @property
    def final(self) -> bool:
        """Whether neither a time limit nor an interrupt had a say, when asked as soon as the search has ended."""
        return not self.interrupted and not self._late()

    def _late(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    def _good_enough(self) -> bool:
        if self.best is None or self.gap <= 0:
            return False
        value = float(self.best.rank[0])
        return value - self.bound <= self.gap * value
