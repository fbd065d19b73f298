"""How far a search is, told a few times per second to whoever wants to hear it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from polymap.mapper.result import relative_gap

PAUSE = 0.25  # seconds between two reports


@dataclass(frozen=True)
class Progress:
    """The state of the search of one layer.

    `value` is that of the best mapping so far (None before the first), `lower_bound` that of all mappings, both in the
    unit of the objective. `closed` of the `classes` met so far cannot be better. `seconds` are of the whole run, which
    has finished `finished` of its `layers` distinct layers.
    """

    layer: str
    objective: str
    value: float | None
    lower_bound: float
    classes: int
    closed: int
    seconds: float
    finished: int = 0
    layers: int = 1

    @property
    def gap(self) -> float | None:
        """`(value - lower_bound) / value`, None before the first mapping."""
        return relative_gap(self.value, self.lower_bound)


OnProgress: TypeAlias = Callable[[Progress], None]


class Seldom:
    """Calls `tell` when it is called itself, but `PAUSE` seconds after the last time at the earliest."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell, self._next = tell, time.monotonic() + PAUSE

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            self._tell()
            self._next = time.monotonic() + PAUSE


def nothing() -> None:
    """Nobody listens."""
