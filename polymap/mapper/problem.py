"""A part of the mapspace as one optimisation problem: exact prices of counts, lower bounds, and its dynamic program."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod

from polymap.architecture.hierarchy import Compute, Memory
from polymap.mapper.pricing import Functional, energy_actions, exact_seen, functional, port_actions
from polymap.mapper.program import Program
from polymap.mapper.sharing import Sharing
from polymap.mapper.states import StorageNode
from polymap.mapper.traffic import Geometry
from polymap.model.conventions import Conventions


@dataclass(frozen=True)
class Part:
    """Mappings with one choice of kept tensors, spatial factors and sharing: what remains are tiles and loop orders.

    With `alternatives` it stands for one part for each of them, `sharing` is at least as good as all, and only its
    bounds count.
    """

    geometry: Geometry
    sharing: Sharing
    conventions: Conventions
    alternatives: tuple[Sharing, ...] = ()

    def split(self) -> list[Part]:
        return [Part(self.geometry, sharing, self.conventions) for sharing in self.alternatives]

    @cached_property
    def energy(self) -> Functional:
        """Energy in pJ without leakage, from below."""
        plain = functional(self.geometry, self.sharing, self.conventions, energy_actions(self.geometry))
        return Functional(plain.constant + self.compute_energy, plain.prices)

    @cached_property
    def compute_energy(self) -> float:
        """pJ of the computes alone: what a mapping costs at the very least."""
        return float(self.geometry.skeleton.architecture.compute.energy_pj * self.geometry.skeleton.einsum.computes)

    @cached_property
    def ports(self) -> dict[str, Functional]:
        """Cycles that each limited memory port is busy, from below."""
        return {
            name: functional(self.geometry, self.sharing, self.conventions, actions)
            for name, actions in port_actions(self.geometry)
        }

    @cached_property
    def leakage(self) -> Fraction:
        """pJ that all leaking instances lose per cycle."""
        architecture = self.geometry.skeleton.architecture
        levels: list[Memory | Compute] = [*architecture.memories, architecture.compute]
        watts = sum((level.leakage_w * self._leaking(level.name) for level in levels), Fraction(0))
        return watts * 10**12 / architecture.clock_hz

    def _leaking(self, name: str) -> int:
        architecture = self.geometry.skeleton.architecture
        if self.conventions.idle_instances_leak:
            return architecture.instances(name)
        place = architecture.index(name)
        used = (u.factors for u in self.geometry.spatial.unrollings if architecture.index(u.array.name) < place)
        return prod(factor for factors in used for factor in factors)

    def program(self) -> Program:
        """A fresh program: its arrays are large, and most parts are asked once."""
        stops = range(len(self.geometry.skeleton.memories))
        masks = (self.geometry.fits(stop) + self.sharing.mask(self.geometry, stop) for stop in stops)
        return Program(self.geometry, tuple(masks), self.conventions.continuing_sweep)

    def compulsory(self, quantity: Functional) -> float:
        """A quick lower bound: every instance fetches each element it needs at least once."""
        return quantity.constant + sum(
            quantity.prices[i] * self._least_fetched(node) for i, node in enumerate(self.geometry.nodes)
        )

    def _least_fetched(self, node: StorageNode) -> int:
        # One rank per coordinate and no rank twice: moving those alone touches a new element at every step.
        above = dict(zip(self.geometry.ranks, self.geometry.above(node.stop)))
        sizes = self.geometry.skeleton.einsum.sizes
        needed, counted = 1, set[str]()
        for coordinate in node.tensor.coordinates:
            extents = {rank: sizes[rank] // above[rank] for rank in coordinate.ranks if rank not in counted}
            needed *= max(extents.values(), default=1)
            counted |= set(coordinate.ranks)
        return 0 if self._sweeps(node) else needed * self.geometry.instances(node.stop)

    def least(self, quantity: Functional) -> float:
        """The least of a quantity over all tiles and orders of this part; infinite if no tile fits."""
        table = self.program().to_go(quantity.prices)[self.geometry.skeleton.last]
        return quantity.constant + float(table[frozenset()].flat[0])

    def _sweeps(self, node: StorageNode) -> bool:
        """Whether a continuing sweep may save more than closings tell: only where tiles overlap."""
        return self.conventions.continuing_sweep and any(len(c.ranks) > 1 for c in node.tensor.coordinates)

    @cached_property
    def exact(self) -> bool:
        """Whether closings alone decide the counts: not under a continuing sweep with overlapping tiles, nor for
        outputs whose coordinates mix ranks."""
        sweeping = any(self._sweeps(node) for node in self.geometry.nodes)
        return exact_seen(self.geometry.skeleton.einsum.output) and not sweeping
