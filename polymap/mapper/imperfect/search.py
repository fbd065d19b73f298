"""Best-first search over classes of imperfect mappings: quick bounds, tables, nests in the order of their bounds."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, cast

import numpy as np

from polymap.errors import IllegalMapping, PolymapError
from polymap.mapper import judged
from polymap.mapper.best_first import BestFirst
from polymap.mapper.imperfect.batches import Batch
from polymap.mapper.imperfect.classes import Class
from polymap.mapper.imperfect.labels import Labels, Nest
from polymap.mapper.incumbent import Incumbent
from polymap.mapper.labels import TooManyLabels
from polymap.mapper.objective import TOLERANCE, Rank, may_reach
from polymap.mapper.problem import whole
from polymap.mapper.progress import nothing
from polymap.mapper.timing import cycles_at_least
from polymap.mapper.waiting import opened

if TYPE_CHECKING:
    from polymap.mapper.problem import Part, Unopened

BATCH, QUICK, TABLES, NESTS = range(4)


class _Content(Exception):
    """The search ends with the mapping in hand."""


class Stream:
    """The classes of a batch in the order of their bounds: quick ones, or those of its `tables`."""

    def __init__(self, batch: Batch, incumbent: Incumbent, tables: bool) -> None:
        self.batch, self.tables, self.taken = batch, tables, 0
        leakage = batch.leakage
        timed = tables and bool(incumbent.objective.latency_power or leakage.any() or incumbent.conditions.cycles)
        cycles = np.maximum(batch.cycles, cycles_at_least(batch.busy(timed), batch.conventions))
        fits = np.isfinite(cycles)  # else no tile fits, whether anything leaks or not
        least = np.maximum(batch.energy(tables, self._most_energy(incumbent, float(cycles.min(initial=inf)))), 0.0)
        energy = np.where(fits, least + leakage * np.where(fits, cycles, 0.0), inf)
        most, finite = incumbent.conditions, np.isfinite(energy)
        good = finite & (energy * (1 - TOLERANCE) <= float(most.most_energy)) & (cycles <= most.most_cycles)
        moved = [batch.moved(level, tables) for level in incumbent.levels]
        for level, bits in zip(incumbent.levels, moved):
            good = good & (bits <= float(dict(most.traffic).get(level, inf)))
        incumbent.refused = incumbent.refused or bool((finite & ~good).any())
        self.ranks = [
            np.broadcast_to(part, energy.shape) for part in incumbent.objective.rank(energy, cycles, *moved[:1])
        ]
        order = np.lexsort(self.ranks[::-1])
        self.rows = order[good[order]]

    @staticmethod
    def _most_energy(incumbent: Incumbent, cycles: float) -> float | None:
        """pJ beyond which no mapping of so many cycles is as good as the best; None where only cycles count."""
        if not incumbent.objective.energy_power:
            return None
        if incumbent.best is None:
            return inf
        return incumbent.objective.most_energy(float(incumbent.best.rank[0]), cycles) * (1 + TOLERANCE)

    @property
    def left(self) -> int:
        return len(self.rows) - self.taken

    @property
    def bound(self) -> Rank:
        """Of the next class."""
        row = self.rows[self.taken]
        return tuple(float(part[row]) for part in self.ranks)

    def next(self) -> Class | None:
        self.taken += 1
        return self.batch.open(int(self.rows[self.taken - 1]))


@dataclass
class Progress:
    """Classes that were met, and those whose nests were listed."""

    parts: int = 0
    solved: int = 0


@dataclass(order=True)
class Waiting:
    """A class, or those left of a batch, under its bound; `nests` go on where they stopped."""

    bound: Rank
    serial: int
    stage: int = field(compare=False)
    part: Class | Stream = field(compare=False)
    nests: Iterator[tuple[Rank, Nest | None]] | None = field(compare=False, default=None)


class Search(BestFirst[Waiting, Batch]):
    """One query; `run` returns when the best mapping is proven, or a limit is reached.

    `spare` are classes of perfect factors. Their tables are small: a mapping is read off them where the search must
    stop before it has one.
    """

    def __init__(
        self,
        batches: Iterable[Batch],
        incumbent: Incumbent,
        gap: float,
        seconds: float | None,
        hear: Callable[[], None] = nothing,
        spare: Iterable[Unopened] = (),
    ) -> None:
        super().__init__(batches, incumbent, gap, seconds, hear)
        self.progress, self.spare = Progress(), iter(spare)
        self.most = inf  # labels of a class

    @property
    def bounded(self) -> int:
        """Classes whose nests were not listed."""
        waiting = sum(w.part.left if isinstance(w.part, Stream) else w.stage != NESTS for w in self.queue)
        return self.progress.parts - self.progress.solved - waiting

    def run(self) -> None:
        """Search. Where there is no mapping yet when time is up, the search goes on to the first one.

        If there is none when an interrupt comes, the search begins anew, for an interrupt ends the generators that it
        strikes. An interrupt goes on as `KeyboardInterrupt` if there is still none, or if it is the second.
        """
        try:
            self._search()
        except KeyboardInterrupt:
            self.interrupted = True
        if self.best is None and self.interrupted:
            self.queue, self.open, self.taken, self.unseen = [], [], None, iter(self.met)
            self.progress = Progress()
            self._search()
            if self.best is None:
                raise KeyboardInterrupt

    def _search(self) -> None:
        self.prepare()
        while self.unseen is not None and not self._stops():
            self.hear()
            self._meet(next(self.unseen, None))
        while self.queue and not self._good_enough() and not self._stops():
            self._take_first()
            self.hear()

    def _stops(self) -> bool:
        """Whether to be content with the mapping in hand."""
        if self.best is None and (self._late() or self.interrupted):
            self._take_spare()
        return self.best is not None and (self._late() or self.interrupted)

    def _take_spare(self) -> None:
        for unopened in self.spare:
            for part in opened(unopened, self.incumbent.is_worth):
                with suppress(PolymapError):
                    if part.ledger is not None:
                        judged.first(part, self.incumbent)
                    elif (gaps := part.least_energy[1]) is not None:
                        self.incumbent.offer(part, gaps)
                if self.best:
                    return

    def _meet(self, batch: Batch | None) -> None:
        if batch is None:
            self.unseen = None
            return
        batch.check, batch.levels = self._check, self.incumbent.levels
        with suppress(_Content):  # then the batch is not seen, and nothing is known of it
            stream = Stream(batch, self.incumbent, tables=False)
            self.progress.parts += len(batch)
            self._stream(stream)

    def _check(self) -> None:
        if self._stops():
            raise _Content

    def _stream(self, stream: Stream, least: Rank = ()) -> None:
        if stream.left:
            self._push(Waiting(max(stream.bound, least), 0, BATCH, stream))

    def _rank(self, part: Class, least: Rank, cycles: float) -> Rank | None:
        """The rank of least energy, busy cycles and traffic; None if conditions or the best mapping exclude it."""
        ports = 1 + len(part.charges.ports)
        energy, busy, moved = least[0], least[1:ports], tuple(map(whole, least[ports:]))
        cycles = max(cycles, *(cycles_at_least(port, part.conventions) for port in busy), 0)
        energy = energy + part.charges.leakage * cycles
        if not self.incumbent.may_keep(energy, cycles, moved):
            return None
        rank = cast(Rank, self.incumbent.objective.rank(energy, cycles, *moved[:1]))
        return rank if self.best is None or may_reach(rank, self.best.rank) else None

    def _wait(self, stage: int, part: Class, least: Rank, bound: Rank) -> None:
        """`least` are its least energy and busy cycles, `bound` what is known already."""
        rank = None if inf in least else self._rank(part, least, part.charges.cycles)
        if rank is not None:
            self._push(Waiting(max(rank, bound), 0, stage, part))

    def _push(self, waiting: Waiting) -> None:
        self.serial += 1
        waiting.serial = self.serial
        heapq.heappush(self.queue, waiting)

    def _take_first(self) -> None:
        waiting = self.taken = self.queue[0]  # in this order: an interrupt must not lose a class
        heapq.heappop(self.queue)
        if self.best is None or may_reach(waiting.bound, self.best.rank):
            with suppress(_Content):
                self._advance(waiting)
                self.taken = None
            return  # if time is up, what was taken stays open
        self.taken = None

    def _advance(self, waiting: Waiting) -> None:
        part = waiting.part
        if isinstance(part, Stream) and not part.tables:
            self._stream(Stream(part.batch, self.incumbent, tables=True), waiting.bound)
        elif isinstance(part, Stream):
            opened = part.next()
            if opened:
                self._wait(QUICK, opened, opened.compulsory, waiting.bound)
            self._stream(part)
        elif waiting.stage == QUICK:
            self._wait(TABLES, part, part.tabled, waiting.bound)
            if self.best is None:
                self._first_mapping(part)
        else:
            self._next(waiting, part)

    def _first_mapping(self, part: Class) -> None:
        """A mapping to compare with, and to have when time is up."""
        nest = self._labels(part).first()
        if nest is not None:
            self._offer(part, nest)

    def _labels(self, part: Class) -> Labels:
        found = part.labels(lambda least, cycles: self._rank(part, least, cycles))
        found.most = min(found.most, self.most)
        return found

    def _offer(self, part: Class, nest: Nest) -> None:
        priced = cast("Part", part)
        if part.geometry.skeleton.ledger is None:
            self.incumbent.offer(priced, nest)
            return
        with suppress(IllegalMapping):  # a tensor at home takes more room than the bound knew
            self.incumbent.consider(priced, judged.neat(priced, list(nest), self.incumbent))

    def _next(self, waiting: Waiting, part: Class) -> None:
        """The next nest of a class."""
        if waiting.nests is None:
            self.progress.solved += 1
            self._first_mapping(part)
            waiting.nests = self._labels(part).nests()
        try:
            found = next(waiting.nests, None)
        except TooManyLabels as many:
            self.open.append(max(many.bound, waiting.bound))
            return
        if found is None:
            return
        bound, nest = found
        if nest is not None:
            self._offer(part, nest)
        self._push(Waiting(max(bound, waiting.bound), 0, NESTS, part, waiting.nests))
