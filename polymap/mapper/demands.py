"""What a query demands, one by one: statements, side conditions, and what the architecture says of its memories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from polymap.architecture.hierarchy import Architecture, Level, Memory
from polymap.constraints.bind import Limits, bind
from polymap.constraints.statements import Constraints, Statement
from polymap.errors import NOWHERE, Place
from polymap.mapper.query import Query
from polymap.workload.einsum import Einsum


@dataclass(frozen=True)
class Demand:
    """One demand: a statement, the text of a condition, or a memory's capacity."""

    place: Place
    text: str
    statement: Statement | None = None
    condition: str = ""
    capacity: Memory | None = None


@dataclass(frozen=True)
class Posed:
    """A query with some of its demands. Limits speak of the whole machine, whose capacities are what shares are of."""

    einsum: Einsum
    architecture: Architecture
    query: Query
    limits: Limits


@dataclass(frozen=True)
class Demands:
    """All demands of a query, those to blame first where there is a choice first."""

    einsum: Einsum
    architecture: Architecture
    query: Query

    @property
    def all(self) -> tuple[Demand, ...]:
        return tuple(self._all())

    def _all(self) -> Iterator[Demand]:
        for limit in bind(self.query.constraints or Constraints(), self.einsum, self.architecture).limits:
            yield Demand(limit.statement.place, limit.statement.text, statement=limit.statement)
        for text in self.query.subject_to:
            yield Demand(NOWHERE, text, condition=text)
        for memory in self.architecture.memories:
            if memory.capacity_bits is not None:
                yield Demand(memory.place, f"{memory.name} holds {memory.capacity_bits} b", capacity=memory)

    def posed(self, demands: Sequence[Demand]) -> Posed:
        """The query with these demands only."""
        statements = tuple(d.statement for d in demands if d.statement)
        conditions = tuple(d.condition for d in demands if d.condition)
        bounded = {d.capacity.name for d in demands if d.capacity}

        def level(here: Level) -> Level:
            if not isinstance(here, Memory):
                return here
            return here if here.name in bounded else replace(here, capacity_bits=None)

        machine = replace(self.architecture, hierarchy=tuple(map(level, self.architecture.hierarchy)))
        constraints = Constraints(statements)
        query = replace(self.query, constraints=constraints, subject_to=conditions)
        return Posed(self.einsum, machine, query, bind(constraints, self.einsum, self.architecture))
