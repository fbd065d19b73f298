"""The walk inside one zone of the even mapspace: all tensors of a memory stand at one place, memories in their order.

Temporal loops stand between two memories, outside the arrays that lie there: so none stands outside the outermost
memory of a zone, and none in a zone without memories.
"""

from __future__ import annotations

from functools import cached_property

from polymap.architecture.hierarchy import Memory
from polymap.refute.labels import PLACED, Label, State, Step, Told
from polymap.refute.layout import Site
from polymap.refute.zone import AT_ONCE, Zone, trips


class EvenZone(Zone):
    """One zone of a walk. `placed` of its states begins with how many of its memories are placed."""

    @cached_property
    def memories(self) -> list[Memory]:
        """The memories of the zone that keep anything, from the inside."""
        sites = [site for mine in self.layout.sites for site in mine if site.zone == self.number]
        found = {site.memory.name: site.memory for site in sites}
        return sorted(found.values(), key=lambda memory: -self.layout.architecture.index(memory.name))

    def _loops(self, state: State, labels: list[Label]) -> None:
        if state.placed[0] == len(self.memories):
            return
        self._place(state, labels, self.memories[state.placed[0]])
        for rank, (done, whole) in enumerate(zip(state.tile, self.layout.whole)):
            slides = any(state.owing[n] and self._slides(n, rank) for n in self._closed[rank])
            for trip in trips(whole // done, slides):
                self._close(state, labels, rank, trip)

    def _close(self, state: State, labels: list[Label], rank: int, trip: int) -> None:
        """One more loop: what owes and depends on it pays."""
        charge, owing, pending = self.charges.nothing, list(state.owing), list(state.pending)
        for n in self._closed[rank]:
            along = (rank, trip) if self._slides(n, rank) else AT_ONCE
            paid, pending[n] = self._pay(self._owed(n, state), state.tile, along, pending[n])
            charge, owing[n] = charge + paid, 0
        tile = (*state.tile[:rank], state.tile[rank] * trip, *state.tile[rank + 1 :])
        memory = self.memories[state.placed[0]].name
        told = self.walk.rules.with_loop(state.told, self.walk.rules.owner(memory), self.layout.ranks[rank], trip)
        if told is not None and self._all_fit(state, tile):
            after = State(tile, state.placed, tuple(owing), tuple(pending), told)
            for label in self._further(labels, charge, Step((), rank, trip), state.tile):
                self._reach(after, label)

    def _place(self, state: State, labels: list[Label], memory: Memory) -> None:
        """The next memory, with all that it keeps."""
        sites = [site for own in self.own for site in own if site.memory is memory]
        homes = [home for home in self.homes if home.memory is memory]
        if not all(self._backs(home, state.tile) for home in homes):
            return
        if memory.name in self.rooms and sum(self._bits(site, state.tile) for site in sites) > self.rooms[memory.name]:
            return
        told: Told | None = state.told
        for site in (*sites, *homes):
            told = None if told is None else self.walk.rules.with_site(told, site, state.tile)
        if told is None or not self.walk.rules.are_kept(told, memory.name):
            return
        charge, owing, pending = self.charges.nothing, list(state.owing), list(state.pending)
        for site in sites:
            if self.walk.stays:
                owing[site.of] += 1
            else:
                paid, pending[site.of] = self._pay((site,), state.tile, AT_ONCE, pending[site.of])
                charge += paid
        after = State(state.tile, (state.placed[0] + 1, *state.placed[1:]), tuple(owing), tuple(pending), told)
        for label in self._further(labels, charge, Step((*sites, *homes), PLACED), state.tile):
            self._reach(after, label)

    def _all_fit(self, state: State, tile: tuple[int, ...]) -> bool:
        waiting = self.memories[state.placed[0] :]
        return self._fit((site for own in self.own for site in own if site.memory in waiting), tile)

    def _owed(self, n: int, state: State) -> tuple[Site, ...]:
        inner = self.memories[: state.placed[0]]
        placed = self.first[n] + sum(site.memory in inner for site in self.own[n])
        return self.layout.sites[n][placed - state.owing[n] : placed]

    def _missing(self, state: State) -> dict[int, tuple[Site, ...]] | None:
        return dict.fromkeys(range(len(self.own)), ()) if state.placed[0] == len(self.memories) else None
