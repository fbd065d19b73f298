"""Statements about mappings, followed while a walk goes from the inside out.

What a class decides (what is kept, what is unrolled) is asked of the class. Of loops and tiles a state says so much as
statements need: whose the loops are that it is adding, and for each memory that a statement is about the products of
trips, the places of its outermost loops in orders, the bits held. What may still be met is let through; the judge of
complete mappings (`Limits.violations`) has the last word.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from polymap.constraints.amount import divisors
from polymap.constraints.bind import Limits
from polymap.constraints.limits import LoopLimit, OrderLimit, RoomLimit, TileLimit
from polymap.refute.labels import Told
from polymap.refute.layout import Layout, Site, Tile

ANYONE = ""  # loops belong to no memory yet
OTHERS = "-"  # loops belong to some memory that no statement about loops names


@dataclass(frozen=True)
class Rules:
    """The statements that speak of the loops and tiles of a class."""

    layout: Layout
    limits: Limits

    @cached_property
    def looped(self) -> list[tuple[str, LoopLimit | OrderLimit]]:
        """Statements about loops, each with a memory."""
        found = (limit for limit in self.limits.limits if isinstance(limit, (LoopLimit, OrderLimit)))
        return [(memory, limit) for limit in found for memory in limit.memories]

    @cached_property
    def roomed(self) -> list[RoomLimit]:
        return [limit for limit in self.limits.limits if isinstance(limit, RoomLimit)]

    @cached_property
    def are_empty(self) -> bool:
        """Whether nothing is said of loops or tiles."""
        return not (self.looped or self.roomed or any(isinstance(limit, TileLimit) for limit in self.limits.limits))

    @cached_property
    def start(self) -> Told:
        loops = (tuple(1 for _ in limit.amounts) if isinstance(limit, LoopLimit) else () for _, limit in self.looped)
        return Told(ANYONE, (*loops, *((0,) for _ in self.roomed)))

    @cached_property
    def owned(self) -> frozenset[str]:
        """Memories whose loops a statement is about."""
        return frozenset(memory for memory, _ in self.looped)

    def owner(self, memory: str) -> str:
        return memory if memory in self.owned else OTHERS

    def with_loop(self, told: Told, owner: str, rank: str, trip: int) -> Told | None:
        """After one more loop outside, of an owner; None if no more loops mend what it breaks."""
        if not self.looped:
            return told
        heard = list(told.heard)
        for place, (memory, limit) in enumerate(self.looped):
            if memory != owner:
                continue
            if isinstance(limit, LoopLimit):
                ranks = [name for name, _ in limit.amounts]
                heard[place] = tuple(n * trip if name == rank else n for name, n in zip(ranks, heard[place]))
                if not all(map(frozenset.__contains__, self._growing[place], heard[place])):
                    return None
            elif rank in (places := dict(limit.places)):
                if heard[place] and places[rank] > heard[place][0]:
                    return None
                heard[place] = (places[rank],)
        return Told(owner, tuple(heard))

    @cached_property
    def _growing(self) -> list[tuple[frozenset[int], ...]]:
        """Of each statement about trips the products of each of its ranks that may grow to one that it allows."""
        whole = dict(zip(self.layout.ranks, self.layout.whole, strict=True))
        found = []
        for _, limit in self.looped:
            amounts = limit.amounts if isinstance(limit, LoopLimit) else ()
            allowed = ([d for d in divisors(whole[rank]) if amount.allows(d)] for rank, amount in amounts)
            found.append(tuple(frozenset(d for most in few for d in divisors(most)) for few in allowed))
        return found

    def with_site(self, told: Told, site: Site, tile: Tile) -> Told | None:
        """After a site is placed at a tile; None if it may not be."""
        memory, tensor = site.memory.name, site.tensor.name
        if told.owner not in (ANYONE, self.owner(memory)):
            return None
        inside = self.layout.inside[site.zone]
        sizes = {rank: t * s for rank, t, s in zip(self.layout.ranks, tile, inside, strict=True)}
        if not self.limits.allows_tile(memory, tensor, sizes):
            return None
        heard = list(told.heard)
        for place, limit in enumerate(self.roomed, len(self.looped)):
            if limit.memory.name == memory:
                heard[place] = (heard[place][0] + self.layout.held(site, tile) * site.memory.element_bits(site.tensor),)
        return Told(ANYONE, tuple(heard))

    def are_kept(self, told: Told, memory: str) -> bool:
        """Whether these may be all loops and all tiles of a memory."""
        for (name, limit), heard in zip(self.looped, told.heard):
            if name == memory and isinstance(limit, LoopLimit):
                ranks = (rank for rank, _ in limit.amounts)
                if not limit.allows_loops(memory, tuple(zip(ranks, heard))):
                    return False
        bits = zip(self.roomed, (heard[0] for heard in told.heard[len(self.looped) :]))
        return all(limit.memory.name != memory or limit.amount.allows(_share(limit, taken)) for limit, taken in bits)

    def without(self, told: Told, memory: str) -> Told:
        """Without what was heard of a memory that is done."""
        pairs = zip(self.limited, told.heard, self.start.heard, strict=True)
        return Told(told.owner, tuple(first if name == memory else heard for name, heard, first in pairs))

    @cached_property
    def limited(self) -> list[str]:
        """The memory of all that is heard."""
        return [*(memory for memory, _ in self.looped), *(limit.memory.name for limit in self.roomed)]

    def are_kept_elsewhere(self) -> bool:
        """Whether the memories that keep nothing may be without loops and tiles."""
        kept = {site.memory.name for sites in self.layout.sites for site in sites}
        names = (memory.name for memory in self.layout.architecture.memories)
        return all(self.are_kept(self.start, name) for name in names if name not in kept)


def _share(limit: RoomLimit, bits: int) -> Fraction:
    return Fraction(limit.memory.buffering * bits, limit.memory.capacity_bits or 1)
