"""The walk inside one zone: loops and the sites just inside them, from the block below up to the block above."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from polymap.refute.charges import Charge
from polymap.refute.layout import Site, Tile

if TYPE_CHECKING:
    from polymap.refute.walk import Walk
from polymap.refute.labels import Arrived, Counts, Label, Pending, State, States, Step

Paid = tuple[Charge, Arrived]


class OutOfTime(Exception):
    """The time limit was reached: nothing is known of what was not walked."""


class Zone:
    """One zone of a walk; `leaving` walks it."""

    def __init__(self, walk: Walk, number: int) -> None:
        self.walk, self.number = walk, number
        self.layout, self.charges = walk.layout, walk.charges
        self.is_last = number == self.layout.last
        sites = self.layout.sites
        self.own = [[site for site in mine[:-1] if site.zone == number] for mine in sites]
        self.first = [sum(site.zone < number for site in mine[:-1]) for mine in sites]
        self.homes = [mine[-1] for mine in sites if mine[-1].zone == number]
        self._paid: dict[tuple[object, ...], Paid] = {}
        self._known_bits: dict[tuple[Site, Tile], int] = {}

    @cached_property
    def rooms(self) -> dict[str, int]:
        """Bits that each limited memory leaves to the sites of the zone."""
        sites = [site for mine in self.own for site in mine] + self.homes
        rooms = {s.memory.name: s.memory.capacity_bits for s in sites if s.memory.capacity_bits is not None}
        for home in self.homes:
            if home.memory.name in rooms:
                rooms[home.memory.name] -= self._bits(home, self.layout.whole)
        return rooms

    @cached_property
    def shared(self) -> dict[str, int]:
        """Limited memories with several sites: where a label holds the room taken."""
        names = [site.memory.name for mine in self.own for site in mine]
        several = sorted({name for name in names if names.count(name) > 1 and name in self.rooms})
        return {name: number for number, name in enumerate(several)}

    def _bits(self, site: Site, tile: Tile) -> int:
        if (site, tile) not in self._known_bits:
            bits = site.memory.element_bits(site.tensor) * site.memory.buffering
            self._known_bits[site, tile] = prod(self.layout.extents(site, tile)) * bits
        return self._known_bits[site, tile]

    def leaving(self, entering: States) -> States:
        """States just outside the block above, or at the end. Raises `OutOfTime`."""
        if any(room < 0 for room in self.rooms.values()):
            return {}
        self.waiting: dict[int, States] = {}
        self.order: list[int] = []
        self.left: States = {}
        empty = (0,) * len(self.shared)
        for state, labels in entering.items():
            for label in labels:
                self._reach(state, label._replace(rooms=empty))
        while self.order:
            for state, labels in self.waiting.pop(heapq.heappop(self.order)).items():
                self.walk.on_time()
                self._loops(state, labels)
                self._leave(state, labels)
        return self.left

    def _reach(self, state: State, label: Label) -> None:
        volume = prod(state.tile)
        if volume not in self.waiting:
            self.waiting[volume] = {}
            heapq.heappush(self.order, volume)
        _add(self.waiting[volume], state, label)

    # Loops, and the sites just inside them.

    def _loops(self, state: State, labels: list[Label]) -> None:
        for rank, trip in self._trips(state.tile):
            tile = tuple(t * trip if r == rank else t for r, t in enumerate(state.tile))
            closed = [n for n, relevant in enumerate(self.layout.relevant) if rank in relevant or not self.walk.stays]
            owing = tuple(0 if n in closed else owed for n, owed in enumerate(state.owing))
            for more in product(*(range(len(self.own[n]) - state.placed[n] + 1) for n in closed)):
                added = {n: tuple(self.own[n][state.placed[n] :][:count]) for n, count in zip(closed, more)}
                due = {n: (*self._owed(n, state.owing), *sites) for n, sites in added.items()}
                charge, pending = self._pay(due, state, rank if self.walk.stays else None, trip)
                placed = tuple(count + len(added.get(n, ())) for n, count in enumerate(state.placed))
                if not self._fit(self._missing(placed), tile):
                    continue
                step = Step(sum(added.values(), start=()), rank, trip)
                for label in self._further(labels, charge, step, state.tile):
                    self._reach(State(tile, placed, owing, pending), label)

    def _trips(self, tile: Tile) -> Iterator[tuple[int, int]]:
        """Trips of one more loop: all where tiles may overlap along it, else primes, which make up all others."""
        for rank, (done, whole) in enumerate(zip(tile, self.layout.whole)):
            left = whole // done
            if rank in self._windowed:
                yield from ((rank, trip) for trip in range(2, left + 1) if left % trip == 0)
            else:
                yield from ((rank, trip) for trip in _primes(left))

    @cached_property
    def _windowed(self) -> set[int]:
        axes = (axis for tensor in self.layout.einsum.tensors for axis in tensor.coordinates if len(axis.terms) > 1)
        return {self.layout.ranks.index(rank) for axis in axes for rank in axis.ranks}

    def _owed(self, n: int, owing: Counts) -> tuple[Site, ...]:
        """The sites of a tensor that owe: the last ones of inner zones."""
        return self.layout.sites[n][self.first[n] - owing[n] : self.first[n]]

    def _pay(
        self, due: dict[int, tuple[Site, ...]], state: State, rank: int | None, trip: int
    ) -> tuple[Charge, Pending]:
        """What sites pay that close at a tile, beyond the least; and what then waits for their parents."""
        charge, pending = self.charges.nothing, list(state.pending)
        for n, sites in due.items():
            for site in sites:
                paid = self._site(site, state.tile, rank, trip, pending[n])
                charge, pending[n] = charge + paid[0], paid[1]
        return charge, tuple(pending)

    def _site(self, site: Site, tile: Tile, rank: int | None, trip: int, arrived: Arrived) -> Paid:
        """What a site pays, and what then waits for its parent."""
        key = (site, tile, rank, trip, arrived)
        if key not in self._paid:
            fetched = self.layout.fetched(site, tile, rank, trip, self.number)
            charge = self.charges.closing(site, fetched, arrived) - self.charges.least(site)
            waits = self.charges.joined and self.charges.waits(site)
            self._paid[key] = charge, self.charges.crossing(site, fetched) if waits else 0
        return self._paid[key]

    def _further(self, labels: list[Label], charge: Charge, step: Step, tile: Tile) -> Iterator[Label]:
        """The labels after a step that have room for the sites placed and may still break the claim."""
        if not self._fit(step.placed, tile):
            return
        taken = [0] * len(self.shared)
        for site in step.placed:
            if site.memory.name in self.shared:
                taken[self.shared[site.memory.name]] += self._bits(site, tile)
        limits = [self.rooms[name] for name in self.shared]
        for label in labels:
            rooms = tuple(a + b for a, b in zip(label.rooms, taken))
            if all(room <= limit for room, limit in zip(rooms, limits)):
                ports = tuple(a + b for a, b in zip(label.ports, charge.ports))
                after = self.walk.kept(Label(label.energy + charge.energy, ports, rooms, step, label))
                if after:
                    yield after

    def _fit(self, sites: Iterable[Site], tile: Tile) -> bool:
        """Whether each of the sites alone has room for a tile."""
        limited = (site for site in sites if site.memory.name in self.rooms)
        return all(self._bits(site, tile) <= self.rooms[site.memory.name] for site in limited)

    def _missing(self, placed: Counts) -> Iterator[Site]:
        """The sites of the zone that are not placed yet: their tiles only grow."""
        return (site for own, count in zip(self.own, placed) for site in own[count:])

    # The block above, or the end.

    def _leave(self, state: State, labels: list[Label]) -> None:
        if not self._may_leave(state.tile):
            return
        rest = {n: tuple(own[placed:]) for n, (own, placed) in enumerate(zip(self.own, state.placed))}
        due: dict[int, tuple[Site, ...]] = {}
        owing = tuple(owed + len(sites) for owed, sites in zip(state.owing, rest.values()))
        if self.is_last:
            due = {n: (*self._owed(n, state.owing), *sites) for n, sites in rest.items()}
        elif not self.walk.stays:
            due, owing = rest, (0,) * len(owing)
        charge, pending = self._pay(due, state, None, 1)
        after = State(state.tile, (0,) * len(owing), owing, pending)
        step = Step(sum(rest.values(), start=()))
        for label in self._further(labels, charge, step, state.tile):
            _add(self.left, after, label)

    def _may_leave(self, tile: Tile) -> bool:
        """Whether limited homes hold all of their tensors, and loops that decide on copies stand where they should."""
        whole, outside = self.layout.whole, self.layout.outside[self.number]
        limited = [home for home in self.homes if home.memory.capacity_bits is not None]
        loops = {r for home in limited for r in self.layout.relevant[home.of]}
        if any(tile[r] != whole[r] or outside[r] != 1 for r in loops):
            return False
        if self.is_last:
            return tile == whole
        fixed = (self.charges.tiles or {}).items()
        return all(tile[r] == t for (block, r), t in fixed if block == self.number)


def _add(states: States, state: State, label: Label) -> None:
    """Keep a label unless another one covers it; drop those that it covers."""
    labels = states.setdefault(state, [])
    if not any(other.covers(label) for other in labels):
        labels[:] = [other for other in labels if not label.covers(other)]
        labels.append(label)


def _primes(number: int) -> Iterator[int]:
    """The different prime factors."""
    prime = 2
    while number > 1:
        if number % prime == 0:
            yield prime
            while number % prime == 0:
                number //= prime
        prime += 1
