"""The schedule of a mapping as a trace for Perfetto or chrome://tracing: memories as tracks, tiles as slices.

The format is that of the Trace Event Format (Google, 2016): complete events `X` in microseconds. Time is shared evenly
among the iterations of the temporal loops: what the model counts is cycles of the whole, not of each step. A slice is
as long as a tile stays; steps in which a loop that the tensor does not depend on moves leave it where it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby, product
from math import prod
from typing import TYPE_CHECKING, Any

from polymap.mapper.stated import result as stated_result
from polymap.mapping.nest import Node, Storage, Temporal
from polymap.mapping.tiles import elements, largest_sizes, step
from polymap.report.html.subject import Subject, subject

if TYPE_CHECKING:
    from polymap.mapper.result import Result

MOST_SLICES = 20_000


def trace(result: Result | dict[str, Any], file: str = "") -> dict[str, Any]:
    """The trace of a result or of its document, as data that JSON can hold.

    Raises SpecError for what is no result of one einsum. Tracks whose tiles would take it beyond 20,000 slices are left
    out, and named in `otherData`.
    """
    document = result if isinstance(result, dict) else json.loads(result.to_json(None))
    found = subject(stated_result(document, file), file)
    nodes = found.mapping.without_unit_loops().nodes
    events: list[dict[str, Any]] = [_named("process_name", 0, f"{found.name} on {found.architecture.name}")]
    left_out: list[str] = []
    for track, (at, node, tensor) in enumerate(_holdings(nodes), start=1):
        name = f"{node.level} {tensor}"
        slices = prod(outer.trip for outer in nodes[:at] if isinstance(outer, Temporal))
        if len(events) + slices > MOST_SLICES:
            left_out.append(name)
            continue
        events.append(_named("thread_name", track, name))
        events += _slices(found, nodes, at, tensor, track)
    about = {"mapping": found.mapping.text(), "cycles": found.totals["cycles"], "left_out": left_out}
    return {"displayTimeUnit": "ns", "traceEvents": events, "otherData": about}


def _named(kind: str, track: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": 1, "tid": track, "args": {"name": name}}


def _holdings(nodes: tuple[Node, ...]) -> Iterator[tuple[int, Storage, str]]:
    for at, node in enumerate(nodes):
        if isinstance(node, Storage):
            yield from ((at, node, tensor) for tensor in node.tensors)


def _slices(found: Subject, nodes: tuple[Node, ...], at: int, tensor: str, track: int) -> Iterator[dict[str, Any]]:
    """The tiles of one tensor at one storage node, one after another."""
    loops = [(i, node) for i, node in enumerate(nodes[:at]) if isinstance(node, Temporal)]
    of = found.einsum.tensor(tensor)
    steps = [(node.rank, node.rank in of.ranks, step(nodes, i)) for i, node in loops]
    runs = groupby(
        (_start(steps, iteration) for iteration in product(*(range(node.trip) for _, node in loops))),
    )
    each = found.totals["latency_s"] * 1e6 / prod(node.trip for _, node in loops)
    tile, begun = elements(of, largest_sizes(found.einsum, nodes[at + 1 :])), 0
    for start, same in runs:
        lasts = sum(1 for _ in same)
        where = ", ".join(f"{rank}={value}" for rank, value in start) or "all"
        yield {"ph": "X", "name": f"{tensor} {where}", "cat": "tile", "pid": 1, "tid": track, "ts": begun * each,
               "dur": lasts * each, "args": {"elements": tile, **dict(start)}}  # fmt: skip
        begun += lasts


def _start(steps: list[tuple[str, bool, int]], iteration: tuple[int, ...]) -> tuple[tuple[str, int], ...]:
    """Where a tile begins in each rank of its tensor at an iteration of the loops above it."""
    found: dict[str, int] = {}
    for (rank, moves, by), index in zip(steps, iteration, strict=True):
        if moves:
            found[rank] = found.get(rank, 0) + by * index
    return tuple(found.items())
