"""What the flows of a class cost: energy and the cycles that ports are busy, as sums over flows and from below.

Flow i is what node i fetches, flow K + i what crosses to it from its parent, flow 2 K + t what the computes ask of
tensor t, with K nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import prod

from polymap.architecture.hierarchy import Compute, Memory
from polymap.mapper.imperfect.flows import Flow, Loops, flow, node_flows, one_rank
from polymap.mapper.pricing import (
    Action,
    Count,
    Counts,
    Functional,
    energy_actions,
    functional,
    port_actions,
    traffic_actions,
)
from polymap.mapper.space import Site
from polymap.model.conventions import Conventions
from polymap.workload.einsum import Tensor


@dataclass(frozen=True)
class Charges:
    """The flows of a class and their prices."""

    loops: Loops
    conventions: Conventions
    levels: tuple[str, ...] = ()  # memories whose traffic is asked for

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """Every flow by its number."""
        pairs = [node_flows(self.loops, node) for node in self.loops.geometry.nodes]
        return (*(a for a, _ in pairs), *(b for _, b in pairs), *self.computing)

    @cached_property
    def computing(self) -> tuple[Flow, ...]:
        skeleton = self.loops.skeleton
        sites = ((t, skeleton.sites[t.name][-2].stop) for t in skeleton.einsum.tensors)
        return tuple(flow(self.loops, t, skeleton.last, parent) for t, parent in sites)

    @cached_property
    def exact(self) -> bool:
        """Whether the flows tell all counts: no instances or diagonals that depend on tiles, no holes in the output."""
        output = self.loops.skeleton.einsum.output
        plain = all(not c.terms or one_rank(c) for c in output.coordinates)
        return plain and not self.loops.several and all(f.alike == 1 for f in self.flows)

    @cached_property
    def counts(self) -> tuple[Counts, ...]:
        skeleton, nodes = self.loops.skeleton, self.loops.geometry.nodes
        numbers = {(node.tensor.name, node.memory.name): i for i, node in enumerate(nodes)}
        found = []
        for number, tensor in enumerate(skeleton.einsum.tensors):
            for parent, child in pairwise(skeleton.sites[tensor.name]):
                own, below = numbers.get((tensor.name, parent.name)), numbers.get((tensor.name, child.name))
                crossing = 2 * len(nodes) + number if below is None else len(nodes) + below
                found.append(self._counts(tensor, parent, child, own, crossing, below is not None))
        return tuple(found)

    def _counts(self, tensor: Tensor, site: Site, child: Site, own: int | None, crossing: int, inner: bool) -> Counts:
        fetched = () if own is None else ((own, Fraction(1)),)
        crossed = (crossing, Fraction(1))
        if not tensor.is_output:
            return Counts(tensor, site, Count(shares=(crossed,)), Count(shares=fetched), Count())
        shared = self.loops.shared(tensor, site.stop, child.stop)
        apart = self.conventions.all_write_first and inner
        arriving = self._seen(tensor, child.stop, shared) if apart else self._seen(tensor, site.stop, None)
        first = self._seen(tensor, site.stop, None)
        drained = fetched if self.conventions.drains_are_read else ()
        reads = Count(Fraction(-arriving), (crossed, *drained))
        return Counts(tensor, site, reads, Count(Fraction(-first), fetched) if fetched else Count(),
                      Count(shares=(crossed,)))  # fmt: skip

    def _seen(self, tensor: Tensor, stop: int, shared: tuple[int, ...] | None) -> int:
        """Elements whose first update writes, at most: each instance along ranks that do not concern the tensor has
        its own."""
        above, total = self.loops.geometry.above(stop), 1
        for rank, (name, _) in enumerate(self.loops.skeleton.einsum.ranks):
            if name not in tensor.ranks:
                total *= above[rank] // (shared[rank] if shared else 1)
        for c in tensor.coordinates:
            sizes = [(abs(k), self.loops.skeleton.einsum.sizes[name], name) for name, k in c.terms]
            inside = prod(above[self.loops.geometry.ranks.index(name)] for _, _, name in sizes)
            total *= sizes[0][1] if one_rank(c) else (1 + sum(k * (n - 1) for k, n, _ in sizes)) * inside
        return total

    @cached_property
    def energy(self) -> Functional:
        """pJ of accesses and computes."""
        actions = (self._rounded(action) for action in energy_actions(self.loops.geometry, self.counts))
        plain = functional(list(actions))
        einsum, compute = self.loops.skeleton.einsum, self.loops.skeleton.architecture.compute
        return replace(plain, constant=plain.constant + float(compute.energy_pj * einsum.computes))

    def _rounded(self, action: Action) -> Action:
        """Accesses are rounded for the average instance: only if it is known how many instances there are."""
        return action if not self.loops.several else replace(action, each=action.each / max(1, action.wide), wide=0)

    @cached_property
    def ports(self) -> tuple[Functional, ...]:
        """Cycles that each limited port is busy."""
        return tuple(functional(actions) for _, actions in port_actions(self.loops.geometry, self.counts))

    @cached_property
    def quantities(self) -> tuple[Functional, ...]:
        """Energy, the cycles of every port, and the bits that memories move whose traffic is asked for."""
        return (self.energy, *self.ports, *(self._traffic(level) for level in self.levels))

    def _traffic(self, level: str) -> Functional:
        return functional(traffic_actions(level)(self.loops.geometry, self.counts))

    @cached_property
    def leakage(self) -> float:
        """pJ per cycle at least."""
        architecture = self.loops.skeleton.architecture
        levels: list[Memory | Compute] = [*architecture.memories, architecture.compute]
        watts = sum((level.leakage_w * self._leaking(level.name) for level in levels), Fraction(0))
        return float(watts * 10**12 / architecture.clock_hz)

    def _leaking(self, name: str) -> int:
        architecture = self.loops.skeleton.architecture
        if self.conventions.idle_instances_leak:
            return architecture.instances(name)
        place = architecture.index(name)
        here = (c for gap in reversed(self.loops.crossing) for c in gap if architecture.index(c.array.name) < place)
        found: dict[int, int] = {}
        for c in here:
            found[c.rank] = (c.factor - 1) * found[c.rank] + 1 if c.rank in found else c.factor
        return prod(found.values())

    @cached_property
    def cycles(self) -> int:
        """Compute cycles at least."""
        sizes, units = self.loops.sizes, self.loops.geometry.above(self.loops.skeleton.last)
        return prod(-(-size // factor) for size, factor in zip(sizes, units))
