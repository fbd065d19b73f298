"""What is minimised over the uneven mapspace, exactly; conditions on the side; ties by energy, then cycles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm, prod
from typing import Any

from polymap.architecture.hierarchy import Architecture, Level, Memory
from polymap.mapping.nest import Mapping
from polymap.workload.einsum import Affine, Einsum
from tests.oracles.exhaust_uneven import Point, Space


@dataclass(frozen=True)
class Objective:
    """`rank` orders points by what is minimised; `value` is that in SI units, given the clock in Hz.

    `level` is the memory whose traffic counts, if one does.
    """

    name: str
    rank: Callable[[Point], Any]
    value: Callable[[Point, Fraction], Any]
    level: str = ""

    def ordered(self, point: Point) -> tuple[Any, Fraction, int]:
        """The objective, then energy, then latency."""
        return self.rank(point), point.energy, point.cycles


@dataclass(frozen=True)
class Condition:
    """What a mapping must meet besides: in words as a query gives it, and as a test of its cost; `level` is the memory
    whose traffic counts, if one does."""

    text: str
    holds: Callable[[Point], bool]
    level: str = ""


@dataclass(frozen=True)
class Best:
    """The best point, the first mapping of that cost, how many mappings were priced."""

    point: Point
    mapping: Mapping
    mappings: int


def powers(name: str, energy: Fraction | int, latency: Fraction | int) -> Objective:
    """`energy ** a * latency ** b`, compared in integers: both exponents times their common denominator."""
    a, b = Fraction(energy), Fraction(latency)
    common = lcm(a.denominator, b.denominator)

    def rank(point: Point) -> Fraction:
        return point.energy ** int(a * common) * Fraction(point.cycles) ** int(b * common)

    def value(point: Point, clock_hz: Fraction) -> Any:
        joules, seconds = point.energy / 10**12, point.cycles / clock_hz
        if common == 1:
            return joules ** int(a) * seconds ** int(b)
        return float(joules) ** float(a) * float(seconds) ** float(b)

    return Objective(name, rank, value)


def traffic(level: str) -> Objective:
    """Bits that a memory reads, is filled with and updates, all tensors together."""
    return Objective(f"traffic:{level}", lambda point: point.moved, lambda point, clock_hz: point.moved, level)


OBJECTIVES: dict[str, Objective] = {
    objective.name: objective
    for objective in (
        powers("energy", 1, 0),
        powers("latency", 0, 1),
        powers("edp", 1, 1),
        powers("ed2p", 1, 2),
    )
}


def best(
    einsum: Einsum,
    architecture: Architecture,
    objective: Objective,
    factors: str = "perfect",
    condition: Condition | None = None,
) -> Best | None:
    """The best legal mapping that meets the condition; None if there is none."""
    level = objective.level or (condition.level if condition else "")
    assert not (condition and condition.level) or condition.level == level
    points = Space(einsum, architecture, factors).points(level)
    found = points.best(objective.ordered, condition.holds if condition else None)
    return None if found is None else Best(found, points.mapping(found), points.mappings)


def sized(architecture: Architecture, einsum: Einsum, level: str) -> Architecture:
    """The architecture in which the memory `level` has a capacity, if need be one that holds everything."""
    room = sum(prod(_extent(axis, einsum) for axis in t.coordinates) * 64 for t in einsum.tensors)

    def limited(memory: Level) -> Level:
        if not isinstance(memory, Memory) or memory.name != level or memory.capacity_bits is not None:
            return memory
        return replace(memory, capacity_bits=room * memory.buffering)

    return replace(architecture, hierarchy=tuple(limited(memory) for memory in architecture.hierarchy))


def _extent(axis: Affine, einsum: Einsum) -> int:
    return 1 + sum(abs(coefficient) * (einsum.sizes[rank] - 1) for rank, coefficient in axis.terms)


def sizes(einsum: Einsum, architecture: Architecture, level: str) -> list[tuple[Fraction, int]]:
    """All (energy in pJ, bits held by each instance of a memory) that no mapping beats in one without losing in the
    other; energy rises. A memory without a capacity is taken for one that holds everything."""
    points = Space(einsum, sized(architecture, einsum, level)).points(level).witnesses
    front: list[tuple[Fraction, int]] = []
    for point in sorted({(point.energy, point.bits) for point in points}):
        if not front or point[1] < front[-1][1]:
            front.append(point)
    return front


def pareto(einsum: Einsum, architecture: Architecture, factors: str = "perfect") -> list[tuple[Fraction, int]]:
    """All (energy in pJ, cycles) that no mapping beats in one without losing in the other; energy rises."""
    return Space(einsum, architecture, factors).points().pareto()
