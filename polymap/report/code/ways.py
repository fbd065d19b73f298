"""The way of a tensor from one store to the next: when it is taken, and which instances share a transfer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from polymap.report.code.linear import Linear
from polymap.report.code.nest import Nest, Turn
from polymap.report.code.program import Cell
from polymap.report.code.stores import Place, Store
from polymap.report.code.tiles import Interval, points, reach
from polymap.workload.einsum import Affine, Tensor


@dataclass(frozen=True)
class Way:
    """From `parent` to `child`, its next inner store (an output: back, too); `counted` if what moves is counted,
    `at_end` if the closing loop's trip is over and loops inside it are.

    `closing` is the innermost temporal loop above the child that moves the tensor: at each of its trips the tile
    changes, and loops inside it change nothing. None: one tile is all there is. Operands change at every step.
    """

    nest: Nest
    tensor: Tensor
    place: Place
    parent: Store
    child: Store
    counted: bool
    at_end: bool = False

    @property
    def closing(self) -> Turn | None:
        above = [turn for turn in self.nest.temporal if turn.position < self.child.position]
        moving = above if self.child.is_operand else [turn for turn in above if turn.rank in self.tensor.ranks]
        return moving[-1] if moving else None

    @property
    def turning(self) -> Turn | None:
        """The innermost temporal loop above the child at whose trips something may be fetched: the closing one, or on a
        domain that ties ranks one of the other rank inside it."""
        moving = self.tensor.ranks | self.nest.tied
        above = (turn for turn in self.nest.temporal if turn.position < self.child.position)
        found = [turn for turn in above if self.child.is_operand or turn.rank in moving]
        return found[-1] if found else None

    @property
    def is_remembered(self) -> bool:
        """Whether what an instance holds depends on more than where the loops are: on its last step."""
        return self.turning != self.closing

    @property
    def times(self) -> tuple[Turn, ...]:
        """Temporal loops that stand around the transfer."""
        return self.closed if self.at_end else self._until(self.turning)

    @property
    def closed(self) -> tuple[Turn, ...]:
        """Temporal loops of which each trip begins with nothing held, and ends so."""
        return self._until(self.closing)

    def _until(self, last: Turn | None) -> tuple[Turn, ...]:
        return tuple(turn for turn in self.nest.temporal if last and turn.position <= last.position)

    @property
    def near(self) -> tuple[Turn, ...]:
        """Spatial loops between parent and child."""
        return tuple(turn for turn in self.child.turns if turn.position > self.parent.position)

    @property
    def together(self) -> tuple[Turn, ...]:
        """Near loops whose instances hold the same tile and share its transfer: multicast, or reduction."""
        others = self.tensor.ranks | self.nest.tied
        return tuple(turn for turn in self.near if self.shares(turn) and turn.rank not in others)

    @property
    def apart(self) -> tuple[Turn, ...]:
        """All other loops over instances; those that may share a transfer all the same are innermost."""
        rest = [turn for turn in self.child.turns if turn not in self.together]
        return (*(turn for turn in rest if turn not in self.askew), *self.askew)

    def state(self, kind: str) -> Cell:
        """What instances that share transfers remember of the child: where what is held begins (`LOW`), where it ends
        (`END`), or whether it is (`HAS`)."""
        return Cell(self.child.name + kind, tuple(turn.variable for turn in self.apart) or ("0",))

    @property
    def units(self) -> tuple[int, ...]:
        """Extents of what is remembered."""
        return tuple(turn.trip for turn in self.apart) or (1,)

    @property
    def copies(self) -> tuple[Turn, ...]:
        """Near loops whose instances hold the same tile and do not share its transfer."""
        return tuple(turn for turn in self.near if not self.shares(turn) and turn.rank not in self.tensor.ranks)

    @property
    def askew(self) -> tuple[Turn, ...]:
        """Near loops that share a transfer between some of their instances only: where several ranks together move
        coordinates, so that tiles may be equal, and where the domain ties a rank that does not move the tensor."""
        sharing = tuple(turn for turn in self.near if self.shares(turn))
        moving = tuple(turn for turn in sharing if turn.rank in self.tensor.ranks)
        loose = tuple(turn for turn in sharing if turn.rank in self.nest.tied - self.tensor.ranks)
        return (*(moving if self._undecided({turn.rank for turn in moving}) else ()), *loose)

    def _undecided(self, ranks: set[str]) -> set[str]:
        """Ranks of which a tile's place does not tell the index: a coordinate tells one, where the others are told."""
        left = set(ranks)
        while told := next((axis for axis in self.tensor.coordinates if len(left & set(axis.ranks)) == 1), None):
            left -= set(told.ranks)
        return left

    @property
    def adds(self) -> bool:
        """Whether sums of an output start at zero each time they enter: different tiles may have elements in common, or
        be reached at different times by different instances."""
        return any(len(axis.ranks) > 1 for axis in self.tensor.coordinates) or not self.nest.tied <= self.tensor.ranks

    @property
    def meets(self) -> tuple[str, ...]:
        """That an instance has a point of a domain that is no box."""
        found = self.nest.band
        if found is None:
            return ()
        one, other = self.points(found.first), self.points(found.second)
        above = () if found.low is None else (f"{one.last} >= {other.low + found.low}",)
        below = () if found.high is None else (f"{one.low} <= {other.last + found.high}",)
        return (*above, *below)

    @property
    def only(self) -> str:
        """The name of what tells whether a transfer counts; none where all do."""
        return "first" if self.askew else ""

    @property
    def repeats(self) -> tuple[Turn, ...]:
        """Temporal loops that bring a tile again that was there before: around the closing one, not of the tensor."""
        around = self.times if self.child.is_operand else self.times[:-1]
        return tuple(turn for turn in around if turn.rank not in self.tensor.ranks)

    def shares(self, turn: Turn) -> bool:
        """Whether the array of a loop multicasts the tensor, or reduces it."""
        assert turn.array is not None
        return turn.array.reduces(self.tensor) if self.tensor.is_output else turn.array.multicasts(self.tensor)

    def guards(self, turns: Iterable[Turn], seen: Iterable[Turn]) -> tuple[str, ...]:
        """That an instance has a point, as far as the loops `turns` decide; the loops `seen` have moved before."""
        moved = sorted((*turns, *seen, *self.times), key=lambda turn: turn.position)
        return tuple(
            f"{self.nest.low(rank, moved)} < {size}"
            for rank, size in self.nest.einsum.ranks
            if any(turn.rank == rank for turn in turns) and self.nest.may_be_empty(rank, self.child.position)
        )

    def tile(self, moved: int = 0) -> tuple[Interval, ...]:
        """The child's tile, per coordinate; the rank of the closing loop `moved` by so many points."""
        return tuple(reach(axis, first, self._points(moved)) for axis, first in self._axes)

    @property
    def _axes(self) -> Iterable[tuple[Affine, int]]:
        return zip(self.tensor.coordinates, self.place.origin, strict=True)

    @property
    def moved(self) -> tuple[Turn, ...]:
        """All loops that have moved when the transfer begins, outermost first."""
        return tuple(sorted((*self.times, *self.child.turns), key=lambda turn: turn.position))

    def low(self, rank: str) -> Linear:
        """The first point of a rank in the child's tile."""
        return self.nest.low(rank, self.moved)

    def points(self, rank: str) -> Interval:
        """The points of a rank in the child's tile."""
        return points(self.nest, rank, self.child.position, self.moved)

    def _points(self, moved: int) -> Callable[[str], Interval]:
        turns = self.moved

        def of_rank(rank: str) -> Interval:
            by = moved if self.closing and self.closing.rank == rank else 0
            return points(self.nest, rank, self.child.position, turns, by)

        return of_rank

    @property
    def sliding(self) -> tuple[int, ...]:
        """Coordinates along which the closing loop moves the tile by less than its extent; none if it moves on."""
        closing = self.closing
        if closing is None or self.child.is_operand:
            return ()
        axes = enumerate(self.tensor.coordinates)
        moving = [at for at, axis in axes if closing.rank in axis.ranks]
        overlap = all(abs(self.coefficient(at)) * closing.step < self.child.tile[at] for at in moving)
        return tuple(moving) if overlap else ()

    def coefficient(self, at: int) -> int:
        """By how much one point of the closing loop's rank moves a coordinate."""
        assert self.closing is not None
        return dict(self.tensor.coordinates[at].terms)[self.closing.rank]

    def shift(self, at: int) -> int:
        """What an index adds to the value of its rank."""
        return self.tensor.coordinates[at].constant - self.place.origin[at]

    def index(self, at: int, span: Interval) -> Linear:
        """The index of a coordinate in a loop over a tile: its variable, or the only value there is."""
        return span.low if span.is_single else Linear(((self.place.axes[at], 1),))
