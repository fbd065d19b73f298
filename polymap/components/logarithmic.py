"""Interpolation of positive amounts: straight lines in the logarithms of both axes, continued beyond the ends."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import exp, log


def bracket(positions: Sequence[float], at: float) -> tuple[int, float]:
    """The segment (index of its lower end) that holds `at`, and how far along it is in logarithms.

    `positions` ascend and are positive. Beyond the ends the weight leaves 0..1.
    """
    i = min(max(bisect_right(positions, at) - 1, 0), len(positions) - 2)
    return i, log(at / positions[i]) / log(positions[i + 1] / positions[i])


def blend(low: float, high: float, weight: float) -> float:
    """The amount at `weight` between two, in logarithms; exactly the ends at 0 and 1."""
    if weight in (0, 1):
        return high if weight else low
    return exp((1 - weight) * log(low) + weight * log(high))


def along(positions: Sequence[float], amounts: Sequence[float], at: float) -> float:
    """The amount at a position of the curve through the points.

    >>> along((10, 20, 40), (1, 4, 4), 20)
    4
    """
    i, weight = bracket(positions, at)
    return blend(amounts[i], amounts[i + 1], weight)
