"""Prices of single tensors, each with its own nodes alone in the nest, remembered; a mapping's cost is put together.

What a tensor moves depends on the loops and on its own nodes only, so the cost model is asked about an einsum of one
tensor. Two nests of one tensor get one price where docs/design/model.md and exact.md count them alike: between two of
its own nodes or blocks, loops inside the innermost relevant one count for nothing but the nodes further in, and loops
outside it count by rank, whatever their order across ranks. If tiles can overlap along one of these loops, the
innermost relevant one stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from polymap.model.conventions import Conventions
from polymap.model.cost import Cost, Traffic
from polymap.model.counting import Sets
from polymap.model.evaluate import cost
from polymap.model.latency import Port, ports
from polymap.model.quantities import Counts
from polymap.model.reading import Setting, latency, prepare
from polymap.workload.einsum import Einsum, Tensor
from tests.oracles.uneven_loops import Sequence, is_special
from tests.oracles.uneven_nodes import Placed

MOST = 1 << 52

# The nest of one tensor, outermost first: temporal loops, blocks, and the numbers of the memories that keep it.
Alone: TypeAlias = tuple[Temporal | int | tuple[Spatial, ...], ...]


@dataclass(frozen=True)
class Run:
    """What all mappings of one sequence of loops have in common.

    `rate` is what leaks per cycle, in units of the pricer; `instances` are those in use, by memory.
    """

    time: int
    rate: int
    instances: tuple[int, ...]


@dataclass(frozen=True)
class Priced:
    """A tensor on its way: a row of numbers that add up over tensors (see `Pricer.columns`), and its run."""

    row: tuple[int, ...]
    run: Run


class Pricer:
    """Prices the tensors of an einsum on an architecture. Energies are in pJ over `unit`, exact integers."""

    def __init__(
        self, einsum: Einsum, architecture: Architecture, conventions: Conventions, sets: Sets | None = None
    ) -> None:
        self.einsum, self.architecture, self.conventions, self.sets = einsum, architecture, conventions, sets
        self.memories = architecture.memories
        self.delay = latency(architecture)
        self._known: dict[tuple[str, Alone], Priced] = {}

    @cached_property
    def _settings(self) -> dict[str, Setting]:
        alone = ((t.name, replace(self.einsum, tensors=(t,))) for t in self.einsum.tensors)
        return {name: prepare(einsum, self.architecture, self.conventions) for name, einsum in alone}

    @cached_property
    def ports(self) -> tuple[tuple[int, Port], ...]:
        """Every limited port, with the number of its memory."""
        return tuple((i, port) for i, memory in enumerate(self.memories) for port in ports(memory, self.einsum.tensors))

    @cached_property
    def unit(self) -> int:
        """The least common denominator of everything that can be paid."""
        paid = [price.denominator for setting in self._settings.values() for price in setting.prices.values()]
        paid += [place.leakage.denominator for setting in self._settings.values() for place in setting.places]
        paid += [energy.denominator for array in self.architecture.arrays for energy in self._wiring(array)]
        return lcm(*paid, Fraction(self.architecture.compute.energy_pj).denominator)

    def _wiring(self, array: Array) -> Iterator[Fraction]:
        if array.wiring:
            yield from (array.wiring.router_pj, array.wiring.reduce_pj)
            for memory in self.memories:
                yield from (array.wiring.hop_of(memory.element_bits(tensor)) for tensor in self.einsum.tensors)

    @property
    def columns(self) -> tuple[slice, slice, slice]:
        """Where a row has the loads of ports, the bits held and moved by each memory; energy comes first."""
        loads, memories = 1 + len(self.ports), len(self.memories)
        return slice(1, loads), slice(loads, loads + memories), slice(loads + memories, loads + 2 * memories)

    @property
    def computing(self) -> int:
        return self.scaled(Fraction(self.architecture.compute.energy_pj) * self.einsum.computes)

    def scaled(self, energy: Fraction) -> int:
        found = energy * self.unit
        assert found.denominator == 1
        assert found < MOST
        return found.numerator

    def price(self, tensor: Tensor, sequence: Sequence, placed: Placed) -> Priced:
        """What one tensor costs with its nodes at these places of a sequence."""
        key = (tensor.name, self._normal(tensor, sequence, placed))
        if key not in self._known:
            self._known[key] = self._priced(tensor, key[1])
        return self._known[key]

    def _normal(self, tensor: Tensor, sequence: Sequence, placed: Placed) -> Alone:
        """The nest of one tensor, the same for nests that count alike."""
        items = self._items(sequence, placed)
        if not self._sorts:
            return tuple(items)
        normal: list[Temporal | int | tuple[Spatial, ...]] = []
        stretch: list[Temporal] = []
        for item in items:
            if isinstance(item, Temporal):
                stretch.append(item)
                continue
            normal += (*self._sorted(tensor, stretch), item)
            stretch = []
        return (*normal, *self._sorted(tensor, stretch))

    @cached_property
    def _sorts(self) -> bool:
        return self.einsum.is_box and not any(is_special(array) for array in self.architecture.arrays)

    def _items(self, sequence: Sequence, placed: Placed) -> Iterator[Temporal | int | tuple[Spatial, ...]]:
        for position in range(len(sequence) + 1):
            yield from (self._numbers[memory.name] for memory, at in placed if at == position)
            if position < len(sequence):
                item = sequence[position]
                yield item if isinstance(item, Temporal) else item.loops

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {memory.name: i for i, memory in enumerate(self.memories)}

    def _sorted(self, tensor: Tensor, loops: list[Temporal]) -> Iterable[Temporal]:
        """Loops between two of a tensor's nodes in one of the orders that count alike."""
        if len(loops) < 2:
            return loops
        mine, alone = self._ranks[tensor.name]
        closing = max((i for i, loop in enumerate(loops) if loop.rank in mine), default=-1)
        inside = sorted(loops[closing + 1 :], key=_rank)
        if closing < 0:
            return inside
        if all(loop.rank in alone or loop.rank not in mine for loop in loops[: closing + 1]):
            return (*sorted(loops[: closing + 1], key=lambda loop: (loop.rank in mine, loop.rank)), *inside)
        return (*sorted(loops[:closing], key=_rank), loops[closing], *inside)

    @cached_property
    def _ranks(self) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
        """Of every tensor its ranks, and those that some coordinate is made of alone: their tiles cannot overlap."""
        alone = {t.name: frozenset(c.ranks[0] for c in t.coordinates if len(c.ranks) == 1) for t in self.einsum.tensors}
        return {t.name: (t.ranks, alone[t.name]) for t in self.einsum.tensors}

    def _priced(self, tensor: Tensor, items: Alone) -> Priced:
        nodes: list[Node] = []
        for item in items:
            if isinstance(item, int):
                nodes.append(Storage(self.memories[item].name, (tensor.name,)))
            else:
                nodes += (item,) if isinstance(item, Temporal) else item
        found = cost(self._settings[tensor.name], Mapping(tuple(nodes)), self.sets)
        return Priced(self._row(tensor, found), self._run(found))

    def _row(self, tensor: Tensor, found: Cost) -> tuple[int, ...]:
        rows = [found.row(memory.name, tensor.name) for memory in self.memories]
        moved = sum((row.energy for row in found.traffic), Fraction(0))
        hauled = sum((haul.energy for haul in found.networks if haul.energy is not None), Fraction(0))
        loads = (_load(port, rows[i]) for i, port in self.ports)
        bits = (self._bits(memory, tensor, row) for memory, row in zip(self.memories, rows))
        elements = (row.reads + row.fills + row.updates if row else 0 for row in rows)
        through = (memory.element_bits(tensor) * count for memory, count in zip(self.memories, elements))
        numbers = (self.scaled(moved + hauled), *loads, *bits, *through)
        assert max(numbers) < MOST
        return numbers

    def _bits(self, memory: Memory, tensor: Tensor, row: Traffic | None) -> int:
        return row.tile_elements * memory.element_bits(tensor) * memory.buffering if row else 0

    def _run(self, found: Cost) -> Run:
        powered = found.cycles - (0 if self.conventions.latency_leaks else self.delay)
        leaked = sum((component.leakage for component in found.components), Fraction(0))
        instances = {component.level: component.instances for component in found.components}
        of_memories = tuple(instances[memory.name] for memory in self.memories)
        return Run(found.compute_cycles, self.scaled(leaked / powered), of_memories)


def _load(port: Port, row: Traffic | None) -> int:
    if row is None:
        return 0
    counts = Counts(row.level, row.tensor, row.tile_elements, row.instances, row.reads, row.fills, row.updates)
    return port.weights[row.tensor] * int(port.flow(counts))


def _rank(loop: Temporal) -> str:
    return loop.rank
