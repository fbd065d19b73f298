"""Statements: what a user demands of a mapping, as it was written, each with its place.

A statement names memories, arrays, tensors and ranks; what it means for one einsum on one machine is its `Limit`
(`polymap.constraints.limits`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from polymap.constraints.amount import Amount
from polymap.errors import NOWHERE, Place

EVERY = "every"  # every memory, array or rank, in the place of a name
REST = "..."  # the loops that an order does not name

How: TypeAlias = Literal["must", "never", "only"]
Section: TypeAlias = Literal["parallel", "loops"]


@dataclass(frozen=True)
class Statement:
    """Anything that a mapping meets or breaks. Two statements are equal if they say the same, wherever they stand."""

    place: Place = field(default=NOWHERE, compare=False, repr=False, kw_only=True)

    @property
    def text(self) -> str:
        """The statement in words."""
        raise NotImplementedError

    def names(self) -> tuple[tuple[str, str], ...]:
        """(kind, name) of all that is named: `memory`, `array` (or dimension), `level`, `tensor` (or role), `rank`."""
        raise NotImplementedError


@dataclass(frozen=True)
class Kept(Statement):
    """A memory keeps tensors (`must`), does not (`never`), or keeps no others (`only`). Roles stand for tensors."""

    memory: str
    how: How
    tensors: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"{self.memory} {_said('keeps', self.how, self.tensors)}"

    def names(self) -> tuple[tuple[str, str], ...]:
        return ("memory", self.memory), *(("tensor", name) for name in self.tensors)


@dataclass(frozen=True)
class Ranks(Statement):
    """Which ranks have loops: spatial ones on an array or dimension, or temporal ones that belong to a memory."""

    section: Section
    level: str
    how: How
    ranks: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"{self.level} {_said('unrolls' if self.section == 'parallel' else 'loops over', self.how, self.ranks)}"

    def names(self) -> tuple[tuple[str, str], ...]:
        return (_kind(self.section), self.level), *(("rank", name) for name in self.ranks)


@dataclass(frozen=True)
class Factor(Statement):
    """The product of the trips of a rank's loops: spatial ones on an array or dimension, or temporal ones."""

    section: Section
    level: str
    rank: str
    amount: Amount

    @property
    def text(self) -> str:
        loops = "unrolling on" if self.section == "parallel" else "loops of"
        return f"{loops} {self.level}: {self.rank} {self.amount}"

    def names(self) -> tuple[tuple[str, str], ...]:
        return (_kind(self.section), self.level), ("rank", self.rank)


@dataclass(frozen=True)
class Order(Statement):
    """The order of a memory's temporal loops, outermost first: those of `outer`, other loops, those of `inner`.

    `others` says where loops that are not named stand: `between`, `anywhere`, or `nowhere`: then all are named.
    """

    memory: str
    outer: tuple[str, ...]
    inner: tuple[str, ...] = ()
    others: Literal["between", "anywhere", "nowhere"] = "between"

    @property
    def pattern(self) -> str:
        """The order as it is written in a file."""
        if self.others == "anywhere":
            return " before ".join(self.outer)
        return " ".join((*self.outer, *([REST] if self.others == "between" else []), *self.inner))

    @property
    def text(self) -> str:
        return f"loops of {self.memory}: {self.pattern}"

    def names(self) -> tuple[tuple[str, str], ...]:
        return ("memory", self.memory), *(("rank", name) for name in (*self.outer, *self.inner))


@dataclass(frozen=True)
class Tile(Statement):
    """The size along a rank of the tiles that a memory keeps: of one tensor (or role), or of all that have the rank."""

    memory: str
    tensor: str
    rank: str
    amount: Amount

    @property
    def text(self) -> str:
        of = f"tile of {self.tensor} in {self.memory}" if self.tensor else f"tiles in {self.memory}"
        return f"{of}: {self.rank} {self.amount}"

    def names(self) -> tuple[tuple[str, str], ...]:
        tensor = [("tensor", self.tensor)] if self.tensor else []
        return ("memory", self.memory), *tensor, ("rank", self.rank)


@dataclass(frozen=True)
class Utilization(Statement):
    """The share of an array's (or a dimension's) instances that work, of all compute units, or of a memory's room."""

    level: str
    amount: Amount

    @property
    def text(self) -> str:
        return f"utilization of {self.level}: {self.amount}"

    def names(self) -> tuple[tuple[str, str], ...]:
        return (("level", self.level),)


@dataclass(frozen=True)
class Constraints:
    """What a constraints file says, in its order."""

    statements: tuple[Statement, ...] = ()
    name: str = ""
    source: str = ""

    def to_dict(self) -> dict[str, object]:
        """The document `polymap: constraints/1` as plain data; reading it gives equal constraints."""
        from polymap.constraints.write import document

        return document(self)

    def to_yaml(self) -> str:
        """The document as YAML text."""
        from polymap import spec

        return spec.dump(self.to_dict())


def _kind(section: Section) -> str:
    return "array" if section == "parallel" else "memory"


def _said(verb: str, how: How, names: tuple[str, ...]) -> str:
    """`keeps I, O`, `never keeps I`, `keeps only I`, `keeps nothing`."""
    adverbs = {"must": verb, "never": f"never {verb}", "only": f"{verb} only" if names else verb}
    return f"{adverbs[how]} {', '.join(names) or 'nothing'}"
