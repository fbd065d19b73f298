"""What the networks below the levels carry, and its energy, as timeloop 4cf6d4c counts them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.model.cost import Transport
from polymap.model.replay.boxes import rounded
from polymap.model.replay.chain import Chain
from polymap.model.replay.counts import Flow
from polymap.workload.einsum import Einsum, Tensor


def transports(einsum: Einsum, architecture: Architecture, nest: Chain, flows: Sequence[Flow]) -> Iterator[Transport]:
    """Every tensor over the network of every array, outermost first: totals over the parent instances in use."""
    for level in reversed(range(len(nest.memories))):
        array = nest.arrays[level]
        child = nest.memories[level - 1].name if level else architecture.compute.name
        for flow in (flow for flow in flows if flow.level == level and array):
            assert array
            yield _transport(array, einsum.tensor(flow.tensor), flow, nest.memories[level], child)


def _transport(array: Array, tensor: Tensor, flow: Flow, parent: Memory, child: str) -> Transport:
    n = flow.instances
    energy = _energy(array, tensor, flow, parent.element_bits(tensor)) * n if array.wiring else None
    return Transport(
        array=array.name,
        tensor=tensor.name,
        parent=parent.name,
        child=child,
        words=rounded(sum((record.words for record in flow.entering), Fraction(0)) * n),
        delivered=rounded(sum((record.words * record.multicast for record in flow.entering), Fraction(0)) * n),
        word_hops=rounded(sum((record.hops for record in flow.records), Fraction(0)) * n),
        link_words=flow.links * n,
        energy=energy,
    )


def _energy(array: Array, tensor: Tensor, flow: Flow, bits: int) -> Fraction:
    """Per parent instance, in pJ: hops, routers on the way, adders; a word from a neighbour takes two routers."""
    wiring = array.wiring
    assert wiring
    hop = wiring.hop_of(bits)
    hops = sum((record.hops for record in flow.records), Fraction(0)) * hop
    sums = sum((record.words * (record.multicast - 1) for record in flow.records), Fraction(0))
    adders = sums * wiring.reduce_pj if tensor.is_output else Fraction(0)
    links = flow.links * (hop + 2 * wiring.router_pj)
    return hops + _routers(array, tensor, flow) * wiring.router_pj + links + adders


def _routers(array: Array, tensor: Tensor, flow: Flow) -> int:
    """Routers that words pass, cut to an integer record by record."""
    passed = 0
    for record in flow.records:
        entering = record.words
        if tensor.is_output and array.returns_sums:
            entering = 2 * entering - flow.partition
        if entering:
            passed = floor(passed + (1 + floor(record.hops / entering)) * entering)
    return passed
