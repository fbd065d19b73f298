"""Cycles that a memory's ports need, and how timeloop 4cf6d4c rounds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from math import ceil
from operator import add

from polymap.architecture.hierarchy import Architecture, Memory, Rate
from polymap.model.conventions import Conventions
from polymap.model.cost import Component, Cost
from polymap.workload.einsum import Einsum, Tensor


@dataclass(frozen=True)
class Demand:
    """Words of a tensor that an average instance of a memory reads and writes in the whole run."""

    tensor: Tensor
    reads: int
    writes: int


@dataclass(frozen=True)
class _Port:
    """A limit on what an instance reads, writes, or both."""

    rate: Rate
    reads: bool
    writes: bool

    def words(self, demand: Demand) -> tuple[int, int]:
        return self.reads * demand.reads, self.writes * demand.writes

    def size(self, memory: Memory, tensor: Tensor) -> int:
        """What a word counts: 1 where the limit is in words, else its bits."""
        return 1 if self.rate.in_words else memory.element_bits(tensor)


def needed(memory: Memory, demands: Sequence[Demand], compute_cycles: int, rules: Conventions) -> int:
    """Cycles that the busiest port of an average instance needs; 0 without limits."""
    exact = max((_exact(memory, port, demands) for port in _ports(memory)), default=0)
    if not rules.cycles_in_floats:
        return exact
    found = _in_floats(memory, demands, compute_cycles)
    return found if found > compute_cycles else exact


def in_floats(cost: Cost, einsum: Einsum, architecture: Architecture, rules: Conventions) -> Cost:
    """A cost whose cycles are exact with those of `cycles_in_floats`; the leakage follows."""
    components = tuple(_component(cost, row, einsum, architecture, rules) for row in cost.components)
    latency = sum(array.fill_latency + array.drain_latency for array in architecture.arrays)
    cycles = max(cost.compute_cycles, *(row.cycles for row in components)) + latency
    idle = 0 if rules.latency_leaks else latency
    longer = Fraction(cycles - idle, cost.cycles - idle)
    return replace(
        cost, cycles=cycles, components=tuple(replace(row, leakage=row.leakage * longer) for row in components)
    )


def _component(
    cost: Cost, component: Component, einsum: Einsum, architecture: Architecture, rules: Conventions
) -> Component:
    memory = next((memory for memory in architecture.memories if memory.name == component.level), None)
    if memory is None:
        return component
    rows = [row for row in cost.traffic if row.level == memory.name]
    demands = [
        Demand(
            einsum.tensor(row.tensor), -(-row.reads // row.instances), -(-(row.fills + row.updates) // row.instances)
        )
        for row in rows
    ]
    return replace(component, cycles=needed(memory, demands, cost.compute_cycles, rules))


def _ports(memory: Memory) -> Iterator[_Port]:
    bandwidth = memory.bandwidth
    for rate, reads, writes in (
        (bandwidth.read, True, False),
        (bandwidth.write, False, True),
        (bandwidth.shared, True, True),
    ):
        if rate:
            yield _Port(rate, reads, writes)


def _exact(memory: Memory, port: _Port, demands: Sequence[Demand]) -> int:
    moved = (
        sum(port.words(demand)) * memory.bandwidth.scale_of(demand.tensor.name) * port.size(memory, demand.tensor)
        for demand in demands
    )
    return ceil(sum(moved, Fraction(0)) / port.rate.per_cycle)


def _in_floats(memory: Memory, demands: Sequence[Demand], compute_cycles: int) -> int:
    """Compute cycles over the share of its demand that the busiest port serves.

    In floating point and in this order, because that tool rounds up a quotient that may miss an integer by a hair.
    """
    shares = [1.0]
    for port in _ports(memory):
        asked = _added(_asked(memory, port, demand, compute_cycles) for demand in demands)
        shares += [float(port.rate.per_cycle) / asked] if asked else []
    return ceil(compute_cycles / min(shares))


def _asked(memory: Memory, port: _Port, demand: Demand, compute_cycles: int) -> float:
    """Words, or bits, that an average instance moves per compute cycle."""
    scale = float(memory.bandwidth.scale_of(demand.tensor.name))
    moved = _added(words / compute_cycles * scale for words in port.words(demand))
    return moved * port.size(memory, demand.tensor)


def _added(values: Iterable[float]) -> float:
    """One after the other, as that tool adds: `sum` corrects its rounding from Python 3.12 on."""
    return reduce(add, values, 0.0)
