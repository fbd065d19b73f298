"""CACTI's sweep as cubes of logarithms over banks, capacity and width, and the interpolation in them.

The axes are logarithms to base 2, one apart: banks 1 to 8, bits 2^7 to 2^28, widths 8 to 1024 b. CACTI has no answer
for fewer than 32 words per bank; two rows beyond that edge are continued along the capacity, so that any number of
banks between two of the table has all its neighbours. Energies and area are made not to fall with capacity and width
(see `isotonic`), which CACTI's own choice of organisation does not guarantee, and are interpolated on triangles;
leakage and access time, which may well fall with width, on squares as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from polymap.components.isotonic import Table, rising_table
from polymap.components.sram_sweep import Key, amount

if TYPE_CHECKING:
    import numpy as np

SOURCE = "HP CACTI 7 sweep (cacti_sram.csv)"
RISING = ("read", "write", "area")
FIRST_CAPACITY, CAPACITIES = 7, 22  # log2 of bits
FIRST_WIDTH, WIDTHS = 3, 8  # log2 of bits
MOST_BANKS, LAYERS = 8, 4
LEAST_WORDS = 32
_EDGE = 3  # log2 of the words per bank to which rows are continued


@dataclass(frozen=True, eq=False)
class Cube:
    """Logarithms of one quantity by banks, capacity and width; 0 where nothing is known."""

    logs: tuple[tuple[tuple[float, ...], ...], ...]

    @cached_property
    def array(self) -> np.ndarray[Any, Any]:
        import numpy as np

        return np.array(self.logs)


@cache
def cube(key: Key, quantity: str) -> Cube:
    """The cube of a quantity for a device, node and ports."""
    return Cube(tuple(_layer(key, quantity, banks) for banks in range(LAYERS)))


def _layer(key: Key, quantity: str, banks: int) -> tuple[tuple[float, ...], ...]:
    table = [
        [amount(key, quantity, (banks, FIRST_CAPACITY + i, FIRST_WIDTH + j)) for j in range(WIDTHS)]
        for i in range(CAPACITIES)
    ]
    if quantity in RISING:
        table = rising_table(table)
    _continue(table, banks, quantity in RISING)
    return tuple(tuple(math.log(known) if known else 0.0 for known in line) for line in table)


def _continue(table: Table, banks: int, is_rising: bool) -> None:
    """Fills what is missing down to 2^_EDGE words per bank, as a power law of the capacity."""
    for j in range(WIDTHS):
        for i in reversed(range(CAPACITIES - 2)):
            words = FIRST_CAPACITY + i - FIRST_WIDTH - j - banks
            first, second = table[i + 1][j], table[i + 2][j]
            if table[i][j] is None and words >= _EDGE and first is not None and second is not None:
                narrower = table[i][j - 1] if j and is_rising else None
                table[i][j] = max(first * first / second, narrower or 0.0)


class Place(NamedTuple):
    """Where a capacity and a width lie in all layers: the lower corner of a square, and weights of the corners 00, 10,
    01 and 11 of it. Numbers, or arrays."""

    capacity: Any
    width: Any
    weights: tuple[Any, Any, Any, Any]


CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))


def place(quantity: str, capacity: float, width: float) -> Place:
    """The place of logarithms to base 2; the outer squares hold what is beyond them."""
    s, t = capacity - FIRST_CAPACITY, width - FIRST_WIDTH
    i, j = _index(s, CAPACITIES), _index(t, WIDTHS)
    return Place(i, j, shares(s - i, t - j, quantity in RISING, max, min))


def places(quantity: str, capacity: Any, width: Any) -> Place:
    """The same of arrays."""
    import numpy as np

    s, t = capacity - FIRST_CAPACITY, width - FIRST_WIDTH
    i, j = np.clip(s.astype(int), 0, CAPACITIES - 2), np.clip(t.astype(int), 0, WIDTHS - 2)
    return Place(i, j, shares(s - i, t - j, quantity in RISING, np.maximum, np.minimum))


def _index(position: float, points: int) -> int:
    """The lower end of the segment that holds a position."""
    return min(max(int(position), 0), points - 2)


def shares(s: Any, t: Any, on_triangles: bool, most: Any, least: Any) -> tuple[Any, Any, Any, Any]:
    """Weights of the corners 00, 10, 01, 11 of a square at (s, t); `most` and `least` are max and min, of numbers or
    of arrays. The triangles share the diagonal from 00 to 11, along which the words per bank are constant."""
    if on_triangles:
        return 1 - most(s, t), most(s - t, 0), most(t - s, 0), least(s, t)
    return (1 - s) * (1 - t), s * (1 - t), (1 - s) * t, s * t


def logarithm(found: Cube, banks: float, at: Place) -> float:
    """The interpolated logarithm at so many banks (log2)."""
    low, share = _layers(found, banks)
    first = _on_layer(found.logs[low], at)
    return first if not share else first + share * (_on_layer(found.logs[low + 1], at) - first)


def logarithms(found: Cube, banks: float, at: Place) -> Any:
    """The same at arrays of places."""
    low, share = _layers(found, banks)
    first = _on_layers(found.array[low], at)
    return first if not share else first + share * (_on_layers(found.array[low + 1], at) - first)


def _layers(found: Cube, banks: float) -> tuple[int, float]:
    low = _index(banks, len(found.logs))
    return low, banks - low


def _on_layer(layer: tuple[tuple[float, ...], ...], at: Place) -> float:
    i, j, (w00, w10, w01, w11) = at
    low, high = layer[i], layer[i + 1]
    return float(w00 * low[j] + w10 * high[j] + w01 * low[j + 1] + w11 * high[j + 1])


def _on_layers(layer: Any, at: Place) -> Any:
    return sum(weight * layer[at.capacity + i, at.width + j] for weight, (i, j) in zip(at.weights, CORNERS))


@dataclass(frozen=True)
class Corner:
    """A point of a cube and its weight in an interpolation: an exponent."""

    banks: int
    capacity: int
    width: int
    weight: float


def corners(found: Cube, banks: float, at: Place) -> Iterator[Corner]:
    """The points whose logarithms `logarithm` sums, with weights that sum to 1."""
    low, share = _layers(found, banks)
    for layer, part in ((low, 1 - share), (low + 1, share)):
        for (i, j), weight in zip(CORNERS, at.weights):
            if weight * part:
                yield Corner(layer, at.capacity + i, at.width + j, weight * part)
