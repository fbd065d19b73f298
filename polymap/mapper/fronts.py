"""Of labels in one state, those that no other makes superfluous: searches for nests keep no more."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from polymap.mapper.objective import Rank

State = TypeVar("State", bound=Hashable)
SAME = 1e-12  # relative; what rounding errors may set equal sums apart
FEW = 12  # vectors that are compared faster one by one than as an array


class Fronts(Generic[State]):
    """For each state the vectors (what is paid, what is taken) of which none is no more than another in all places."""

    def __init__(self) -> None:
        self.of: dict[State, list[Rank]] = {}
        self._rows: dict[State, NDArray[np.float64]] = {}  # the same vectors, where they are many

    def joins(self, state: State, vector: Rank) -> bool:
        """Whether no vector of this state makes a new one superfluous; then it joins them, and may replace some."""
        front = self.of.setdefault(state, [])
        if len(front) > FEW:
            return self._joins_many(state, front, vector)
        if any(no_more(other, vector) for other in front):
            return False
        front[:] = [other for other in front if not no_more(vector, other)]
        front.append(vector)
        self._rows.pop(state, None)
        return True

    def _joins_many(self, state: State, front: list[Rank], vector: Rank) -> bool:
        if state not in self._rows:
            self._rows[state] = np.array(front, dtype=np.float64)
        rows, new = self._rows[state], np.array(vector, dtype=np.float64)
        if (rows <= new * (1 + SAME)).all(axis=1).any():
            return False
        stay: NDArray[np.bool_] = ~np.all(new <= rows * (1 + SAME), axis=1)
        if not stay.all():
            front[:] = [other for other, stays in zip(front, stay.tolist()) if stays]
        front.append(vector)
        self._rows[state] = np.vstack([rows[stay], new])
        return True

    def hold(self, state: State, vector: Rank) -> bool:
        """Whether a vector that joined has not been replaced."""
        return vector in self.of[state]


def no_more(a: Rank, b: Rank) -> bool:
    """Whether a is at most b in every place, rounding errors forgiven."""
    return all(x <= y * (1 + SAME) for x, y in zip(a, b))


def added(a: Rank, b: Rank) -> Rank:
    return tuple(x + y for x, y in zip(a, b))
