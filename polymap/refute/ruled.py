"""The walk inside one zone under statements: every site, homes too, stands somewhere between two loops.

Statements tell mappings apart that cost the same, so no site is moved to where its tile is as large and its fetches are
as many. A loop belongs to the memory of the next site outside; which one that will be is decided at the first loop.
"""

from __future__ import annotations

from functools import cached_property

from polymap.refute.labels import PLACED, Counts, Label, State, Step, Told
from polymap.refute.layout import Site, Tile
from polymap.refute.rules import ANYONE
from polymap.refute.zone import AT_ONCE, Zone, trips


class RuledZone(Zone):
    """One zone of a walk. `placed` of its states counts homes."""

    @cached_property
    def standing(self) -> list[list[Site]]:
        """Of each tensor the sites in the zone, from the inside."""
        return [[*own, *(home for home in self.homes if home.of == n)] for n, own in enumerate(self.own)]

    @cached_property
    def outside(self) -> list[Site]:
        """Of each tensor the first site in the next zone outside that has any."""
        sites = [site for mine in self.layout.sites for site in mine if site.zone > self.number]
        nearest = min((site.zone for site in sites), default=0)
        return [site for site in sites if site.zone == nearest]

    def _loops(self, state: State, labels: list[Label]) -> None:
        for sites, count in zip(self.standing, state.placed):
            if count < len(sites):
                self._place(state, labels, sites[count])
        owners = [state.told.owner] if state.told.owner != ANYONE else self._owners(state)
        for rank, (done, whole) in enumerate(zip(state.tile, self.layout.whole)):
            slides = any(state.owing[n] and self._slides(n, rank) for n in self._closed[rank])
            # Where nothing overlaps along it, a loop is one of prime trip after the other.
            for trip in trips(whole // done, slides):
                self._close(state, labels, rank, trip, owners)

    def _owners(self, state: State) -> list[str]:
        """To whom the next loop may belong: the memories of the sites that may be the next ones."""
        here = [sites[count] for sites, count in zip(self.standing, state.placed) if count < len(sites)]
        return list(dict.fromkeys(self.walk.rules.owner(site.memory.name) for site in here or self.outside))

    def _close(self, state: State, labels: list[Label], rank: int, trip: int, owners: list[str]) -> None:
        """One more loop: what owes and depends on it pays."""
        tile = (*state.tile[:rank], state.tile[rank] * trip, *state.tile[rank + 1 :])
        if not all(self._fit(own[count:], tile) for own, count in zip(self.own, state.placed)):
            return
        charge, owing, pending = self.charges.nothing, list(state.owing), list(state.pending)
        for n in self._closed[rank]:
            along = (rank, trip) if self._slides(n, rank) else AT_ONCE
            paid, pending[n] = self._pay(self._owed(n, state), state.tile, along, pending[n])
            charge, owing[n] = charge + paid, 0
        told = [self.walk.rules.with_loop(state.told, owner, self.layout.ranks[rank], trip) for owner in owners]
        for label in self._further(labels, charge, Step((), rank, trip), state.tile):
            for each in told:
                if each is not None:
                    self._reach(State(tile, state.placed, tuple(owing), tuple(pending), each), label)

    def _place(self, state: State, labels: list[Label], site: Site) -> None:
        """The next site of a tensor."""
        if site in self.homes and not self._backs(site, state.tile):
            return
        placed = tuple(count + (n == site.of) for n, count in enumerate(state.placed))
        told = self._told(state.told, site, state.tile, placed)
        if told is None:
            return
        charge, owing, pending = self.charges.nothing, list(state.owing), list(state.pending)
        if site not in self.homes and self.walk.stays:
            owing[site.of] += 1
        elif site not in self.homes:
            charge, pending[site.of] = self._pay((site,), state.tile, AT_ONCE, pending[site.of])
        after = State(state.tile, placed, tuple(owing), tuple(pending), told)
        for label in self._further(labels, charge, Step((site,), PLACED), state.tile):
            self._reach(after, label)

    def _told(self, told: Told, site: Site, tile: Tile, placed: Counts) -> Told | None:
        """What statements know once a site is placed; None if one is broken."""
        rules, memory = self.walk.rules, site.memory
        after = rules.with_site(told, site, tile)
        left = [other for sites, count in zip(self.standing, placed) for other in sites[count:]]
        if after is None or any(other.memory is memory for other in left):
            return after
        if not left and not self.outside:
            return after._replace(owner=memory.name)  # loops above all sites belong to the last one
        return rules.without(after, memory.name) if rules.are_kept(after, memory.name) else None

    def _owed(self, n: int, state: State) -> tuple[Site, ...]:
        placed = self.first[n] + min(state.placed[n], len(self.own[n]))
        return self.layout.sites[n][placed - state.owing[n] : placed]

    def _missing(self, state: State) -> dict[int, tuple[Site, ...]] | None:
        if any(count < len(sites) for sites, count in zip(self.standing, state.placed)):
            return None
        is_kept = not self.is_last or self.walk.rules.are_kept(state.told, state.told.owner)
        return dict.fromkeys(range(len(self.own)), ()) if is_kept else None
