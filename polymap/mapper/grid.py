"""Points of a grid of powers of two around a point, with weights of which it is the mean."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import floor, log2

SMALL = 0.01  # relative; what a coordinate may be above a power of two to be taken for it


def corners(point: Sequence[float]) -> list[tuple[float, tuple[float, ...]]]:
    """Weights and corners of the simplex in which a point of positive coordinates lies (Kuhn's triangulation): no more
    than there are coordinates, and one. The mean may be smaller than the point by `SMALL`, never larger.

    >>> corners([3.0, 1.0])
    [(0.5, (2.0, 1.0)), (0.5, (4.0, 1.0))]
    >>> corners([3.0, 5.0])
    [(0.5, (2.0, 4.0)), (0.25, (4.0, 4.0)), (0.25, (4.0, 8.0))]
    """
    low = [2.0 ** floor(log2(x)) for x in point]
    above = [x / least - 1 for x, least in zip(point, low)]
    order = sorted((i for i, part in enumerate(above) if part > SMALL), key=lambda i: -above[i])
    parts = [1.0, *(above[i] for i in order), 0.0]
    found, corner = [], low
    for step, weight in enumerate(before - after for before, after in pairwise(parts)):
        if weight > 0:
            found.append((weight, tuple(corner)))
        corner = [2 * x if i in order[step : step + 1] else x for i, x in enumerate(corner)]
    return found
