"""The schedule of a mapping as a trace for Perfetto or chrome://tracing: memories as tracks, tiles as slices.

The format is that of the Trace Event Format (Google, 2016): complete events `X` in microseconds. Time is shared evenly
among the iterations of the temporal loops: what the model counts is cycles of the whole, not of each step. A slice is
as long as a tile stays; steps in which a loop that the tensor does not depend on moves leave it where it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from polymap.mapper.result import NetworkResult, Result, expect
from polymap.mapper.stated import result as stated_result
from polymap.mapper.stated import unreadable
from polymap.mapping.nest import Node, Storage, Temporal
from polymap.mapping.tiles import elements, largest_sizes, step
from polymap.report.html.subject import subject
from polymap.workload.einsum import Einsum, Tensor

MOST_SLICES = 20_000


def trace(result: Result | dict[str, Any], file: str = "") -> dict[str, Any]:
    """The trace of a result or of its document, as data that JSON can hold.

    Raises SpecError for what is no result of one einsum. Tracks whose tiles would take it beyond 20,000 slices are left
    out, and named in `otherData`.
    """
    expect(result, Result, NetworkResult, dict)
    document = result if isinstance(result, dict) else json.loads(result.to_json(None))
    stated = stated_result(document, file)
    if "layers" in stated:
        mend = "search one alone: `polymap optimize ARCH NETWORK/LAYER -o DIR`"
        raise unreadable(file, "layers", "a trace is of one layer, and this is a result of several", mend)
    found = subject(stated, file)
    nodes = found.mapping.without_unit_loops().nodes
    events: list[dict[str, Any]] = [_named("process_name", 0, f"{found.name} on {found.architecture.name}")]
    left_out: list[str] = []
    for track, (at, node, tensor) in enumerate(_holdings(nodes, found.einsum), start=1):
        name, turned = f"{node.level} {tensor.name}", _turned(nodes[:at], tensor)
        if len(events) + prod(loop.trip for _, loop in turned) > MOST_SLICES:
            left_out.append(name)
            continue
        events.append(_named("thread_name", track, name))
        tile = elements(tensor, largest_sizes(found.einsum, nodes[at + 1 :]))
        steps = [(loop, step(nodes, i) if loop.rank in tensor.ranks else 0) for i, loop in turned]
        events += _slices(tensor.name, tile, steps, found.totals["latency_s"] * 1e6, track)
    about = {"mapping": found.mapping.text(), "cycles": found.totals["cycles"], "left_out": left_out}
    return {"displayTimeUnit": "ns", "traceEvents": events, "otherData": about}


def _named(kind: str, track: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": 1, "tid": track, "args": {"name": name}}


def _holdings(nodes: tuple[Node, ...], einsum: Einsum) -> Iterator[tuple[int, Storage, Tensor]]:
    for at, node in enumerate(nodes):
        if isinstance(node, Storage):
            yield from ((at, node, einsum.tensor(name)) for name in node.tensors)


def _turned(above: tuple[Node, ...], tensor: Tensor) -> list[tuple[int, Temporal]]:
    """Temporal loops down to the innermost one that moves the tensor: each iteration has a tile of its own."""
    loops = [(i, node) for i, node in enumerate(above) if isinstance(node, Temporal)]
    moving = [n for n, (_, loop) in enumerate(loops, start=1) if loop.rank in tensor.ranks]
    return loops[: moving[-1]] if moving else []


def _slices(
    tensor: str, tile: int, steps: list[tuple[Temporal, int]], whole_us: float, track: int
) -> Iterator[dict[str, Any]]:
    """The tiles of one tensor at one storage node, one after another, each as long as the others."""
    lasts = whole_us / prod(loop.trip for loop, _ in steps)
    for n, iteration in enumerate(product(*(range(loop.trip) for loop, _ in steps))):
        start = _start(steps, iteration)
        where = ", ".join(f"{rank}={value}" for rank, value in start.items()) or "all"
        yield {"ph": "X", "name": f"{tensor} {where}", "cat": "tile", "pid": 1, "tid": track, "ts": n * lasts,
               "dur": lasts, "args": {"elements": tile, **start}}  # fmt: skip


def _start(steps: list[tuple[Temporal, int]], iteration: tuple[int, ...]) -> dict[str, int]:
    """Where a tile begins in each rank of its tensor at an iteration of the loops above it."""
    found: dict[str, int] = {}
    for (loop, by), index in zip(steps, iteration, strict=True):
        if by:
            found[loop.rank] = found.get(loop.rank, 0) + by * index
    return found
