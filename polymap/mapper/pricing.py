"""Counts of a part as sums over what its nodes fetch, and what they cost: energy, and the cycles a port is busy.

Where a count depends on what one node fetches, accesses are rounded up to whole widths as the model does. A count that
mixes several nodes (partial sums read for the parent and for accumulation) is not rounded here, so that prices are
lower bounds there, and exact elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil, prod
from typing import TypeAlias, TypeVar

import numpy as np

from polymap.architecture.hierarchy import Memory, Rate
from polymap.mapper.lattice import Values
from polymap.mapper.sharing import Sharing
from polymap.mapper.space import Link, Site
from polymap.mapper.traffic import Geometry
from polymap.mapping.tiles import extent
from polymap.model.conventions import Conventions
from polymap.workload.einsum import Affine, Tensor

Elements = TypeVar("Elements", float, Values)

ROUNDING = 1e-9  # accesses; what a float quotient may exceed a whole number by


@dataclass(frozen=True)
class Count:
    """`constant + sum(share * fetched[node])` elements; `~node` stands for what crosses to a node."""

    constant: Fraction = Fraction(0)
    shares: tuple[tuple[int, Fraction], ...] = ()


@dataclass(frozen=True)
class Counts:
    """Reads, fills and updates of a tensor at a memory, over all instances; what travels between it and the next one
    inside, each for `haul_pj`."""

    tensor: Tensor
    site: Site
    reads: Count
    fills: Count
    updates: Count
    hauled: Count = Count()
    haul_pj: Fraction = Fraction(0)

    @property
    def memory(self) -> Memory:
        assert self.site.memory is not None
        return self.site.memory

    @property
    def bits(self) -> int:
        """Of an element at the memory."""
        return self.memory.element_bits(self.tensor)


def counts(geometry: Geometry, sharing: Sharing, conventions: Conventions) -> tuple[Counts, ...]:
    """Every count of a part. Each fetched element is one fill; `copies` siblings share one read or one update."""
    numbers = {(node.tensor.name, node.memory.name): i for i, node in enumerate(geometry.nodes)}
    found = []
    for tensor in geometry.skeleton.einsum.tensors:
        for parent, child in pairwise(geometry.skeleton.sites[tensor.name]):
            copies = sharing.copies[tensor.name, child.name]
            own = numbers.get((tensor.name, parent.name))
            below = numbers.get((tensor.name, child.name))
            link = Link(tensor, parent, child)
            computes = geometry.asked(link, copies)
            crossing = Count(computes) if below is None else _crossing(geometry, link, below, copies)
            # Elements whose first update writes: at the parent, or from every instance below apart.
            apart = conventions.all_write_first and below is not None
            arriving = seen(geometry, tensor, child.stop) / copies if apart else seen(geometry, tensor, parent.stop)
            here = _counts(geometry, conventions, tensor, parent, own, crossing, Fraction(arriving))
            paid = sharing.hauls.get((tensor.name, child.name), Fraction(0))
            found.append(replace(here, hauled=_hauled(geometry, crossing, below), haul_pj=paid) if paid else here)
    return tuple(found)


def _hauled(geometry: Geometry, crossing: Count, below: int | None) -> Count:
    """What pays on networks: every element that arrives; on a domain that is no box, those that cross."""
    if geometry.touched:
        return crossing
    return (
        Count(Fraction(geometry.skeleton.einsum.computes)) if below is None else Count(shares=((below, Fraction(1)),))
    )


def _crossing(geometry: Geometry, link: Link, below: int, copies: Fraction) -> Count:
    """What passes between a node and its parent: a table of its own where it is no fixed part of what is fetched."""
    return Count(shares=((~below, Fraction(1)) if geometry.shares_unlike(link) else (below, 1 / copies),))


def _counts(
    geometry: Geometry,
    conventions: Conventions,
    tensor: Tensor,
    site: Site,
    own: int | None,
    crossing: Count,
    arriving: Fraction,
) -> Counts:
    fetched = () if own is None else ((own, Fraction(1)),)
    if not tensor.is_output:
        return Counts(tensor, site, crossing, Count(shares=fetched), Count())
    first = Fraction(seen(geometry, tensor, site.stop))
    drained = fetched if conventions.drains_are_read else ()
    reads = Count(crossing.constant - arriving, (*crossing.shares, *drained))
    return Counts(tensor, site, reads, Count(-first, fetched) if fetched else Count(), crossing)


def seen(geometry: Geometry, tensor: Tensor, stop: int) -> int:
    """Distinct output elements that pass through the instances of a stop, summed; where not `exact_seen` from above."""
    above = geometry.above(stop)
    shares = dict(zip(geometry.ranks, above))
    if geometry.touched:
        return geometry.held(tensor, stop)
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


@dataclass(frozen=True)
class Action:
    """`each` for every started round of `wide` elements, or for every element and its part (`wide` 0)."""

    each: Fraction
    wide: int
    count: Count


def _rounds(action: Action, elements: Elements) -> Elements:
    """Rounds that elements start, less what makes a float quotient exceed a whole number."""
    return elements / action.wide * (1 - 1e-15) - ROUNDING


@dataclass(frozen=True)
class Functional:
    """A cost of a part: a constant, prices per fetched element, and actions whose rounds are started by one node."""

    constant: float
    prices: Mapping[int, float]
    rounded: Mapping[int, tuple[Action, ...]]

    def charge(self, node: int, fetched: Values, crossing: Values | None = None) -> Values:
        """What a node pays for the elements it fetches, over the lattice; `crossing` of these come from its parent, if
        that has a table of its own."""
        total = self._charge(node, fetched)
        return total if crossing is None else total + self._charge(~node, crossing)

    def _charge(self, count: int, elements: Values) -> Values:
        total = self.prices.get(count, 0.0) * elements
        for action in self.rounded.get(count, ()):
            ((_, share),) = action.count.shares
            rounds = _rounds(action, float(action.count.constant) + float(share) * elements)
            total = total + float(action.each) * np.ceil(rounds)
        return total

    def unrounded(self, count: int) -> tuple[float, float]:
        """(each element, once): what is charged if no round is rounded up; never more than `charge`."""
        each, once = self.prices.get(count, 0.0), 0.0
        for action in self.rounded.get(count, ()):
            ((_, share),) = action.count.shares
            each += float(action.each * share / action.wide)
            once += float(action.each * action.count.constant / action.wide)
        return each, once

    def concerns(self, node: int) -> bool:
        return any(self.prices.get(count) or count in self.rounded for count in (node, ~node))


@dataclass(frozen=True)
class Rounded:
    """A cost as what single nodes start, and accesses that several nodes start together, by what these fetch."""

    plain: Functional
    sums: tuple[Action, ...]

    @property
    def quantities(self) -> tuple[Functional, ...]:
        """What the cost is a function of."""
        counted = (action.count for action in self.sums)
        fetched = (Functional(float(c.constant), {i: float(s) for i, s in c.shares}, {}) for c in counted)
        return (self.plain, *fetched)

    def of(self, values: Sequence[float]) -> float:
        """The cost for values of `quantities`; a lower bound for lower ones."""
        plain, *fetched = values
        started = (float(a.each) * ceil(_rounds(a, elements)) for a, elements in zip(self.sums, fetched))
        return plain + sum(started)


def rounded(actions: list[Action], constant: float) -> Rounded:
    """The sum of actions and a constant."""
    sums = tuple(action for action in actions if action.wide > 1 and len(action.count.shares) > 1)
    plain = functional([action for action in actions if action not in sums])
    return Rounded(replace(plain, constant=plain.constant + constant), sums)


def weighed_actions(level: str, weight: float) -> Pricing:
    """pJ of every access, and so much more for every bit that a memory moves."""

    def actions(geometry: Geometry, counted: tuple[Counts, ...]) -> list[Action]:
        moved = traffic_actions(level)(geometry, counted)
        return energy_actions(geometry, counted) + [replace(a, each=a.each * Fraction(weight)) for a in moved]

    return actions


Pricing: TypeAlias = Callable[[Geometry, tuple[Counts, ...]], list[Action]]  # what counts cost


def blended(energy: Functional, weight: float, plain: Functional) -> Functional:
    """A cost plus so much of another one, none of whose actions is rounded."""
    nodes = {*energy.prices, *plain.prices}
    prices = {i: energy.prices.get(i, 0.0) + weight * plain.prices.get(i, 0.0) for i in nodes}
    return Functional(energy.constant + weight * plain.constant, prices, energy.rounded)


def functional(actions: list[Action]) -> Functional:
    """The sum of actions."""
    constant = Fraction(0)
    prices: dict[int, Fraction] = {}
    rounded: dict[int, tuple[Action, ...]] = {}
    for action in actions:
        shares = action.count.shares
        if not shares:
            constant += _fixed(action)
        elif len(shares) == 1 and action.wide > 1:
            rounded[shares[0][0]] = (*rounded.get(shares[0][0], ()), action)
        else:
            each = action.each / max(1, action.wide)
            constant += each * action.count.constant
            for node, share in shares:
                prices[node] = prices.get(node, Fraction(0)) + each * share
    return Functional(float(constant), {i: float(price) for i, price in prices.items()}, rounded)


def _fixed(action: Action) -> Fraction:
    return action.each * (ceil(action.count.constant / action.wide) if action.wide else action.count.constant)


def energy_actions(geometry: Geometry, counted: tuple[Counts, ...]) -> list[Action]:
    """pJ of every access, and of every word on networks."""
    found = []
    for c in counted:
        memory, instances = c.memory, geometry.instances(c.site.stop)
        width = memory.width_bits // memory.cluster
        wide = instances * max(1, width // c.bits)
        accesses = _places(geometry, memory, instances) * max(1, -(-c.bits // width))
        rounds = geometry.all_run
        prices = ((memory.read_pj, c.reads), (memory.write_pj, c.fills), (memory.update_pj, c.updates))
        found += [_action(price * accesses, wide, instances, count, rounds) for price, count in prices if price]
        found += [Action(c.haul_pj, 0, c.hauled)] if c.haul_pj else []
    return found


def traffic_actions(level: str) -> Pricing:
    """Bits that a memory reads, is filled with and updates, over all instances."""

    def actions(geometry: Geometry, counted: tuple[Counts, ...]) -> list[Action]:
        here = (c for c in counted if c.site.name == level)
        return [Action(Fraction(c.bits), 0, count) for c in here for count in (c.reads, c.fills, c.updates)]

    return actions


def _places(geometry: Geometry, memory: Memory, instances: int) -> int:
    """Accesses that all instances in use make at once: one each, or one for each cluster they are spread over."""
    physical = geometry.skeleton.architecture.instances(memory.name)
    return instances if memory.cluster == 1 else min(instances, physical // memory.cluster)


def _action(each: Fraction, wide: int, instances: int, count: Count, rounds: bool) -> Action:
    """Rounds are for the average instance: if every element is an access of its own, there is nothing to round, and
    where some instances may never run, nobody knows what to round."""
    return Action(each, wide, count) if rounds and wide > instances else Action(each / wide, 0, count)


def port_actions(geometry: Geometry, counted: tuple[Counts, ...]) -> Iterator[tuple[str, list[Action]]]:
    """For every bandwidth limit of a memory in the nest: its name and the cycles that elements keep it busy."""
    for kept in geometry.skeleton.kept:
        here = [c for c in counted if c.site.name == kept.memory.name]
        for port in ("read", "write", "shared"):
            rate = getattr(kept.memory.bandwidth, port)
            if rate is not None:
                yield f"{kept.memory.name}.{port}", list(_port(geometry, here, rate, port))


def _port(geometry: Geometry, here: list[Counts], rate: Rate, port: str) -> Iterator[Action]:
    for c in here:
        size = 1 if rate.in_words else c.bits
        instances = geometry.instances(c.site.stop)
        cycles = c.memory.bandwidth.scale_of(c.tensor.name) * size / (rate.per_cycle * instances)
        read, written = (c.reads,), (c.fills, c.updates)
        moved = {"read": read, "write": written, "shared": read + written}[port]
        yield from (Action(cycles, 0, count) for count in moved)
