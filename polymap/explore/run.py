"""One search of several: its share of the time, what is heard of it, and the cache."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from polymap.architecture.hierarchy import Architecture
from polymap.errors import Unsolved
from polymap.explore.cache import Cache
from polymap.mapper.progress import OnProgress, Progress
from polymap.mapper.query import Query, optimize
from polymap.mapper.result import Result
from polymap.workload.einsum import Einsum

LEAST_SECONDS = 0.1  # of a search, however little time is left


@dataclass(frozen=True)
class Run:
    """What the searches share: `layers` distinct ones, `started` on the monotonic clock."""

    architecture: Architecture
    query: Query
    workers: int
    layers: int
    started: float
    on_progress: OnProgress | None
    cache: Cache | None = None

    def known(self, einsum: Einsum) -> Result | None:
        """The answer from the cache."""
        return self.cache.find(einsum, self.architecture, self.query) if self.cache else None

    def keep(self, result: Result | None) -> None:
        """Let the cache keep an answer."""
        if self.cache and result:
            self.cache.keep(result, self.query)

    def share(self, begun: int) -> Query:
        """The question to the next layer: what is left of the time, times the workers, is shared evenly by those that
        have not begun."""
        left = shortened(self.query, self._seconds)
        share = min(1, self.workers / (self.layers - begun))
        return left if left.time_limit is None else replace(left, time_limit=left.time_limit * share)

    def heard(self, finished: int) -> OnProgress | None:
        """Tells how far the search of one layer is, as a part of the whole."""
        if self.on_progress is None:
            return None
        tell = self.on_progress
        return lambda layer: tell(self.placed(layer, finished))

    def placed(self, layer: Progress, finished: int) -> Progress:
        """How far a layer is, as a part of the whole."""
        return replace(layer, seconds=self._seconds, finished=finished, layers=self.layers)

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self.started


def shortened(query: Query, seconds: float) -> Query:
    """The question when some of its time has passed."""
    if query.time_limit is None:
        return query
    return replace(query, time_limit=max(LEAST_SECONDS, query.time_limit - seconds))


def optimize_once(
    einsum: Einsum, architecture: Architecture, query: Query, cache: Cache | None, on_progress: OnProgress | None
) -> Result:
    """`optimize`, unless the cache has the answer."""
    found = cache.find(einsum, architecture, query) if cache else None
    if not found:
        found = optimize(einsum, architecture, query, on_progress)
        if cache:
            cache.keep(found, query)
    return found


def attempt(einsum: Einsum, architecture: Architecture, query: Query, on_progress: OnProgress | None) -> Result | None:
    """`optimize`, or None where time runs out before the first mapping."""
    try:
        return optimize(einsum, architecture, query, on_progress)
    except Unsolved:
        return None
