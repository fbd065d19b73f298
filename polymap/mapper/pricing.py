"""Linear prices of counts for the dynamic program: energy, and the cycles a memory port is busy.

Prices are rounded the optimistic way (no access is rounded up to a full width), so a minimum over them is a lower
bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import prod

from polymap.architecture.hierarchy import Memory, Rate
from polymap.mapper.sharing import Sharing
from polymap.mapper.traffic import Geometry
from polymap.mapping.tiles import extent
from polymap.model.conventions import Conventions
from polymap.workload.einsum import Affine, Tensor

# Price of one (read, fill, update) of a tensor at a stop.
Actions = Callable[[int, Tensor], tuple[Fraction, Fraction, Fraction]]


@dataclass(frozen=True)
class Functional:
    """`constant + sum(price[node] * fetched[node])` over the nodes of a class."""

    constant: float
    prices: dict[int, float]


def functional(geometry: Geometry, sharing: Sharing, conventions: Conventions, actions: Actions) -> Functional:
    """The linear functional of a class whose actions have these prices, written over what its nodes fetch."""
    prices: dict[int, Fraction] = {}
    constant = Fraction(0)
    numbers = {(node.tensor.name, node.stop): i for i, node in enumerate(geometry.nodes)}
    for tensor in geometry.skeleton.einsum.tensors:
        for parent, child in pairwise(geometry.skeleton.chains[tensor.name]):
            copies = sharing.copies[tensor.name, parent, child]
            price, free = _link(geometry, conventions, actions, tensor, parent, child, copies)
            constant -= free
            if child == geometry.skeleton.last:
                constant += price * geometry.skeleton.einsum.computes
            else:
                prices[numbers[tensor.name, child]] = price
    return Functional(float(constant), {i: float(price) for i, price in prices.items()})


def _link(
    geometry: Geometry,
    conventions: Conventions,
    actions: Actions,
    tensor: Tensor,
    parent: int,
    child: int,
    copies: Fraction,
) -> tuple[Fraction, Fraction]:
    """Price of one element fetched by `child` from `parent`, and what first writes save."""
    read, _, update = actions(parent, tensor)
    if child == geometry.skeleton.last:
        own_read = own_fill = Fraction(0)
    else:
        own_read, own_fill, _ = actions(child, tensor)
    if not tensor.is_output:
        return own_fill + read / copies, Fraction(0)
    drain = own_read if conventions.drains_are_read else Fraction(0)
    free = read * seen(geometry, tensor, parent) + own_fill * (seen(geometry, tensor, child) if own_fill else 0)
    return own_fill + drain + (update + read) / copies, free


def seen(geometry: Geometry, tensor: Tensor, stop: int) -> int:
    """Distinct output elements that pass through the instances of a stop, summed; where not `exact_seen` from above."""
    above = geometry.above(stop)
    shares = dict(zip(geometry.ranks, above))
    sizes = geometry.skeleton.einsum.sizes
    parts = (
        sizes[c.ranks[0]] // shares[c.ranks[0]] if _is_one_rank(c) else extent(c, sizes) for c in tensor.coordinates
    )
    return prod(parts) * prod(above)


def exact_seen(tensor: Tensor) -> bool:
    """Whether `seen` is exact: every coordinate of the output is one rank without a stride, and no rank occurs twice.

    A stride leaves holes, and a filled tile holds more than the elements that are updated.
    """
    ranks = [rank for coordinate in tensor.coordinates for rank in coordinate.ranks]
    return len(ranks) == len(set(ranks)) and all(not c.terms or _is_one_rank(c) for c in tensor.coordinates)


def _is_one_rank(coordinate: Affine) -> bool:
    return len(coordinate.terms) == 1 and abs(coordinate.terms[0][1]) == 1


def energy_actions(geometry: Geometry) -> Actions:
    """pJ per element, without rounding accesses up."""

    def price(stop: int, tensor: Tensor) -> tuple[Fraction, Fraction, Fraction]:
        memory = geometry.skeleton.memories[stop]
        share = _accesses_per_element(memory, tensor)
        return memory.read_pj * share, memory.write_pj * share, memory.update_pj * share

    return price


def _accesses_per_element(memory: Memory, tensor: Tensor) -> Fraction:
    bits = memory.element_bits(tensor)
    if bits > memory.width_bits:
        return Fraction(-(-bits // memory.width_bits))
    return Fraction(1, memory.width_bits // bits)


def port_actions(geometry: Geometry) -> Iterator[tuple[str, Actions]]:
    """For every bandwidth limit of a memory in the nest: its name and the cycles one element keeps it busy."""
    for stop, memory in enumerate(geometry.skeleton.memories):
        for port in ("read", "write", "shared"):
            rate = getattr(memory.bandwidth, port)
            if rate is not None:
                yield f"{memory.name}.{port}", _port(geometry, stop, rate, port)


def _port(geometry: Geometry, stop: int, rate: Rate, port: str) -> Actions:
    memory, instances = geometry.skeleton.memories[stop], geometry.instances(stop)

    def price(at: int, tensor: Tensor) -> tuple[Fraction, Fraction, Fraction]:
        if at != stop:
            return Fraction(0), Fraction(0), Fraction(0)
        size = 1 if rate.in_words else memory.element_bits(tensor)
        cycles = memory.bandwidth.scale_of(tensor.name) * size / (rate.per_cycle * instances)
        return (cycles if port != "write" else Fraction(0), *(2 * (cycles if port != "read" else Fraction(0),)))

    return price
