"""Fronts: all mappings that no other is as good as in both energy and latency, or energy and the size of a memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from polymap.architecture.hierarchy import Architecture
from polymap.errors import NOWHERE, Infeasible, Mistake, SpecError, Unsolved
from polymap.mapper.bundle import Bundle
from polymap.mapper.conditions import no_memory
from polymap.mapper.conflict import explained
from polymap.mapper.imperfect.batches import Batch
from polymap.mapper.problem import Unopened
from polymap.mapper.query import Query, best_of, space
from polymap.mapper.result import Front, Result
from polymap.mapping.tiles import elements
from polymap.model.cost import Cycles
from polymap.workload.einsum import Einsum

LATENCY, SIZE = "latency", "size"
LESS = Fraction(1, 10**9)  # relative; cycles that are no more apart are ties
MEND = "use energy,latency or energy,size:MEMORY"


@dataclass(frozen=True)
class Axis:
    """What is limited ever more tightly: cycles, or the bits that tiles take in an instance of the memory `level`."""

    level: str = ""

    def less(self, point: Result, tolerance: Fraction) -> Fraction:
        """The most of it that is less than what a point needs over `1 + tolerance`."""
        amount = Fraction(self.of(point)) / (1 + tolerance)
        if self.level or point.conventions.whole_cycles:
            return Fraction(ceil(amount) - 1)
        return Fraction(f"{float(amount * (1 - LESS)):.15g}")

    def of(self, point: Result) -> Cycles:
        """What a point needs of it."""
        if not self.level:
            return point.cost.cycles
        return point.cost.component(self.level).occupied_bits

    @property
    def least(self) -> int:
        """What every mapping needs."""
        return 0 if self.level else 1

    def at_most(self, amount: Fraction) -> str:
        """The condition that asks for so little."""
        told = str(amount) if amount.denominator == 1 else f"{float(amount):.15g}"
        return f"{SIZE}:{self.level} <= {told} b" if self.level else f"cycles <= {told}"


def pareto(
    einsum: Einsum,
    architecture: Architecture,
    query: Query,
    axes: str = f"energy,{LATENCY}",
    tolerance: Fraction = Fraction(0),
    on_point: Callable[[Result], None] | None = None,
) -> Front:
    """The front over `axes`, from the least energy on; `query.objective` does not count.

    The least energy, then the least with fewer cycles (bits) than that needs, and so on: the epsilon-constraint method
    of Haimes, Lasdon and Wismer, 1971. Each point is proven to have the least energy for its cycles (bits), and that
    there is none between two points or beyond the last: `complete`. With a `tolerance` every mapping has a point of no
    more energy that needs no more than `1 + tolerance` times the cycles (bits). A time limit or an interrupt leaves the
    points found so far. `on_point` hears of each. Raises what `optimize` raises, and `SpecError` for other axes.
    """
    front = Chain(einsum, architecture, query, axis(axes, architecture), tolerance)
    try:
        complete = front.run(on_point)
    except Infeasible as error:
        raise explained(error, einsum, architecture, query, front.deadline) from None
    return Front(einsum, architecture, tuple(front.points), complete, _names(axes), tolerance, query.subject_to)


class Chain:
    """The queries of a front, one after the other."""

    def __init__(
        self, einsum: Einsum, architecture: Architecture, query: Query, axis: Axis, tolerance: Fraction
    ) -> None:
        self.einsum, self.architecture, self.query = einsum, architecture, query
        self.axis, self.tolerance = axis, tolerance
        self.points: list[Result] = []
        self.deadline = None if query.time_limit is None else time.monotonic() + query.time_limit
        self.classes: list[Unopened | Batch] = [] if axis.level else [*space(einsum, architecture, query)]

    def run(self, on_point: Callable[[Result], None] | None) -> bool:
        """Whether all points were found."""
        most = everything(self.einsum, self.architecture, self.axis)
        while most is None or most >= self.axis.least:
            left = None if self.deadline is None else self.deadline - time.monotonic()
            if self.points and left is not None and left <= 0:
                return False
            try:
                point = self._best(most, left)
            except Infeasible:
                if not self.points:
                    raise
                return True
            except Unsolved:
                if not self.points:
                    raise
                return False
            self._add(point)
            if on_point:
                on_point(point)
            if point.status != "optimal" or point.interrupted:
                return False
            most = self.axis.less(point, self.tolerance)
        return True

    def _best(self, most: Fraction | None, left: float | None) -> Result:
        fewer = () if most is None else (self.axis.at_most(most),)
        query = replace(self.query, objective="energy", subject_to=(*self.query.subject_to, *fewer), time_limit=left)
        return best_of(self._searched(query), self.einsum, self.architecture, query)

    def _searched(self, query: Query) -> Iterable[Unopened | Bundle | Batch]:
        """Classes and their tables hold for any number of cycles, but for one size only."""
        return space(self.einsum, self.architecture, query) if self.axis.level else self.classes

    def _add(self, point: Result) -> None:
        """Ties in energy are not broken by size: a later point may need no more energy than the last one, whose proof,
        that of the wider query, then is its own."""
        if self.points and self.points[-1].cost.energy == point.cost.energy:
            point = replace(self.points.pop(), mapping=point.mapping, cost=point.cost)
        self.points.append(point)


def axis(axes: str, architecture: Architecture) -> Axis:
    """The second axis. Raises `SpecError` unless the axes are some that fronts are drawn over."""
    first, *others = _names(axes)
    kind, _, level = (part.strip() for part in others[0].partition(":")) if len(others) == 1 else ("", "", "")
    if first != "energy" or kind not in (LATENCY, SIZE) or (kind == LATENCY and level):
        raise SpecError(Mistake(NOWHERE, f"there is no front over '{axes}'", MEND))
    mistake = no_memory(level, architecture) if kind == SIZE else None
    if mistake:
        raise SpecError(Mistake(NOWHERE, f"axis '{others[0]}': {mistake[0]}", mistake[1]))
    return Axis(level)


def _names(axes: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in axes.split(","))


def everything(einsum: Einsum, architecture: Architecture, axis: Axis) -> Fraction | None:
    """Bits that hold all tensors, where a memory has no capacity: as the size of a memory is told, it has one."""
    memory = next((memory for memory in architecture.memories if memory.name == axis.level), None)
    if memory is None or memory.capacity_bits is not None:
        return None
    return Fraction(memory.buffering * sum(elements(t, einsum.sizes) * memory.element_bits(t) for t in einsum.tensors))
