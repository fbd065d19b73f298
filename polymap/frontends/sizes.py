"""Sizes that a network leaves open and the caller sets: `--set batch=8`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias

from polymap.errors import Mistake, Place
from polymap.quantity import near, shown
from polymap.workload.statement import LIMIT

Sizes: TypeAlias = "Mapping[str, int]"


def unset(symbol: str, place: Place) -> Mistake:
    """What is said of an open size that nobody set."""
    return Mistake(place, f"the size {symbol} is open", f"set it, e.g. --set {symbol}=1")


def misset(sizes: Sizes, symbols: Collection[str], place: Place) -> Iterator[Mistake]:
    """What is wrong with the sizes that were set: no such symbol, or no possible size."""
    for name, size in sizes.items():
        if name not in symbols:
            guess = near(name, symbols)
            mend = f"did you mean {guess}? " if guess else ""
            open_ones = f"open sizes: {', '.join(sorted(symbols))}" if symbols else "every size stands in it: no --set"
            yield Mistake(place, f"{shown(name)} is no open size", f"{mend}{open_ones}")
        if isinstance(size, bool) or not isinstance(size, int) or not 0 < size < LIMIT:
            yield Mistake(place, f"{name} is set to {shown(size)}", "a size is a whole number from 1 to 2147483647")
