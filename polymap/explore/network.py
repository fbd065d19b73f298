"""Networks: every layer's best mapping. Equal layers are searched once, distinct ones one by one or by workers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from polymap.architecture.hierarchy import Architecture
from polymap.errors import NOWHERE, Mistake, SpecError, Unsolved
from polymap.explore.cache import Cache
from polymap.explore.equal import answer_of, content, words
from polymap.explore.run import Run, attempt
from polymap.explore.workers import at_work
from polymap.mapper.progress import OnProgress
from polymap.mapper.query import Query
from polymap.mapper.result import NetworkResult, Result
from polymap.workload.einsum import Einsum, Network


def optimize_network(
    network: Network,
    architecture: Architecture,
    query: Query,
    workers: int = 1,
    on_progress: OnProgress | None = None,
    cache: Cache | None = None,
) -> NetworkResult:
    """`optimize` for every layer, in up to `workers` processes; `query.time_limit` is for the whole network.

    Layers of equal content are searched once, and not at all if the `cache` has their answer. An interrupt ends the
    searches that run with their best so far, and leaves layers that have not begun `unfinished`; a second one ends all
    without an answer. Raises what `optimize` raises for the first layer that fails, `Unsolved` if no layer has a
    mapping when time is up, `SpecError` for less than one worker.
    """
    if workers < 1:
        raise SpecError(Mistake(NOWHERE, f"{workers} workers do no work", "give a number of 1 or more"))
    einsums = [layer.einsum for layer in network.layers]
    first = firsts(einsums, architecture, query)
    distinct = [einsums[i] for i in dict.fromkeys(first)]
    run = Run(architecture, query, workers, len(distinct), time.monotonic(), on_progress, cache)
    found = dict(zip(dict.fromkeys(first), _found(distinct, run)))
    results = [_shared(einsum, found[i], einsums[i], run) for einsum, i in zip(einsums, first)]
    if einsums and not any(results):
        raise Unsolved(Mistake(NOWHERE, "stopped before any layer had a mapping", "raise the time limit"))
    layers = [(layer.repeat, result) for layer, result in zip(network.layers, results) if result]
    unfinished = [einsum.name for einsum, result in zip(einsums, results) if not result]
    return NetworkResult(network.name, tuple(layers), tuple(unfinished))


def firsts(einsums: Sequence[Einsum], architecture: Architecture, query: Query) -> list[int]:
    """For each einsum the index of the first one that is equal to it, see `content`."""
    spoken = words(architecture, query)
    contents = [content(einsum, spoken) for einsum in einsums]
    return [contents.index(key) for key in contents]


def _found(einsums: Sequence[Einsum], run: Run) -> list[Result | None]:
    """The answers from the cache, and those to the other einsums from a search."""
    known = [run.known(einsum) for einsum in einsums]
    unknown = [einsum for einsum, result in zip(einsums, known) if not result]
    searched = iter(_searched(unknown, replace(run, layers=len(unknown))))
    return [result or next(searched) for result in known]


def _searched(einsums: Sequence[Einsum], run: Run) -> list[Result | None]:
    workers = min(run.workers, len(einsums))
    return at_work(einsums, replace(run, workers=workers)) if workers > 1 else _one_by_one(einsums, run)


def _one_by_one(einsums: Sequence[Einsum], run: Run) -> list[Result | None]:
    found: list[Result | None] = []
    try:
        for einsum in einsums:
            found.append(attempt(einsum, run.architecture, run.share(len(found)), run.heard(len(found))))
            run.keep(found[-1])
            if (result := found[-1]) and result.interrupted:
                break
    except KeyboardInterrupt:
        if not any(found):
            raise
    return found + [None] * (len(einsums) - len(found))


def _shared(einsum: Einsum, found: Result | None, first: Einsum, run: Run) -> Result | None:
    """The answer to an einsum from that to the first of its equals."""
    if found is None or einsum is first:
        return found
    return answer_of(einsum, found, f"as {first.name}") or attempt(einsum, run.architecture, run.query, None)
