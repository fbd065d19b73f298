"""Cycles that a memory needs to move its traffic through its ports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from polymap.architecture.hierarchy import Memory, Rate
from polymap.model.quantities import Counts
from polymap.model.readings import Number, ceiling, maximum, quotient
from polymap.workload.einsum import Tensor


@dataclass(frozen=True)
class Port:
    """A limit on one kind of flow: `cycles = sum over tensors of weight * flow / (denominator * instances)`, rounded up
    where cycles are whole."""

    flow: Callable[[Counts], Number]
    weights: Mapping[str, int]
    denominator: int


def ports(memory: Memory, tensors: Iterable[Tensor]) -> tuple[Port, ...]:
    """The ports of a memory whose bandwidth is limited; none where it is not."""
    bandwidth = memory.bandwidth
    limits: tuple[tuple[Rate | None, Callable[[Counts], Number]], ...] = (
        (bandwidth.read, _read),
        (bandwidth.write, _written),
        (bandwidth.shared, _moved),
    )
    known = tuple(tensors)
    return tuple(_port(memory, rate, flow, known) for rate, flow in limits if rate is not None)


def cycles_needed(ports: Sequence[Port], rows: Sequence[Counts], instances: Number, whole: bool) -> Number:
    """Cycles of the busiest port of one instance, rounded up if they are `whole`; 0 without limits. `rows` are all
    tensors at this memory. Equation 14."""
    if not rows or not ports:
        return 0
    return maximum(*(_port_cycles(port, rows, instances, whole) for port in ports))


def _port_cycles(port: Port, rows: Sequence[Counts], instances: Number, whole: bool) -> Number:
    moved = [(port.weights[row.tensor], port.flow(row)) for row in rows]
    return (ceiling if whole else quotient)(moved, instances * port.denominator)


def _port(memory: Memory, rate: Rate, flow: Callable[[Counts], Number], tensors: Sequence[Tensor]) -> Port:
    each = {tensor.name: _cycles_each(memory, rate, tensor) for tensor in tensors}
    denominator = lcm(*(weight.denominator for weight in each.values()))
    return Port(flow, {name: int(weight * denominator) for name, weight in each.items()}, denominator)


def _cycles_each(memory: Memory, rate: Rate, tensor: Tensor) -> Fraction:
    """Cycles per element: rates in words count elements, rates in bits the room an element takes."""
    size = 1 if rate.in_words else memory.element_bits(tensor)
    return memory.bandwidth.scale_of(tensor.name) * size / rate.per_cycle


def _read(row: Counts) -> Number:
    return row.reads


def _written(row: Counts) -> Number:
    return row.fills + row.updates


def _moved(row: Counts) -> Number:
    return row.reads + row.fills + row.updates
