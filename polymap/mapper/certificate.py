"""What became of every class of mappings in a search: the certificate that a result carries.

Tensors and ranks are told by their number in the einsum: the certificate of a layer is that of its equals too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import floor

from polymap.mapper.space import Skeleton
from polymap.refute.classes import Factors, digest
from polymap.workload.einsum import Einsum

EMPTY, BOUNDED, ATTAINED, SOLVED, OPEN = "-basx"  # the later one stands for all parts of a class
MEANINGS = {
    EMPTY: "no mapping of the class fits and keeps to the side conditions",
    BOUNDED: "its bound is no better than the answer",
    ATTAINED: "a mapping attains its bound, or none is left that keeps to the side conditions",
    SOLVED: "a search of its nests, or the solver, left none below the answer",
    OPEN: "still open when the search ended",
}
DIGITS = 4
MOST_BOUNDS = 20_000
MOST_CLASSES = 50_000
ROUNDING = 1e-9
Unrolled = tuple[Factors, ...]
Kept = tuple[tuple[str, tuple[int, ...]], ...]  # memories and the numbers of the tensors that they keep


@dataclass(frozen=True)
class Group:
    """The classes that keep the same tensors in each memory: how many unrollings, and their digest; in the order of
    the unrollings an outcome for each and, unless there are too many, a bound as a share of the answer.

    Of many classes, without a digest, the outcomes that there are and the least bound.
    """

    kept: Kept
    sha256: str
    outcomes: str
    bounds: tuple[float, ...]
    classes: int

    def to_dict(self, einsum: Einsum) -> dict[str, object]:
        """As plain data, with the tensors' names."""
        return {
            "kept": {memory: [einsum.tensors[n].name for n in held] for memory, held in self.kept},
            "classes": self.classes,
            **({"sha256": self.sha256} if self.sha256 else {}),
            "outcomes": self.outcomes,
            "bounds": " ".join(f"{bound:g}" for bound in self.bounds),
        }


@dataclass(frozen=True)
class Certificate:
    """All classes of a search."""

    groups: tuple[Group, ...]

    @property
    def classes(self) -> int:
        return sum(group.classes for group in self.groups)

    @property
    def outcomes(self) -> str | None:
        """Those of all groups, one after the other; None of many classes."""
        whole = all(group.sha256 for group in self.groups)
        return "".join(group.outcomes for group in self.groups) if whole else None

    def to_dict(self, einsum: Einsum) -> dict[str, object]:
        """As plain data."""
        return {"classes": self.classes, "groups": [group.to_dict(einsum) for group in self.groups]}


@dataclass(slots=True)
class Outcome:
    """What is known of a class so far: the least bound of its closed parts, and the weakest way of closing one."""

    kind: str = EMPTY
    bound: float = float("inf")


@dataclass(slots=True)
class Many:
    """What is known of many classes: their number, and the least bound under each way of closing any."""

    classes: int = 0
    bounds: dict[str, float] = field(default_factory=dict)

    def hear(self, kind: str, bound: float) -> None:
        self.bounds[kind] = min(bound, self.bounds.get(kind, bound))


class Outcomes:
    """Hears from a search when classes are entered and when they, or parts of one, are closed. Of more than
    `MOST_CLASSES` it remembers no single one, but how many there are, what became of any, and the least bound."""

    def __init__(self) -> None:
        self.of: dict[Kept, dict[Unrolled, Outcome]] = {}
        self.many: dict[Kept, Many] = {}
        self.entered = 0
        self._kept: dict[Skeleton, Kept] = {}

    def enter(self, skeleton: Skeleton, number: int, orbits: Iterable[Sequence[Unrolled]]) -> None:
        """So many classes, by the factors of each array; what becomes of the first of an orbit becomes of all."""
        self.entered += number
        kept = self._keeps(skeleton)
        many = self.many.setdefault(kept, Many())
        many.classes += number
        if self.entered > MOST_CLASSES:
            self._merge()
            return
        here = self.of.setdefault(kept, {})
        for orbit in orbits:
            here.update(dict.fromkeys(orbit, Outcome()))

    def close(self, skeleton: Skeleton, classes: Sequence[Unrolled], kind: str, bounds: Sequence[float]) -> None:
        """Parts of classes, closed in this way under bounds of the objective."""
        if self.entered > MOST_CLASSES:
            self.many[self._keeps(skeleton)].hear(kind, min(bounds, default=float("inf")))
            return
        here, kinds = self.of[self._keeps(skeleton)], list(MEANINGS)
        for unrolled, bound in zip(classes, bounds):
            known = here[unrolled]
            known.bound = min(known.bound, bound)
            known.kind = max(known.kind, kind, key=kinds.index)

    def _merge(self) -> None:
        """What is known of single classes is remembered of all together."""
        for kept, members in self.of.items():
            for outcome in members.values():
                if outcome.kind != EMPTY:
                    self.many[kept].hear(outcome.kind, outcome.bound)
        self.of.clear()

    def certificate(self, value: float) -> Certificate:
        """The outcomes, when `value` is the answer."""
        if self.entered > MOST_CLASSES:
            return Certificate(tuple(_many(kept, self.many[kept], value) for kept in sorted(self.many)))
        few = self.entered <= MOST_BOUNDS
        return Certificate(tuple(_group(kept, self.of[kept].items(), value, few) for kept in sorted(self.of)))

    def _keeps(self, skeleton: Skeleton) -> Kept:
        if skeleton not in self._kept:
            number = {tensor.name: n for n, tensor in enumerate(skeleton.einsum.tensors)}
            kept = ((kept.memory.name, tuple(number[name] for name in kept.tensors)) for kept in skeleton.kept)
            self._kept[skeleton] = tuple(kept)
        return self._kept[skeleton]


def _group(kept: Kept, members: Iterable[tuple[Unrolled, Outcome]], value: float, few: bool) -> Group:
    ordered = sorted(members, key=lambda member: member[0])
    outcomes = [outcome for _, outcome in ordered]
    return Group(
        kept,
        digest([unrolled for unrolled, _ in ordered]),
        "".join(_kind(outcome, value) for outcome in outcomes),
        tuple(_share(outcome, value) for outcome in outcomes) if few else (),
        len(outcomes),
    )


def _many(kept: Kept, many: Many, value: float) -> Group:
    outcomes = [Outcome(kind, many.bounds[kind]) for kind in MEANINGS if kind in many.bounds]
    bounds = [_share(outcome, value) for outcome in outcomes]
    kinds = dict.fromkeys(_kind(outcome, value) for outcome in outcomes)
    return Group(kept, "", "".join(kinds) or EMPTY, (min(bounds, default=1.0),), many.classes)


def _kind(outcome: Outcome, value: float) -> str:
    """A class that is open under a bound as good as the answer is closed by it."""
    return BOUNDED if outcome.kind == OPEN and outcome.bound * (1 + ROUNDING) >= value else outcome.kind


def _share(outcome: Outcome, value: float) -> float:
    """The bound of a class over the answer, rounded down; what a mapping attained, or a search closed, is no better."""
    if not value or outcome.kind == EMPTY:
        return 1.0
    share = max(outcome.bound / value, 1.0 if outcome.kind in (ATTAINED, SOLVED) else 0.0)
    return float(floor(share * (1 + ROUNDING) * 10**DIGITS)) / float(10**DIGITS)


def tally(outcomes: str) -> tuple[int, int, int]:
    """Classes with these outcomes: all, those that bounds closed, those that were solved.

    >>> tally("bba-sx")
    (6, 4, 1)
    """
    solved = outcomes.count(SOLVED)
    return len(outcomes), len(outcomes) - outcomes.count(OPEN) - solved, solved
