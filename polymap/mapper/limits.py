"""Which limits of a machine bind an optimum, and what one more step of each would buy.

A limit is lifted first: a memory that holds every tensor whole, or a port without a rate, is a relaxation, so an
optimum that stays is proof that the limit does not bind. Where the optimum falls, the limit is loosened step by step.
Dimensions of arrays are never lifted: too many unrollings would fit. They grow to the next size that any unrolling
uses, and to the largest one up to twice their size; where idle instances cost, those between are bounded or searched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import gcd, prod

from polymap.architecture.hierarchy import Architecture, Array, Bandwidth, Level, Memory, Rate
from polymap.constraints.limits import Limit as Demanded
from polymap.constraints.limits import RoomLimit, ShareLimit
from polymap.constraints.statements import Constraints, Statement
from polymap.errors import NOWHERE, Infeasible, Place
from polymap.mapper.conditions import conditions
from polymap.mapper.objective import ROUNDING, objective
from polymap.mapper.query import IMPERFECT, Query, limits_of, optimize
from polymap.mapper.result import Result
from polymap.mapping.dimension_rules import unrollable
from polymap.mapping.tiles import elements
from polymap.quantity import capacity_text
from polymap.workload.einsum import Einsum

PORTS = ("shared", "read", "write")
MOST_HALVINGS = 12  # searches for the least capacity that helps


@dataclass(frozen=True)
class Step:
    """A limit as it is after a step, and the optimum then."""

    to: str
    best: Result


@dataclass(frozen=True)
class Limit:
    """A limit, whether it binds (None: not known), and what loosening it gives. A statement has a `place`.

    `lifted` is the optimum without it, where that had to be searched. `steps` come in the order of their size.
    `useless` is the most of it that is known to buy nothing; with `least`, nothing between it and the first step does.
    """

    kind: str
    name: str
    now: str
    binds: bool | None
    lifted: Result | None = None
    steps: tuple[Step, ...] = ()
    useless: str = ""
    least: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True)
class Limits:
    """An optimum, all that may limit it, and the optimum where memories, conditions and statements limit nothing."""

    best: Result
    limits: tuple[Limit, ...]
    floor: Result

    @property
    def searched(self) -> tuple[Result, ...]:
        """Every optimum that is told."""
        loosened = (step.best for limit in self.limits for step in limit.steps)
        return (self.best, *(limit.lifted for limit in self.limits if limit.lifted), *loosened, self.floor)

    def gain(self, other: Result) -> float:
        """The share of the objective that another optimum saves; negative if it is worse."""
        value = _value(self.best)
        return (value - _value(other)) / value if value else 0.0


def limits(einsum: Einsum, architecture: Architecture, query: Query, heard: Callable[[str], None]) -> Limits:
    """The optimum and its limits: `heard` is told the name of each before it is searched.

    A time limit is for each search. Raises what `optimize` raises.
    """
    heard("the machine as it is")
    study = Study(einsum, query, _optimum(einsum, architecture, query), architecture)
    found = []
    for kind, name, find in study.all():
        heard(name if kind in (CONDITION, STATEMENT) else f"{kind} of {name}")
        found.append(find())
    heard("no limits of memories")
    return Limits(study.best, tuple(found), study.floor)


UTILIZATION = "utilization"
CAPACITY, BANDWIDTH, FANOUT, CONDITION, STATEMENT = "capacity", "bandwidth", "fan-out", "condition", "statement"
Find = Callable[[], Limit]


@dataclass(frozen=True)
class Study:
    """Searches around one optimum."""

    einsum: Einsum
    query: Query
    best: Result
    architecture: Architecture

    def all(self) -> Iterator[tuple[str, str, Find]]:
        """Kind and name of every limit, outermost level first, and what finds out about it."""
        for level in self.architecture.hierarchy:
            if isinstance(level, Memory):
                yield from self._of_memory(level)
            elif isinstance(level, Array):
                for dim, size in level.shape:
                    name = self.architecture.dimension_label(level, dim)
                    yield FANOUT, name, _bound(self._fanout, level, dim, size, name)
        for text in self.query.subject_to:
            yield CONDITION, text, _bound(self._condition, text)
        for statement in self.statements:
            yield STATEMENT, statement.text, _bound(self._statement, statement)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Those that have a meaning here."""
        return tuple(limit.statement for limit in self._demanded)

    @property
    def _demanded(self) -> tuple[Demanded, ...]:
        found = limits_of(self.query, self.einsum, self.architecture)
        return found.limits if found else ()

    @cached_property
    def _free(self) -> Result:
        """The optimum without any statement: where it is no better, none of them binds."""
        return _optimum(self.einsum, self.architecture, replace(self.query, constraints=None))

    def _statement(self, statement: Statement) -> Limit:
        lifted = self._free
        if self._binds(lifted) is not False and len(self.statements) > 1:
            others = tuple(other for other in self.statements if other is not statement)
            lifted = _optimum(self.einsum, self.architecture, replace(self.query, constraints=Constraints(others)))
        return Limit(STATEMENT, statement.text, "", self._binds(lifted), lifted, place=statement.place)

    def _of_memory(self, memory: Memory) -> Iterator[tuple[str, str, Find]]:
        if memory.capacity_bits is not None and self._keeps(memory):
            yield CAPACITY, memory.name, _bound(self._capacity, memory)
        for port in PORTS:
            rate = getattr(memory.bandwidth, port)
            if rate is not None:
                yield BANDWIDTH, f"{memory.name}.{port}", _bound(self._bandwidth, memory, port, rate)

    def _keeps(self, memory: Memory) -> bool:
        return bool(self.einsum.kept_by(memory.keeps) or self.einsum.kept_by(memory.may_keep))

    def _capacity(self, memory: Memory) -> Limit:
        now, all_bits = memory.capacity_bits or 0, whole_bits(self.einsum, memory)
        if any(isinstance(demanded, RoomLimit) and demanded.memory == memory for demanded in self._demanded):
            return self._doubled(memory, now)
        lifted = self._with(replace(memory, capacity_bits=max(now, all_bits)))
        binds = self._binds(lifted)
        if not binds:
            return Limit(CAPACITY, memory.name, capacity_text(now), binds, lifted)
        double = self._sized(memory, 2 * now)
        low, least = self._least(memory, *((now, double) if self._helps(double) else (2 * now, lifted)))
        steps = {least.cost.component(memory.name).occupied_bits: least, 2 * now: double}
        shown = tuple(Step(capacity_text(bits), best) for bits, best in sorted(steps.items()))
        closed = least.cost.component(memory.name).occupied_bits - low <= self._grain(memory)
        return Limit(CAPACITY, memory.name, capacity_text(now), True, lifted, shown, capacity_text(low), closed)

    def _doubled(self, memory: Memory, now: int) -> Limit:
        """Where a statement is about the share of a memory that is used, more of it need not allow what less does."""
        steps = list[Step]()
        with suppress(Infeasible):
            steps.append(Step(capacity_text(2 * now), self._sized(memory, 2 * now)))
        helps = any(self._helps(step.best) for step in steps)
        return Limit(CAPACITY, memory.name, capacity_text(now), helps or None, None, tuple(steps))

    def _least(self, memory: Memory, low: int, best: Result) -> tuple[int, Result]:
        """The least capacity found that helps, by its optimum, and the most that does not."""
        for _ in range(MOST_HALVINGS):
            high, grain = best.cost.component(memory.name).occupied_bits, self._grain(memory)
            if high - low <= grain:
                break
            middle = low + max(grain, (high - low) // 2 // grain * grain)
            found = self._sized(memory, min(middle, high - 1))
            if self._helps(found):
                best = found
            elif self._binds(found) is False:
                low = min(middle, high - 1)
            else:
                break
        return low, best

    def _grain(self, memory: Memory) -> int:
        """Bits between two amounts of room that tiles can take."""
        return memory.buffering * gcd(*(memory.element_bits(tensor) for tensor in self.einsum.tensors))

    def _sized(self, memory: Memory, bits: int) -> Result:
        return self._with(replace(memory, capacity_bits=bits))

    def _bandwidth(self, memory: Memory, port: str, rate: Rate) -> Limit:
        now, steps = _rate_text(rate), tuple[Step, ...]()
        if not self._timed:
            return Limit(BANDWIDTH, f"{memory.name}.{port}", now, False)
        lifted = self._with(replace(memory, bandwidth=_rated(memory.bandwidth, port, None)))
        binds = self._binds(lifted)
        if binds:
            double = replace(rate, per_cycle=2 * rate.per_cycle)
            best = self._with(replace(memory, bandwidth=_rated(memory.bandwidth, port, double)))
            steps = (Step(_rate_text(double), best),)
        return Limit(BANDWIDTH, f"{memory.name}.{port}", now, binds, lifted, steps)

    @property
    def _timed(self) -> bool:
        """Whether cycles count: in the objective, as leakage, or in a condition."""
        counted = conditions(self.query.subject_to, self.einsum, self.architecture).cycles is not None
        return bool(objective(self.query.objective).latency_power) or self._leaking or counted

    @property
    def _leaking(self) -> bool:
        return any(level.leakage_w for level in self.architecture.hierarchy if not isinstance(level, Array))

    def _fanout(self, array: Array, dim: str, size: int, name: str) -> Limit:
        larger = [s for s in self._useful(array, dim, size) if s > size]
        ends = sorted({*larger[:1], *larger[-1:]})
        found = {s: step for s in ends if (step := self._widened(array, dim, s))}
        proven = all(self._binds(step.best) is False for step in found.values())
        if not self._idles_for_free:
            proven &= self._between(array, dim, larger[1:-1], found)
        helps = any(self._helps(step.best) for step in found.values())
        steps = tuple(found[s] for s in sorted(found))
        useless = str(larger[-1]) if larger and proven and not helps else ""
        return Limit(FANOUT, name, str(size), True if helps else None if larger else False, None, steps, useless)

    def _between(self, array: Array, dim: str, sizes: list[int], found: dict[int, Step]) -> bool:
        """Find the best of some sizes, if it is better than all that is found; whether no other can be.

        Where idle instances cost, a size may help although a smaller and a larger one do not. All of them are bounded
        together by a machine that is as wide as the largest, leaks as the smallest does, and need not be used.
        """
        if not sizes:
            return True
        least = min(_value(best) for best in (self.best, *(step.best for step in found.values())))
        bound = self._idle(array, dim, sizes)
        if bound is None or (bound.lower_bound or 0.0) >= least * (1 - ROUNDING):
            return True
        if len(sizes) > 1:
            half = len(sizes) // 2
            lower, upper = (self._between(array, dim, part, found) for part in (sizes[:half], sizes[half:]))
            return lower and upper
        step = self._widened(array, dim, sizes[0])
        if step and _value(step.best) < least * (1 - ROUNDING):
            found[sizes[0]] = step
        return step is None or step.best.status == "optimal"

    def _idle(self, array: Array, dim: str, sizes: list[int]) -> Result | None:
        """An optimum that none of these sizes is below; None if no mapping fits any of them."""
        rules = ((name, replace(rule, min_usage=Fraction(0)) if name == dim else rule) for name, rule in array.rules)
        wide = replace(array, shape=_grown(array, dim, sizes[-1]), rules=tuple(rules))
        share = Fraction(sizes[0], sizes[-1]) if self.query.rules.idle_instances_leak else Fraction(1)
        inside = self.architecture.index(array.name)
        levels = (
            wide if here.name == array.name else here if place < inside else _leaking(here, share)
            for place, here in enumerate(self.architecture.hierarchy)
        )
        stated = tuple(limit.statement for limit in self._demanded if not isinstance(limit, ShareLimit))
        query = replace(
            self.query,
            subject_to=tuple(text for text in self.query.subject_to if UTILIZATION not in text),
            constraints=Constraints(stated) if self.query.constraints else None,
        )
        with suppress(Infeasible):
            return _optimum(self.einsum, replace(self.architecture, hierarchy=tuple(levels)), query)
        return None

    def _widened(self, array: Array, dim: str, size: int) -> Step | None:
        """A larger array; None where no mapping uses as much of it as is asked for."""
        with suppress(Infeasible):
            return Step(str(size), self._with(replace(array, shape=_grown(array, dim, size))))
        return None

    def _useful(self, array: Array, dim: str, size: int) -> list[int]:
        """Sizes of a dimension that an unrolling can fill: the next one, and all up to twice the size.

        A statement about the share that is used may want any of these.
        """
        if any(isinstance(limit, ShareLimit) for limit in self._demanded):
            return list(range(1, 2 * size + 1))
        ranks = [self.einsum.sizes[rank] for rank in unrollable(self.einsum, array, dim)]
        if self.query.factors == IMPERFECT:
            return list(range(1, min(2 * size, prod(ranks)) + 1))
        found = {1}
        for rank in ranks:  # products of one divisor of each rank
            found = {s * d for s in found for d in range(1, rank + 1) if rank % d == 0}
        twice = {s for s in found if s <= 2 * size}
        return sorted(twice | {min((s for s in found if s > size), default=1)})

    @property
    def _idles_for_free(self) -> bool:
        """Whether a larger array has all mappings of a smaller one, at no higher cost."""
        rules = [rule for array in self.architecture.arrays for _, rule in array.rules]
        asked = any(rule.min_usage for rule in rules) or any(UTILIZATION in text for text in self.query.subject_to)
        shared = any(isinstance(demanded, ShareLimit) for demanded in self._demanded)
        return not asked and not shared and not (self.query.rules.idle_instances_leak and self._leaking)

    def _condition(self, text: str) -> Limit:
        others = tuple(other for other in self.query.subject_to if other != text)
        lifted = _optimum(self.einsum, self.architecture, replace(self.query, subject_to=others))
        return Limit(CONDITION, text, "", self._binds(lifted), lifted)

    @property
    def floor(self) -> Result:
        """The optimum where every memory holds all and is fast, without conditions and statements: compulsory traffic
        and the array are what is left."""
        levels = [self._unlimited(level) for level in self.architecture.hierarchy]
        machine = replace(self.architecture, hierarchy=tuple(levels))
        return _optimum(self.einsum, machine, replace(self.query, subject_to=(), constraints=None))

    def _unlimited(self, level: Level) -> Level:
        if not isinstance(level, Memory):
            return level
        bits = level.capacity_bits
        room = None if bits is None else max(bits, whole_bits(self.einsum, level))
        return replace(level, capacity_bits=room, bandwidth=Bandwidth())

    def _with(self, level: Level) -> Result:
        """The optimum on the machine with this level in the place of the one of its name."""
        levels = (level if here.name == level.name else here for here in self.architecture.hierarchy)
        return _optimum(self.einsum, replace(self.architecture, hierarchy=tuple(levels)), self.query)

    def _helps(self, other: Result) -> bool:
        """Whether another machine has a mapping that is better than every one of this machine."""
        return _value(other) < (self.best.lower_bound or 0.0) * (1 - ROUNDING)

    def _binds(self, lifted: Result) -> bool | None:
        if self._helps(lifted):
            return True
        return False if (lifted.lower_bound or 0.0) >= _value(self.best) * (1 - ROUNDING) else None


def _optimum(einsum: Einsum, architecture: Architecture, query: Query) -> Result:
    """`optimize`, but that an interrupt ends the whole study: half of it says nothing."""
    found = optimize(einsum, architecture, query)
    if found.interrupted:
        raise KeyboardInterrupt
    return found


def whole_bits(einsum: Einsum, memory: Memory) -> int:
    """Room for every tensor whole."""
    return memory.buffering * sum(elements(t, einsum.sizes) * memory.element_bits(t) for t in einsum.tensors)


def _bound(find: Callable[..., Limit], *arguments: object) -> Find:
    return lambda: find(*arguments)


def _value(result: Result) -> float:
    assert result.value is not None
    return result.value


def _rated(bandwidth: Bandwidth, port: str, rate: Rate | None) -> Bandwidth:
    rates = {"shared": bandwidth.shared, "read": bandwidth.read, "write": bandwidth.write} | {port: rate}
    return replace(bandwidth, shared=rates["shared"], read=rates["read"], write=rates["write"])


def _grown(array: Array, dim: str, size: int) -> tuple[tuple[str, int], ...]:
    return tuple((name, size if name == dim else here) for name, here in array.shape)


def _leaking(level: Level, share: Fraction) -> Level:
    return level if isinstance(level, Array) else replace(level, leakage_w=level.leakage_w * share)


def _rate_text(rate: Rate) -> str:
    return f"{float(Fraction(rate.per_cycle)):g} {'words' if rate.in_words else 'b'}/cycle"
