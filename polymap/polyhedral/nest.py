"""A mapping as the relations see it: loops with their steps, and the ranks in parts that have nothing to do with each
other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from polymap.architecture.hierarchy import Array
from polymap.model.nest import Slot
from polymap.workload.counting import independent, joined
from polymap.workload.domain import tuples
from polymap.workload.einsum import Einsum, Tensor


@dataclass(frozen=True)
class Line:
    """A loop of trip > 1 that moves its rank by `step` points; a spatial one runs on `array`, at `place` in the
    hierarchy."""

    index: int
    rank: str
    trip: int
    step: int
    array: Array | None = None
    place: int = -1

    @property
    def is_spatial(self) -> bool:
        return self.array is not None

    def __str__(self) -> str:
        """Its name in a relation."""
        return f"x{self.index}"


@dataclass(frozen=True)
class Nest:
    """An einsum and the lines of a mapping of it, outermost first."""

    einsum: Einsum
    lines: tuple[Line, ...]

    @classmethod
    def of(cls, einsum: Einsum, slots: Sequence[Slot], trips: Sequence[int]) -> Nest:
        """The nest of the model's loops."""
        steps = [
            prod(trip for slot, trip in zip(slots[n + 1 :], trips[n + 1 :], strict=True) if slot.rank == slots[n].rank)
            for n in range(len(slots))
        ]
        lines = (
            Line(n, slot.rank, int(trip), int(step), slot.level, slot.array)
            for n, (slot, trip, step) in enumerate(zip(slots, trips, steps, strict=True))
        )
        return cls(einsum, tuple(lines))

    @property
    def is_perfect(self) -> bool:
        """Whether the domain is a box and the trips of every rank multiply to its size."""
        return self.einsum.is_box and all(self.tile(0, rank) == size for rank, size in self.einsum.ranks)

    @property
    def end(self) -> int:
        """The position of the compute statement."""
        return len(self.lines)

    def tile(self, position: int, rank: str) -> int:
        """Points of a rank below a position, were they all in the domain."""
        return prod(line.trip for line in self.lines[position:] if line.rank == rank)

    @staticmethod
    def shares(line: Line, tensor: Tensor) -> bool:
        """Whether equal sets of instances along a loop are one transfer."""
        if line.array is None:
            return False
        return line.array.reduces(tensor) if tensor.is_output else line.array.multicasts(tensor)

    @cached_property
    def tied(self) -> tuple[frozenset[str], ...]:
        """Ranks in groups that the domain ties together; on a box every rank is alone."""
        ranks = tuple(self.einsum.sizes)
        groups = [frozenset({i}) for i in range(len(ranks))]
        if not self.einsum.is_box:
            pieces = self.einsum.domain().coalesce().get_basic_sets()
            if len(pieces) > 1:
                said = tuples(self.einsum.domain_text)[0]
                groups = joined(groups, frozenset(i for i, rank in enumerate(ranks) if rank in said))
            else:
                groups = independent(pieces[0])
        return tuple(frozenset(ranks[i] for i in group) for group in groups)

    def parts(self, tensor: Tensor) -> tuple[frozenset[str], ...]:
        """Ranks in groups that neither the domain nor a coordinate of the tensor ties together."""
        groups = list(self.tied)
        for coordinate in tensor.coordinates:
            if coordinate.ranks:
                groups = joined(groups, frozenset(coordinate.ranks))
        return tuple(groups)
