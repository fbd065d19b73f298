"""Queries: the best mapping of an einsum, or of every layer of a network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

from polymap.architecture.hierarchy import Architecture, Bandwidth
from polymap.errors import NOWHERE, Mistake, SpecError, Unsolved
from polymap.mapper.objective import Objective
from polymap.mapper.objective import objective as objective_named
from polymap.mapper.problem import Part
from polymap.mapper.reasons import explain_infeasible
from polymap.mapper.result import NetworkResult, Result
from polymap.mapper.result import Search as Searched
from polymap.mapper.search import Search
from polymap.mapper.sharing import optimistic, sharings
from polymap.mapper.space import skeletons, spatials
from polymap.mapper.traffic import Geometry
from polymap.mapper.unpriced import check_priced
from polymap.mapping.nest import Mapping
from polymap.model.conventions import Conventions
from polymap.model.conventions import conventions as conventions_named
from polymap.model.cost import Cost
from polymap.model.evaluate import evaluate
from polymap.workload.einsum import Einsum, Network

INTERRUPTED = "interrupted"


def optimize(
    einsum: Einsum,
    architecture: Architecture,
    objective: str = "energy",
    conventions: str | Conventions = "polymap",
    mapspace: str = "even",
    gap: float = 0.0,
    time_limit: float | None = None,
    seed: int = 0,
) -> Result:
    """The mapping of least energy (J), latency (s) or energy-delay product (J*s), with a lower bound over all mappings.

    `gap` is the relative gap to stop at, `time_limit` in seconds of wall time. Ties are broken by energy, then cycles
    (cycles first for energy); within a part of the space by fewer loops, then text order. Raises `Infeasible` where
    no mapping is legal,
    `Unsolved` where time ran out before the first mapping, `SpecError` for wrong arguments.
    """
    _check(mapspace, gap, time_limit)
    goal, rules = objective_named(objective), _searched(conventions_named(conventions), architecture)
    check_priced(einsum, architecture, rules)
    begin = time.process_time()

    def price(mapping: Mapping) -> Cost:
        return evaluate(einsum, architecture, mapping, rules)

    explain_infeasible(einsum, architecture)
    search = Search(parts(einsum, architecture, rules), goal, price, gap, time_limit, seed)
    search.run()
    return _result(search, goal, einsum, architecture, rules, seed, time.process_time() - begin)


def parts(einsum: Einsum, architecture: Architecture, conventions: Conventions) -> Iterator[Part]:
    """The even mapspace, cut into parts."""
    for skeleton in skeletons(einsum, architecture):
        for spatial in spatials(einsum, architecture):
            geometry = Geometry(skeleton, spatial)
            first, *others = alternatives = sharings(geometry)
            if others:
                yield Part(geometry, optimistic(alternatives), conventions, tuple(alternatives))
            else:
                yield Part(geometry, first, conventions)


def _searched(conventions: Conventions, architecture: Architecture) -> Conventions:
    """Cycles that are rounded in floating point are not searched: those of the search, and of its result, are exact."""
    if not conventions.cycles_in_floats or all(memory.bandwidth == Bandwidth() for memory in architecture.memories):
        return conventions
    return replace(conventions, name=f"{conventions.name},cycles_in_floats=no", cycles_in_floats=False)


def _check(mapspace: str, gap: float, time_limit: float | None) -> None:
    wrong = []
    if mapspace != "even":
        wrong.append(Mistake(NOWHERE, f"mapspace '{mapspace}' is not supported", "use even"))
    if not 0 <= gap < 1:
        wrong.append(Mistake(NOWHERE, f"a gap of {gap} makes no sense", "give a fraction from 0 up to 1, e.g. 0.01"))
    if time_limit is not None and not time_limit > 0:
        wrong.append(
            Mistake(NOWHERE, f"a time limit of {time_limit} s leaves no time", "give a positive number of seconds")
        )
    if wrong:
        raise SpecError(wrong)


def _result(
    search: Search,
    goal: Objective,
    einsum: Einsum,
    architecture: Architecture,
    conventions: Conventions,
    seed: int,
    cpu_s: float,
) -> Result:
    if search.best is None:
        explain_infeasible(einsum, architecture, certain=search.proven)
        raise Unsolved(Mistake(NOWHERE, "stopped before any mapping was found", "raise the time limit"))
    value = search.best.rank[0]
    bound = value if search.proven else Fraction(max(0.0, min(float(value), search.bound)))
    progress = search.progress
    return Result(
        status="optimal" if bound >= value else "feasible",
        objective=goal.name,
        value=float(goal.si(value, architecture.clock_hz)),
        lower_bound=float(goal.si(bound, architecture.clock_hz)),
        mapping=search.best.mapping,
        cost=search.best.cost,
        einsum=einsum,
        architecture=architecture,
        conventions=conventions,
        search=Searched(
            progress.parts, search.bounded, progress.solved, cpu_s, seed, note=INTERRUPTED * search.interrupted
        ),
    )


def optimize_network(
    network: Network,
    architecture: Architecture,
    objective: str = "energy",
    conventions: str | Conventions = "polymap",
    mapspace: str = "even",
    gap: float = 0.0,
    time_limit: float | None = None,
    seed: int = 0,
    on_layer: Callable[[int, int, str], None] | None = None,
) -> NetworkResult:
    """`optimize` for every distinct layer; `time_limit` is for the whole network, shared evenly by the layers left.

    `on_layer(number, of, name)` is called before each layer. An interrupt ends the whole network without an answer.
    """
    begin, results = time.monotonic(), []
    for number, layer in enumerate(network.layers, 1):
        if on_layer:
            on_layer(number, len(network.layers), layer.einsum.name)
        left = None
        if time_limit is not None:
            left = max(0.1, time_limit - (time.monotonic() - begin)) / (len(network.layers) - number + 1)
        result = optimize(layer.einsum, architecture, objective, conventions, mapspace, gap, left, seed)
        if result.search and result.search.note == INTERRUPTED:
            raise KeyboardInterrupt
        results.append((layer.repeat, result))
    return NetworkResult(network.name, tuple(results))
