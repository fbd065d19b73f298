"""Best-first search over the parts of the mapspace: quick bounds, dynamic programs, and the solver on what they leave.

Every part waits in a queue under a lower bound of its rank (objective, tie-breaker). The first one is taken and its
bound is raised: from compulsory traffic, to the minimum of the dynamic program, to a mapping that the solver proves
least. The search ends when no bound in the queue can reach the best mapping found.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, inf, isinf
from typing import cast

from polymap.mapper.build import Loops, mapping_of
from polymap.mapper.enumerate import TooMany, nests
from polymap.mapper.kernel import Kernel, KernelTooLarge, kernel
from polymap.mapper.objective import EDP, LATENCY, TOLERANCE, Objective, may_reach
from polymap.mapper.pricing import Functional
from polymap.mapper.problem import Part
from polymap.mapper.proof import Model, Proven, Undecided
from polymap.mapper.trace import trace
from polymap.mapping.nest import Mapping
from polymap.model.cost import Cost

Rank = tuple[float, ...]
FREE = 1e300  # a limit that every mapping keeps
QUICK, PROGRAM, PORTS = range(3)  # how a part's bound was found


@dataclass(frozen=True)
class Candidate:
    """A mapping with its exact cost, its rank, and what breaks further ties."""

    mapping: Mapping
    cost: Cost
    rank: tuple[Fraction, ...]

    @property
    def key(self) -> tuple[object, ...]:
        loops = self.mapping.loops
        return (*self.rank, len(loops), [str(node) for node in self.mapping.nodes])


@dataclass(order=True)
class Waiting:
    """A part in the queue: its bound, and the energy and cycles behind it."""

    bound: Rank
    serial: int
    stage: int = field(compare=False)
    part: Part = field(compare=False)
    energy: float = field(compare=False)
    cycles: int = field(compare=False)


@dataclass
class Progress:
    """Counters of a search."""

    parts: int = 0
    solved_parts: set[int] = field(default_factory=set)

    @property
    def solved(self) -> int:
        return len(self.solved_parts)


class Search:
    """One query. `run` returns when the best mapping is proven, or a limit is reached."""

    def __init__(
        self,
        parts: Iterable[Part],
        objective: Objective,
        evaluate: Callable[[Mapping], Cost],
        gap: float,
        seconds: float | None,
        seed: int,
    ) -> None:
        self.objective, self.evaluate, self.gap, self.seed = objective, evaluate, gap, seed
        self.deadline = None if seconds is None else time.monotonic() + seconds
        self.best: Candidate | None = None
        self.progress = Progress()
        self.queue: list[Waiting] = []
        self.open: list[Rank] = []  # bounds of parts that were given up
        self.home: Part | None = None  # the part of the best mapping
        self.taken: Waiting | None = None  # the part being worked on: still open if that is cut short
        self.interrupted = False
        self.unseen: Iterator[Part] | None = iter(parts)

    def _enqueue(self) -> None:
        """Queue every part under its quick bound, as far as time allows."""
        while self.unseen is not None and not self._late():
            part = next(self.unseen, None)
            if part is None:
                self.unseen = None
            else:
                self._queue(part)

    def _queue(self, part: Part) -> None:
        cycles = max(part.geometry.compute_cycles, *(ceil(part.compulsory(p) - 1e-6) for p in part.ports.values()), 0)
        energy = max(part.compulsory(part.energy), part.compute_energy) + float(part.leakage) * cycles
        self._wait(QUICK, part, energy, cycles)
        self.progress.parts += max(1, len(part.alternatives))

    def _wait(self, stage: int, part: Part, energy: float, cycles: int) -> None:
        bound = self.objective.rank(energy, cycles)
        heapq.heappush(self.queue, Waiting(bound, len(self.queue) + self.progress.parts, stage, part, energy, cycles))

    @property
    def bound(self) -> float:
        """A lower bound of the objective over the whole mapspace."""
        waiting = [w.bound[0] for w in (*self.queue[:1], self.taken) if w]
        best = [float(self.best.rank[0])] if self.best else []
        unseen = [0.0] if self.unseen is not None else []
        return min([*waiting, *best, *unseen, *(bound[0] for bound in self.open)], default=inf)

    @property
    def bounded(self) -> int:
        """Parts that needed no solver."""
        waiting = sum(max(1, len(waiting.part.alternatives)) for waiting in self.queue)
        return self.progress.parts - self.progress.solved - waiting - len(self.open)

    @property
    def proven(self) -> bool:
        return not self.queue and not self.open and self.taken is None and self.unseen is None

    def run(self) -> None:
        """Search until the best mapping is proven, the gap is reached, time is up or the user interrupts.

        A mapping in hand survives an interrupt; without one `KeyboardInterrupt` goes on.
        """
        try:
            self._enqueue()
            while self.queue and not self._good_enough() and not self._late():
                self._take(heapq.heappop(self.queue))
        except KeyboardInterrupt:
            if self.best is None:
                raise
            self.interrupted = True
        if self.best is None:
            self._hurry()
        elif not self.interrupted and not self._late():
            self._settle()

    def _settle(self) -> None:
        """Let the solver derive the answer in its part once more: it breaks ties by the written rule."""
        part, cost = cast(Part, self.home), cast(Candidate, self.best).cost
        if part.exact:
            energy = float(cost.energy - part.leakage * cost.cycles)
            limits = [(part.energy, energy), *((port, float(cost.cycles)) for port in part.ports.values())]
            with suppress(KernelTooLarge, Undecided):
                model = Model(part, kernel(part.program(), limits), self.seed, self._seconds_left())
                quantities = (model.energy, model.cycles)
                self._offer(part, model.minimise(*quantities[:: -1 if self.objective is LATENCY else 1], ties=True))
                self.progress.solved_parts.add(id(part))

    def _take(self, waiting: Waiting) -> None:
        self.taken = waiting
        if self.best and not may_reach(waiting.bound, self.best.rank):
            self.queue.clear()
            self.taken = None
            return
        self._advance(waiting)
        self.taken = None
        if self.best is None and waiting.stage == QUICK and self.queue:
            self._first_mapping()

    def _first_mapping(self) -> None:
        """A mapping to compare with: the least of the first part whose dynamic program is done."""
        ready = [waiting for waiting in self.queue if waiting.stage == PROGRAM]
        if ready:
            self._trace(ready[0].part)

    def _hurry(self) -> None:
        """Time is up without a mapping: take the first part that has one."""
        for waiting in sorted(self.queue):
            self._trace(waiting.part)
            if self.best:
                return
        for part in self.unseen or ():
            self._queue(part)
            self._trace(part)
            if self.best:
                return

    def _trace(self, part: Part) -> Candidate | None:
        gaps = trace(part.program(), part.energy.prices)
        return None if gaps is None else self._keep(part, gaps)

    def _late(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    def _good_enough(self) -> bool:
        if self.best is None or self.gap <= 0:
            return False
        value = float(self.best.rank[0])
        return value - self.bound <= self.gap * value

    def _advance(self, waiting: Waiting) -> None:
        if waiting.stage == QUICK:
            self._program(waiting)
        elif waiting.stage == PROGRAM:
            if not self._attain(waiting):
                self._ports(waiting)
        else:
            self._solve(waiting)

    def _program(self, waiting: Waiting) -> None:
        """Raise the bound to the least energy of the part."""
        part, cycles = waiting.part, waiting.cycles
        energy = part.least(part.energy) + float(part.leakage) * cycles
        if isinf(energy):
            return
        if not part.alternatives:
            self._wait(PROGRAM, part, max(energy, waiting.energy), cycles)
        for alternative in part.split():
            self._wait(QUICK, alternative, max(energy, alternative.compulsory(alternative.energy)), cycles)

    def _attain(self, waiting: Waiting) -> bool:
        """Read a mapping of least energy off the table; True if it reaches the part's bound, which closes the part."""
        found = self._trace(waiting.part)
        return waiting.part.exact and found is not None and self._reaches(found, waiting)

    def _reaches(self, found: Candidate, waiting: Waiting) -> bool:
        return float(found.cost.energy) <= waiting.energy * (1 + TOLERANCE) and found.cost.cycles <= waiting.cycles

    def _ports(self, waiting: Waiting) -> None:
        """Raise the bound on cycles to what each port needs at least."""
        part = waiting.part
        needed = (ceil(part.least(port) * (1 - TOLERANCE) - 1e-6) for port in part.ports.values())
        cycles = max(waiting.cycles, *needed, 0)
        energy = waiting.energy + float(part.leakage) * (cycles - waiting.cycles)
        self._wait(PORTS, part, energy, cycles)

    def _solve(self, waiting: Waiting) -> None:
        """Close a part: find its best mapping if it beats the best so far, by the solver on all that could."""
        try:
            self._least(waiting)
            self.progress.solved_parts.add(id(waiting.part))
        except (KernelTooLarge, TooMany, Undecided):
            self.open.append(waiting.bound)

    def _limits(self, waiting: Waiting) -> list[tuple[Functional, float]]:
        """What a mapping of this part must not exceed to be as good as the best."""
        part = waiting.part
        if self.best is None:
            return [(part.energy, FREE)]
        value, second = (float(v) for v in self.best.rank[:2])
        leakage = float(part.leakage) * waiting.cycles
        energy, cycles = value - leakage, inf  # what is left for accesses and compute
        if self.objective is LATENCY:
            tied = waiting.cycles >= value
            energy, cycles = (second - leakage if tied else inf), value
        elif self.objective is EDP:
            energy, cycles = value / waiting.cycles - leakage, value / waiting.energy if waiting.energy > 0 else inf
        limits = [(part.energy, energy)] if energy < inf else []
        return limits + [(port, cycles) for port in part.ports.values() if cycles < inf] or [(part.energy, FREE)]

    def _least(self, waiting: Waiting) -> Candidate | None:
        part = waiting.part
        small = kernel(part.program(), self._limits(waiting))
        if small.empty:
            return None
        if not part.exact:
            return self._offer_all(part, nests(small))
        if self.objective is EDP:
            return self._least_product(part, small, waiting)
        model = Model(part, small, self.seed, self._seconds_left())
        first, second = (model.cycles, model.energy) if self.objective is LATENCY else (model.energy, model.cycles)
        return self._offer(part, model.minimise(first, second))

    def _least_product(self, part: Part, small: Kernel, waiting: Waiting) -> Candidate | None:
        """Least energy x cycles: least energy under ever smaller cycles, until the product cannot fall any more."""
        found, cycles = None, None
        while True:
            model = Model(part, small, self.seed, self._seconds_left())
            if cycles is not None:
                model.at_most(cycles=cycles)
            least = model.minimise(model.energy, model.cycles)
            if least is None:
                return found
            found = self._offer(part, least) or found
            if not least.energy or self.best is None:
                return found
            cycles = min(least.cycles - 1, floor(float(self.best.rank[0]) / float(least.energy) * (1 + TOLERANCE)))
            if cycles < waiting.cycles:
                return found

    def _offer(self, part: Part, proven: Proven | None) -> Candidate | None:
        return self._keep(part, [arc.loops for arc in proven.arcs]) if proven else None

    def _offer_all(self, part: Part, several: Iterable[list[Loops]]) -> Candidate | None:
        """Where closings alone do not decide the counts, nests are priced one by one."""
        found = [self._keep(part, gaps) for gaps in several]
        return min(found, key=lambda candidate: candidate.key, default=None)

    def _keep(self, part: Part, gaps: list[Loops]) -> Candidate:
        mapping = mapping_of(part, gaps)
        cost = self.evaluate(mapping)
        candidate = Candidate(mapping, cost, self.objective.rank(cost.energy, Fraction(cost.cycles)))
        if self.best is None or candidate.key < self.best.key:
            self.best, self.home = candidate, part
        return candidate

    def _seconds_left(self) -> float | None:
        return None if self.deadline is None else max(0.1, self.deadline - time.monotonic())
