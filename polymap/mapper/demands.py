"""What a query demands, one by one: statements, side conditions, and what the architecture says of its memories and
arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, prod

from polymap.architecture.hierarchy import Architecture, Array, DimensionRule, Level, Memory
from polymap.constraints.bind import Limits, bind
from polymap.constraints.limits import UnrollingLimit
from polymap.constraints.statements import (
    EVERY,
    Constraints,
    Factor,
    Kept,
    Order,
    Ranks,
    Statement,
    Utilization,
)
from polymap.errors import NOWHERE, Place
from polymap.mapper.query import Query
from polymap.workload.einsum import Einsum

SIZE, MAY_UNROLL, REUSES, MIN_USAGE = "shape", "may_unroll", "reuses", "min_usage"


@dataclass(frozen=True)
class Keeping:
    """A memory always keeps a tensor, or never."""

    memory: Memory
    tensor: str
    must: bool


@dataclass(frozen=True)
class Along:
    """What an array says of one of its dimensions: how many instances there are, or a rule."""

    array: Array
    dimension: str
    what: str

    @property
    def size(self) -> int:
        return dict(self.array.shape)[self.dimension]


@dataclass(frozen=True)
class Demand:
    """One demand: a statement, the text of a condition, a memory's capacity, what it keeps, or a rule of an array."""

    place: Place
    text: str
    statement: Statement | None = None
    condition: str = ""
    capacity: Memory | None = None
    keeping: Keeping | None = None
    along: Along | None = None


@dataclass(frozen=True)
class Posed:
    """A query with some of its demands. Limits speak of the whole machine, whose sizes are what shares are of."""

    einsum: Einsum
    architecture: Architecture
    query: Query
    limits: Limits


@dataclass(frozen=True)
class Demands:
    """All demands of a query, those to blame first where there is a choice first. What is `given` holds always."""

    einsum: Einsum
    architecture: Architecture
    query: Query
    given: tuple[Demand, ...] = ()

    @property
    def all(self) -> tuple[Demand, ...]:
        return (*self.asked, *self.structure)

    @property
    def asked(self) -> tuple[Demand, ...]:
        """Statements, conditions and capacities."""
        return tuple(self._asked())

    @property
    def structure(self) -> tuple[Demand, ...]:
        """What the architecture keeps where, and how its arrays are used."""
        arrays = (self._along(array) for array in self.architecture.arrays)
        memories = (self._keeping(memory) for memory in self.architecture.memories)
        return tuple(demand for demands in (*arrays, *memories) for demand in demands)

    def idle(self, members: Sequence[Demand]) -> frozenset[Demand]:
        """What the architecture says that no conflict with these statements, conditions and capacities needs.

        A node of a memory without a capacity can be added to a mapping, and one inside another of its tensor, which
        stands in a memory without a capacity, can be taken out. Nothing tells the difference but statements about what
        that memory keeps and holds, and about loops, which belong to nodes, and conditions on prices.
        """
        if any(d.condition or (d.statement and _is_about_loops(d.statement)) for d in members):
            return frozenset()
        named = {name for d in members if d.statement for _, name in d.statement.names()}
        open_to_all = {
            m.name for m in self.architecture.memories if m.capacity_bits is None and not {m.name, EVERY} & named
        }
        outermost = self.architecture.memories[0]
        homes = self.einsum.kept_by(outermost.keeps) if outermost.name in open_to_all else ()
        return frozenset(d for d in self.structure if d.keeping and _is_idle(d.keeping, open_to_all, homes, members))

    def _asked(self) -> Iterator[Demand]:
        for limit in bind(self.query.constraints or Constraints(), self.einsum, self.architecture).limits:
            yield Demand(limit.statement.place, limit.statement.text, statement=limit.statement)
        for text in self.query.subject_to:
            yield Demand(NOWHERE, text, condition=text)
        for memory in self.architecture.memories:
            if memory.capacity_bits is not None:
                text = f"{memory.name} holds {memory.capacity_bits} b"
                yield Demand(_at(memory.place, "capacity"), text, capacity=memory)

    def _keeping(self, memory: Memory) -> Iterator[Demand]:
        must = self.einsum.kept_by(memory.keeps)
        may = {*must, *self.einsum.kept_by(memory.may_keep)}
        for name in (tensor.name for tensor in self.einsum.tensors):
            if name in must:
                place = memory.place if memory.keeps is None else _at(memory.place, "keeps")
                yield Demand(place, f"{memory.name} keeps {name}", keeping=Keeping(memory, name, True))
            elif name not in may:
                text = f"{memory.name} does not keep {name}"
                yield Demand(_at(memory.place, "keeps"), text, keeping=Keeping(memory, name, False))

    def _along(self, array: Array) -> Iterator[Demand]:
        for dimension, size in array.shape:
            rule, name = array.rule(dimension), f"{array.name}.{dimension}"
            texts = {SIZE: f"{name} has {size} instance{'s' if size > 1 else ''}"}
            if rule.may_unroll is not None:
                texts[MAY_UNROLL] = f"{name} unrolls only {', '.join(rule.may_unroll) or 'nothing'}"
            if rule.reuses:
                texts[REUSES] = f"{', '.join(rule.reuses)} is the same along {name}"
            if rule.min_usage:
                most = " or the most that can be" if rule.or_most else ""
                texts[MIN_USAGE] = f"{name} uses at least {ceil(rule.min_usage * size)} instances{most}"
            for what, text in texts.items():
                path = f"shape.{dimension}" + ("" if what == SIZE else f".{what}")
                yield Demand(_at(array.place, path), text, along=Along(array, dimension, what))

    def posed(self, demands: Sequence[Demand]) -> Posed:
        """The query with these demands only, and those that are given."""
        every = {*demands, *self.given}
        statements = tuple(d.statement for d in demands if d.statement)
        constraints = Constraints(statements)
        levels = tuple(self._level(level, every, constraints) for level in self.architecture.hierarchy)
        query = replace(
            self.query, constraints=constraints, subject_to=tuple(d.condition for d in demands if d.condition)
        )
        limits = bind(constraints, self.einsum, self.architecture)
        return Posed(self.einsum, replace(self.architecture, hierarchy=levels), query, limits)

    def _level(self, level: Level, demands: Collection[Demand], constraints: Constraints) -> Level:
        if isinstance(level, Memory):
            return self._memory(level, demands)
        return self._array(level, demands, constraints) if isinstance(level, Array) else level

    def _memory(self, memory: Memory, demands: Collection[Demand]) -> Memory:
        is_bounded = any(d.capacity and d.capacity.name == memory.name for d in demands)
        stated = [d.keeping for d in demands if d.keeping and d.keeping.memory.name == memory.name]
        must = {keeping.tensor for keeping in stated if keeping.must}
        free = {tensor.name for tensor in self.einsum.tensors} - {keeping.tensor for keeping in stated}
        names = [tensor.name for tensor in self.einsum.tensors]
        return replace(
            memory,
            capacity_bits=memory.capacity_bits if is_bounded else None,
            keeps=tuple(name for name in names if name in must),
            may_keep=tuple(name for name in names if name in free),
        )

    def _array(self, array: Array, demands: Collection[Demand], constraints: Constraints) -> Array:
        stated = {(d.along.dimension, d.along.what) for d in demands if d.along and d.along.array.name == array.name}
        shape, rules = [], []
        for dimension, size in array.shape:
            wide = size if (dimension, SIZE) in stated else max(size, self._wanted(array, dimension, constraints))
            shape.append((dimension, wide))
            rule = array.rule(dimension)
            rules.append((dimension, _loosened(rule, {w for d, w in stated if d == dimension}, Fraction(size, wide))))
        kept = tuple((dimension, rule) for dimension, rule in rules if rule != DimensionRule())
        return replace(array, shape=tuple(shape), rules=kept)

    def _wanted(self, array: Array, dimension: str, constraints: Constraints) -> int:
        """How many instances along a dimension the least factors that are asked for take: enough of them not to clash
        with the size of it."""
        least: dict[str, int] = {}
        for limit in bind(constraints, self.einsum, self.architecture).limits:
            if isinstance(limit, UnrollingLimit) and any(
                a == array.name and dimension in dims for a, dims in limit.fields
            ):
                for rank, amount in limit.amounts:
                    factor = amount.least(self.einsum.sizes[rank]) or 1
                    least[rank] = max(least.get(rank, 1), factor)
        return prod(least.values())


def _is_about_loops(statement: Statement) -> bool:
    return isinstance(statement, Order) or (isinstance(statement, (Ranks, Factor)) and statement.section == "loops")


def _is_idle(keeping: Keeping, open_to_all: Collection[str], homes: Collection[str], members: Sequence[Demand]) -> bool:
    name = keeping.memory.name
    if keeping.must:
        return name in open_to_all
    said = (d.statement for d in members if isinstance(d.statement, (Kept, Utilization)))
    return keeping.tensor in homes and not any(name in dict(statement.names()).values() for statement in said)


def _loosened(rule: DimensionRule, stated: Collection[str], shrunk: Fraction) -> DimensionRule:
    """What is left of a rule; no more instances must be used than before, however wide the dimension is now."""
    is_used = MIN_USAGE in stated and not (rule.or_most and shrunk < 1)  # the most that can be depends on the width
    return DimensionRule(
        rule.may_unroll if MAY_UNROLL in stated else None,
        rule.reuses if REUSES in stated else (),
        rule.min_usage * shrunk if is_used else Fraction(0),
        rule.or_most and is_used,
    )


def _at(place: Place, path: str) -> Place:
    """A key of a level; its line is the level's."""
    return replace(place, path=f"{place.path}.{path}" if place.path else "")
