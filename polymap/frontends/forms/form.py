"""An einsum before it has a name, and what it is built from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from polymap.errors import Mistake, Place, SpecError
from polymap.frontends.model import Operation
from polymap.workload.build import Given, build
from polymap.workload.einsum import Affine
from polymap.workload.statement import Access, Statement, ranks_of

Shape: TypeAlias = "tuple[int, ...]"


class Unfit(ValueError):
    """Shapes or attributes that do not go together: a mistake, to which the front end adds the place."""


class NoEinsum(ValueError):
    """An operator that no einsum says exactly: it is left out, for this reason."""


@dataclass(frozen=True)
class Value:
    """A tensor of a network: its shape, in elements, and the bits of one."""

    shape: Shape
    bits: int


@dataclass(frozen=True)
class Form:
    """The accesses of an einsum, the size of every rank, the bits of every tensor, and what is done at each point."""

    output: Access
    inputs: tuple[Access, ...]
    sizes: Mapping[str, int]
    bits: Mapping[str, int]
    kind: str
    domain: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)

    def operation(self, name: str, op: str, place: Place, source: str = "", repeat: int = 1) -> Operation:
        """The named operation. Raises `SpecError` with the place where the einsum is none, e.g. for a size of 0."""
        ranks = ranks_of((self.output, *self.inputs))
        if not ranks:
            raise NoEinsum("it computes one element: there is no loop to map")
        statement = Statement(self.output, self.inputs, ranks, frozenset())
        sizes = {rank: self.sizes[rank] for rank in ranks}
        given = Given(name, sizes, self.bits, self.roles, {}, source, lambda path: place, self.domain)
        try:
            einsum = build(statement, given)
        except SpecError as error:
            raise SpecError(Mistake(place, f"{op} {name}: {m.message}", m.mend) for m in error.mistakes) from None
        return Operation(einsum, self.kind, op, (name,), repeat)


def access(tensor: str, *coordinates: str | Affine) -> Access:
    """A tensor and its coordinates; a name stands for the rank itself."""
    return Access(tensor, tuple(c if isinstance(c, Affine) else Affine(((c, 1),)) for c in coordinates))


def dims(sizes: Mapping[str, int], names: Iterable[str], shape: Sequence[int], what: str) -> dict[str, int]:
    """The sizes that `shape` gives to the ranks of its coordinates, beside known ones. Raises `Unfit` if they clash."""
    found = dict(sizes)
    for rank, size in zip(names, shape, strict=True):
        if found.setdefault(rank, size) != size:
            raise Unfit(f"{what} has {size} along {rank}, where another tensor has {found[rank]}")
    return found
