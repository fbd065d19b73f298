"""Queries: the best mapping of an einsum, or of every layer of a network."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from polymap.architecture.hierarchy import Architecture, Bandwidth
from polymap.constraints.bind import Limits, bind
from polymap.constraints.check import impossible
from polymap.constraints.statements import Constraints
from polymap.errors import NOWHERE, Infeasible, Mistake, PolymapError, SpecError, Unsolved
from polymap.mapper.bundle import Bundle, Frame, every
from polymap.mapper.certificate import tally
from polymap.mapper.compulsory import compulsory
from polymap.mapper.conditions import Conditions, conditions, no_memory
from polymap.mapper.hauling import pays
from polymap.mapper.incumbent import Candidate, Incumbent
from polymap.mapper.ledger import Ledger
from polymap.mapper.objective import TRAFFIC, Objective
from polymap.mapper.objective import objective as objective_named
from polymap.mapper.problem import Part, Unopened
from polymap.mapper.progress import OnProgress, Progress, Seldom, nothing
from polymap.mapper.reasons import explain_infeasible
from polymap.mapper.relaxation import Relaxation, relaxable
from polymap.mapper.result import INTERRUPTED, Result
from polymap.mapper.result import Search as Searched
from polymap.mapper.search import Search
from polymap.mapper.sets import integer_sets
from polymap.mapper.sharing import passes_unkept
from polymap.mapper.space import even, keepings, uneven
from polymap.mapper.symmetry import renamings
from polymap.mapper.traffic import Geometry
from polymap.mapper.twin import easier, part_of
from polymap.mapper.unpriced import check_priced
from polymap.mapping.nest import Mapping
from polymap.model.conventions import Conventions
from polymap.model.conventions import conventions as conventions_named
from polymap.model.cost import Cost
from polymap.model.evaluate import evaluate
from polymap.workload.einsum import Einsum

if TYPE_CHECKING:
    from polymap.mapper.imperfect.batches import Batch
    from polymap.mapper.imperfect.search import Search as ImperfectSearch

EVEN, UNEVEN = "even", "uneven"
PERFECT, IMPERFECT = "perfect", "imperfect"
TWIN_SHARE = 4  # of the time limit, what an easier question may take
GOOD_ENOUGH = 0.01  # relative gap of the mapping of perfect factors with which an imperfect search begins
MOST_SPARE = 1_000  # classes of perfect factors in which an imperfect search that must stop looks for a first mapping


@dataclass(frozen=True)
class Query:
    """What is asked of a search.

    `objective` is a name or a product of powers (see `objective`), `mapspace` even or uneven (by default uneven, but
    even under conventions that keep the overlap of a continuing sweep), `subject_to` side conditions such as
    `latency <= 2 ms`, `gap` the relative gap to stop at, `time_limit` in seconds of wall time, `constraints` statements
    that the mapping must meet. `factors` are perfect (trips divide their rank) or imperfect (trips cover it).
    """

    objective: str = "energy"
    conventions: str | Conventions = "polymap"
    mapspace: str | None = None
    subject_to: tuple[str, ...] = ()
    gap: float = 0.0
    time_limit: float | None = None
    seed: int = 0
    constraints: Constraints | None = None
    factors: str = PERFECT

    @property
    def rules(self) -> Conventions:
        return conventions_named(self.conventions)

    @property
    def space(self) -> str:
        return self.mapspace or (EVEN if self.rules.continuing_sweep else UNEVEN)

    def mistakes(self) -> Iterator[Mistake]:
        """What makes no sense by itself."""
        if self.space not in (EVEN, UNEVEN):
            yield Mistake(NOWHERE, f"mapspace '{self.mapspace}' is not supported", "use uneven or even")
        if self.space == UNEVEN and self.rules.continuing_sweep:
            message = f"the conventions {self.rules.name} are searched in the even mapspace only"
            yield Mistake(NOWHERE, message, "leave the mapspace out")
        if self.space == EVEN and self.rules.tiles_slide:
            message = f"the conventions {self.rules.name} are searched in the uneven mapspace only"
            yield Mistake(NOWHERE, message, "leave the mapspace out, or add `tiles_slide=no` to the conventions")
        if self.factors not in (PERFECT, IMPERFECT):
            yield Mistake(NOWHERE, f"factors '{self.factors}' are not supported", "use perfect or imperfect")
        if not 0 <= self.gap < 1:
            yield Mistake(NOWHERE, f"a gap of {self.gap} makes no sense", "give a fraction from 0 up to 1, e.g. 0.01")
        if self.time_limit is not None and not self.time_limit > 0:
            message = f"a time limit of {self.time_limit} s leaves no time"
            yield Mistake(NOWHERE, message, "give a positive number of seconds")


def optimize(einsum: Einsum, architecture: Architecture, query: Query, on_progress: OnProgress | None = None) -> Result:
    """The mapping of least objective, with a lower bound over all mappings. `on_progress` hears how far the search is.

    An interrupt ends the search with the best so far (the result is `interrupted`), a second one without. Ties are
    broken by energy, then cycles (cycles first for latency), then fewer loops, then reading order (`reading`). Raises
    `Infeasible` where no mapping is legal or none keeps to the side conditions, `Unsolved` where time ran out before
    the first mapping, `SpecError` for what makes no sense.
    """
    from polymap.mapper.conflict import explained

    deadline = None if query.time_limit is None else time.monotonic() + query.time_limit
    try:
        return best_of(space(einsum, architecture, query), einsum, architecture, query, on_progress)
    except Infeasible as error:
        raise explained(error, einsum, architecture, query, deadline) from None


@dataclass(frozen=True)
class Space:
    """The classes of mappings that a query searches, one by one: there may be many. They begin anew whenever they are
    asked for, because a generator that an interrupt has struck has ended."""

    begin: Callable[[], Iterator[Unopened | Bundle] | Iterator[Batch]]

    def __iter__(self) -> Iterator[Unopened | Bundle] | Iterator[Batch]:
        return self.begin()


def space(einsum: Einsum, architecture: Architecture, query: Query) -> Space:
    """What a query searches. Raises `SpecError` and `Infeasible`."""
    goal = objective_named(query.objective)
    wrong = [*query.mistakes(), *_unknown_level(goal, architecture)]
    if wrong:
        raise SpecError(wrong)
    check_priced(einsum, architecture, query.rules, query.factors == IMPERFECT)
    explain_infeasible(einsum, architecture, perfect=query.factors == PERFECT)
    limits = conditions(query.subject_to, einsum, architecture)
    shrunk = limits.shrunk(architecture)
    try:
        explain_infeasible(einsum, shrunk, perfect=query.factors == PERFECT)
    except Infeasible as error:
        raise Infeasible([_unkept(limits, einsum), *error.mistakes]) from None
    demanded = limits_of(query, einsum, architecture)
    alone = impossible(demanded, query.factors == PERFECT) if demanded else []
    if alone:
        raise Infeasible(alone)
    if query.factors == IMPERFECT:
        from polymap.mapper.imperfect.batches import batches

        return Space(lambda: batches(einsum, shrunk, query.rules, query.space == UNEVEN, demanded))
    return Space(lambda: bundles(einsum, shrunk, query.rules, query.space, demanded))


def _unknown_level(goal: Objective, architecture: Architecture) -> Iterator[Mistake]:
    mistake = no_memory(goal.level, architecture) if goal.name.startswith(TRAFFIC) else None
    if mistake:
        yield Mistake(NOWHERE, f"objective '{goal.name}': {mistake[0]}", mistake[1])


def best_of(
    searched: Iterable[Any],
    einsum: Einsum,
    architecture: Architecture,
    query: Query,
    on_progress: OnProgress | None = None,
) -> Result:
    """The best mapping of some classes, see `optimize`. Raises `Infeasible`, `Unsolved` and `SpecError`."""
    goal, rules = objective_named(query.objective), _exact(query.rules, architecture)
    limits = conditions(query.subject_to, einsum, architecture)
    begin, started = time.process_time(), time.monotonic()

    demanded = limits_of(query, einsum, architecture)

    def obeys(mapping: Mapping) -> bool:
        return demanded is None or not demanded.violations(mapping)

    def tell() -> None:
        if on_progress:
            on_progress(_progress(search, goal, einsum, architecture, time.monotonic() - started))

    incumbent = Incumbent(goal, limits, einsum, architecture, pricing(einsum, architecture, rules), obeys)
    incumbent.compulsory = compulsory(goal, einsum, architecture, rules)
    hear = Seldom(tell) if on_progress else nothing
    search: Search | ImperfectSearch
    if query.factors == IMPERFECT:
        from polymap.mapper.imperfect.search import Search as ImperfectSearch

        spare = islice(classes(einsum, limits.shrunk(architecture), rules, query.space, demanded), MOST_SPARE)
        search = ImperfectSearch(searched, incumbent, query.gap, query.time_limit, hear, spare)
        search.prepare = lambda: _offer_of_perfect(incumbent, query, rules)
    else:
        search = Search(searched, incumbent, query.gap, query.time_limit, query.seed, hear)
        search.prepare = lambda: _offer_of_twin(incumbent, query, rules)
    search.run()
    if search.best is None:
        perfect = query.factors == PERFECT
        raise _without_mapping(search, limits, einsum, architecture, demanded is not None, perfect)
    value = search.best.rank[0]
    bound = value if search.proven else Fraction(max(0.0, min(float(value), search.bound)))
    return Result(
        status="optimal" if search.proven or float(bound) >= float(value) else "feasible",
        objective=goal.name,
        value=float(goal.si(value, architecture.clock_hz)),
        lower_bound=float(goal.si(bound, architecture.clock_hz)),
        mapping=search.best.mapping,
        cost=search.best.cost,
        einsum=einsum,
        architecture=architecture,
        conventions=rules,
        search=_searched(search, query, time.process_time() - begin),
    )


def _offer_of_twin(incumbent: Incumbent, query: Query, rules: Conventions) -> None:
    """Offer the best mapping of an easier question, if there is one. Conditions and statements may shut it out: with
    any, it is not asked. An interrupt goes on."""
    einsum, architecture = incumbent.einsum, incumbent.architecture
    pair = easier(einsum, architecture)
    if pair is None or query.subject_to or query.constraints:
        return
    first = Incumbent(incumbent.objective, incumbent.conditions, *pair, pricing(*pair, rules))
    _offer(incumbent, first, query, lambda found: part_of(found, einsum, architecture))


def _offer_of_perfect(incumbent: Incumbent, query: Query, rules: Conventions) -> None:
    """Offer a good mapping of perfect factors, if there is one that keeps to the conditions. An interrupt goes on."""
    pair = incumbent.einsum, incumbent.architecture
    first = Incumbent(incumbent.objective, incumbent.conditions, *pair, pricing(*pair, rules), incumbent.obeys)
    asked = replace(query, factors=PERFECT, gap=max(query.gap, GOOD_ENOUGH))
    _offer(incumbent, first, asked, lambda found: found.part)


def _offer(incumbent: Incumbent, first: Incumbent, asked: Query, part: Callable[[Candidate], Part]) -> None:
    """Offer what an easier question finds in its share of the time, in the part where it lies here."""
    seconds = asked.time_limit and asked.time_limit / TWIN_SHARE
    with suppress(PolymapError):
        classes: Iterable[Any] = space(first.einsum, first.architecture, asked)
        search = Search(classes, first, asked.gap, seconds, asked.seed)
        search.run()
        if search.best:
            incumbent.consider(part(search.best), search.best.mapping)
        if search.interrupted:
            raise KeyboardInterrupt


def _progress(
    search: Search | ImperfectSearch, goal: Objective, einsum: Einsum, architecture: Architecture, seconds: float
) -> Progress:
    value, bound = (
        None if number is None else float(goal.si(number, architecture.clock_hz))
        for number in (search.best and search.best.rank[0], search.bound)
    )
    classes, closed = search.progress.parts, search.bounded + search.progress.solved
    return Progress(einsum.name, goal.name, value, bound or 0.0, classes, closed, seconds)


def pricing(einsum: Einsum, architecture: Architecture, conventions: Conventions) -> Callable[[Mapping], Cost]:
    """What prices mappings as the search does: cycles exactly, and any domain; on boxes it has no time for sets."""
    rules, sets = _exact(conventions, architecture), None if einsum.is_box else integer_sets
    return lambda mapping: evaluate(einsum, architecture, mapping, rules, sets=sets)


def _searched(search: Search | ImperfectSearch, query: Query, cpu_s: float) -> Searched:
    certificate = search.certificate() if isinstance(search, Search) else None
    parts = search.progress.parts, search.bounded, search.progress.solved
    classes, bounded, solved = (
        tally(certificate.outcomes) if certificate and certificate.outcomes is not None else parts
    )
    return Searched(
        classes=classes,
        bounded=bounded,
        solved=solved,
        cpu_s=cpu_s,
        seed=query.seed,
        mapspace=query.space,
        subject_to=query.subject_to,
        note=INTERRUPTED * search.interrupted,
        constraints=tuple(demand.text for demand in query.constraints.statements) if query.constraints else (),
        rules=_written(query.constraints),
        certificate=certificate,
        final=search.final,
        factors=query.factors,
    )


def _written(constraints: Constraints | None) -> str:
    """Statements as a document; empty if there are none, or what several files say does not go into one."""
    with suppress(SpecError):
        return json.dumps(constraints.to_dict()) if constraints else ""
    return ""


def _without_mapping(
    search: Search | ImperfectSearch,
    limits: Conditions,
    einsum: Einsum,
    architecture: Architecture,
    ruled: bool,
    perfect: bool,
) -> Exception:
    if search.proven and limits.texts and (search.incumbent.refused or limits.sizes):
        return Infeasible(_unkept(limits, einsum))
    if search.proven and ruled:
        return Infeasible(
            Mistake(NOWHERE, f"no mapping of {einsum.name} meets all statements", "leave some of them out")
        )
    explain_infeasible(einsum, architecture, certain=search.proven, perfect=perfect)
    if search.final:
        message = "classes of mappings were given up, and no mapping was found in the others"
        return Unsolved(Mistake(NOWHERE, message, "loosen a condition or a statement, or leave out `links`"))
    return Unsolved(Mistake(NOWHERE, "stopped before any mapping was found", "raise the time limit"))


def _unkept(limits: Conditions, einsum: Einsum) -> Mistake:
    shown = ", ".join(f"'{text}'" for text in limits.texts)
    without = "" if limits.sizes else "; without them there are mappings"
    return Mistake(NOWHERE, f"no mapping of {einsum.name} keeps to {shown}", f"loosen a condition{without}")


def _exact(conventions: Conventions, architecture: Architecture) -> Conventions:
    """Cycles that are rounded in floating point are not searched: those of the search, and of its result, are exact."""
    if not conventions.cycles_in_floats or all(memory.bandwidth == Bandwidth() for memory in architecture.memories):
        return conventions
    return replace(conventions, name=f"{conventions.name},cycles_in_floats=no", cycles_in_floats=False)


def limits_of(query: Query, einsum: Einsum, architecture: Architecture) -> Limits | None:
    """What the statements of a query mean for an einsum, if there are any."""
    return None if query.constraints is None else bind(query.constraints, einsum, architecture)


def classes(
    einsum: Einsum, architecture: Architecture, conventions: Conventions, mapspace: str, limits: Limits | None = None
) -> Iterator[Unopened]:
    """A mapspace, cut into classes: one for each choice of what is kept where and each unrolling that limits allow."""
    for found in bundles(einsum, architecture, conventions, mapspace, limits, apart=True):
        yield from found if isinstance(found, Bundle) else (found,)


def bundles(
    einsum: Einsum,
    architecture: Architecture,
    conventions: Conventions,
    mapspace: str,
    limits: Limits | None = None,
    apart: bool = False,
) -> Iterator[Unopened | Bundle]:
    """The classes of a mapspace, together where one table bounds many.

    One stands for those that are the same but for the names of ranks, unless they are to be met each `apart`; where
    there are limits, they may tell ranks apart, and so may rules of dimensions along which words pay for their way.
    """
    ruled = any(array.rules and pays(array) for array in architecture.arrays)
    renamed = () if apart or limits or ruled else renamings(einsum)
    ledger = None if limits is None else Ledger(limits)
    if ledger and not all(ledger.factors.values()):
        return  # no factor of some loops meets all statements about them
    asked = ledger if ledger and not ledger.empty else None
    found = every(einsum, architecture, limits)
    for kept in keepings(einsum, architecture, limits):
        idle = {memory.name for memory in architecture.memories} - {k.memory.name for k in kept}
        if ledger and not ledger.allows_none(idle):
            continue
        decided = not any(passes_unkept(einsum, architecture, kept, conventions))
        groups = found.alike() if mapspace == UNEVEN else [(frozenset[str](), np.arange(len(found.chosen)))]
        for used, numbers in groups:
            roaming = mapspace == UNEVEN
            frame = uneven(einsum, architecture, kept, used) if roaming else even(einsum, architecture, kept)
            skeleton = replace(frame, ledger=asked, limits=limits)
            if relaxable(skeleton):
                tables = Relaxation(skeleton, conventions)
                yield from Frame(skeleton, conventions, tables, found, numbers, renamed).bundles()
                continue
            for number in numbers.tolist():
                yield Unopened(Geometry(skeleton, found.spatial(number)), conventions, decided=decided)
