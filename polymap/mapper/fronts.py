"""Of labels in one state, those that no other makes superfluous: searches for nests keep no more."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from polymap.mapper.objective import Rank

State = TypeVar("State", bound=Hashable)
SAME = 1e-12  # relative; what rounding errors may set equal sums apart


class Fronts(Generic[State]):
    """For each state the vectors (what is paid, what is taken) of which none is no more than another in all places."""

    def __init__(self) -> None:
        self.of: dict[State, list[Rank]] = {}

    def joins(self, state: State, vector: Rank) -> bool:
        """Whether no vector of this state makes a new one superfluous; then it joins them, and may replace some."""
        front = self.of.setdefault(state, [])
        if any(no_more(other, vector) for other in front):
            return False
        front[:] = [other for other in front if not no_more(vector, other)]
        front.append(vector)
        return True

    def hold(self, state: State, vector: Rank) -> bool:
        """Whether a vector that joined has not been replaced."""
        return vector in self.of[state]


def no_more(a: Rank, b: Rank) -> bool:
    """Whether a is at most b in every place, rounding errors forgiven."""
    return all(x <= y * (1 + SAME) for x, y in zip(a, b))


def added(a: Rank, b: Rank) -> Rank:
    return tuple(x + y for x, y in zip(a, b))
