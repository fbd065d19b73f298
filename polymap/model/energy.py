"""Energy of accesses: elements to accesses of the memory's width, accesses to pJ, exact on one common denominator."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from polymap.architecture.hierarchy import Memory
from polymap.model.readings import Number, ceiling, weighted
from polymap.model.traffic import Counts
from polymap.workload.einsum import Tensor


@dataclass(frozen=True)
class Price:
    """What moving elements of one tensor at one memory costs.

    One access moves `per_access` elements, one element needs `accesses_each` accesses; energies of a read, a fill and
    an update access are numerators over `denominator`, in pJ.
    """

    element_bits: int
    per_access: int
    accesses_each: int
    energies: tuple[int, int, int]
    denominator: int


def price(memory: Memory, tensor: Tensor) -> Price:
    """The price of a tensor at a memory. An element takes the memory's word, else the tensor's own bits."""
    bits = memory.word_bits or tensor.bits
    energies = [Fraction(e) for e in (memory.read_pj, memory.write_pj, memory.update_pj)]
    denominator = lcm(*(energy.denominator for energy in energies))
    read, write, update = (energy.numerator * (denominator // energy.denominator) for energy in energies)
    per_access, accesses_each = max(1, memory.width_bits // bits), -(-bits // memory.width_bits)
    return Price(bits, per_access, accesses_each, (read, write, update), denominator)


def access_energy(counts: Counts, price: Price) -> Number:
    """pJ times `price.denominator`: per instance, reads, fills and updates are rounded up to accesses apart."""
    per_access = counts.instances * price.per_access
    accesses = [ceiling([(1, flow)], per_access) for flow in (counts.reads, counts.fills, counts.updates)]
    return weighted(price.energies, accesses) * (price.accesses_each * counts.instances)


def leakage_per_cycle(leakage_w: Fraction, clock_hz: Fraction) -> Fraction:
    """pJ that one instance leaks per clock cycle."""
    return Fraction(leakage_w) * 10**12 / Fraction(clock_hz)
