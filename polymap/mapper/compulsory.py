"""What every mapping needs, whichever it is: compulsory traffic of each tensor, computes, and the time these take.

A bound of the whole mapspace while classes are still to be met. The argument is in docs/design/mapper.md, "Before all
classes are met".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from itertools import combinations_with_replacement
from math import ceil, prod

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory, Rate
from polymap.mapper.objective import TOLERANCE, Objective
from polymap.mapper.timing import cycles_at_least
from polymap.mapper.touched import touched
from polymap.mapper.traffic import least_elements, shares
from polymap.model.conventions import Conventions
from polymap.workload.einsum import Einsum, Tensor


def compulsory(objective: Objective, einsum: Einsum, architecture: Architecture, conventions: Conventions) -> float:
    """No mapping has a smaller objective, in pJ and cycles, or in bits that its memory moves."""
    needed = Compulsory(einsum, architecture, conventions)
    moved = needed.moved_bits(objective.level) if objective.level else 0.0
    value, *_ = objective.rank(needed.energy_pj * (1 - TOLERANCE), needed.cycles, moved)
    return float(value)


@dataclass(frozen=True)
class Moved:
    """Elements of a tensor that all instances of a memory read, are filled with and update, at least."""

    tensor: Tensor
    memory: Memory
    reads: Fraction
    fills: Fraction
    updates: Fraction


@dataclass(frozen=True)
class Compulsory:
    """Lower bounds over all mappings of an einsum on a machine that `optimize` searches."""

    einsum: Einsum
    architecture: Architecture
    conventions: Conventions

    @property
    def energy_pj(self) -> float:
        computes = self.architecture.compute.energy_pj * self.einsum.computes
        return float(computes + self._least(self._pj) + self._leaked)

    @cached_property
    def cycles(self) -> float:
        """Of the computes, or of the port that is busy for longest."""
        ports = (cycles_at_least(float(busy), self.conventions) for busy in self._busy())
        units = self.architecture.instances(self.architecture.compute.name)
        return max(ceil(Fraction(self.einsum.computes, units)), *ports, 0)

    def moved_bits(self, level: str) -> float:
        """Bits that a memory reads, is filled with and updates."""
        return float(self._least(partial(_bits, level)))

    def _least(self, price: Callable[[Moved], Fraction]) -> Fraction:
        """What all tensors cost, each on its cheapest way from memory to memory."""
        ways = ([sum(map(price, way), Fraction(0)) for way in self._ways(t)] for t in self.einsum.tensors)
        return sum((min(costs, default=Fraction(0)) for costs in ways), Fraction(0))

    def _ways(self, tensor: Tensor) -> Iterator[list[Moved]]:
        """The memories on the way of a tensor: an outermost and an innermost one, and those that must keep it between
        them. More of them move no less."""
        memories = self.architecture.memories
        must = [m for m in memories if tensor.name in self.einsum.kept_by(m.keeps)]
        may = [m for m in memories if m in must or tensor.name in self.einsum.kept_by(m.may_keep)]
        for home, last in combinations_with_replacement(may, 2):
            way = may[may.index(home) : may.index(last) + 1]
            if all(memory in way for memory in must):
                on = [m for m in way if m in (*must, home, last)]
                yield [self._moved(tensor, m, m is home, m is last) for m in on]

    def _moved(self, tensor: Tensor, memory: Memory, home: bool, last: bool) -> Moved:
        fetched = Fraction(0) if home else self._different(tensor)
        crossing = self._asked(tensor, memory) if last else self._different(tensor)
        if not tensor.is_output:
            return Moved(tensor, memory, crossing, fetched, Fraction(0))
        # Every update but the first of an element reads it; so does sending it up, as often at least as it is new here.
        reads = Fraction(0) if home or not self.conventions.drains_are_read else crossing
        return Moved(tensor, memory, reads, Fraction(0), crossing)

    def _different(self, tensor: Tensor) -> Fraction:
        """Elements of a tensor that the computes touch; 0 where its counts are a replayed loop nest's."""
        mixed = any(len(c.ranks) > 1 for c in tensor.coordinates)
        if self.conventions.continuing_sweep and (mixed or _is_linked(tensor, self.architecture.arrays)):
            return Fraction(0)
        sizes = self.einsum.sizes
        if not self.einsum.is_box:
            return Fraction(int(touched(self.einsum).largest(tensor, sizes)))
        return Fraction(least_elements(tensor, sizes))

    def _asked(self, tensor: Tensor, memory: Memory) -> Fraction:
        """Elements that pass between the computes and the memory next to them."""
        place = self.architecture.index(memory.name)
        inside = [level for level in self.architecture.hierarchy[place:] if isinstance(level, Array)]
        if _is_linked(tensor, inside):
            return self._different(tensor)
        sharers = prod(array.fanout for array in inside if shares(tensor, array))
        return max(self._different(tensor), Fraction(self.einsum.computes, sharers))

    def _pj(self, moved: Moved) -> Fraction:
        """pJ of accesses of a memory's width; instances of a cluster share them."""
        memory, physical = moved.memory, self.architecture.instances(moved.memory.name)
        bits, width = memory.element_bits(moved.tensor), memory.width_bits // memory.cluster
        each = Fraction(-(-bits // width), max(1, width // bits)) * Fraction(physical // memory.cluster, physical)
        flows = ((memory.read_pj, moved.reads), (memory.write_pj, moved.fills), (memory.update_pj, moved.updates))
        return each * sum((pj * elements for pj, elements in flows), Fraction(0))

    def _busy(self) -> Iterator[Fraction]:
        """Cycles that each limited port is busy."""
        for memory in self.architecture.memories:
            bandwidth = memory.bandwidth
            limits = ((bandwidth.read, 1, 0), (bandwidth.write, 0, 1), (bandwidth.shared, 1, 1))
            for rate, read, written in limits:
                if rate is not None:
                    yield self._least(partial(self._port, memory, rate, read, written))

    def _port(self, memory: Memory, rate: Rate, read: int, written: int, moved: Moved) -> Fraction:
        if moved.memory is not memory:
            return Fraction(0)
        size = 1 if rate.in_words else memory.element_bits(moved.tensor)
        elements = read * moved.reads + written * (moved.fills + moved.updates)
        instances = self.architecture.instances(memory.name)
        return elements * memory.bandwidth.scale_of(moved.tensor.name) * size / (rate.per_cycle * instances)

    @property
    def _leaked(self) -> Fraction:
        """pJ that instances in use, or all, leak."""
        cycles = Fraction(self.cycles)
        units = self.architecture.instances(self.architecture.compute.name)
        levels: tuple[Memory | Compute, ...] = (*self.architecture.memories, self.architecture.compute)
        total = Fraction(0)
        for level in levels:
            physical = self.architecture.instances(level.name)
            # An instance in use serves no more computes in a cycle than it has units.
            running = max(Fraction(self.einsum.computes * physical, units), cycles)
            total += level.leakage_w * (physical * cycles if self.conventions.idle_instances_leak else running)
        return total * 10**12 / self.architecture.clock_hz


def _is_linked(tensor: Tensor, arrays: Iterable[Array]) -> bool:
    return any(array.links_of(tensor) for array in arrays)


def _bits(level: str, moved: Moved) -> Fraction:
    here = moved.memory.name == level
    return here * moved.memory.element_bits(moved.tensor) * (moved.reads + moved.fills + moved.updates)
