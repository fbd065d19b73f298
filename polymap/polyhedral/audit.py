"""The audit of a mapping: every count of the model against the same count by a route that did not make it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from polymap.architecture.hierarchy import Architecture
from polymap.errors import PolymapError
from polymap.mapping.nest import Mapping
from polymap.model.conventions import Conventions
from polymap.model.conventions import conventions as preset
from polymap.model.cost import Cost
from polymap.model.evaluate import evaluate
from polymap.model.replay.chain import chain
from polymap.model.replay.rules import is_replayed
from polymap.polyhedral.counts import integer_sets
from polymap.polyhedral.recount import CROSSINGS, POINTS, QUANTITIES, SETS, Found, Recount
from polymap.workload.einsum import Einsum

__all__ = ["FOREIGN", "NOT_COUNTED", "POINTS", "QUANTITIES", "SETS", "Audit", "Row", "audit"]

NOT_COUNTED = "not counted"
FOREIGN = "another tool's algorithm, run again"


@dataclass(frozen=True)
class Row:
    """One number of the model, and the same by another route: None, with the reason in `method`, where it has none.

    `level` and `tensor` are empty for numbers of the whole run; of a network `level` is `ARRAY.TENSOR.to_CHILD`. Where
    the conventions replay another tool's algorithm, `counted` is the exact count, and `is_foreign` if that is another.
    `milliseconds` are those of all rows counted together, on the first of them.
    """

    level: str
    tensor: str
    quantity: str
    model: int
    counted: int | None
    method: str
    milliseconds: float
    is_foreign: bool = False

    @property
    def agrees(self) -> bool:
        return self.counted is None or self.counted == self.model or self.is_foreign


@dataclass(frozen=True)
class Audit:
    """All rows of an audit."""

    rows: tuple[Row, ...]

    @property
    def agrees(self) -> bool:
        """Whether no count differs from the model's."""
        return all(row.agrees for row in self.rows)


def audit(
    einsum: Einsum,
    architecture: Architecture,
    mapping: Mapping,
    conventions: str | Conventions = "polymap",
    cost: Cost | None = None,
) -> Audit:
    """Count a mapping once more and hold every count against the model's (`cost`, unless given: evaluated here).

    Counts beyond the budget are left uncounted and say so. Raises what `evaluate` raises.
    """
    chosen = preset(conventions)
    priced = cost or evaluate(einsum, architecture, mapping, chosen, sets=integer_sets)
    machine = (einsum, architecture, mapping)
    replayed = chosen.continuing_sweep and is_replayed(*machine, chosen) and chain(*machine) is not None
    recount = Recount(*machine, _exact(chosen, architecture) if replayed else chosen)
    rows = [*_run(recount, priced)]
    for tensor in einsum.tensors:
        rows += [*_counts(recount, priced, tensor.name), *_crossings(recount, priced, tensor.name)]
    return Audit(tuple(map(_foreign, rows) if replayed else rows))


def _exact(chosen: Conventions, architecture: Architecture) -> Conventions:
    """The conventions by which a mapping that is replayed is counted exactly: networks know no sweep that goes on."""
    wired = any(array.wiring or array.links for array in architecture.arrays)
    return replace(chosen, continuing_sweep=chosen.continuing_sweep and not wired)


def _foreign(row: Row) -> Row:
    """A row of a replay: its number is right by that tool's rules, whatever the exact count is."""
    if row.counted is None:
        return replace(row, method=f"{FOREIGN}; {row.method}")
    if row.counted == row.model:
        return row
    return replace(row, is_foreign=True, method=f"{FOREIGN}; the exact count is {row.counted}")


def _run(recount: Recount, cost: Cost) -> Iterator[Row]:
    """Computes, compute cycles, and the instances of every level that ever run."""
    stated = {"computes": cost.computes, "compute_cycles": cost.compute_cycles}
    stated.update({f"{use.level}.instances": use.instances for use in cost.components})
    for quantity, count in recount.run():
        yield from _rows(
            "", {("", quantity): stated[quantity]}, *_timed(partial(_one, quantity, count), recount.run_route)
        )


def _one(quantity: str, count: Callable[[], int]) -> Found:
    return {("", quantity): count()}


def _counts(recount: Recount, cost: Cost, tensor: str) -> Iterator[Row]:
    names = {"tile": "tile_elements"}
    stated = {
        (row.level, what): int(getattr(row, names.get(what, what)))
        for row in cost.traffic
        if row.tensor == tensor
        for what in QUANTITIES
    }
    yield from _rows(tensor, stated, *_timed(lambda: recount.counts(tensor), recount.route(tensor)))


def _crossings(recount: Recount, cost: Cost, tensor: str) -> Iterator[Row]:
    stated = {
        (f"{row.array}.{row.tensor}.to_{row.child}", what): int(value)
        for row in cost.networks
        if row.tensor == tensor
        for what in CROSSINGS
        if (value := getattr(row, what)) is not None
    }
    if stated:
        yield from _rows(tensor, stated, *_timed(lambda: recount.crossings(tensor), recount.route(tensor)))


def _rows(tensor: str, stated: Found, found: Found, method: str, spent: float) -> Iterator[Row]:
    for n, (key, model) in enumerate(stated.items()):
        how = f"{NOT_COUNTED}: only that walk counts it" if found and key not in found else method
        yield Row(key[0], tensor, key[1], model, found.get(key), how, spent if n == 0 else 0.0)


def _timed(counted: Callable[[], Found], route: str) -> tuple[Found, str, float]:
    """The numbers, how they were found, and the milliseconds that took."""
    begin = time.perf_counter()
    try:
        found, method = counted(), route
    except PolymapError as error:
        found, method = {}, f"{NOT_COUNTED}: {error.mistakes[0].message}"
    return found, method, 1000 * (time.perf_counter() - begin)
