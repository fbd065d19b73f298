"""The mapping: one flat list, outermost first, of storage nodes and loops; the compute statement ends it, implied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Storage:
    """From here inwards each instance of memory `level` holds the current tile of these tensors."""

    level: str
    tensors: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((self.level, "holds", *self.tensors))


@dataclass(frozen=True)
class Temporal:
    """`for rank in trip`."""

    rank: str
    trip: int

    def __str__(self) -> str:
        return f"for {self.rank} in {self.trip}"


@dataclass(frozen=True)
class Spatial:
    """`parallel rank in trip on DIM`: `on` is a dimension of an array, `X` or, where ambiguous, `PE.X`."""

    rank: str
    trip: int
    on: str

    def __str__(self) -> str:
        return f"parallel {self.rank} in {self.trip} on {self.on}"


Loop: TypeAlias = Temporal | Spatial
Node: TypeAlias = Storage | Temporal | Spatial


@dataclass(frozen=True)
class Mapping:
    """A loop nest with storage nodes. A loop of trip 1 is the same mapping without it.

    >>> print(Mapping((Storage("DRAM", ("A", "C")), Temporal("i", 4), Spatial("j", 8, "X"))))
    DRAM holds A C
    for i in 4
    parallel j in 8 on X
    compute
    """

    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from polymap.markup import el

        return el("pre", self.text())

    def text(self) -> str:
        """One node per line, outermost first, `compute` last; `polymap.mapping.mapping` reads it back."""
        return "\n".join((*(str(node) for node in self.nodes), "compute"))

    @property
    def loops(self) -> tuple[Loop, ...]:
        return tuple(node for node in self.nodes if not isinstance(node, Storage))

    def without_unit_loops(self) -> Mapping:
        return Mapping(tuple(node for node in self.nodes if isinstance(node, Storage) or node.trip != 1))
