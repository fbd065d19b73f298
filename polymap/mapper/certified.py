"""Whether the certificate in a document fits its claim: all classes are there, and no bound is below the claim's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from polymap.constraints.bind import Limits
from polymap.mapper.certificate import DIGITS, EMPTY, MEANINGS, MOST_CLASSES, OPEN
from polymap.mapper.checks import LISTED, UNPROVEN, Check
from polymap.mapper.result import Result
from polymap.mapper.stated import section, unreadable
from polymap.refute.classes import digest
from polymap.refute.laid import Subject
from polymap.refute.scope import uncovered

BOUNDS = "bounds held against the claim"
PLACE = "search.certificate"


@dataclass(frozen=True)
class Stated:
    """A group of classes as a document states it; without a hash it tells of many together."""

    kept: dict[str, list[str]]
    classes: int
    sha256: str
    outcomes: str
    bounds: tuple[float, ...]


def outcomes(stated: object, file: str) -> str | None:
    """The outcomes of all classes in a certificate; None if it tells of many together. Raises `SpecError` for one that
    cannot be read."""
    groups = _groups(section(stated, file, PLACE), file)
    return "".join(group.outcomes for group in groups) if all(group.sha256 for group in groups) else None


def certified(stated: object, result: Result, limits: Limits | None, layer: str, file: str) -> Iterator[Check]:
    """The checks of a certificate of a search under `limits`. Raises `SpecError` for what cannot be read."""
    top = section(stated, file, PLACE)
    groups = _groups(top, file)
    told = top.get("classes")
    total = sum(group.classes for group in groups)
    yield Check(layer, f"{PLACE}.classes", told, total, BOUNDS, told == total)
    yield from _complete(groups, result, limits, layer)
    yield from _bounds(groups, result, layer)


def _groups(top: dict[str, Any], file: str) -> list[Stated]:
    listed = top.get("groups")
    if not isinstance(listed, list):
        raise unreadable(file, f"{PLACE}.groups", "a list of groups of classes belongs here")
    return [_group(item, file, f"{PLACE}.groups[{n}]") for n, item in enumerate(listed)]


def _group(stated: object, file: str, path: str) -> Stated:
    group = section(stated, file, path)
    kept, outcomes = section(group.get("kept"), file, f"{path}.kept"), group.get("outcomes")
    if not isinstance(outcomes, str) or set(outcomes) - set(MEANINGS):
        raise unreadable(file, f"{path}.outcomes", f"letters of {', '.join(MEANINGS)} belong here")
    try:
        shares = tuple(map(float, str(group.get("bounds")).split()))
    except ValueError:
        raise unreadable(
            file, f"{path}.bounds", "numbers with spaces between belong here, one for each class"
        ) from None
    classes, sha256 = group.get("classes"), str(group.get("sha256", ""))
    many = not sha256 and type(classes) is int and len(set(outcomes)) == len(outcomes) and len(shares) == 1
    if not many and (classes != len(outcomes) or (shares and len(shares) != len(outcomes))):
        message = f"{classes} classes have {len(outcomes)} outcomes and {len(shares)} bounds"
        raise unreadable(file, path, message)
    return Stated(kept, classes if isinstance(classes, int) else len(outcomes), sha256, outcomes, shares)


def _complete(groups: list[Stated], result: Result, limits: Limits | None, layer: str) -> Iterator[Check]:
    """Whether the groups are what the rules give: no class is missing, none is there twice."""
    reasons = list(uncovered(result.einsum, result.architecture, result.conventions))
    if reasons:
        yield Check(layer, f"{PLACE}.groups", f"{len(groups)} groups", ", ".join(reasons), UNPROVEN, agrees=True)
        return
    subject = Subject(result.einsum, result.architecture, limits)
    unrolled = list(subject.unrollings())
    # Single classes are told apart unless there are many.
    told_apart = sum(group.classes for group in groups) <= MOST_CLASSES
    same, names = digest(unrolled) if told_apart else "", [memory.name for memory in result.architecture.memories]
    expected = [
        {name: list(held) for name, held in zip(names, kept, strict=True) if held} for kept in subject.kept_choices()
    ]
    found = [group.kept for group in groups]
    missing = sum(kept not in found for kept in expected)
    odd = sum(kept not in expected or found.count(kept) > 1 for kept in found)
    others = sum(group.sha256 != same or group.classes != len(unrolled) for group in groups)
    wrong = [f"{n} {what}" for n, what in ((missing, "missing"), (odd, "odd"), (others, "unrolled otherwise")) if n]
    told = ", ".join(wrong) or f"all {len(expected)} choices of what is kept, each with {len(unrolled)} unrollings"
    yield Check(layer, f"{PLACE}.groups", f"{len(groups)} groups", told, LISTED, not wrong)


def _bounds(groups: list[Stated], result: Result, layer: str) -> Iterator[Check]:
    """A class that is not empty bounds the claim; one that is open leaves no room for `optimal`."""
    pairs = (pair for group in groups for pair in zip(group.outcomes, group.bounds) if group.sha256)
    together = (bound for group in groups if not group.sha256 for bound in group.bounds)
    least = min((*(bound for kind, bound in pairs if kind != EMPTY), *together), default=1.0)
    claimed = result.lower_bound / result.value if result.value and result.lower_bound is not None else 1.0
    fits = least >= claimed - 10**-DIGITS
    yield Check(layer, f"{PLACE}.bounds", least, f"at least {claimed:g} of the value", BOUNDS, fits)
    outcomes = {kind for group in groups for kind in group.outcomes}
    still = OPEN in outcomes and result.status == "optimal"
    yield Check(layer, f"{PLACE}.outcomes", "".join(sorted(outcomes)), "open" if still else "closed", BOUNDS, not still)
