"""Whether what a result claims of all other mappings holds: each class of them is walked for a counterexample.

The walk shares no code with the search (`polymap.refute`). It proves the lower bound of a result, and with it that an
optimal one is optimal.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from polymap.constraints.bind import Limits, bind
from polymap.constraints.statements import Constraints
from polymap.mapper.certified import certified, outcomes
from polymap.mapper.checks import INPUT, MODEL, UNPROVEN, WALKED, Check, equal
from polymap.mapper.conditions import Conditions, conditions
from polymap.mapper.figures import figures
from polymap.mapper.objective import TRAFFIC, Objective, objective
from polymap.mapper.result import Result, relative_gap
from polymap.mapper.stated import section, stated_constraints, unreadable
from polymap.refute.attempt import Attempt, Finding, Judged
from polymap.refute.claim import Claim
from polymap.refute.scope import uncovered

KNOWN = frozenset(
    ("classes", "bounded", "solved", "cpu_s", "seed", "mapspace", "subject_to", "note", "certificate", "factors")
)
OPTIMAL = "optimal"
EVEN, UNEVEN = "even", "uneven"
PERFECT, IMPERFECT = "perfect", "imperfect"


@dataclass(frozen=True)
class Space:
    """What a document says was searched: a mapspace, side conditions, and the names of whatever else it says."""

    mapspace: str
    subject_to: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    certificate: object = None
    words: tuple[str, ...] = ()
    factors: str = PERFECT
    constraints: Constraints | None = None  # what the words mean, if the document carries it

    def limits(self, result: Result) -> Limits | None:
        """What its statements mean here."""
        return bind(self.constraints, result.einsum, result.architecture) if self.constraints else None


@dataclass(frozen=True)
class Reproof:
    """What the walk of all classes found. `proven` is None where it came to no end; `told` says how far it came."""

    proven: bool | None
    told: str
    ms: float = 0.0


def optimality(top: dict[str, Any], result: Result, layer: str, file: str, seconds: float) -> Iterator[Check]:
    """The checks of what a document claims beyond a price. Raises `SpecError` for a search that cannot be read.

    The value follows from the cost; a bound above it, or an optimum apart from its bound, contradict themselves; the
    bound is proven again as far as `seconds` allow.
    """
    if result.objective is None or result.value is None or result.lower_bound is None:
        yield equal(layer, "status", result.status, "evaluated", "no objective")
        return
    goal, stated = objective(result.objective), top["objective"]
    value = float(goal.of(result.cost, result.einsum, result.architecture))
    yield equal(layer, "objective.value", result.value, value, MODEL)
    yield equal(layer, "objective.unit", stated.get("unit"), goal.unit, MODEL)
    yield equal(layer, "objective.gap", stated.get("gap"), relative_gap(result.value, result.lower_bound), MODEL)
    space = space_of(top, file)
    if space and space.subject_to:
        broken = breaks(result, space)
        found = f"broken: {', '.join(broken)}" if broken else "kept"
        yield Check(layer, "search.subject_to", ", ".join(space.subject_to), found, MODEL, not broken)
    if space and space.constraints:
        yield from _statements(space, result, layer)
    if space:
        kinds = None if space.certificate is None else outcomes(space.certificate, file)
        yield from figures(top["search"], kinds, layer, file)
    if space and space.certificate is not None and not space.beyond:
        yield from certified(space.certificate, result, space.limits(result), layer, file)
    yield from _bound(result, space, layer, seconds if value == result.value else 0.0)


def _bound(result: Result, space: Space | None, layer: str, seconds: float) -> Iterator[Check]:
    tight, optimal = result.lower_bound == result.value, result.status == OPTIMAL
    said = "bound and value" + (" agree" if tight else " differ")
    if result.lower_bound > result.value or optimal > tight:  # type: ignore[operator]
        below = result.lower_bound <= result.value  # type: ignore[operator]
        yield Check(layer, "objective.lower_bound", result.lower_bound, "at most the value", MODEL, below)
        yield Check(layer, "status", result.status, said, MODEL, not optimal or tight)
        return
    found = reprove(result, space, seconds)
    method = UNPROVEN if found.proven is None else WALKED
    agrees = found.proven is not False
    yield Check(layer, "objective.lower_bound", result.lower_bound, found.told, method, agrees, found.ms)
    yield Check(layer, "status", result.status, said, method if optimal else MODEL, agrees or not optimal)


def _statements(space: Space, result: Result, layer: str) -> Iterator[Check]:
    """Whether the statements are those that are told in words, and the mapping meets them."""
    limits, words = space.limits(result), [statement.text for statement in space.constraints.statements]  # type: ignore[union-attr]
    yield equal(layer, "search.constraints", list(space.words), words, INPUT)
    broken = [mistake.message for mistake in limits.violations(result.mapping)] if limits else []
    yield Check(layer, "inputs.constraints", "met", "; ".join(broken) or "met", MODEL, not broken)


def space_of(top: dict[str, Any], file: str) -> Space | None:
    """The space that a document names. Raises `SpecError`."""
    if top.get("search") is None:
        return None
    search, stated = section(top["search"], file, "search"), stated_constraints(top, file)
    texts, mapspace = search.get("subject_to", []), search.get("mapspace")
    if mapspace not in (EVEN, UNEVEN):
        raise unreadable(file, "search.mapspace", "this names no mapspace")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise unreadable(file, "search.subject_to", "a list of conditions belongs here")
    factors = search.get("factors", PERFECT)
    if factors not in (PERFECT, IMPERFECT):
        raise unreadable(file, "search.factors", f"{PERFECT} or {IMPERFECT} belongs here")
    words = search.get("constraints", [])
    if not isinstance(words, list) or not all(isinstance(text, str) for text in words):
        raise unreadable(file, "search.constraints", "a list of statements in words belongs here")
    beyond = tuple(sorted(set(search) - KNOWN - ({"constraints"} if stated else set())))
    return Space(mapspace, tuple(texts), beyond, search.get("certificate"), tuple(words), factors, stated)


def reprove(result: Result, space: Space | None, seconds: float) -> Reproof:
    """Whether no mapping of the space searched is below the result's lower bound, as far as time allows."""
    limits = conditions(space.subject_to if space else (), result.einsum, result.architecture)
    return walk(result, space, limits, claim(result, limits), seconds)


def walk(result: Result, space: Space | None, limits: Conditions, goal: Claim, seconds: float) -> Reproof:
    """Whether no mapping of the space in which a result was searched breaks a claim, as far as time allows.

    Mappings of perfect factors are among those of imperfect ones: they may break a claim, and do not prove it.
    """
    begin = time.monotonic()
    reasons = list(_reasons(result, space))
    if reasons or space is None:
        return Reproof(None, f"not checked: no walk yet under {', '.join(reasons)}")
    attempt = Attempt(
        result.einsum,
        limits.shrunk(result.architecture),
        result.conventions,
        goal,
        result.cost.energy,
        space.mapspace == EVEN,
        begin + seconds,
        space.limits(result),
    )
    found = Counter[Finding]()
    for judged in attempt.judged():
        found[judged.finding] += 1
        if judged.finding is Finding.BROKEN:
            return Reproof(False, _counterexample(judged), _since(begin))
    told, proven = _told(found, goal), _all(found, Finding.PROVEN)
    if space.factors == IMPERFECT:
        return Reproof(None, f"{told} of perfect factors; imperfect ones are not walked", _since(begin))
    return Reproof(proven or None, told, _since(begin))


def claim(result: Result, limits: Conditions) -> Claim:
    """The claim that a result's lower bound makes, in pJ (or bits) and cycles; exactly its value where the two are
    equal."""
    goal = objective(result.objective or "")
    value = goal.value(Fraction(result.cost.energy), Fraction(result.cost.cycles))
    if goal.level:
        value = Fraction(result.lower_bound or 0)
        return Claim(1, 0, value, most_cycles=limits.cycles, level=goal.level)
    if result.lower_bound != result.value and result.lower_bound is not None:
        value = _in_model_units(Fraction(result.lower_bound), goal, result.architecture.clock_hz)
    return Claim(goal.energy_power, goal.latency_power, value, limits.energy_pj, limits.cycles)


def _in_model_units(value: Fraction, goal: Objective, clock_hz: Fraction) -> Fraction:
    return value / Fraction(goal.si(Fraction(1), clock_hz))


def breaks(result: Result, space: Space) -> list[str]:
    """The side conditions that the result's own mapping does not keep to. Raises `SpecError`."""
    asked = result.einsum, result.architecture
    each = ((text, conditions((text,), *asked)) for text in space.subject_to)
    return [text for text, limit in each if not limit.hold(result.cost, *asked)]


def _reasons(result: Result, space: Space | None) -> Iterator[str]:
    if space is None:
        yield "a space that the document does not name"
        return
    if space.mapspace == UNEVEN and result.conventions.continuing_sweep:
        yield f"{result.conventions.name} in the uneven mapspace"
    yield from (f"search.{name}" for name in space.beyond)
    moved = objective(result.objective or "").level
    beside = (TRAFFIC, "energy") if moved else (TRAFFIC,)  # a walk carries energy or bits, not both
    yield from (f"'{text}'" for text in space.subject_to if text.strip().startswith(beside))
    yield from uncovered(result.einsum, result.architecture, result.conventions)


def _since(begin: float) -> float:
    return 1000 * (time.monotonic() - begin)


def _all(found: Counter[Finding], finding: Finding) -> bool:
    return found[finding] == sum(found.values())


def _told(found: Counter[Finding], goal: Claim) -> str:
    classes, what = sum(found.values()), "no such mapping" if goal.least is None else "no mapping below it"
    if _all(found, Finding.PROVEN):
        return f"{what} in any of {classes} classes"
    left = [f"{found[f]} {f.value}" for f in (Finding.UNDECIDED, Finding.UNCHECKED) if found[f]]
    return f"{what} in {found[Finding.PROVEN]} of {classes} classes; {', '.join(left)}"


def _counterexample(judged: Judged) -> str:
    nest = "; ".join(str(node) for node in judged.mapping.nodes) if judged.mapping else ""
    return f"there is one: {nest}"
