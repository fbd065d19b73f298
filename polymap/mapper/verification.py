"""The verification of a result document: everything in it computed again from its inputs and its mapping."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from polymap.architecture import Architecture, architecture
from polymap.architecture import Source as ArchitectureSource
from polymap.errors import IllegalMapping, Mistake, Place, PolymapError, SpecError
from polymap.mapper.digest import digest
from polymap.mapper.document import SCHEMA, document, network_document
from polymap.mapper.objective import objective
from polymap.mapper.restore import restored
from polymap.mapper.result import NetworkResult, Result, relative_gap
from polymap.mapping import Mapping, mapping
from polymap.model.conventions import Conventions
from polymap.model.evaluate import evaluate
from polymap.polyhedral import audit, integer_sets
from polymap.workload import Einsum, workload
from polymap.workload import Source as WorkloadSource

VERIFICATION = "polymap.verification/1"
STATUSES = ("optimal", "feasible", "evaluated")
# Sections of a document that follow from the mapping alone.
PRICED = ("totals", "levels", "compute", "components", "networks")
SUMMED = ("status", "objective", "totals")
MODEL, INPUT = "cost model", "read from the document"

Value = TypeVar("Value")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `stated` in the document, `found` by `method`; `agrees` says whether they match.

    `layer` is empty for a single result and for the network as a whole. Checks of one `group` were made together, in
    the milliseconds `ms` of the first.
    """

    layer: str
    name: str
    stated: Any
    found: Any
    method: str
    agrees: bool
    ms: float = 0.0
    group: str = ""


@dataclass(frozen=True)
class Verification:
    """All checks of a document."""

    checks: tuple[Check, ...]

    @property
    def differences(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.agrees)

    @property
    def status(self) -> str:
        """`confirmed`, or `different` if any check failed."""
        return "different" if self.differences else "confirmed"

    def to_dict(self) -> dict[str, object]:
        """The document `polymap.verification/1`."""
        checks = [{field.name: getattr(check, field.name) for field in fields(check)} for check in self.checks]
        return {"schema": VERIFICATION, "status": self.status, "checks": checks}


@dataclass(frozen=True)
class Given:
    """Inputs that stand in for those a document does not carry."""

    architecture: Architecture | None = None
    workload: Callable[[str], Einsum] | None = None


def given(machine: ArchitectureSource | None, work: WorkloadSource | None) -> Given:
    """The inputs that the caller names; of a network each result takes the layer of its name. Raises `SpecError`."""
    found = architecture(machine) if machine is not None else None
    if work is None:
        return Given(found)
    subject = workload(work)
    known = [subject] if isinstance(subject, Einsum) else [layer.einsum for layer in subject.layers]

    def named(name: str) -> Einsum:
        return next((einsum for einsum in known if einsum.name == name), known[0])

    return Given(found, named)


def verify(stated: object, inputs: Given | None = None, file: str = "") -> Verification:
    """Compute everything in a `polymap.result/1` document again and compare.

    Inputs against their hashes, legality, every count by integer sets, energy, time, the objective. A lower bound is
    held against the value, not proven again. Raises `SpecError` for what is no such document or cannot be read.
    """
    top = _mapping(stated, file, "")
    if top.get("schema") != SCHEMA:
        raise _unreadable(file, "schema", f"this is no {SCHEMA} document", "give what `polymap optimize` wrote")
    instead = inputs or Given()
    if "layers" in top:
        return Verification(tuple(_network(top, instead, file)))
    return Verification(tuple(_result(top, instead, file, "")[0]))


def _network(top: dict[str, Any], instead: Given, file: str) -> Iterator[Check]:
    layers = []
    listed = top["layers"] if isinstance(top["layers"], list) else [top["layers"]]
    for n, item in enumerate(listed):
        layer = _mapping(item, file, f"layers[{n}]")
        name, repeat = layer.get("name"), layer.get("repeat")
        if not isinstance(name, str) or type(repeat) is not int or repeat < 1:
            raise _unreadable(file, f"layers[{n}]", "the layer has no name or no repeat count")
        checks, result = _result(layer, instead, file, name)
        yield from checks
        if result is None:
            return
        yield _equal(name, "name", name, result.einsum.name, INPUT)
        layers.append((repeat, result))
    whole = network_document(NetworkResult(str(top.get("name")), tuple(layers)))
    for section in SUMMED:
        yield from _compared("", section, top.get(section), whole[section])


def _result(top: dict[str, Any], instead: Given, file: str, layer: str) -> tuple[list[Check], Result | None]:
    """The checks of one result, and the result computed again: None if the mapping is illegal."""
    machine, einsum, checks = _inputs(top, instead, file, layer)
    nest, conventions = _nest(top, file), _conventions(top, file)
    begin = time.perf_counter()
    try:
        cost = evaluate(einsum, machine, nest, conventions, sets=integer_sets)
    except IllegalMapping as error:
        broken = "; ".join(mistake.message for mistake in error.mistakes)
        return [*checks, Check(layer, "mapping", "legal", broken, "legality rules", agrees=False)], None
    spent = 1000 * (time.perf_counter() - begin)
    checks.append(Check(layer, "mapping", "legal", "legal", "legality rules", True, spent))
    result = Result(
        **_claims(top, file), mapping=nest, cost=cost, einsum=einsum, architecture=machine, conventions=conventions
    )
    again = document(result)
    for section in (key for key in PRICED if key in again or key in top):
        checks += _compared(layer, section, top.get(section), again.get(section))
    checks += _objective(top, result, layer)
    checks += _counted(result, layer)
    return checks, result


# What the document is about.


def _inputs(top: dict[str, Any], instead: Given, file: str, layer: str) -> tuple[Architecture, Einsum, list[Check]]:
    inputs = _mapping(top.get("inputs"), file, "inputs")
    machine, work = (_mapping(inputs.get(key), file, f"inputs.{key}") for key in ("architecture", "workload"))
    found = instead.architecture or _carried(machine, Architecture, file, "architecture")
    einsum = instead.workload(str(work.get("name"))) if instead.workload else _carried(work, Einsum, file, "workload")
    checks = []
    for key, stated, value in (("architecture", machine, found), ("workload", work, einsum)):
        checks.append(_equal(layer, f"inputs.{key}.sha256", stated.get("sha256"), digest(value), "SHA-256"))
        checks.append(_equal(layer, f"inputs.{key}.name", stated.get("name"), value.name, INPUT))
    return found, einsum, checks


def _carried(stated: dict[str, Any], kind: type[Value], file: str, key: str) -> Value:
    option = f"give the {key} with --{key}"
    if "value" not in stated:
        raise _unreadable(file, f"inputs.{key}.value", f"the document does not carry its {key}", option)
    try:
        return restored(stated["value"], kind)
    except ValueError as error:
        raise _unreadable(file, f"inputs.{key}.value", f"the {key} cannot be read: {error}", option) from None


def _nest(top: dict[str, Any], file: str) -> Mapping:
    listed = top.get("mapping")
    if not isinstance(listed, list):
        raise _unreadable(file, "mapping", "the document has no mapping")
    return mapping(listed)


def _conventions(top: dict[str, Any], file: str) -> Conventions:
    stated = _mapping(top.get("conventions"), file, "conventions")
    try:
        return restored({"type": "Conventions", **stated}, Conventions)
    except ValueError as error:
        raise _unreadable(file, "conventions", f"the conventions cannot be read: {error}") from None


def _claims(top: dict[str, Any], file: str) -> dict[str, Any]:
    """What the document claims beyond a price: status and objective."""
    status, goal = top.get("status"), top.get("objective")
    if status not in STATUSES:
        raise _unreadable(file, "status", f"the status is none of {', '.join(STATUSES)}")
    if goal is None:
        return {"status": status, "objective": None, "value": None, "lower_bound": None}
    stated = _mapping(goal, file, "objective")
    for key in ("value", "lower_bound"):
        if type(stated.get(key)) not in (float, int):
            raise _unreadable(file, f"objective.{key}", "this is no number")
    if not isinstance(stated.get("name"), str):
        raise _unreadable(file, "objective.name", "this is no name")
    objective(stated["name"])
    return {
        "status": status,
        "objective": stated["name"],
        "value": stated["value"],
        "lower_bound": stated["lower_bound"],
    }


# What is compared.


def _objective(top: dict[str, Any], result: Result, layer: str) -> Iterator[Check]:
    """The value follows from the cost; a bound above it, or an optimum apart from its bound, contradict themselves."""
    if result.objective is None or result.value is None or result.lower_bound is None:
        yield _equal(layer, "status", result.status, "evaluated", "no objective")
        return
    goal, stated = objective(result.objective), top["objective"]
    value = float(goal.si(goal.rank(result.cost.energy, result.cost.cycles)[0], result.architecture.clock_hz))
    yield _equal(layer, "objective.value", result.value, value, MODEL)
    yield _equal(layer, "objective.unit", stated.get("unit"), goal.unit, MODEL)
    yield _equal(layer, "objective.gap", stated.get("gap"), relative_gap(result.value, result.lower_bound), MODEL)
    below = result.lower_bound <= result.value
    yield Check(layer, "objective.lower_bound", result.lower_bound, "at most the value", "not proven again", below)
    tight = result.status != "optimal" or result.lower_bound == result.value
    yield Check(layer, "status", result.status, "bound and value" + (" agree" if tight else " differ"), MODEL, tight)


def _counted(result: Result, layer: str) -> Iterator[Check]:
    found = audit(result.einsum, result.architecture, result.mapping, result.conventions, result.cost)
    for row in found.rows:
        name = ".".join(part for part in (row.level, row.tensor, row.quantity) if part)
        group = f"counts of {row.tensor}" if row.tensor else "counts of the run"
        yield Check(layer, f"counts.{name}", row.model, row.counted, row.method, row.agrees, row.milliseconds, group)


def _compared(layer: str, path: str, stated: Any, found: Any) -> Iterator[Check]:
    """One check for a section that is equal in all its parts, else one for every part that differs."""
    apart = list(_apart(path, stated, found))
    if not apart:
        yield Check(layer, path, "as stated", "as stated", MODEL, agrees=True)
    for where, old, new in apart:
        yield Check(layer, where, old, new, MODEL, agrees=False)


def _apart(path: str, stated: Any, found: Any) -> Iterator[tuple[str, Any, Any]]:
    """Path and values of everything that differs; 1 and 1.0 do not."""
    if isinstance(stated, dict) and isinstance(found, dict):
        for key in sorted({*map(str, stated), *found}):
            yield from _apart(f"{path}.{key}", stated.get(key), found.get(key))
    elif isinstance(stated, list) and isinstance(found, list) and len(stated) == len(found):
        for n, (old, new) in enumerate(zip(stated, found)):
            yield from _apart(f"{path}[{n}]", old, new)
    elif stated != found or isinstance(stated, bool) != isinstance(found, bool):
        yield path, stated, found


def _equal(layer: str, name: str, stated: Any, found: Any, method: str) -> Check:
    return Check(layer, name, stated, found, method, agrees=stated == found)


def _mapping(value: object, file: str, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _unreadable(file, path, "an object with keys belongs here")
    return value


def _unreadable(file: str, path: str, message: str, mend: str = "") -> PolymapError:
    return SpecError(Mistake(Place(file, path=path), message, mend))
