"""Declared shapes of tensors: does every access stay inside, at every point of the domain?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from polymap.workload.einsum import Affine
from polymap.workload.statement import Access, affine_text

Shapes: TypeAlias = "Mapping[str, tuple[int, ...]]"
Point: TypeAlias = "dict[str, int]"


@dataclass(frozen=True)
class Leaving:
    """Coordinate number `axis` (from 0) of a tensor, and what it takes: `low` .. `high`, not all of 0 .. size-1.

    At `point`, the values of its ranks, it is `value`, which is outside.
    """

    access: Access
    axis: int
    size: int
    low: int
    high: int
    value: int
    point: tuple[tuple[str, int], ...]

    @property
    def affine(self) -> Affine:
        return self.access.coordinates[self.axis]

    @property
    def constraint(self) -> str:
        """What keeps the access inside, as ISL text; empty where no point is inside."""
        return f"0 <= {spaced(self.affine)} < {self.size}" if self.low < self.size and self.high >= 0 else ""

    def __str__(self) -> str:
        which = f"coordinate {self.axis + 1} of {len(self.access.coordinates)}"
        text = f"tensor {self.access.name} leaves its shape in {which}"
        if not self.point:
            return f"{text}: it is always {self.value}, the tensor has {self.size}"
        at = ", ".join(f"{rank}={value}" for rank, value in self.point)
        takes = f"{spaced(self.affine)} takes {self.low}..{self.high}, the tensor has {self.size}"
        return f"{text}: {takes}; it is {self.value} at {at}"

    def enough(self) -> str:
        """What else helps: a shape that holds the whole range, which must begin at 0 or later."""
        if self.low >= 0:
            return f"give coordinate {self.axis + 1} of {self.access.name} at least {self.high + 1}"
        room = f"give it at least {self.high - self.low + 1}"
        return f"shift coordinate {self.axis + 1} of {self.access.name} by {-self.low} and {room}"


def leavings(
    accesses: Iterable[Access], shapes: Shapes, sizes: Mapping[str, int], domain: str = ""
) -> tuple[Leaving, ...]:
    """Every coordinate that leaves its tensor's shape at a point of the box of `sizes`, or of the domain in it.

    `domain` is canonical set text, empty for the box. Raises `TooLarge` for a domain too complex to tell.
    """
    over_box = (_leaving(*item, _corners(*item[:2], sizes)) for item in _declared(accesses, shapes))
    suspects = tuple(leaving for leaving in over_box if leaving)
    if not suspects or not domain:
        return suspects
    from polymap.workload.extent import extents

    found = extents([leaving.affine for leaving in suspects], sizes, domain)
    on_domain = (_leaving(s.access, s.axis, s.size, ends) for s, ends in zip(suspects, found, strict=True))
    return tuple(leaving for leaving in on_domain if leaving)


def spaced(affine: Affine) -> str:
    """An index as text that people and ISL read, e.g. `2*p + r - 3`.

    >>> spaced(Affine((("p", -2), ("r", 1)), -3))
    '-2*p + r - 3'
    """
    text = affine_text(affine)
    return text[0] + text[1:].replace("+", " + ").replace("-", " - ")


def _declared(accesses: Iterable[Access], shapes: Shapes) -> Iterator[tuple[Access, int, int]]:
    """Access, axis and size of every coordinate with a declared size that can be one."""
    for access in accesses:
        shape = shapes.get(access.name)
        if shape is not None and len(shape) == len(access.coordinates) and min(shape, default=1) > 0:
            yield from ((access, axis, size) for axis, size in enumerate(shape))


def _corners(access: Access, axis: int, sizes: Mapping[str, int]) -> tuple[Point, Point]:
    """Points of the box where a coordinate is least and greatest."""
    affine = access.coordinates[axis]
    least = {rank: (sizes[rank] - 1) * (coefficient < 0) for rank, coefficient in affine.terms}
    greatest = {rank: (sizes[rank] - 1) * (coefficient > 0) for rank, coefficient in affine.terms}
    return least, greatest


def _leaving(access: Access, axis: int, size: int, ends: tuple[Point, Point]) -> Leaving | None:
    """The coordinate, if it is outside at one of the points where it is least and greatest."""
    least, greatest = ends
    low, high = (access.coordinates[axis].at(point) for point in ends)
    if low >= 0 and high < size:
        return None
    value, point = (high, greatest) if high >= size else (low, least)
    return Leaving(access, axis, size, low, high, value, tuple(point.items()))
