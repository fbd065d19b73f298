"""Counts by integer sets with what was counted: the factors of a count, each a set and its disjoint pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod

import islpy as isl

from polymap.model.nest import Access
from polymap.polyhedral.counts import IntegerSets, Stop, TensorCount
from polymap.workload.counting import count

LONGEST = 240


@dataclass(frozen=True)
class Counted:
    """One factor: the ranks it speaks of, its points, those of its disjoint pieces, and the set as text."""

    ranks: tuple[str, ...]
    points: int
    pieces: tuple[int, ...]
    text: str


def quantity(
    engine: IntegerSets, access: Access, homes: Sequence[tuple[str, int]], node: int, what: str
) -> list[Counted]:
    """The factors of a quantity of a tensor at one of its memories; none where it is not a product of counts.

    Raises `TooLarge` where a set is beyond its budget.
    """

    def counted(tensor: TensorCount, here: Stop, below: Stop) -> tuple[int, Stop]:
        found: dict[str, Callable[[], tuple[int, Stop]]] = {
            "instances": lambda: (tensor.instances(here), here),
            "fetched": lambda: (tensor.flow(here), here),
            "crossing": lambda: (tensor.crossing(here, below), below),
            "seen": lambda: (tensor.seen(here, here.position), here),
            "arriving": lambda: (tensor.seen(below, here.position), below),
        }
        return found[what]()

    if what == "tile":
        return []
    noted = Notes()
    tensor = replace(engine, counted=noted).of(access.tensor)
    value, stop = counted(tensor, *list(tensor.stops(homes))[node])
    return noted.factors(value, stop.parts, list(engine.nest.einsum.sizes))


def run(engine: IntegerSets, counted: Callable[[IntegerSets], int]) -> list[Counted]:
    """The factors of a count of the whole run, as `lambda engine: engine.cycles()`."""
    noted = Notes()
    value = counted(replace(engine, counted=noted))
    whole = [frozenset(engine.nest.einsum.sizes)]
    groups = engine.nest.tied if len(noted.found) == len(engine.nest.tied) else whole
    return noted.factors(value, groups, list(engine.nest.einsum.sizes))


class Notes:
    """Counts sets and remembers them."""

    def __init__(self) -> None:
        self.found: list[tuple[tuple[int, ...], str]] = []

    def __call__(self, found: isl.Set) -> int:
        pieces = found.coalesce().get_basic_sets()
        if len(pieces) > 1:
            pieces = found.make_disjoint().get_basic_sets()
        points = tuple(count(isl.Set.from_basic_set(piece)) for piece in pieces)
        self.found.append((tuple(n for n in points if n), _cut(str(found))))
        return sum(points)

    def factors(self, value: int, groups: Sequence[frozenset[str]], order: Sequence[str]) -> list[Counted]:
        """The notes with the ranks they speak of; none if a count was begun anew in between."""
        if prod(sum(points) for points, _ in self.found) != value or len(self.found) != len(groups):
            return []
        named = [tuple(sorted(group, key=order.index)) for group in groups]
        return [Counted(name, sum(n), n, text) for name, (n, text) in zip(named, self.found, strict=True)]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
