"""The audit of a mapping: every count of the model against the same count by integer sets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.nest import Mapping
from polymap.model.conventions import Conventions
from polymap.model.conventions import conventions as preset
from polymap.model.cost import Cost
from polymap.model.evaluate import evaluate
from polymap.model.replay.rules import is_replayed
from polymap.polyhedral.counts import IntegerSets, count, integer_sets, sets_of
from polymap.workload.counting import TooLarge
from polymap.workload.einsum import Einsum

SETS, NOT_COUNTED = "integer sets", "not counted"
QUANTITIES = ("tile", "instances", "reads", "fills", "updates")


@dataclass(frozen=True)
class Row:
    """One number of the model, and the same by integer sets: None, with the reason in `method`, where it has none.

    `level` and `tensor` are empty for numbers of the whole run. `milliseconds` are those of all rows counted together,
    on the first of them.
    """

    level: str
    tensor: str
    quantity: str
    model: int
    counted: int | None
    method: str
    milliseconds: float

    @property
    def agrees(self) -> bool:
        return self.counted is None or self.counted == self.model


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
    """Count a mapping by integer sets and hold every count against the model's (`cost`, unless given: evaluated here).

    Counts beyond the budget, and conventions whose fills follow another tool's walk, are left uncounted and say so.
    Raises what `evaluate` raises.
    """
    chosen = preset(conventions)
    priced = cost or evaluate(einsum, architecture, mapping, chosen, sets=integer_sets)
    engine, _ = sets_of(einsum, architecture, mapping, chosen)
    replayed = chosen.continuing_sweep and is_replayed(einsum, architecture, mapping)
    rows: list[Row] = [*_run_rows(engine, architecture, priced, chosen.name if replayed else "")]
    for tensor in einsum.tensors:
        rows += _tensor_rows(einsum, architecture, mapping, tensor.name, chosen, priced)
    return Audit(tuple(rows))


def _run_rows(engine: IntegerSets, architecture: Architecture, cost: Cost, replayed: str) -> Iterable[Row]:
    """Computes, compute cycles, and the instances of every level that ever run.

    They are left uncounted for a mapping that conventions, called `replayed`, walk in another tool's way.
    """
    stated = {"computes": (cost.computes, engine.computes), "compute_cycles": (cost.compute_cycles, engine.cycles)}
    for level in cost.components:
        used = partial(engine.used, architecture.index(level.level))
        stated[f"{level.level}.instances"] = (level.instances, used)
    for quantity, (model, counted) in stated.items():
        if replayed:
            yield Row("", "", quantity, model, None, f"{NOT_COUNTED}: {_foreign(replayed)}", 0.0)
            continue
        numbers, method, spent = _timed(_one(counted), 1)
        yield Row("", "", quantity, model, numbers[0], method, spent)


def _foreign(name: str) -> str:
    return f"conventions {name} follow another tool's walk"


def _one(counted: Callable[[], int]) -> Callable[[], tuple[int, ...]]:
    return lambda: (counted(),)


def _uncounted(einsum: Einsum, architecture: Architecture, name: str, conventions: Conventions) -> str:
    """Why the counts of a tensor follow no relation of integer sets, if they do not."""
    if conventions.continuing_sweep or not conventions.tiles_stay:
        return _foreign(conventions.name)
    tensor = einsum.tensor(name)
    sparing = (array.links_of(tensor) or array.shares_halo(tensor) for array in architecture.arrays)
    return "links and shared halos" if not tensor.is_output and any(sparing) else ""


def _tensor_rows(
    einsum: Einsum, architecture: Architecture, mapping: Mapping, tensor: str, conventions: Conventions, cost: Cost
) -> Iterable[Row]:
    mine = [row for row in cost.traffic if row.tensor == tensor]
    stated = [(row.level, (row.tile_elements, row.instances, row.reads, row.fills, row.updates)) for row in mine]

    def counted() -> tuple[int, ...]:
        found = {row.level: row for row in count(einsum, architecture, mapping, tensor, conventions)}
        return tuple(int(getattr(found[level], quantity)) for level, _ in stated for quantity in QUANTITIES)

    reason = _uncounted(einsum, architecture, tensor, conventions)
    if reason:
        numbers: tuple[int | None, ...] = (None,) * (len(stated) * len(QUANTITIES))
        method, spent = f"{NOT_COUNTED}: {reason}", 0.0
    else:
        numbers, method, spent = _timed(counted, len(stated) * len(QUANTITIES))
    keys = [(level, quantity, value) for level, values in stated for quantity, value in zip(QUANTITIES, values)]
    for n, ((level, quantity, value), found) in enumerate(zip(keys, numbers, strict=True)):
        yield Row(level, tensor, quantity, value, found, method, spent if n == 0 else 0.0)


def _timed(counted: Callable[[], tuple[int, ...]], size: int) -> tuple[tuple[int | None, ...], str, float]:
    """The numbers, how they were found, and the milliseconds that took."""
    begin = time.perf_counter()
    try:
        found: tuple[int | None, ...] = counted()
        method = SETS
    except TooLarge as error:
        found, method = (None,) * size, f"{NOT_COUNTED}: {error.mistakes[0].message}"
    return found, method, 1000 * (time.perf_counter() - begin)
