"""Where a walk stands, and what it carries there."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple, TypeAlias

from polymap.refute.layout import Site, Tile

Counts: TypeAlias = tuple[int, ...]  # one per tensor
Arrived: TypeAlias = Fraction | int
Pending: TypeAlias = tuple[Arrived, ...]  # per tensor, what arrived from its last site and waits for the parent


PLACED = -1


class Step(NamedTuple):
    """One step outwards: sites placed, then a temporal loop over a rank outside them, the end of the zone (no rank), or
    nothing more (`PLACED`)."""

    placed: tuple[Site, ...]
    rank: int | None = None
    trip: int = 1


class Label(NamedTuple):
    """Energy in quanta, ports, room taken in each shared memory of the zone; the step that led here, and from where."""

    energy: int
    ports: tuple[int, ...]
    rooms: tuple[int, ...]
    step: Step | None = None
    inner: Label | None = None

    def steps(self) -> list[Step]:
        """The steps from the inside out."""
        found, label = list[Step](), self
        while label.step is not None and label.inner is not None:
            found.append(label.step)
            label = label.inner
        return found[::-1]

    def covers(self, other: Label) -> bool:
        """Whether it is as good in everything."""
        return (
            self.energy <= other.energy
            and all(a <= b for a, b in zip(self.ports, other.ports))
            and all(a <= b for a, b in zip(self.rooms, other.rooms))
        )


class Told(NamedTuple):
    """What statements need to know of a part of a nest: whose its outermost loops are, and what each of them heard."""

    owner: str = ""
    heard: tuple[tuple[int, ...], ...] = ()


class State(NamedTuple):
    """Where a walk stands in a zone."""

    tile: Tile
    placed: Counts
    owing: Counts
    pending: Pending
    told: Told = Told()


States: TypeAlias = dict[State, list[Label]]
