"""All mappings that no other is as good as in both energy and latency."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from polymap.architecture.hierarchy import Architecture
from polymap.errors import NOWHERE, Infeasible, Mistake, SpecError, Unsolved
from polymap.mapper.query import Query, best_of, space
from polymap.mapper.result import Front, Result
from polymap.workload.einsum import Einsum

AXES = ("energy", "latency")


def pareto(
    einsum: Einsum, architecture: Architecture, query: Query, on_point: Callable[[Result], None] | None = None
) -> Front:
    """The front of energy and latency, from the least energy to the fewest cycles; `query.objective` does not count.

    The least energy, then the least with fewer cycles than that needs, and so on (the epsilon-constraint method of
    Haimes, Lasdon and Wismer, 1971). Each point is proven to have the least energy for its cycles and the fewest cycles
    for its energy, and that there is none between two points or beyond the last: `complete`. A time limit or an
    interrupt leaves the points found so far. `on_point` hears of each.
    """
    deadline = None if query.time_limit is None else time.monotonic() + query.time_limit
    searched = list(space(einsum, architecture, query))
    points: list[Result] = []
    while not points or points[-1].cost.cycles > 1:
        left = None if deadline is None else deadline - time.monotonic()
        if points and left is not None and left <= 0:
            return Front(einsum, architecture, tuple(points), complete=False)
        try:
            points.append(best_of(searched, einsum, architecture, _question(query, points, left)))
        except Infeasible:
            if not points:
                raise
            break
        except Unsolved:
            if not points:
                raise
            return Front(einsum, architecture, tuple(points), complete=False)
        if on_point:
            on_point(points[-1])
        if points[-1].status != "optimal":
            return Front(einsum, architecture, tuple(points), complete=False)
    return Front(einsum, architecture, tuple(points), complete=True)


def _question(query: Query, points: list[Result], left: float | None) -> Query:
    """The least energy with fewer cycles than the last point."""
    fewer = (f"cycles <= {points[-1].cost.cycles - 1}",) if points else ()
    return replace(query, objective="energy", subject_to=(*query.subject_to, *fewer), time_limit=left)


def check_axes(axes: str) -> None:
    """Raises `SpecError` unless the axes are those that fronts are drawn over."""
    if tuple(part.strip() for part in axes.split(",")) != AXES:
        message = f"there is no front over '{axes}'"
        raise SpecError(Mistake(NOWHERE, message, f"use {','.join(AXES)}"))
