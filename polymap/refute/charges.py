"""What the sites of a class cost once it is known what they fetch: energy, and the time of limited ports.

Energy is in whole *quanta* of a small fraction of what is claimed, rounded down: sums stay lower bounds, and integers.
Cycles of ports are in quanta of 2^-30.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import ceil, floor, prod

from polymap.architecture.hierarchy import Compute, Memory, Rate
from polymap.model.conventions import Conventions
from polymap.refute.layout import Crossings, Layout, Site

CYCLE = 1 << 30  # quanta of a cycle
KINDS = ("read", "write", "shared")


@dataclass(frozen=True, slots=True)
class Charge:
    """Quanta of energy, and of time per port."""

    energy: int
    ports: tuple[int, ...]

    def __add__(self, other: Charge) -> Charge:
        ports = tuple(a + b for a, b in zip(self.ports, other.ports, strict=True)) if self.ports else ()
        return Charge(self.energy + other.energy, ports)

    def __sub__(self, other: Charge) -> Charge:
        ports = tuple(a - b for a, b in zip(self.ports, other.ports, strict=True)) if self.ports else ()
        return Charge(self.energy - other.energy, ports)


@dataclass(frozen=True)
class Charges:
    """Prices of a class. `tiles` fixes copies that depend on where loops stand (None: the most there can be).

    `quanta` is quanta per pJ. With `timed` ports are charged. With `joined`, partial sums that a memory reads for its
    child and for its parent are rounded up to accesses together, else not at all. With a `level` the bits that this
    memory moves take the place of energy.
    """

    layout: Layout
    conventions: Conventions
    quanta: Fraction
    tiles: Crossings | None = None
    timed: bool = False
    joined: bool = False
    level: str = ""
    _closings: dict[tuple[Site, int, Fraction | int], Charge] = field(default_factory=dict)
    _beyond: dict[tuple[Site, int, Fraction | int], Charge] = field(default_factory=dict)

    @cached_property
    def limits(self) -> tuple[tuple[Memory, str, Rate], ...]:
        """The limited ports."""
        ports = ((m, kind, getattr(m.bandwidth, kind)) for m in self.layout.architecture.memories for kind in KINDS)
        return tuple((m, kind, rate) for m, kind, rate in ports if rate is not None) if self.timed else ()

    @cached_property
    def nothing(self) -> Charge:
        return Charge(0, (0,) * len(self.limits))

    # Flows: (site, kind, elements) over all instances; a `part` of a count is not rounded.

    def parent(self, site: Site) -> Site:
        return self.layout.sites[site.of][site.number + 1]

    def is_home(self, site: Site) -> bool:
        return site.number == len(self.layout.sites[site.of]) - 1

    def waits(self, site: Site) -> bool:
        """Whether what arrives from a site is read at its parent together with what the parent itself hands on."""
        reads = self.conventions.drains_are_read and site.tensor.is_output
        return reads and not self.is_home(site) and not self.is_home(self.parent(site))

    def copies(self, site: Site | None, parent: Site) -> Fraction:
        key = (site, parent)
        if key not in self._copies:
            blocks = self.layout.crossed(site, parent)
            tensor, layout = parent.tensor, self.layout
            fixed = self.tiles is not None
            self._copies[key] = (
                layout.copies(tensor, blocks, self.tiles or {}) if fixed else layout.most_copies(tensor, blocks)
            )
        return self._copies[key]

    @cached_property
    def _copies(self) -> dict[tuple[Site | None, Site], Fraction]:
        return {}

    def arriving(self, site: Site | None, parent: Site) -> Fraction:
        """Elements whose first update at a parent is a plain write."""
        if self.conventions.all_write_first and site is not None:
            return self.layout.seen(parent.tensor, site.zone) / self.copies(site, parent)
        return self.layout.seen(parent.tensor, parent.zone)

    def computes(self, site: Site) -> Fraction:
        """What the computes fetch from a tensor's innermost site, less what its instances share."""
        return Fraction(self.layout.einsum.computes) / self.copies(None, site)

    def closing(self, site: Site, fetched: int, arrived: Fraction | int = 0) -> Charge:
        """What a site costs that fetches so much; `arrived` is what came from its child, if that `waits` here."""
        key = (site, fetched, arrived)
        if key not in self._closings:
            self._closings[key] = self._sum(self._flows(site, Fraction(fetched), arrived))
        return self._closings[key]

    def beyond_least(self, site: Site, fetched: int, arrived: Fraction | int = 0) -> Charge:
        """What a site costs that fetches so much, less what it costs at least."""
        key = (site, fetched, arrived)
        known = self._beyond.get(key)
        if known is None:
            known = self._beyond[key] = self.closing(site, fetched, arrived) - self.least(site)
        return known

    def _flows(self, site: Site, fetched: Fraction, arrived: Fraction | int) -> Iterator[tuple[Site, str, Fraction]]:
        parent = self.parent(site)
        crossing = self.crossing(site, fetched)
        if not site.tensor.is_output:
            yield site, "fill", fetched
            yield parent, "read", crossing
            return
        yield site, "fill", fetched - self.layout.seen(site.tensor, site.zone)
        yield parent, "update", crossing
        if not self.waits(site):
            yield parent, "read", crossing - self.arriving(site, parent)
        elif not self.joined:
            yield parent, "part", crossing - self.arriving(site, parent)
        if self.conventions.drains_are_read:
            yield from self._drained(site, fetched, arrived)

    def _drained(self, site: Site, fetched: Fraction, arrived: Fraction | int) -> Iterator[tuple[Site, str, Fraction]]:
        """An output's reads at a site: for what arrives, and for what goes on to the parent."""
        if not site.number:
            yield site, "read", self.computes(site) - self.arriving(None, site) + fetched
        elif self.joined:
            child = self.layout.sites[site.of][site.number - 1]
            yield site, "read", arrived - self.arriving(child, site) + fetched
        else:
            yield site, "part", fetched

    def least(self, site: Site) -> Charge:
        """What a site costs at least."""
        if site not in self._least:
            arrived: Fraction | int = 0
            if self.joined and site.number:
                child = self.layout.sites[site.of][site.number - 1]
                arrived = self.crossing(child, self.layout.least_fetched(child)) if self.waits(child) else arrived
            self._least[site] = self.closing(site, self.layout.least_fetched(site), arrived)
        return self._least[site]

    @cached_property
    def _least(self) -> dict[Site, Charge]:
        return {}

    def crossing(self, site: Site, fetched: int | Fraction) -> Fraction:
        return Fraction(fetched) / self.copies(site, self.parent(site))

    def fixed(self) -> Charge:
        """What every mapping of the class pays: computes, and what they move at each tensor's innermost memory."""
        computed = self.layout.architecture.compute.energy_pj * self.layout.einsum.computes
        computing = 0 if self.level else floor(computed * self.quanta)
        flows = [flow for sites in self.layout.sites for flow in self._first(sites[0])]
        return self._sum(iter(flows)) + Charge(computing, self.nothing.ports)

    def _first(self, site: Site) -> Iterator[tuple[Site, str, Fraction]]:
        computes = self.computes(site)
        if not site.tensor.is_output:
            yield site, "read", computes
            return
        yield site, "update", computes
        if self.is_home(site) or not self.conventions.drains_are_read:
            yield site, "read", computes - self.arriving(None, site)

    def _sum(self, flows: Iterator[tuple[Site, str, Fraction]]) -> Charge:
        energy, ports = 0, list(self.nothing.ports)
        for site, flow, elements in flows:
            energy += self._energy(site, flow, elements)
            for n, (memory, kind, rate) in enumerate(self.limits):
                if memory is site.memory and kind in ("shared", "write" if flow in ("fill", "update") else "read"):
                    size = 1 if rate.in_words else memory.element_bits(site.tensor)
                    each = memory.bandwidth.scale_of(site.tensor.name) * size / rate.per_cycle
                    ports[n] += floor(elements * each / self.layout.instances(site.zone) * CYCLE)
        return Charge(energy, tuple(ports))

    def _energy(self, site: Site, flow: str, elements: Fraction) -> int:
        """Of each instance the accesses that are started; of a part the share of them."""
        memory, instances = site.memory, self.layout.instances(site.zone)
        bits = memory.element_bits(site.tensor)
        if self.level:
            return floor(elements * bits * self.quanta) if memory.name == self.level else 0
        width, each = max(1, memory.width_bits // bits), -(-bits // memory.width_bits)
        pj = {"fill": memory.write_pj, "update": memory.update_pj}.get(flow, memory.read_pj)
        rounds = elements / (instances * width)
        return floor(instances * (rounds if flow == "part" else ceil(rounds)) * each * pj * self.quanta) if pj else 0

    def leakage(self) -> Fraction:
        """Quanta that all leaking instances lose per cycle."""
        machine = self.layout.architecture
        if self.level:
            return Fraction(0)
        levels: tuple[Memory | Compute, ...] = (*machine.memories, machine.compute)
        watts = sum((level.leakage_w * self._leaking(level.name) for level in levels), Fraction(0))
        return watts * 10**12 / machine.clock_hz * self.quanta

    def _leaking(self, level: str) -> int:
        machine = self.layout.architecture
        if self.conventions.idle_instances_leak:
            return machine.instances(level)
        place = machine.index(level)
        return prod(prod(factors) for array, factors in self.layout.blocks if machine.index(array.name) < place)
