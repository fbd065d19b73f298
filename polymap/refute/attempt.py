"""An attempt to refute a claim of optimality: a search for a counterexample, class by class, nothing left out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from math import inf

from polymap.architecture.hierarchy import Architecture, Compute, Memory
from polymap.constraints.bind import Limits
from polymap.mapping.nest import Mapping
from polymap.model.conventions import Conventions
from polymap.model.evaluate import evaluate
from polymap.refute.alike import Alike
from polymap.refute.charges import Charges
from polymap.refute.claim import Claim
from polymap.refute.classes import Class
from polymap.refute.labels import Label
from polymap.refute.laid import Subject, laid
from polymap.refute.layout import Crossings, Layout, Site
from polymap.refute.rules import Rules
from polymap.refute.walk import Walk
from polymap.refute.witness import in_one, witness
from polymap.refute.zone import OutOfTime, TooManyLabels
from polymap.workload.einsum import Einsum

MOST_LABELS = 50_000  # of a class whose mappings are told apart one by one
QUANTA = 1 << 55  # of the energy that a claim is about


class Finding(Enum):
    """What became of a class."""

    PROVEN = "proven"  # no mapping of it breaks the claim
    BROKEN = "broken"  # one does
    UNDECIDED = "undecided"  # the walk ends in mappings that may break it, and the first does not
    UNCHECKED = "unchecked"  # there was no time


@dataclass(frozen=True)
class Judged:
    """A class and what became of it; a mapping that breaks the claim, if there is one."""

    cls: Class
    finding: Finding
    mapping: Mapping | None = None


@dataclass(frozen=True)
class Attempt:
    """A claim about the mappings of an einsum on an architecture. `energy` in pJ is about what it speaks of."""

    einsum: Einsum
    architecture: Architecture
    conventions: Conventions
    claim: Claim
    energy: Fraction
    is_even: bool = False  # the mapspace
    deadline: float = inf  # on the monotonic clock
    limits: Limits | None = None  # statements of a constraint file

    def judged(self) -> Iterator[Judged]:
        """Every class of the mapspace with perfect factors that may meet the statements, and whether it keeps to the
        claim."""
        subject = Subject(self.einsum, self.architecture, self.limits)
        unrolled = list(subject.unrollings())
        alike, known = Alike(self.einsum), dict[Class, Finding]()
        for kept in subject.kept_choices():
            for factors in unrolled:
                cls = Class(kept, factors)
                first = cls if self.limits else alike.first(cls)  # statements may tell ranks apart
                judged = Judged(cls, known[first]) if first in known else self.judge(cls)
                known[cls] = judged.finding
                yield judged

    def judge(self, cls: Class) -> Judged:
        """Whether a class keeps to the claim."""
        if time.monotonic() > self.deadline:
            return Judged(cls, Finding.UNCHECKED)
        layout = Layout(self.einsum, self.architecture, cls, self._sweeps)
        nothing = Limits(self.einsum, self.architecture)
        rules = Rules(layout, self.limits or nothing)
        try:
            if not self._survivors(layout, self._charges(layout), Rules(layout, nothing)):
                return Judged(cls, Finding.PROVEN)
            if not rules.are_empty and not self._survivors(layout, self._charges(layout), rules):
                return Judged(cls, Finding.PROVEN)
            return self._exactly(layout, rules)
        except OutOfTime:
            return Judged(cls, Finding.UNCHECKED)
        except TooManyLabels:
            return Judged(cls, Finding.UNDECIDED)

    @property
    def _sweeps(self) -> bool:
        """Whether what tiles fetch depends on all loops outside them."""
        slides = any(len(axis.terms) > 1 for tensor in self.einsum.tensors for axis in tensor.coordinates)
        return self.conventions.continuing_sweep and slides

    def _exactly(self, layout: Layout, rules: Rules) -> Judged:
        """Walk again with every count exact or, where a walk does not see all that counts, one mapping by one."""
        undecided = False
        ways = laid(self.einsum, self.architecture, layout.cls.unrolled, self.limits)
        assert ways is not None
        for tiles in self._tiles(layout):
            charges = self._charges(layout, tiles, exact=True)
            labels = self._survivors(layout, charges, rules, MOST_LABELS if self._sweeps else 0)
            found = (witness(layout, label, ways) for label in labels)
            mappings = {in_one(mapping): None for mapping in found} if self._sweeps else found
            for mapping in filter(None, mappings):
                if time.monotonic() > self.deadline:
                    raise OutOfTime
                cost = evaluate(self.einsum, self.architecture, mapping, self.conventions)
                is_allowed = self.limits is None or not self.limits.violations(mapping)
                if is_allowed and self.claim.is_broken_by(cost, self.einsum, self.architecture):
                    return Judged(layout.cls, Finding.BROKEN, mapping)
                undecided = not self._sweeps
        return Judged(layout.cls, Finding.UNDECIDED if undecided else Finding.PROVEN)

    def _survivors(self, layout: Layout, charges: Charges, rules: Rules, most_labels: int = 0) -> list[Label]:
        stays, whole = self.conventions.tiles_stay, self.conventions.whole_cycles
        return Walk(
            layout, charges, self.claim, rules, self.deadline, stays, self.is_even, whole, most_labels
        ).survivors()

    def _charges(self, layout: Layout, tiles: Crossings | None = None, exact: bool = False) -> Charges:
        levels: tuple[Memory | Compute, ...] = (*self.architecture.memories, self.architecture.compute)
        timed = self.claim.needs_cycles or (exact and any(level.leakage_w for level in levels))
        quanta = Fraction(1) if self.claim.level else Fraction(QUANTA) / max(1, int(self.energy))
        return Charges(layout, self.conventions, quanta, tiles, timed, joined=exact, level=self.claim.level)

    def _tiles(self, layout: Layout) -> Iterator[Crossings | None]:
        """Every place of the loops that copies depend on."""
        loops = set[tuple[int, int]]()
        for sites in layout.sites:
            links: list[tuple[Site | None, Site]] = [(None, sites[0]), *pairwise(sites)]
            for child, parent in links:
                loops |= layout.meeting(parent.tensor, layout.crossed(child, parent))
        places = layout.crossings(loops)
        yield from [None] if places is None else places
