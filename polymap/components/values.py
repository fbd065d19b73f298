"""How the data that a component works on are distributed: what analog energies depend on.

Values lie between 0 and 1: codes over the largest one. They are given as the density of ones among random bits, or
as a histogram. Energies need no more of them than the mean, the mean square, and how pairs of bits go together; all
three are exact, so that an average over data costs no enumeration of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polymap import quantity
from polymap.components.attributes import share
from polymap.components.model import Attribute, CannotPrice
from polymap.quantity import Misread, shown

LONGEST_HISTOGRAM = 2**16


@dataclass(frozen=True)
class Values:
    """Values from 0 to 1: random codes each of whose bits is 1 with probability `density`, or, with a `histogram`,
    equally spaced values from 0 to 1 with these probabilities.

    >>> Values(histogram=(0.5, 0.0, 0.5)).mean(1), Values(histogram=(0.5, 0.0, 0.5)).mean_square(1)
    (0.5, 0.5)
    """

    density: float = 0.5
    histogram: tuple[float, ...] = ()

    def mean(self, bits: int) -> float:
        """Of codes of so many bits; those of a histogram are its own."""
        if not self.histogram:
            return self.density
        return sum(i * p for i, p in enumerate(self.histogram)) / (len(self.histogram) - 1)

    def mean_square(self, bits: int) -> float:
        """A code is the sum of 2^i b_i over 2^bits - 1, its variance that of independent bits."""
        if not self.histogram:
            spread = (4.0**bits - 1) / 3 / (2.0**bits - 1) ** 2
            return self.density**2 + self.density * (1 - self.density) * spread
        return sum(i * i * p for i, p in enumerate(self.histogram)) / (len(self.histogram) - 1) ** 2

    def above_zero(self, bits: int) -> float:
        """The probability that a value is not 0."""
        return 1 - (self.histogram[0] if self.histogram else (1 - self.density) ** bits)

    def together(self, first: int, second: int, bits: int) -> float:
        """The probability that bits `first` and `second` (0 is the least) of a code are both 1."""
        if not self.histogram:
            return self.density if first == second else self.density**2
        if len(self.histogram) != 2**bits:
            reason = f"a histogram of {len(self.histogram)} values says nothing of the bits of {bits}-bit codes"
            raise CannotPrice(reason, f"give {2**bits} probabilities, or the density of ones")
        mask = 1 << first | 1 << second
        return sum(p for code, p in enumerate(self.histogram) if code & mask == mask)

    def __str__(self) -> str:
        if self.histogram:
            return f"a histogram of {len(self.histogram)} values, mean {self.mean(1):.3g}"
        return f"random bits, {self.density:g} of them 1"


def read_values(written: object) -> Values:
    """A share of ones (`0.3`), or a list of weights of equally spaced values from 0 to 1 (`[3, 2, 1, 0]`)."""
    if isinstance(written, Values):
        return written
    if isinstance(written, Sequence) and not isinstance(written, str):
        return Values(histogram=_probabilities(written))
    return Values(share(written))


def _probabilities(written: Sequence[object]) -> tuple[float, ...]:
    if not 2 <= len(written) <= LONGEST_HISTOGRAM:
        raise Misread(f"a histogram of {len(written)} weights", f"give from 2 to {LONGEST_HISTOGRAM}")
    weights = [float(quantity.number(weight)) for weight in written]
    if min(weights) < 0 or not sum(weights):
        raise Misread(f"{shown(list(written))} are no weights", "give weights of 0 or more that are not all 0")
    return tuple(weight / sum(weights) for weight in weights)


INPUT = Attribute("input", read_values, "", Values(), "input values: the density of ones, or a histogram")
WEIGHT = Attribute("weight", read_values, "", Values(), "stored values: the density of ones, or a histogram")
