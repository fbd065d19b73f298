"""A part of the mapspace as one optimisation problem: exact prices of counts, lower bounds, and its dynamic program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from math import ceil, inf, prod

import numpy as np

from polymap.architecture.hierarchy import Compute, Memory
from polymap.mapper import bounds
from polymap.mapper.every import EveryNest
from polymap.mapper.labels import Gaps, Labels
from polymap.mapper.lattice import Values
from polymap.mapper.layouts import arrangements
from polymap.mapper.ledger import Ledger
from polymap.mapper.objective import TOLERANCE, Rank
from polymap.mapper.pricing import (
    Counts,
    Functional,
    Rounded,
    counts,
    energy_actions,
    exact_seen,
    functional,
    port_actions,
    rounded,
    traffic_actions,
)
from polymap.mapper.program import Program
from polymap.mapper.relaxation import Relaxation, Unrolled
from polymap.mapper.ruled import MOST_LABELS, Item, Ranked, Ruled
from polymap.mapper.sharing import Sharing, optimistic, passes_on
from polymap.mapper.space import Skeleton, StorageNode
from polymap.mapper.tied import is_decided
from polymap.mapper.traffic import Geometry, least_elements
from polymap.mapper.unrolling import Spatial
from polymap.model.conventions import Conventions

FLOAT = 1e-12  # relative; what sums in floating point may be off by


@dataclass(frozen=True)
class Bound:
    """Lower bounds of the energy of accesses in pJ for one unrolling, from tables that all of a frame share."""

    relaxation: Relaxation
    unrolled: Unrolled


@dataclass(frozen=True)
class Unopened:
    """A class of mappings of which only the geometry is known, and a quick bound. It stands for the classes of the
    unrollings `alike`, too, which are the same but for the names of ranks (see `symmetry`)."""

    geometry: Geometry
    conventions: Conventions
    bound: Bound | None = None
    decided: bool = True  # else only compute and leakage bound its mappings: see `passes_unkept`
    alike: tuple[Spatial, ...] = ()

    @property
    def covers(self) -> int:
        """How many classes it stands for, itself among them."""
        return 1 + len(self.alike)

    @cached_property
    def cycles(self) -> int:
        return self.geometry.compute_cycles

    @cached_property
    def compulsory(self) -> float:
        """A quick lower bound of the energy in pJ, leakage included."""
        return self._with_rest(0.0 if self.bound is None else self.bound.unrolled.compulsory)

    @cached_property
    def relaxed(self) -> float:
        """A lower bound of the energy in pJ, leakage included; infinite if there is no mapping."""
        return self._with_rest(0.0 if self.bound is None else self.bound.relaxation.least(self.bound.unrolled))

    @cached_property
    def refined(self) -> float:
        """A tighter lower bound of the energy in pJ, from tables for how many instances share what."""
        return self._with_rest(0.0 if self.bound is None else self.bound.relaxation.least(self.bound.unrolled, True))

    def moved(self, level: str) -> int:
        """A lower bound of the bits that a memory moves."""
        bound = self.bound
        return 0 if bound is None else whole(bound.relaxation.traffic(level).least_of(bound.unrolled.loops))

    def weighed(self, level: str, weight: float) -> float:
        """A lower bound of the energy in pJ and so much more for every bit that a memory moves, without leakage."""
        if self.bound is None:
            return 0.0
        accesses = self.bound.relaxation.traffic(level, weight).least_of(self.bound.unrolled.loops)
        return max(0.0, accesses) * (1 - TOLERANCE) + compute_pj(self.geometry)

    def _with_rest(self, accesses: float) -> float:
        leakage = leakage_pj(self.geometry, self.conventions)
        return max(0.0, accesses) * (1 - TOLERANCE) + compute_pj(self.geometry) + float(leakage) * self.cycles

    def images(self) -> Iterator[Unopened]:
        """The class and those for which it stands, without shared bounds."""
        for spatial in (self.geometry.spatial, *self.alike):
            yield Unopened(Geometry(self.geometry.skeleton, spatial), self.conventions)

    def open(self) -> Part:
        first, *others = alternatives = arrangements(self.geometry)
        if others:
            return Part(self.geometry, optimistic(alternatives), self.conventions, tuple(alternatives), self.alike)
        return Part(self.geometry.at(first.tiles), first, self.conventions, alike=self.alike)


@dataclass(frozen=True)
class Part:
    """Mappings with one choice of kept tensors, spatial factors and sharing: what remains are tiles and loop orders.

    With `alternatives` it stands for one part for each of them, `sharing` is at least as good as all, and only its
    bounds count. In any case it stands for the parts of the unrollings `alike`, too.
    """

    geometry: Geometry
    sharing: Sharing
    conventions: Conventions
    alternatives: tuple[Sharing, ...] = ()
    alike: tuple[Spatial, ...] = ()

    @property
    def covers(self) -> int:
        """Of how many classes it is a part."""
        return 1 + len(self.alike)

    def split(self) -> list[Part]:
        at = self.geometry.at
        return [Part(at(each.tiles), each, self.conventions, alike=self.alike) for each in self.alternatives]

    def hauled_more(self, alternative: Part) -> float:
        """What words pay on networks in one of the `alternatives` beyond what they pay here, in pJ, at least: each
        instance fetches every element that it needs once."""
        here, there = self.sharing.hauls, alternative.sharing.hauls
        least = {(node.tensor.name, node.memory.name): self._least_fetched(node) for node in self.geometry.nodes}
        computes = self.geometry.skeleton.einsum.computes
        return float(sum((there[end] - paid) * least.get(end, computes) for end, paid in here.items()))

    def images(self) -> Iterator[Part]:
        """This part and, in the classes for which it stands, those that may be the same but for the names of ranks."""
        yield self
        _, *others = Unopened(self.geometry, self.conventions, alike=self.alike).images()
        for whole in (other.open() for other in others):
            yield from (part for part in whole.split() or [whole] if part.sharing.is_like(self.sharing))

    def orders(self) -> Iterator[Part]:
        """The parts of a roaming frame, one for each order of its nodes."""
        for skeleton in self.geometry.skeleton.orders():
            yield from self._in(skeleton)

    def _in(self, skeleton: Skeleton) -> Iterator[Part]:
        geometry = Geometry(skeleton, self.geometry.spatial)
        for found in arrangements(geometry):
            if found.is_like(self.sharing):
                yield Part(geometry, found, self.conventions, alike=self.alike)

    @cached_property
    def counts(self) -> tuple[Counts, ...]:
        return counts(self.geometry, self.sharing, self.conventions)

    @cached_property
    def energy(self) -> Functional:
        """Energy in pJ without leakage, from below."""
        plain = functional(energy_actions(self.geometry, self.counts))
        return replace(plain, constant=plain.constant + compute_pj(self.geometry))

    @cached_property
    def ports(self) -> dict[str, Functional]:
        """Cycles that each limited memory port is busy, from below."""
        return {name: functional(actions) for name, actions in port_actions(self.geometry, self.counts)}

    def traffic(self, level: str) -> Functional:
        """Bits that a memory moves, from below."""
        if level not in self._traffic:
            self._traffic[level] = functional(traffic_actions(level)(self.geometry, self.counts))
        return self._traffic[level]

    @cached_property
    def _traffic(self) -> dict[str, Functional]:
        return {}

    @cached_property
    def leakage(self) -> Fraction:
        return leakage_pj(self.geometry, self.conventions)

    def program(self) -> Program:
        """The program that is held, or a fresh one: its arrays are large, and most parts are asked once."""
        return self._held[0] if self._held else self._program()

    def hold(self) -> None:
        """Keep a program, with all that it tells, until `release`."""
        self._held[:] = [replace(self._program(), answers=[])]

    def release(self) -> None:
        """Forget the program. What it has told refers to it: without this it would not go at once."""
        for program in self._held:
            (program.answers or []).clear()
        self._held.clear()

    @cached_property
    def _held(self) -> list[Program]:
        return []

    def _program(self) -> Program:
        stops = range(self.geometry.skeleton.last)
        masks = (
            self.geometry.at_home(stop) + self.sharing.mask(self.geometry, stop) + bounds.mask(self.geometry, stop)
            for stop in stops
        )
        rules = self.conventions
        return Program(self.geometry, tuple(masks), rules.continuing_sweep, rules.tiles_stay, rules.tiles_slide)

    def compulsory(self, quantity: Functional) -> float:
        """A quick lower bound: every instance fetches each element it needs at least once."""
        return quantity.constant + sum(
            float(self._charge(quantity, i, float(self._least_fetched(node))))
            for i, node in enumerate(self.geometry.nodes)
            if quantity.concerns(i)
        )

    def _charge(self, quantity: Functional, node: int, fetched: float) -> Values:
        elements = np.asarray(fetched)
        if self.geometry.touched is None:
            return quantity.charge(node, elements)
        return quantity.charge(node, elements, self.geometry.shared(self.geometry.nodes[node], elements))

    @cached_property
    def least_energy(self) -> tuple[float, Gaps | None]:
        """The least energy in pJ without leakage and a nest of this part that has it; infinite and None if no tile
        fits. Raises `TooManyLabels`."""
        return self.least_nest(self.energy)

    def least_nest(
        self, quantity: Functional, rank: Callable[[Rank], Rank | None] = lambda least: least
    ) -> tuple[float, Gaps | None]:
        """The least of a quantity and a nest of this part that has it; infinite and None if no tile fits, or none that
        does has a `rank`. Raises `TooManyLabels`."""
        for (least,), gaps in Labels(self.program(), (quantity,), rank).nests():
            return least, gaps
        return inf, None

    def nests(
        self, rank: Callable[[Rank], Rank | None], more: Sequence[Functional] = ()
    ) -> Iterator[tuple[Rank, Gaps]]:
        """Nests in the order of a rank of (energy, cycles of every port, `more`). Raises `TooManyLabels`."""
        return Labels(self.program(), (self.energy, *self.ports.values(), *more), rank).nests()

    def rounded_nests(
        self, rank: Callable[[Rank], Rank | None], more: Sequence[Functional] = ()
    ) -> Iterator[tuple[Rank, Gaps]]:
        """The same with accesses that several nodes start together rounded up, as the model does.

        What they start is a quantity of its own, for each such sum, and the energy without them another: of two labels
        in a state the one that needs no more of all of these needs no more energy in the end, however sums are rounded.
        """
        exact = self.exact_energy
        quantities = (self.energy, *self.ports.values(), *more)

        def exactly(values: Rank) -> Rank | None:
            energy = exact.of(values[len(quantities) :])
            return rank((max(values[0], energy), *values[1 : len(quantities)]))

        return Labels(self.program(), (*quantities, *exact.quantities), exactly).nests()

    @cached_property
    def exact_energy(self) -> Rounded:
        """Energy in pJ without leakage, but of nests alone: as a bound it is far below `energy`."""
        return rounded(energy_actions(self.geometry, self.counts), compute_pj(self.geometry))

    def every_nest(
        self, rank: Callable[[Rank], Rank | None], more: Sequence[Functional] = ()
    ) -> Iterator[tuple[Rank, Gaps]]:
        """The same where nests of one price may cost different things: of those that cannot, one. Raises
        `TooManyLabels`."""
        return EveryNest(self.program(), (self.energy, *self.ports.values(), *more), rank).nests()

    def _least_fetched(self, node: StorageNode) -> int:
        if self.geometry.touched:
            return self.geometry.least_fetched(node)
        sizes = self.geometry.skeleton.einsum.sizes
        above = zip(self.geometry.ranks, self.geometry.above(node.stop))
        needed = least_elements(node.tensor, {rank: sizes[rank] // outside for rank, outside in above})
        return 0 if self._sweeps(node) else needed * self.geometry.instances(node.stop)

    def least(self, quantity: Functional) -> float:
        """A lower bound of a quantity over all tiles and orders of this part; infinite if no tile fits."""
        return quantity.constant + self.program().least(quantity)

    @property
    def ledger(self) -> Ledger | None:
        """What statements ask of the nests of this part, beyond what all of them meet."""
        return self.geometry.skeleton.ledger

    def ruled(
        self, rank: Ranked, deadline: float | None, more: Sequence[Functional] = (), most: int = MOST_LABELS
    ) -> Iterator[tuple[Rank, list[Item]]]:
        """Nests that meet the statements, in the order of a rank of (energy, cycles of every port, `more`). Raises
        `TooManyLabels`."""
        assert self.ledger is not None
        quantities = (self.energy, *self.ports.values(), *more)
        nodes = range(len(self.geometry.nodes)) if self.exact_energy.sums else ()
        apart = [Functional(0.0, {i: 1.0}, {}) for i in nodes]
        return Ruled(self.program(), quantities, self.ledger, rank, self.exact, apart, deadline, most).nests()

    def _sweeps(self, node: StorageNode) -> bool:
        """Whether a continuing sweep may save more than closings tell: only where tiles overlap."""
        return self.conventions.continuing_sweep and any(len(c.ranks) > 1 for c in node.tensor.coordinates)

    @property
    def slides(self) -> bool:
        """Whether tiles of some node may slide along the loop just inside it."""
        mixing = any(len(c.ranks) > 1 for node in self.geometry.nodes for c in node.tensor.coordinates)
        return self.conventions.tiles_slide and mixing

    @cached_property
    def exact(self) -> bool:
        """Whether closings alone decide the counts: not under a continuing sweep with overlapping tiles, nor for
        outputs whose coordinates mix ranks, nor where neighbours may pass tiles on, nor for all domains that are no
        boxes, nor where only the least is known of what words pay on a network."""
        if self.sharing.loose or (self.geometry.touched and not is_decided(self.geometry)):
            return False
        sweeping = any(self._sweeps(node) for node in self.geometry.nodes)
        return exact_seen(self.geometry.skeleton.einsum.output) and not sweeping and not passes_on(self.geometry)


def whole(least: float) -> int:
    """A lower bound of a whole number, rounded up; what sums in floating point are off by is forgiven."""
    return max(0, ceil(least * (1 - FLOAT) - 1e-6))


def compute_pj(geometry: Geometry) -> float:
    """pJ of the computes alone: what a mapping costs at the very least."""
    return _compute_pj(geometry.skeleton)


@lru_cache(maxsize=1024)
def _compute_pj(skeleton: Skeleton) -> float:
    return float(skeleton.architecture.compute.energy_pj * skeleton.einsum.computes)


def leakage_pj(geometry: Geometry, conventions: Conventions) -> Fraction:
    """pJ that all leaking instances lose per cycle."""
    levels = leaking_levels(geometry.skeleton)
    return _leakage_pj(geometry.skeleton, tuple(_leaking(geometry, conventions, level.name) for level in levels))


@lru_cache(maxsize=1024)
def leaking_levels(skeleton: Skeleton) -> tuple[Memory | Compute, ...]:
    """Memories and compute that leak."""
    architecture = skeleton.architecture
    levels: tuple[Memory | Compute, ...] = (*architecture.memories, architecture.compute)
    return tuple(level for level in levels if level.leakage_w)


@lru_cache(maxsize=65536)
def _leakage_pj(skeleton: Skeleton, instances: tuple[int, ...]) -> Fraction:
    leaking = zip(leaking_levels(skeleton), instances)
    watts = sum((level.leakage_w * number for level, number in leaking), Fraction(0))
    return watts * 10**12 / skeleton.architecture.clock_hz


def _leaking(geometry: Geometry, conventions: Conventions, name: str) -> int:
    architecture = geometry.skeleton.architecture
    if conventions.idle_instances_leak:
        return architecture.instances(name)
    place = architecture.index(name)
    used = (u.factors for u in geometry.spatial.unrollings if architecture.index(u.array.name) < place)
    return geometry.running({rank: prod(f) for rank, *f in zip(geometry.ranks, *used)})
