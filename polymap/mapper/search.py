"""Best-first search over the parts of the mapspace: quick bounds, dynamic programs, and the solver on what they leave.

Every part waits in a queue under a lower bound of its rank (objective, tie-breaker). The first one is taken and its
bound is raised: from compulsory traffic, to the minimum of the dynamic program, to a mapping that the solver proves
least. The search ends when no bound in the queue can reach the best mapping found.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import inf, isinf
from typing import cast

from polymap.errors import IllegalMapping, PolymapError
from polymap.mapper import judged
from polymap.mapper.best_first import BestFirst
from polymap.mapper.build import mapping_of, plain
from polymap.mapper.bundle import Bundle, Classes
from polymap.mapper.certificate import ATTAINED, BOUNDED, OPEN, SOLVED, Certificate, Outcomes
from polymap.mapper.enumerate import TooMany
from polymap.mapper.incumbent import Candidate, Incumbent
from polymap.mapper.kernel import KernelTooLarge
from polymap.mapper.labels import Gaps, TooManyLabels
from polymap.mapper.lattice import Values
from polymap.mapper.objective import ROUNDING, TOLERANCE, Rank, exceeds, may_reach
from polymap.mapper.pricing import Functional, blended
from polymap.mapper.problem import Part, Unopened, leakage_pj, whole
from polymap.mapper.progress import nothing
from polymap.mapper.proof import Undecided
from polymap.mapper.ranking import Cutoff, Ranking
from polymap.mapper.solving import Floor, Solver
from polymap.mapper.ties import settle
from polymap.mapper.timing import cycles_at_least
from polymap.mapper.traffic import Geometry
from polymap.mapper.waiting import (
    BUNDLED,
    PORTS,
    PROGRAM,
    QUICK,
    REFINED,
    RELAXED,
    SHARED,
    UNOPENED,
    Waiting,
    opened,
)
from polymap.mapper.weighing import Weighing, weighed

MOST_ORDERS = 2_000
HELD, HELD_POINTS = 4, 20_000  # parts whose programs are kept, if they have no more tiles
MOST_PRICED = 1_000  # nests of a part that are priced one by one
QUICK_POINTS = 2_000  # tiles of a part whose tables take some milliseconds
GRACE = 0.1  # seconds beyond the time limit in which parts are looked through for a first mapping


@dataclass
class Progress:
    """Counters of a search."""

    parts: int = 0
    solved_parts: set[int] = field(default_factory=set)

    @property
    def solved(self) -> int:
        return len(self.solved_parts)


class Search(BestFirst[Waiting, "Unopened | Bundle"]):
    """One query. `run` returns when the best mapping is proven, or a limit is reached."""

    def __init__(
        self,
        classes: Iterable[Unopened | Bundle],
        incumbent: Incumbent,
        gap: float,
        seconds: float | None,
        seed: int,
        hear: Callable[[], None] = nothing,
    ) -> None:
        super().__init__(classes, incumbent, gap, seconds, hear)
        self.solver = Solver(incumbent, seed, self.deadline)
        self.progress = Progress()
        self.tied: list[Waiting] = []  # parts that were closed, but may hold mappings as good as the best
        self.outcomes = Outcomes()
        self.held: deque[Part] = deque()
        self.programs = 0  # dynamic programs done
        self.weight = 0.0  # pJ per bit that the first memory moves whose traffic is asked for: see `weighing`

    @property
    def bounded(self) -> int:
        """Parts that needed no solver."""
        waiting = sum(waiting.parts for waiting in self.queue)
        return self.progress.parts - self.progress.solved - waiting - len(self.open)

    def run(self) -> None:
        """Search until the best mapping is proven, the gap is reached, time is up or the user interrupts.

        Where there is no mapping yet when time is up or an interrupt comes, the first one that can be had is taken.
        An interrupt goes on as `KeyboardInterrupt` if there is none, or if it is the second.
        """
        try:
            self._search()
        except KeyboardInterrupt:
            self.interrupted = True
        while self.held:
            self.held.popleft().release()
        if self.best is None:
            self._hurry()
        if self.best is None and self.interrupted:
            raise KeyboardInterrupt

    def _search(self) -> None:
        self.prepare()
        self._enqueue()
        while self.queue and not self._good_enough() and not self._late():
            self._take_first()
            self.hear()
        if self.best and not self._late() and self.best.part.ledger is None:
            settle(self.incumbent, self._tied())

    def _tied(self) -> Iterator[Part]:
        """Parts that were closed because they could be no better than the best, and might be as good."""
        for waiting in self.tied:
            if self.best and not any(low > value * (1 + ROUNDING) for low, value in zip(waiting.bound, self.best.rank)):
                yield from opened(waiting.part)

    def _enqueue(self) -> None:
        """Queue every part under its quick bound, as far as time allows."""
        while self.unseen is not None and not self._late():
            self.hear()
            unopened = next(self.unseen, None)
            if unopened is None:
                self.unseen = None
            else:
                self._queue(unopened)

    def _queue(self, found: Unopened | Bundle) -> None:
        if isinstance(found, Bundle):
            self._wait_together(BUNDLED if found.alike else SHARED, found, found.compulsory)
            self.progress.parts += found.covers
            self.outcomes.enter(found.frame.skeleton, found.covers, found.orbits())
        else:
            self._wait(UNOPENED, found, found.compulsory, found.cycles, self._unmoved)
            self.progress.parts += 1
            self.outcomes.enter(found.geometry.skeleton, 1, [[found.geometry.spatial.factors_of_arrays]])

    @property
    def _unmoved(self) -> Rank:
        return (0.0,) * len(self.incumbent.levels)

    def _wait_together(self, stage: int, bundle: Bundle, energy: Values) -> None:
        """Queue the classes of a bundle as one, by lower bounds of the energy of each."""
        classes = bundle.classes(energy, self.incumbent.objective)
        if not len(classes):
            return
        least, cycles = classes.least_energy, classes.least_cycles
        if self.incumbent.may_keep(least, cycles, self._unmoved):
            self.serial += 1
            part = bundle if stage == BUNDLED else classes
            heapq.heappush(self.queue, Waiting(classes.rank, self.serial, stage, part, least, cycles, self._unmoved))

    def _cut(self, waiting: Waiting) -> None:
        """Take the first class from the others, which go on waiting."""
        classes = waiting.part
        if len(classes) > 1:
            self.serial += 1
            rest = classes.rest()
            heapq.heappush(self.queue, replace(waiting, bound=rest.rank, serial=self.serial, part=rest))
        unopened = classes.first()
        self._wait(UNOPENED, unopened, classes.energy, unopened.cycles, self._unmoved)

    def _wait(
        self, stage: int, part: Part | Unopened, energy: float, cycles: float, moved: Rank, weight: float = 0.0
    ) -> None:
        if self.incumbent.may_keep(energy, cycles, moved):
            self.serial += 1
            bound = self.incumbent.objective.rank(energy, cycles, *moved[:1])
            heapq.heappush(self.queue, Waiting(bound, self.serial, stage, part, energy, cycles, moved, weight))

    def _take_first(self) -> None:
        waiting = self.taken = self.queue[0]  # in this order: an interrupt must not lose a part
        heapq.heappop(self.queue)
        if self.best is None or may_reach(waiting.bound, self.best.rank):
            queued = self.serial
            self._advance(waiting)
            if waiting.stage == PROGRAM and self.serial == queued:
                self._close(waiting, ATTAINED)
            if waiting.stage == QUICK:
                self._dive()
        else:
            self.tied.append(waiting)
            self._close(waiting, BOUNDED)
            if exceeds(waiting.bound, self.best.rank):  # among ties, rounding errors decide the order of the queue
                self.tied.pop()
                for behind in self.queue:
                    self._close(behind, BOUNDED)
                self.queue.clear()
        self.taken = None

    def _close(self, waiting: Waiting, kind: str) -> None:
        part = waiting.part
        if isinstance(part, (Bundle, Classes)):
            bounds = [waiting.bound[0]] * len(part) if isinstance(part, Bundle) else part.values
            self.outcomes.close(part.frame.skeleton, part.factors, kind, bounds)
        elif waiting.energy < inf:  # else no mapping of the part fits
            self._close_class(part.geometry, kind, waiting.bound[0])

    def _close_class(self, geometry: Geometry, kind: str, bound: float) -> None:
        self.outcomes.close(geometry.skeleton, [geometry.spatial.factors_of_arrays], kind, [bound])

    def certificate(self) -> Certificate | None:
        """What became of every class, when the search has ended; None if it has not seen all of them."""
        if self.best is None or self.unseen is not None:
            return None  # what is queued may not have been entered yet
        for waiting in (*self.queue, *([self.taken] if self.taken else [])):
            self._close(waiting, OPEN)
        return self.outcomes.certificate(float(self.best.rank[0]))

    def _advance(self, waiting: Waiting) -> None:
        if waiting.stage == BUNDLED:
            self._wait_together(SHARED, waiting.part, waiting.part.relaxed)
        elif waiting.stage == SHARED:
            self._cut(waiting)
        elif waiting.stage == UNOPENED and not waiting.part.decided:
            for part in opened(waiting.part):
                self._trace(part)
            self._give_up(waiting, waiting.bound)
        elif waiting.stage == UNOPENED:
            self._relax(waiting)
        elif waiting.stage == RELAXED and waiting.part.bound:
            energy = max(waiting.part.refined, waiting.energy)
            self._wait(REFINED, waiting.part, energy, waiting.cycles, waiting.moved)
        elif waiting.stage in (RELAXED, REFINED):
            self._open(waiting)
        elif waiting.stage == QUICK:
            self._program(waiting)
        elif waiting.stage == PROGRAM:
            if waiting.part.ledger is not None or not self._attain(waiting):
                self._ports(waiting)
        elif waiting.part.ledger is not None:
            self._judge(waiting)
        elif waiting.part.geometry.touched and not waiting.part.exact:
            self._price_each(waiting)
        elif not waiting.part.geometry.skeleton.roaming:
            self._solve(waiting)
        elif self._first_nest(waiting):
            self._close(waiting, SOLVED)
        else:
            self._order(waiting)

    def _relax(self, waiting: Waiting) -> None:
        """Bound a class by tables that all unrollings share."""
        energy, unopened = waiting.part.relaxed, waiting.part
        if energy < inf:
            moved = tuple(unopened.moved(level) for level in self.incumbent.levels)
            self._wait(RELAXED, unopened, max(energy, waiting.energy), waiting.cycles, moved)

    def _open(self, waiting: Waiting) -> None:
        """Bound a class from compulsory traffic."""
        unopened = cast(Unopened, waiting.part)
        if self.weight:
            leaked = float(leakage_pj(unopened.geometry, unopened.conventions)) * waiting.cycles
            self._price(waiting, unopened.weighed(self.incumbent.levels[0], self.weight), leaked)
            if self.best and not may_reach(waiting.bound, self.best.rank):
                return
        part = unopened.open()
        self.progress.parts += max(0, len(part.alternatives) - 1) * part.covers
        busy = (cycles_at_least(part.compulsory(port), part.conventions) for port in part.ports.values())
        cycles = max(waiting.cycles, *busy, 0)
        energy = part.compulsory(part.energy) + float(part.leakage) * cycles
        self._wait(QUICK, part, max(energy, waiting.energy), cycles, self._moved(part, part.compulsory, waiting.moved))

    def _price(self, waiting: Waiting, blend: float, leaked: float) -> None:
        """Raise a bound on energy by the search's price on traffic, given the least of both together."""
        waiting.energy = max(waiting.energy, weighed(blend, self.weight, self.incumbent.most_moved) + leaked)
        waiting.bound = self.incumbent.objective.rank(waiting.energy, waiting.cycles, *waiting.moved[:1])

    def _moved(self, part: Part, bound: Callable[[Functional], float], known: Rank) -> Rank:
        """Bits that memories move at least, by one bound or as known."""
        levels = self.incumbent.levels
        return tuple(max(low, whole(bound(part.traffic(level)))) for low, level in zip(known, levels))

    def _program(self, waiting: Waiting) -> None:
        """Raise the bound to the least energy of the part."""
        part, cycles = waiting.part, waiting.cycles
        self._hold(part)
        energy = part.least(part.energy) + float(part.leakage) * cycles
        if isinf(energy):
            return
        moved = self._moved(part, part.least, waiting.moved)
        if self.weight:
            blend = part.least(blended(part.energy, self.weight, part.traffic(self.incumbent.levels[0])))
            self._price(waiting, blend, float(part.leakage) * cycles)
        if not part.alternatives:
            self._wait(PROGRAM, part, max(energy, waiting.energy), cycles, moved)
        for alternative in part.split():
            slowest = max(cycles, alternative.geometry.compute_cycles)
            least = energy + float(part.leakage) * (slowest - cycles)
            if not part.geometry.touched:  # there it takes as long as the program
                least = max(least + part.hauled_more(alternative), alternative.compulsory(alternative.energy))
            self._wait(QUICK, alternative, least, slowest, moved)

    def _hold(self, part: Part) -> None:
        """Keep the program of a part that is worked on, and of some before it: more will be asked of them."""
        if part.geometry.lattice.points <= HELD_POINTS:
            part.hold()
            self.held.append(part)
            if len(self.held) > HELD:
                self.held.popleft().release()

    def _attain(self, waiting: Waiting) -> bool:
        """Read a mapping of least energy off the table; True if it reaches the part's bound, which closes the part, or
        if none can be the best: then the part waits under what its nests need at least."""
        part, leaked = waiting.part, float(waiting.part.leakage) * waiting.cycles
        if self.incumbent.levels and part.exact:
            return self._weigh(waiting)
        cutoff = self._cutoff(waiting)
        traced = self.best is not None and self.best.part is part
        try:
            least, gaps = part.least_energy if traced else part.least_nest(part.energy, cutoff)
        except TooManyLabels as many:
            least, gaps = many.bound[0], None
        else:
            if gaps is None:
                waiting.energy = max(waiting.energy, cutoff.least + leaked)
                if waiting.energy < inf:
                    self._wait(PROGRAM, part, waiting.energy, waiting.cycles, waiting.moved)
                return True
        waiting.energy = max(waiting.energy, least + leaked)
        return gaps is not None and self._attains(part, gaps, waiting.energy, waiting.cycles, waiting.moved)

    def _cutoff(self, waiting: Waiting) -> Cutoff:
        """Whether mappings of a part that need at least so much energy, without leakage, may be the best."""
        leaked, rank = float(waiting.part.leakage) * waiting.cycles, self.incumbent.objective.rank

        def reaches(least: float) -> bool:
            bound = rank(max(waiting.energy, least + leaked), waiting.cycles, *waiting.moved[:1])
            return self.best is None or may_reach(bound, self.best.rank)

        return Cutoff(reaches)

    def _weigh(self, waiting: Waiting) -> bool:
        """Raise the bounds by a price on traffic; True if a mapping attains them, or there is none."""
        part, leaked = waiting.part, float(waiting.part.leakage) * waiting.cycles
        weighing = Weighing(part, self.incumbent, leaked)
        weighing.run()
        if self.best in weighing.found:
            self.weight = weighing.weight
        if weighing.empty:
            return True
        waiting.energy = max(waiting.energy, weighing.energy + leaked)
        waiting.moved = (max(waiting.moved[0], whole(weighing.moved)), *waiting.moved[1:])
        waiting.weight = weighing.weight
        return any(self._attained(found, waiting.energy, waiting.cycles, waiting.moved) for found in weighing.found)

    def _attains(self, part: Part, gaps: Gaps, energy: float, cycles: float, moved: Rank) -> bool:
        """Offer a nest; True if it is allowed and costs no more than the bounds of its part."""
        try:
            return self._attained(self.incumbent.offer(part, gaps), energy, cycles, moved)
        except PolymapError:  # its counts are out of reach, or a tensor at home takes more room than the bound knew
            return False

    def _attained(self, found: Candidate, energy: float, cycles: float, moved: Rank) -> bool:
        light = not self.incumbent.objective.level or found.moved[0] <= moved[0] * (1 + TOLERANCE)
        slack = 0.0 if found.part.conventions.whole_cycles else TOLERANCE
        reached = float(found.cost.energy) <= energy * (1 + TOLERANCE) and found.cost.cycles <= cycles * (1 + slack)
        return light and reached and self.incumbent.allows(found)

    def _ports(self, waiting: Waiting) -> None:
        """Raise the bound on cycles to what each port needs at least."""
        part = waiting.part
        needed = (cycles_at_least(part.least(port), part.conventions) for port in part.ports.values())
        cycles = max(waiting.cycles, *needed, 0)
        energy = waiting.energy + float(part.leakage) * (cycles - waiting.cycles)
        self._wait(PORTS, part, energy, cycles, waiting.moved, waiting.weight)

    def _first_nest(self, waiting: Waiting) -> bool:
        """Offer the nest of least rank in a part; True if its bound is attained, which closes the part."""
        part, rank = waiting.part, self._ranking(waiting)
        if not part.exact:
            return False
        for nests in (part.nests, part.rounded_nests) if part.exact_energy.sums else (part.nests,):
            try:
                first = next(nests(rank, rank.more), None)
            except TooManyLabels as many:
                waiting.bound = max(waiting.bound, many.bound)
                return False
            if first is None:
                self.tied.append(waiting)
                return True
            (value, *ties), gaps = first
            energy, cycles = ties if self.incumbent.objective.energy_first else reversed(ties)
            if self._attains(part, gaps, energy, cycles, (value,)):
                return True
        return False

    def _judge(self, waiting: Waiting) -> None:
        """Close a part under statements."""
        try:
            rank = self._ranking(waiting)
            judged.close(waiting.part, rank, rank.more, self.incumbent, self.deadline)
            self.progress.solved_parts.add(id(waiting.part))
            self._close(waiting, SOLVED)
        except TooManyLabels as many:
            self._give_up(waiting, max(waiting.bound, many.bound))
        except PolymapError:  # the counts of a nest are out of reach
            self._give_up(waiting, waiting.bound)

    def _price_each(self, waiting: Waiting) -> None:
        """Close a part whose bounds are not what its nests cost: these are priced in the order of their bounds until
        none can beat the best. Among ties it does not look further."""
        bound, known, rank = waiting.bound, set[str](), self._ranking(waiting)
        try:
            for bound, gaps in waiting.part.every_nest(rank, rank.more):
                if self.best is not None and float(self.best.rank[0]) <= bound[0] * (1 + TOLERANCE):
                    break
                if len(known) == MOST_PRICED or self._late():
                    self._give_up(waiting, bound)
                    return
                shown = str(mapping_of(waiting.part, gaps))
                if shown not in known:
                    known.add(shown)
                    with suppress(IllegalMapping):  # a tensor at home takes more room than the bound knew
                        self.incumbent.offer(waiting.part, gaps)
            self._close(waiting, SOLVED)
        except TooManyLabels as many:
            self._give_up(waiting, max(bound, many.bound))
        except PolymapError:  # the counts of a nest are out of reach
            self._give_up(waiting, bound)

    def _ranking(self, waiting: Waiting) -> Ranking:
        return Ranking(waiting.part, self.incumbent, waiting.cycles, waiting.weight)

    def _order(self, waiting: Waiting) -> None:
        """Go on with every order of the nodes of a roaming frame; not where tiles slide: ordered frames have none."""
        if waiting.part.slides or waiting.part.geometry.skeleton.number_of_orders > MOST_ORDERS:
            self.open += [waiting.bound] * waiting.part.covers
            self._close(waiting, OPEN)
            return
        self.progress.parts -= waiting.part.covers
        for part in waiting.part.orders():
            self.progress.parts += part.covers
            self._wait(QUICK, part, waiting.energy, waiting.cycles, waiting.moved)

    def _solve(self, waiting: Waiting) -> None:
        """Close a part by the solver."""
        try:
            self.solver.close(waiting.part, Floor(waiting.energy, waiting.cycles, waiting.moved))
            self.progress.solved_parts.add(id(waiting.part))
            self._close(waiting, SOLVED)
        except (KernelTooLarge, TooMany, Undecided):
            self._give_up(waiting, waiting.bound)

    def _give_up(self, waiting: Waiting, bound: Rank) -> None:
        self.open += [bound] * waiting.part.covers
        self._close_class(waiting.part.geometry, OPEN, bound[0])

    def _dive(self) -> None:
        """A mapping to compare with and to show at a limit: the least of the first part whose dynamic program is done.

        Once there is one, again whenever twice as many programs have been done: bounds of many parts rise side by side,
        and only the last of them to rise would show what the best mapping is like.
        """
        self.programs += 1
        if self.best is not None and self.programs & (self.programs - 1):
            return
        ready = min((waiting for waiting in self.queue if waiting.stage == PROGRAM), default=None)
        if ready is not None and self.best is None:
            self._trace(ready.part)
        elif ready is not None and ready.part.ledger is None:
            self._improve(ready)

    def _improve(self, waiting: Waiting) -> None:
        """A better mapping from a part whose dynamic program is done, if there is one."""
        with suppress(PolymapError):
            _, gaps = waiting.part.least_nest(waiting.part.energy, self._cutoff(waiting))
            if gaps is not None:
                self.incumbent.offer(waiting.part, gaps)

    def _hurry(self) -> None:
        """Time is up without a mapping: take the first part that has one. Where it is not one of the first, conditions
        are tight, and only an interrupt waits for it: it can be followed by a second."""
        for part in self._remaining():
            if part.geometry.lattice.points > QUICK_POINTS:
                self._plain(part)
            if self.best is None:
                self._trace(part)
            if self.best or (self.deadline is not None and time.monotonic() > self.deadline + GRACE):
                return

    def _remaining(self) -> Iterator[Part]:
        """The parts that are left, but for those of which a quick bound says that they break a condition."""
        for waiting in sorted(self.queue):
            yield from opened(waiting.part, self.incumbent.is_worth)
        for unopened in self.met if self.unseen is not None else ():
            yield from opened(unopened, self.incumbent.is_worth)

    def _plain(self, part: Part) -> None:
        """The mapping of a part that needs no tables."""
        with suppress(PolymapError):
            self.incumbent.offer(part, plain(part))

    def _trace(self, part: Part) -> None:
        with suppress(PolymapError):
            if part.ledger is not None:
                judged.first(part, self.incumbent)
                return
            _, gaps = part.least_energy
            if gaps is not None:
                self.incumbent.offer(part, gaps)
