"""The largest tile of any step and instance."""

from __future__ import annotations

from dataclasses import replace

import islpy as isl

from polymap.errors import NOWHERE, Mistake
from polymap.polyhedral.relations import Part
from polymap.workload.counting import TooLarge, count, within

MOST_STEPS = 4096


def largest(part: Part) -> int:
    """Most elements of this part that a tile holds, found among few steps that stand for all others.

    Raises `TooLarge` if these are more than `MOST_STEPS`.
    """
    if not part.coordinates:
        return 1
    return within(f"the largest tile of {part.tensor.name}", lambda: _largest(replace(part)))


def _largest(part: Part) -> int:
    chosen, rest = part.representatives()
    if count(chosen) + count(rest) > MOST_STEPS:
        raise _too_many(part)
    return max(count(part.held_at(step)) for step in [*_points(chosen), *_points(rest)])


def _points(found: isl.Set) -> list[isl.Point]:
    points: list[isl.Point] = []
    found.foreach_point(points.append)
    return points


def _too_many(part: Part) -> TooLarge:
    text = f"the largest tile of {part.tensor.name} is sought among more than {MOST_STEPS} steps"
    return TooLarge(Mistake(NOWHERE, text, "tile it coarser"))
