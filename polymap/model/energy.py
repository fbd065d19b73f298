"""Energy of accesses: elements to accesses of the memory's width, accesses to pJ, exact on one common denominator."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from polymap.architecture.hierarchy import Memory
from polymap.model.quantities import Counts
from polymap.model.readings import Number, ceiling, maximum, weighted
from polymap.workload.einsum import Tensor


@dataclass(frozen=True)
class Price:
    """What moving elements of one tensor at one memory costs.

    One access moves `per_access` elements of an instance, one element needs `accesses_each` accesses; energies of a
    read, a fill and an update access are numerators over `denominator`, in pJ. So are `elements`, of a read, filled and
    updated element, and `addition`, of an update that meets a partial sum. Instances share accesses if `clusters` is
    not 0: there are so many clusters, and instances in use are spread over as many of them as can be.
    """

    element_bits: int
    per_access: int
    accesses_each: int
    energies: tuple[int, int, int]
    denominator: int
    elements: tuple[int, int, int] = (0, 0, 0)
    addition: int = 0
    clusters: int = 0


def price(memory: Memory, tensor: Tensor, instances: int = 1, address_per_access: bool = True) -> Price:
    """The price of a tensor at a memory of so many physical instances.

    An element takes the memory's word for it, else the tensor's own bits. An address is generated for every access or,
    as the conventions have it, for elements: those read and filled of an input, filled and updated of an output.
    Equation 9.
    """
    bits, width = memory.element_bits(tensor), memory.width_bits // memory.cluster
    address = memory.address_pj
    each = address if address_per_access else Fraction(0)
    apart = (0, 0, 0) if address_per_access else (int(not tensor.is_output), 1, int(tensor.is_output))
    energies = [each + Fraction(energy) for energy in (memory.read_pj, memory.write_pj, memory.update_pj)]
    denominator = lcm(*(energy.denominator for energy in (*energies, address, memory.reduce_pj)))
    read, write, update, one, addition = (int(e * denominator) for e in (*energies, address, memory.reduce_pj))
    return Price(
        element_bits=bits,
        per_access=max(1, width // bits),
        accesses_each=-(-bits // width),
        energies=(read, write, update),
        denominator=denominator,
        elements=(apart[0] * one, apart[1] * one, apart[2] * one),
        addition=addition,
        clusters=instances // memory.cluster if memory.cluster > 1 else 0,
    )


def access_energy(counts: Counts, price: Price) -> Number:
    """Equation 10 in pJ times `price.denominator`: per instance, reads, fills and updates are rounded up apart."""
    flows = (counts.reads, counts.fills, counts.updates)
    accesses = [ceiling([(1, flow)], counts.instances * price.per_access) for flow in flows]
    places = _clusters(counts, price)
    energy = weighted(price.energies, accesses) * (price.accesses_each * places)
    if any(price.elements):
        elements = [ceiling([(1, flow)], counts.instances) for flow in flows]
        energy = energy + weighted(price.elements, elements) * places
    return energy + weighted([price.addition], [counts.additions]) if price.addition else energy


def _clusters(counts: Counts, price: Price) -> Number:
    """Accesses that all instances in use make at once: one per instance, or per cluster."""
    return -maximum(-counts.instances, -price.clusters) if price.clusters else counts.instances


def leakage_per_cycle(leakage_w: Fraction, clock_hz: Fraction) -> Fraction:
    """pJ that one instance leaks per clock cycle. Equation 11."""
    return Fraction(leakage_w) * 10**12 / Fraction(clock_hz)
