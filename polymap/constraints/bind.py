"""Statements -> limits: names become tensors, ranks, arrays and dimensions of one einsum on one machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from polymap.architecture.hierarchy import Architecture, Array
from polymap.constraints.amount import Amount, at_least, exactly
from polymap.constraints.facts import Loops, Sizes, Unrolling, facts
from polymap.constraints.limits import (
    KeptLimit,
    Limit,
    LoopLimit,
    OrderLimit,
    RoomLimit,
    ShareLimit,
    TileLimit,
    UnrollingLimit,
    places,
)
from polymap.constraints.statements import (
    EVERY,
    Constraints,
    Factor,
    Kept,
    Order,
    Ranks,
    Statement,
    Tile,
    Utilization,
)
from polymap.errors import Mistake
from polymap.mapping.nest import Mapping as LoopNest
from polymap.workload.einsum import Einsum

Amounts = tuple[tuple[str, Amount], ...]


@dataclass(frozen=True)
class Subject:
    """What statements are about here."""

    einsum: Einsum
    architecture: Architecture

    def memories(self, name: str) -> tuple[str, ...]:
        """Those that a name in a file means."""
        known = tuple(memory.name for memory in self.architecture.memories)
        return known if name == EVERY else tuple(memory for memory in known if memory == name)

    def ranks(self, name: str) -> tuple[str, ...]:
        known = tuple(self.einsum.sizes)
        return known if name == EVERY else tuple(rank for rank in known if rank == name)

    def tensors(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(self.einsum.kept_by(tuple(names)))

    def fields(self, name: str) -> tuple[tuple[Array, tuple[str, ...]], ...]:
        """The arrays, each with the dimensions, that the name of an array or of a dimension means."""
        named = [array for array in self.architecture.arrays if name in (EVERY, array.name)]
        found = None if named else self.architecture.dimension(name)
        if found:
            return ((found[0], (found[1],)),)
        return tuple((array, tuple(dim for dim, _ in array.shape)) for array in named)


@dataclass(frozen=True)
class Limits:
    """What constraints mean for one einsum on one machine. Each question is asked of all limits; see `Limit`."""

    einsum: Einsum
    architecture: Architecture
    limits: tuple[Limit, ...] = ()

    def allows_kept(self, memory: str, tensors: Iterable[str]) -> bool:
        kept = tuple(tensors)
        return all(limit.allows_kept(memory, kept) for limit in self.limits)

    def allows_unrolling(self, array: str, unrolling: Unrolling) -> bool:
        return all(limit.allows_unrolling(array, unrolling) for limit in self.limits)

    def allows_unrollings(self, unrollings: Mapping[str, Unrolling]) -> bool:
        return all(limit.allows_unrollings(unrollings) for limit in self.limits)

    def allowed_tiles(self, memory: str, tensor: str, rank: str, sizes: Sequence[int]) -> list[bool]:
        answers = [limit.allowed_tiles(memory, tensor, rank, sizes) for limit in self.limits]
        return [all(answer[i] for answer in answers) for i in range(len(sizes))]

    def allows_tile(self, memory: str, tensor: str, tile: Sizes) -> bool:
        return all(limit.allows_tile(memory, tensor, tile) for limit in self.limits)

    def allows_tiles(self, memory: str, tiles: Mapping[str, Sizes]) -> bool:
        return all(limit.allows_tiles(memory, tiles) for limit in self.limits)

    def allows_loops(self, memory: str, loops: Loops) -> bool:
        return all(limit.allows_loops(memory, loops) for limit in self.limits)

    def admits_loops(self, memory: str, loops: Loops) -> bool:
        return all(limit.admits_loops(memory, loops) for limit in self.limits)

    def violations(self, mapping: LoopNest, file: str = "") -> list[Mistake]:
        """The statements that a mapping breaks, each at its place and with the mapping's nodes; `file` is theirs."""
        said = facts(self.einsum, self.architecture, mapping)
        return [
            Mistake(limit.statement.place, f"'{limit.statement.text}' is broken: {how}{_in(file, where)}")
            for limit in self.limits
            for how, where in limit.broken(said)
        ]


def _in(file: str, where: str) -> str:
    found = ": ".join(part for part in (file, where) if part)
    return f" ({found})" if found else ""


def bind(constraints: Constraints, einsum: Einsum, architecture: Architecture) -> Limits:
    """One limit for each statement that has a meaning here; others name ranks or tensors that the einsum lacks.

    Names that nobody has are not its concern: see `check_names`.
    """
    subject = Subject(einsum, architecture)
    found = (_limit(statement, subject) for statement in constraints.statements)
    return Limits(einsum, architecture, tuple(limit for limit in found if limit))


def _limit(statement: Statement, subject: Subject) -> Limit | None:
    if isinstance(statement, Kept):
        return _kept(statement, subject)
    if isinstance(statement, (Ranks, Factor)):
        return _factors(statement, subject)
    if isinstance(statement, Order):
        memories = subject.memories(statement.memory)
        return OrderLimit(statement, memories, places(statement, subject.einsum)) if memories else None
    if isinstance(statement, Tile):
        return _tile(statement, subject)
    assert isinstance(statement, Utilization)
    return _utilization(statement, subject)


def _kept(statement: Kept, subject: Subject) -> Limit | None:
    named, all_of_them = subject.tensors(statement.tensors), frozenset(t.name for t in subject.einsum.tensors)
    required = named if statement.how == "must" else frozenset[str]()
    allowed = {"must": all_of_them, "never": all_of_them - named, "only": named}[statement.how]
    is_meant = subject.memories(statement.memory) and (named or statement.how == "only")
    return KeptLimit(statement, statement.memory, required, allowed) if is_meant else None


def _factors(statement: Ranks | Factor, subject: Subject) -> Limit | None:
    amounts = tuple(_amounts(statement, subject))
    if statement.section == "parallel":
        fields = tuple((array.name, dims) for array, dims in subject.fields(statement.level))
        return UnrollingLimit(statement, fields, amounts) if fields and amounts else None
    memories = subject.memories(statement.level)
    return LoopLimit(statement, memories, amounts) if memories and amounts else None


def _amounts(statement: Ranks | Factor, subject: Subject) -> Iterator[tuple[str, Amount]]:
    """What each rank's factor may be."""
    if isinstance(statement, Factor):
        named: tuple[str, ...] = subject.ranks(statement.rank)
        yield from ((rank, statement.amount.of(subject.einsum.sizes[rank])) for rank in named)
        return
    named = tuple(rank for name in statement.ranks for rank in subject.ranks(name))
    if statement.how == "only":
        named = tuple(rank for rank in subject.einsum.sizes if rank not in named)
    yield from ((rank, at_least(2) if statement.how == "must" else exactly(1)) for rank in named)


def _tile(statement: Tile, subject: Subject) -> Limit | None:
    einsum, memories = subject.einsum, subject.memories(statement.memory)
    meant = subject.tensors([statement.tensor]) if statement.tensor else frozenset(t.name for t in einsum.tensors)
    amounts = tuple(
        (tensor.name, _along(statement, subject, tensor.ranks)) for tensor in einsum.tensors if tensor.name in meant
    )
    return TileLimit(statement, memories, amounts) if memories and any(along for _, along in amounts) else None


def _along(statement: Tile, subject: Subject, ranks: frozenset[str]) -> Amounts:
    """The amounts along the ranks that a tensor has."""
    sizes = subject.einsum.sizes
    return tuple((rank, statement.amount.of(sizes[rank])) for rank in subject.ranks(statement.rank) if rank in ranks)


def _utilization(statement: Utilization, subject: Subject) -> Limit | None:
    architecture, einsum = subject.architecture, subject.einsum
    if subject.memories(statement.level):
        return RoomLimit(statement, architecture.memory(statement.level), einsum.tensors, statement.amount)
    is_total = statement.level == architecture.compute.name
    fields = subject.fields(EVERY if is_total else statement.level)
    return ShareLimit(statement, fields, statement.amount, is_total) if fields or is_total else None
