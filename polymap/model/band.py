"""Two ranks tied by `low <= i - j <= high`: points in boxes, and the largest tile.

Causal attention has `0 <= i - j`, a sliding window `0 <= i - j < width`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np

from polymap.model.lines import Ints, Line

Number = TypeVar("Number", int, "np.ndarray[Any, np.dtype[np.int64]]")
Measure: TypeAlias = "Callable[[Ints, Ints, Ints], Ints]"

LONGEST = 1 << 29  # points of two ranks for which areas fit into 64 bits


@dataclass(frozen=True)
class Band:
    """`low <= first - second <= high`; None is no limit."""

    first: str
    second: str
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Window:
    """`low <= i - j <= high` in numbers, whatever rank is i."""

    low: int
    high: int

    @property
    def width(self) -> int:
        return self.high - self.low + 1

    def turned(self) -> Window:
        """The same pairs, the other rank as i."""
        return Window(-self.high, -self.low)

    def points(self, between: Number, first: Number, second: Number) -> Number:
        """Points in boxes of `first` times `second` points; `between`: where i begins minus where j does."""
        return _from(self.low - between, first, second) - _from(self.high + 1 - between, first, second)

    def touched(self, between: Ints, first: Ints, second: Ints) -> Ints:
        """Values of i in boxes that have a j."""
        last = np.minimum(first - 1, second - 1 + self.high - between)
        return np.asarray(np.maximum(0, last - np.maximum(0, self.low - between) + 1))

    def largest(self, first: Line, second: Line, measure: Measure) -> int:
        """The greatest measure of any tile: it rises and falls with the distance from the middle of the band."""
        best = 0
        beyond = first.size + second.size >= LONGEST
        for numbers in first.numbers():
            begin = (numbers.astype(object) if beyond else numbers) * first.tile
            size = np.minimum(first.tile, first.size - begin)
            middle = (2 * begin + size - second.tile - self.low - self.high) // (2 * second.tile)
            whole = max(0, second.size // second.tile - 1)
            for chosen in (np.clip(middle, 0, whole), np.clip(middle + 1, 0, whole), second.count - 1):
                other = np.asarray(chosen * second.tile + np.zeros_like(begin))
                length = np.minimum(second.tile, second.size - other)
                best = max(best, int(measure(begin - other, size, length).max()))
        return best


def _from(least: Number, first: Number, second: Number) -> Number:
    """Points `i - j >= least` of a box that begins at (0, 0): four triangles."""
    reached = first - least
    found: Number = _triangle(reached) - _triangle(reached - second) - _triangle(-least) + _triangle(-least - second)
    return found


def _triangle(side: Number) -> Number:
    """`1 + 2 + ... + side`; 0 for what is not positive."""
    found: Number = side * (side + 1) // 2 * (side > 0)
    return found
