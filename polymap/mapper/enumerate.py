"""Every nest of a kernel with every order of its loops: the last resort where loop classes do not decide the counts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product
from math import factorial, prod

from polymap.errors import PolymapError
from polymap.mapper.kernel import Arc, Kernel, State

Loop = tuple[int, int]  # rank, trip
LIMIT = 20_000


class TooMany(PolymapError):
    """More nests than may be priced one by one."""


def nests(kernel: Kernel) -> Iterator[list[tuple[Loop, ...]]]:
    """Loops of every gap, innermost gap first. Raises `TooMany` beyond `LIMIT` nests before any is produced."""
    found, total = [], 0
    for path in _paths(kernel, 0, None):
        found.append(path)
        total += prod(factorial(len(arc.loops)) for arc in path)
        if total > LIMIT:
            raise TooMany(f"more than {LIMIT} nests are within the limits; so many are not priced one by one")
    for path in found:
        yield from (list(gaps) for gaps in product(*(list(permutations(sorted(arc.loops))) for arc in path)))


def _paths(kernel: Kernel, gap: int, state: State | None) -> Iterator[tuple[Arc, ...]]:
    if gap == len(kernel.arcs):
        yield ()
        return
    seen: set[tuple[State, State | None]] = set()
    for arc in kernel.arcs[gap]:
        if (gap == 0 or arc.inner == state) and (arc.inner, arc.outer) not in seen:
            seen.add((arc.inner, arc.outer))
            for rest in _paths(kernel, gap + 1, arc.outer):
                yield (arc, *rest)
