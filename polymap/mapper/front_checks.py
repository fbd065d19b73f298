"""Whether a front is complete: its points follow each other without a gap, and nothing is beyond the last one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any

from polymap.mapper.checks import INPUT, MODEL, UNPROVEN, WALKED, Check
from polymap.mapper.conditions import Conditions, conditions
from polymap.mapper.optimality import Space, space_of, walk
from polymap.mapper.pareto import Axis, axis, everything
from polymap.mapper.result import Result
from polymap.mapper.stated import unreadable
from polymap.refute.claim import Claim


@dataclass(frozen=True)
class Point:
    """A point computed again, and what its document says was searched for it."""

    result: Result
    space: Space | None

    def limits(self) -> Conditions:
        texts = self.space.subject_to if self.space else ()
        return conditions(texts, self.result.einsum, self.result.architecture)


def front_checks(top: dict[str, Any], results: Sequence[Result], file: str, seconds: float) -> Iterator[Check]:
    """The checks of a front beyond those of its points. Raises `SpecError` for what cannot be read."""
    second, tolerance = _axis(top, results, file), _tolerance(top, file)
    points = [Point(result, space_of(item, file)) for result, item in zip(results, top["points"])]
    first = points[0]
    for n, point in enumerate(points[1:], 2):
        same = (point.result.architecture, point.result.einsum) == (first.result.architecture, first.result.einsum)
        found = "those of the first" if same else "others than the first"
        yield Check("", f"points[{n}].inputs", "those of the first", found, INPUT, same)
    yield _begins(_subject_to(top, file), first, second)
    most: Fraction | None = None
    for n, point in enumerate(points, 1):
        yield _follows(n, point, points[n - 2] if n > 1 else None, first, second, most)
        most = second.less(point.result, tolerance)
    complete = top.get("complete")
    if complete is not True:
        yield Check("", "complete", complete, "not claimed", INPUT, complete is False)
        return
    assert most is not None
    yield _ends(first, second, most, all(point.result.status == "optimal" for point in points), seconds)


def _axis(top: dict[str, Any], results: Sequence[Result], file: str) -> Axis:
    axes = top.get("axes")
    if not isinstance(axes, list) or not all(isinstance(name, str) for name in axes):
        raise unreadable(file, "axes", "a list of two axes belongs here")
    return axis(",".join(axes), results[0].architecture)


def _tolerance(top: dict[str, Any], file: str) -> Fraction:
    stated = top.get("tolerance")
    if not isinstance(stated, (int, float)) or isinstance(stated, bool) or not 0 <= stated < inf:
        raise unreadable(file, "tolerance", "a number of at least 0 belongs here")
    return Fraction(str(stated))


def _subject_to(top: dict[str, Any], file: str) -> list[str]:
    stated = top.get("subject_to", [])
    if not isinstance(stated, list) or not all(isinstance(text, str) for text in stated):
        raise unreadable(file, "subject_to", "a list of conditions belongs here")
    return stated


def _begins(stated: list[str], first: Point, second: Axis) -> Check:
    """The first point was searched under the conditions of the front and no others: none is before it."""
    einsum, machine = first.result.einsum, first.result.architecture
    asked, limits = conditions(stated, einsum, machine), first.limits()
    all_bits = everything(einsum, machine, second)
    wanted = min(_allowed(asked, second), inf if all_bits is None else all_bits)
    same = _others(asked, second) == _others(limits, second) and _allowed(limits, second) == wanted
    found = "those of the first point" if same else "others than those of the first point"
    return Check("", "subject_to", "those of the first point", found, MODEL, same)


def _follows(n: int, point: Point, last: Point | None, first: Point, second: Axis, most: Fraction | None) -> Check:
    """A point has the least energy of all mappings that need less than the one before, as its own bound says: if it was
    searched under no tighter condition than that."""
    limits, whole = point.limits(), first.limits()
    here, there = _allowed(limits, second), _allowed(whole, second)
    wanted = there if most is None else min(most, there)
    wrong = []
    if here < wanted:
        wrong.append(f"it was searched among those that need at most {here} only, not {wanted}")
    if _others(limits, second) != _others(whole, second) or _mapspace(point) != _mapspace(first):
        wrong.append("it was searched under other conditions than the first")
    if last and not (
        last.result.cost.energy <= point.result.cost.energy and second.of(last.result) > second.of(point.result)
    ):
        wrong.append("it does not follow the one before")
    told = "; ".join(wrong) or "no gap before it"
    return Check("", f"points[{n}]", "no gap before it", told, MODEL, not wrong)


def _allowed(limits: Conditions, second: Axis) -> Fraction | float:
    """The most of the second axis that conditions allow."""
    return dict(limits.sizes).get(second.level, inf) if second.level else limits.most_cycles


def _others(limits: Conditions, second: Axis) -> tuple[object, ...]:
    sizes = {level: bits for level, bits in limits.sizes if level != second.level}
    return limits.energy_pj, sizes, limits.cycles if second.level else None, limits.traffic


def _mapspace(point: Point) -> str:
    return point.space.mapspace if point.space else ""


def _ends(first: Point, second: Axis, most: Fraction, optimal: bool, seconds: float) -> Check:
    """Nothing is beyond the last point."""
    if not optimal:
        return Check("", "complete", True, "a point is not optimal", MODEL, agrees=False)
    if most < second.least:
        return Check("", "complete", True, "no mapping needs less than the last point", MODEL, agrees=True)
    result, texts = first.result, first.space.subject_to if first.space else ()
    limits = conditions((*texts, second.at_most(most)), result.einsum, result.architecture)
    nothing = Claim(1, 0, None, limits.energy_pj, limits.cycles)
    found = walk(result, first.space, limits, nothing, seconds)
    method = UNPROVEN if found.proven is None else WALKED
    return Check("", "complete", True, found.told, method, found.proven is not False, found.ms)
