"""Why no mapping exists: fewest demands that clash, and the numbers.

A set of demands is a conflict if no mapping meets all of them, but some mapping meets any that are left when one is
taken out. One is found by asking for mappings under fewer demands (QuickXplain: Junker, AAAI 2004); where there is a
choice, statements are blamed before conditions, these before capacities, and these before what the architecture keeps
where and how its arrays are used. For every member the mapping that exists without it says what clashes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count, islice
from math import inf, prod

from polymap.architecture.hierarchy import Architecture, Memory
from polymap.constraints.bind import Limits, bind
from polymap.constraints.check import impossible
from polymap.constraints.facts import facts
from polymap.constraints.statements import EVERY, Constraints
from polymap.errors import NOWHERE, Infeasible, Mistake, PolymapError
from polymap.mapper.build import mapping_of, written
from polymap.mapper.conditions import conditions
from polymap.mapper.demands import MIN_USAGE, SIZE, Along, Demand, Demands, Posed
from polymap.mapper.incumbent import Incumbent
from polymap.mapper.labels import TooManyLabels
from polymap.mapper.objective import moved_bits, objective
from polymap.mapper.problem import Part, Unopened
from polymap.mapper.query import IMPERFECT, UNEVEN, Query, classes, pricing
from polymap.mapper.reasons import reasons
from polymap.mapper.search import Search
from polymap.mapper.waiting import opened
from polymap.mapping.nest import Mapping, Storage
from polymap.mapping.tiles import elements, largest_sizes
from polymap.model.cost import shown
from polymap.workload.einsum import Einsum

MOST_CLASSES = 3_000
MOST_LABELS = 2_000  # of a class
MOST_STEPS = 300  # of a search with imperfect factors
MOST_OPEN = 5  # classes that are given up
FIRST = 1 - 1e-9  # a gap at which the first mapping is good enough


class Unknown(PolymapError):
    """Too many classes, or too little time, to say whether there is a mapping."""


@dataclass
class Probes:
    """Whether there are mappings under some of the demands, until a moment; every set is asked once."""

    demands: Demands
    strict: bool = False  # whether not to know is an error
    deadline: float = inf
    found: dict[tuple[Demand, ...], Mapping | None] = field(default_factory=dict)

    def infeasible(self, kept: Sequence[Demand]) -> bool:
        """Whether it is proven that no mapping meets these demands. Raises `Unknown` if strict."""
        try:
            return self.mapping(kept) is None
        except Unknown:
            if self.strict:
                raise
            return False

    def mapping(self, kept: Sequence[Demand]) -> Mapping | None:
        """A mapping that meets these demands; None if there is none. Raises `Unknown`."""
        self.check_time()
        key = tuple(sorted(kept, key=lambda demand: (demand.text, demand.place)))
        if key not in self.found:
            self.found[key] = self.some(self.demands.posed(key))
        return self.found[key]

    @property
    def late(self) -> bool:
        return time.monotonic() > self.deadline

    def check_time(self) -> None:
        """Raises `Unknown` when time is up."""
        if self.late:
            raise Unknown("time is up")

    def some(self, posed: Posed) -> Mapping | None:
        """A mapping under a query; None if there is none. Raises `Unknown`."""
        is_asked = is_priced(posed) or posed.query.factors == IMPERFECT
        return self.least(posed, "energy") if is_asked else self._any(posed)

    def _any(self, posed: Posed) -> Mapping | None:
        """A mapping under a query without bounds on prices. Raises `Unknown`."""
        listed, unknown = self._classes(posed), 0
        for unopened in islice(listed, MOST_CLASSES):
            for part in opened(unopened) if unopened.relaxed < inf else ():
                self.check_time()
                try:
                    found = first_of(part, posed.limits)
                except TooManyLabels:
                    unknown += 1
                    if unknown > MOST_OPEN:
                        raise Unknown("too many partial nests") from None
                    continue
                if found is not None:
                    return found
        if unknown or next(listed, None) is not None:
            raise Unknown("too many classes of mappings")
        return None

    def _classes(self, posed: Posed) -> Iterator[Unopened]:
        bounds = conditions(posed.query.subject_to, posed.einsum, posed.architecture)
        machine = bounds.shrunk(posed.architecture)
        return classes(posed.einsum, machine, posed.query.rules, posed.query.space, posed.limits)

    def least(self, posed: Posed, goal: str, gap: float = FIRST) -> Mapping | None:
        """A mapping under a query, within a gap of the least. Raises `Unknown`."""
        einsum, machine = posed.einsum, posed.architecture
        bounds = conditions(posed.query.subject_to, einsum, machine)
        incumbent = Incumbent(
            objective(goal),
            bounds,
            einsum,
            machine,
            pricing(einsum, machine, posed.query.rules),
            lambda mapping: not posed.limits.violations(mapping),
        )
        if posed.query.factors == IMPERFECT:
            return self._least_imperfect(posed, incumbent, gap)
        listed = self._classes(posed)
        search = Search(islice(listed, MOST_CLASSES), incumbent, gap, self._left, posed.query.seed)
        search.run()
        if search.best:
            return search.best.mapping
        if not search.proven or next(listed, None) is not None:
            raise Unknown("too many classes of mappings")
        return None

    @property
    def _left(self) -> float | None:
        """Seconds; None if there is no limit."""
        return None if self.deadline == inf else max(0.0, self.deadline - time.monotonic())

    def _least_imperfect(self, posed: Posed, incumbent: Incumbent, gap: float) -> Mapping | None:
        """A mapping of imperfect factors, see `least`. Raises `Unknown`."""
        from polymap.mapper.imperfect.batches import batches
        from polymap.mapper.imperfect.search import Search as ImperfectSearch

        steps = count()

        def hear() -> None:
            self.check_time()
            if next(steps) > MOST_STEPS or len(search.open) > MOST_OPEN:
                raise Unknown("too many classes of mappings, or nests of one")

        query, machine = posed.query, incumbent.conditions.shrunk(posed.architecture)
        met = batches(posed.einsum, machine, query.rules, query.space == UNEVEN, posed.limits)
        search = ImperfectSearch(met, incumbent, gap, self._left, hear)
        search.most = MOST_LABELS
        with suppress(Infeasible):  # an array must be fuller than it can be
            search.run()
            if search.best is None and not search.proven:
                raise Unknown("too many partial nests")
        return search.best.mapping if search.best else None


def is_priced(posed: Posed) -> bool:
    """Whether a condition is about what mappings cost."""
    bounds = conditions(posed.query.subject_to, posed.einsum, posed.architecture)
    return bounds.energy_pj is not None or bounds.cycles is not None or bool(bounds.traffic)


def first_of(part: Part, limits: Limits) -> Mapping | None:
    """A mapping of a part that meets its limits; None if there is none. Raises `TooManyLabels`."""
    if part.ledger is None:
        gaps = part.least_energy[1]
        return None if gaps is None else mapping_of(part, gaps)
    found = (written(part, items) for _, items in part.ruled(lambda values: values, None, most=MOST_LABELS))
    return next((mapping for mapping in found if not limits.violations(mapping)), None)


def conflict(probes: Probes, demands: Sequence[Demand]) -> list[Demand]:
    """A smallest set of demands that clash, given that all of them do: none of its members can be left out."""
    return _conflict(probes, [], False, list(demands))


def _conflict(probes: Probes, given: list[Demand], is_more: bool, rest: list[Demand]) -> list[Demand]:
    """Those of `rest` that clash with what is `given`; `is_more` if something new is."""
    if is_more and probes.infeasible(given):
        return []
    if len(rest) == 1:
        return rest
    half = len(rest) // 2
    first, second = rest[:half], rest[half:]
    late = _conflict(probes, [*given, *first], True, second)
    early = _conflict(probes, [*given, *late], bool(late), first)
    return [*early, *late]


def explained(
    error: Infeasible, einsum: Einsum, architecture: Architecture, query: Query, deadline: float | None = None
) -> Infeasible:
    """The conflict behind an infeasible query; what is wrong with the architecture where it has no mapping at all; the
    error itself where nothing else is asked for, or time is up before the conflict is known."""
    if not (query.constraints and query.constraints.statements) and not query.subject_to:
        return error
    open_demands, perfect = Demands(einsum, architecture, query), query.factors != IMPERFECT
    probes = Probes(replace(open_demands, given=open_demands.structure), deadline=inf if deadline is None else deadline)
    if probes.infeasible(()):
        found = reasons(einsum, probes.demands.posed(()).architecture, certain=True, perfect=perfect)
        return Infeasible(found)
    limits = bind(query.constraints or Constraints(), einsum, architecture)
    alone = impossible(limits, perfect)
    if alone:
        return Infeasible(alone)
    members = conflict(probes, probes.demands.asked)
    if not members or probes.late:  # then some sets were not asked
        return error
    probes, members = with_structure(open_demands, probes, members)
    return Infeasible([_heading(einsum, members), *(_said(probes, members, one) for one in members)])


def with_structure(demands: Demands, probes: Probes, members: list[Demand]) -> tuple[Probes, list[Demand]]:
    """A conflict with what the architecture keeps where and how its arrays are used, as far as that clashes with it.

    Statements and conditions that clash on the machine as it is are all needed on one that says less. First only what
    is said of the levels that they name is looked at, the rest being given; then all. Under conditions on prices all of
    it is given.
    """
    imperfect = demands.query.factors == IMPERFECT
    if imperfect or is_priced(demands.posed(members)) or any(a.links for a in demands.architecture.arrays):
        return probes, members  # prices are searched for too long, and not where links lead past all memories
    named, idle = _levels(demands, members), demands.idle(members)
    for given in (tuple(d for d in demands.structure if d in idle or _level(d) not in named), tuple(idle)):
        wider = Probes(replace(demands, given=given), strict=True, deadline=probes.deadline)
        candidates = [d for d in demands.structure if d not in given and d not in members]
        with suppress(Unknown):
            members = [*members, *_conflict(wider, members, True, candidates)]
            probes = wider
    return replace(probes, strict=False), members


def _levels(demands: Demands, members: Sequence[Demand]) -> frozenset[str]:
    """The memories and arrays that demands speak of."""
    machine = demands.architecture
    every = frozenset(level.name for level in machine.hierarchy)
    found = set[str]()
    for member in members:
        if member.capacity:
            found.add(member.capacity.name)
        elif member.condition:
            quantity, _, name = member.condition.partition(":")
            found |= {name.split()[0]} if quantity in ("size", "traffic") else every
        elif member.statement:
            for name in (name for kind, name in member.statement.names() if kind in ("memory", "array", "level")):
                array = machine.dimension(name)
                found |= every if name in (EVERY, machine.compute.name) else {array[0].name if array else name}
    return frozenset(found)


def _level(demand: Demand) -> str:
    """The memory or array of what an architecture says."""
    if demand.keeping:
        return demand.keeping.memory.name
    assert demand.along is not None
    return demand.along.array.name


def _heading(einsum: Einsum, members: list[Demand]) -> Mistake:
    if len(members) == 1:
        return Mistake(NOWHERE, f"no mapping of {einsum.name} meets this demand", "loosen it, or leave it out")
    message = f"no mapping of {einsum.name} meets these {len(members)} demands together; any one left out, some do"
    return Mistake(NOWHERE, message, "loosen one of them, or leave it out")


def _said(probes: Probes, members: list[Demand], one: Demand) -> Mistake:
    """A member with the numbers of a mapping that meets the others."""
    others = [demand for demand in members if demand is not one]
    try:
        mapping = probes.mapping(others)
    except Unknown:
        mapping = None
    how = _how(probes, others, one, mapping) if mapping else ""
    return Mistake(one.place, f"'{one.text}'{how and '; '}{how}")


def _how(probes: Probes, others: list[Demand], one: Demand, mapping: Mapping) -> str:
    einsum, machine = probes.demands.einsum, probes.demands.architecture
    if one.statement:
        limit = bind(Constraints((one.statement,)), einsum, machine)
        told = facts(einsum, machine, mapping)
        broken = [how for each in limit.limits for how, _ in each.broken(told)]
        return f"without it, for example, {broken[0]}" if broken else ""
    if one.capacity:
        return _room(probes, others, one.capacity, mapping)
    if one.keeping:
        kept = " ".join(facts(einsum, machine, mapping).kept[one.keeping.memory.name])
        return f"without it, for example, {one.keeping.memory.name} keeps {kept or 'nothing'}"
    if one.along:
        return _used(probes, one.along, mapping)
    return _least(probes, others, one.condition)


def _used(probes: Probes, along: Along, mapping: Mapping) -> str:
    """What runs along a dimension of an array."""
    told = facts(probes.demands.einsum, probes.demands.architecture, mapping)
    factors = told.unrollings[along.array.name].get(along.dimension, {})
    used = prod(factors.values())
    if along.what in (SIZE, MIN_USAGE):
        return f"without it, for example, {used} {'is' if used == 1 else 'are'} used"
    loops = ", ".join(f"{rank} by {factor}" for rank, factor in factors.items()) or "nothing"
    return f"without it, for example, {loops} is unrolled there"


def _room(probes: Probes, others: list[Demand], memory: Memory, mapping: Mapping) -> str:
    """The least room in which the other demands can be met, and the tiles that take it."""
    einsum = probes.demands.einsum
    low, best, said = memory.capacity_bits or 0, mapping, "the least that the others need is"
    high = _taken(einsum, memory, best)
    while low + 1 < high:
        middle = (low + high) // 2
        try:
            found = _in_room(probes, others, memory, middle)
        except Unknown:
            found, said = None, "the others can do with"
        if found is None:
            low = middle
        else:
            best, high = found, _taken(einsum, memory, found)
    return f"{said} {high} b: {', '.join(_tiles(einsum, memory, best))}"


def _in_room(probes: Probes, others: list[Demand], memory: Memory, bits: int) -> Mapping | None:
    """A mapping that meets the others in so many bits of a memory; None if there is none. Raises `Unknown`."""
    posed = probes.demands.posed(others)
    smaller = conditions([f"size:{memory.name} <= {bits} b"], posed.einsum, posed.architecture)
    return probes.some(replace(posed, architecture=smaller.shrunk(posed.architecture)))


def _taken(einsum: Einsum, memory: Memory, mapping: Mapping) -> int:
    """Bits that the tiles of a mapping take in a memory."""
    return memory.buffering * sum(bits for _, bits in _held(einsum, memory, mapping))


def _tiles(einsum: Einsum, memory: Memory, mapping: Mapping) -> list[str]:
    """The tiles in a memory in words: `a tile of I of 12 x 8 b (c 3, p 4)`."""
    return [words for words, _ in _held(einsum, memory, mapping)]


def _held(einsum: Einsum, memory: Memory, mapping: Mapping) -> list[tuple[str, int]]:
    """Every tile in a memory in words, and its bits in one buffer."""
    found = []
    for index, node in enumerate(mapping.nodes):
        if isinstance(node, Storage) and node.level == memory.name:
            sizes = {**dict.fromkeys(einsum.sizes, 1), **largest_sizes(einsum, mapping.nodes[index + 1 :])}
            for tensor in map(einsum.tensor, node.tensors):
                count, bits = elements(tensor, sizes), memory.element_bits(tensor)
                shape = ", ".join(f"{rank} {sizes[rank]}" for rank in einsum.sizes if rank in tensor.ranks)
                found.append((f"a tile of {tensor.name} of {count} x {bits} b ({shape})", count * bits))
    return found


def _least(probes: Probes, others: list[Demand], condition: str) -> str:
    """The least of what a condition bounds that the other demands allow."""
    einsum, machine = probes.demands.einsum, probes.demands.architecture
    quantity = condition.partition("<=")[0].partition(">=")[0].strip()
    if quantity.startswith("size:"):
        memory = machine.memory(quantity.removeprefix("size:").strip())
        bits = conditions([condition], einsum, machine).sizes[0][1]
        mapping = probes.mapping(others)
        return _room(probes, others, replace(memory, capacity_bits=bits), mapping) if mapping else ""
    with suppress(Unknown):
        goal = quantity if quantity == "energy" or quantity.startswith("traffic:") else "latency"
        posed = probes.demands.posed(others)
        mapping = probes.least(posed, goal, gap=0.0)
        if mapping:
            cost = pricing(einsum, posed.architecture, posed.query.rules)(mapping)
            if goal.startswith("traffic:"):
                bits = moved_bits(cost, einsum, posed.architecture, goal.removeprefix("traffic:").strip())
                return f"the least that the others need is {bits} b"
            least = f"{cost.energy_pj:.6g} pJ" if goal == "energy" else f"{shown(cost.cycles)} cycles"
            return f"the least that the others need is {least}"
    return ""
