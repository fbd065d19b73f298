"""The walk inside one zone: loops and the sites just inside them, from the block below up to the block above."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import product
from math import isqrt, prod
from typing import TYPE_CHECKING, NamedTuple

from polymap.refute.charges import Charge
from polymap.refute.layout import Site, Tile

if TYPE_CHECKING:
    from polymap.refute.walk import Walk
from polymap.refute.labels import Arrived, Label, State, States, Step

Paid = tuple[Charge, Arrived]
Along = tuple[int | None, int]  # rank and trip of a closing loop along which tiles may overlap
AT_ONCE: Along = (None, 1)


class Choice(NamedTuple):
    """Sites of a tensor that stand just inside a loop; what they and those that owe pay; what then waits for a
    parent."""

    placed: tuple[Site, ...]
    charge: Charge
    pending: Arrived


class OutOfTime(Exception):
    """The time limit was reached: nothing is known of what was not walked."""


class TooManyLabels(Exception):
    """There are too many mappings to tell them apart one by one."""


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
        self._known_choices: dict[tuple[object, ...], list[Choice]] = {}

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
        return self.layout.held(site, tile) * site.memory.element_bits(site.tensor) * site.memory.buffering

    def _has_room(self, site: Site, tile: Tile) -> bool:
        """Whether a site alone has room for a tile."""
        most = self._most_held[site]
        return most is None or self.layout.held(site, tile) <= most

    @cached_property
    def _most_held(self) -> dict[Site, int | None]:
        """The most elements that each site alone has room for."""
        sites = [site for mine in self.own for site in mine]
        each = {site: site.memory.element_bits(site.tensor) * site.memory.buffering for site in sites}
        return {
            site: self.rooms[site.memory.name] // each[site] if site.memory.name in self.rooms else None
            for site in sites
        }

    def leaving(self, entering: States) -> States:
        """States just outside the block above, or at the end. Raises `OutOfTime`."""
        if any(room < 0 for room in self.rooms.values()):
            return {}
        self.waiting: dict[int, States] = {}
        self.order: list[int] = []
        self.left: States = {}
        empty = (0,) * len(self.shared)
        sites = [site for own in self.own for site in own]
        for state, labels in entering.items():
            if self._fit(sites, state.tile):
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
        self._add(self.waiting[volume], state, label)

    # Loops, and the sites just inside them.

    def _loops(self, state: State, labels: list[Label]) -> None:
        most = self.walk.left_by(min(label.energy for label in labels))
        for rank, (done, whole) in enumerate(zip(state.tile, self.layout.whole)):
            if done == whole:
                continue
            closed, left = self._closed[rank], whole // done
            slides = [self._slides(n, rank) for n in closed]
            # The longer a loop along which tiles overlap, the less its sites pay.
            longest = [self._can_pay(n, state, rank, left if slid else 0, most) for n, slid in zip(closed, slides)]
            if not all(longest):
                continue
            varies = [
                slid and (len(found) > 1 or state.owing[n] > 0) for n, slid, found in zip(closed, slides, longest)
            ]
            # Where nothing that pays overlaps along it, a loop is one of prime trip after the other.
            for trip in trips(left, any(varies)):
                tile = (*state.tile[:rank], done * trip, *state.tile[rank + 1 :])
                choices = [
                    (self._can_pay(n, state, rank, trip, most) if varied else found)[self._standing(n, state, tile) :]
                    for n, varied, found in zip(closed, varies, longest)
                ]
                for chosen in product(*choices):
                    if most is None or sum(choice.charge.energy for choice in chosen) <= most:
                        placed = sum((choice.placed for choice in chosen), start=())
                        self._loop(state, labels, chosen, tile, Step(placed, rank, trip))

    def _can_pay(self, n: int, state: State, rank: int, trip: int, most: int | None) -> list[Choice]:
        """What a tensor can do at a loop without paying more, cheapest first. Without a trip nothing stays."""
        found = self._paying(n, state, (rank, trip) if trip else AT_ONCE)
        if most is None or found[-1].charge.energy <= most:
            return found
        return [choice for choice in found if choice.charge.energy <= most]

    def _loop(self, state: State, labels: list[Label], chosen: Sequence[Choice], tile: Tile, step: Step) -> None:
        placed, owing, pending = list(state.placed), list(state.owing), list(state.pending)
        charge = self.charges.nothing
        for n, choice in zip(self._closed[step.rank or 0], chosen):
            placed[n] += len(choice.placed)
            owing[n], pending[n] = 0, choice.pending
            charge += choice.charge
        after = State(tile, tuple(placed), tuple(owing), tuple(pending))
        for label in self._further(labels, charge, step, state.tile):
            self._reach(after, label)

    def _standing(self, n: int, state: State, tile: Tile) -> int:
        """How many of a tensor's next sites must stand inside a loop: the last one without room for the tile outside
        it, and those before."""
        own, placed = self.own[n], state.placed[n]
        for count in range(len(own) - placed, 0, -1):
            if not self._has_room(own[placed + count - 1], tile):
                return count
        return 0

    def _paying(self, n: int, state: State, along: Along) -> list[Choice]:
        """What a tensor can do at a loop that closes its sites: how many of the next ones stand just inside it, and
        what that costs."""
        if not state.owing[n] and state.placed[n] == len(self.own[n]):
            return [Choice((), self.charges.nothing, state.pending[n])]
        key = (n, state.placed[n], state.owing[n], state.pending[n], state.tile, along)
        known = self._known_choices.get(key)
        if known is None:
            missing, owed = self.own[n][state.placed[n] :], self._owed(n, state)
            charge, pending = self._pay(owed, state.tile, along, state.pending[n])
            known = self._known_choices[key] = [Choice((), charge, pending)]
            for count, site in enumerate(missing, 1):
                paid, pending = self._site(site, state.tile, along, pending)
                charge += paid
                known.append(Choice(tuple(missing[:count]), charge, pending))
        return known

    @cached_property
    def _closed(self) -> list[list[int]]:
        """Of each rank the tensors whose sites a loop over it closes."""
        relevant = self.layout.relevant
        ranks = range(len(self.layout.ranks))
        return [[n for n in range(len(relevant)) if rank in relevant[n] or not self.walk.stays] for rank in ranks]

    def _slides(self, n: int, rank: int) -> bool:
        return self.walk.stays and rank in self.layout.sliding[n]

    def _owed(self, n: int, state: State) -> tuple[Site, ...]:
        """The sites of a tensor that owe: the last ones of inner zones."""
        return self.layout.sites[n][self.first[n] - state.owing[n] : self.first[n]]

    def _pay(self, due: tuple[Site, ...], tile: Tile, along: Along, pending: Arrived) -> Paid:
        """What sites of a tensor pay that close at a tile, beyond the least; and what then waits for their parent."""
        charge = self.charges.nothing
        for site in due:
            paid, pending = self._site(site, tile, along, pending)
            charge += paid
        return charge, pending

    def _site(self, site: Site, tile: Tile, along: Along, arrived: Arrived) -> Paid:
        """What a site pays, and what then waits for its parent."""
        fetched = self.layout.fetched(site, tile, *along, self.number)
        waits = self.charges.joined and self.charges.waits(site)
        return self.charges.beyond_least(site, fetched, arrived), self.charges.crossing(site, fetched) if waits else 0

    def _further(self, labels: list[Label], charge: Charge, step: Step, tile: Tile) -> Iterator[Label]:
        """The labels after a step that have room for the sites placed and may still break the claim."""
        taken = [0] * len(self.shared)
        for site in step.placed:
            if site.memory.name in self.shared and site not in self.homes:
                taken[self.shared[site.memory.name]] += self._bits(site, tile)
        limits = [self.rooms[name] for name in self.shared]
        for label in labels:
            rooms = tuple(a + b for a, b in zip(label.rooms, taken)) if taken else ()
            if all(room <= limit for room, limit in zip(rooms, limits)):
                ports = tuple(a + b for a, b in zip(label.ports, charge.ports)) if charge.ports else ()
                after = self.walk.kept(Label(label.energy + charge.energy, ports, rooms, step, label))
                if after:
                    yield after

    def _fit(self, sites: Iterable[Site], tile: Tile) -> bool:
        """Whether each of the sites alone has room for a tile."""
        return all(self._has_room(site, tile) for site in sites)

    # The block above, or the end.

    def _leave(self, state: State, labels: list[Label]) -> None:
        rest = self._missing(state) if self._may_leave(state.tile) else None
        if rest is None:
            return
        due: dict[int, tuple[Site, ...]] = {}
        owing = tuple(owed + len(sites) for owed, sites in zip(state.owing, rest.values()))
        if self.is_last:
            due = {n: (*self._owed(n, state), *sites) for n, sites in rest.items()}
        elif not self.walk.stays:
            due, owing = rest, (0,) * len(owing)
        charge, pending = self.charges.nothing, list(state.pending)
        for n, sites in due.items():
            paid, pending[n] = self._pay(sites, state.tile, AT_ONCE, pending[n])
            charge += paid
        after = State(state.tile, (0,) * len(owing), owing, tuple(pending), state.told)
        step = Step(sum(rest.values(), start=()))
        for label in self._further(labels, charge, step, state.tile):
            self._add(self.left, after, label)

    def _missing(self, state: State) -> dict[int, tuple[Site, ...]] | None:
        """Of each tensor the sites that are placed at the end of the zone; None if it cannot end here."""
        return {n: tuple(own[placed:]) for n, (own, placed) in enumerate(zip(self.own, state.placed))}

    def _backs(self, home: Site, tile: Tile) -> bool:
        """Whether a home holds all of its tensor, which only one without a limit can do without."""
        whole, outside = self.layout.whole, self.layout.outside[self.number]
        mine = self.layout.relevant[home.of]
        return home.memory.capacity_bits is None or all(tile[r] == whole[r] and outside[r] == 1 for r in mine)

    def _may_leave(self, tile: Tile) -> bool:
        """Whether limited homes hold all of their tensors, and loops that decide on copies stand where they should."""
        if not all(self._backs(home, tile) for home in self.homes):
            return False
        if self.is_last:
            return tile == self.layout.whole
        fixed = (self.charges.tiles or {}).items()
        return all(tile[r] == t for (block, r), t in fixed if block == self.number)

    def _add(self, states: States, state: State, label: Label) -> None:
        """Keep a label unless another one covers it, and drop those that it covers; or keep them all."""
        labels = states.setdefault(state, [])
        if self.walk.most_labels:
            self.walk.count()
            labels.append(label)
        elif not any(other.covers(label) for other in labels):
            labels[:] = [other for other in labels if not label.covers(other)]
            labels.append(label)


@lru_cache(maxsize=4096)
def trips(left: int, any_will_do: bool) -> tuple[int, ...]:
    """Trips of a loop that has so much left: divisors, or those that are prime."""
    return tuple(t for t in range(2, left + 1) if left % t == 0 and (any_will_do or is_prime(t)))


@lru_cache(maxsize=4096)
def is_prime(number: int) -> bool:
    """Whether a number greater than 1 is prime."""
    return all(number % d for d in range(2, isqrt(number) + 1))
