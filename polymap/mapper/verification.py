"""The verification of a result document: everything in it computed again from its inputs and its mapping."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from polymap.architecture import Architecture, architecture
from polymap.architecture import Source as ArchitectureSource
from polymap.errors import IllegalMapping, PolymapError
from polymap.mapper.checks import HASH, INPUT, Check, compared, equal
from polymap.mapper.digest import digest
from polymap.mapper.document import PARETO, document, network_document, seal, versions
from polymap.mapper.front_checks import front_checks
from polymap.mapper.optimality import optimality
from polymap.mapper.restore import fingerprint
from polymap.mapper.result import NetworkResult, Result
from polymap.mapper.stated import (
    broken_inputs,
    carried_input,
    claims,
    section,
    stated_conventions,
    stated_mapping,
    unreadable,
)
from polymap.mapper.stated import result as stated_result
from polymap.model.conventions import Conventions
from polymap.model.conventions import conventions as preset
from polymap.model.evaluate import evaluate
from polymap.polyhedral import audit, integer_sets
from polymap.polyhedral.audit import FOREIGN, NOT_COUNTED
from polymap.workload import Einsum, workload
from polymap.workload import Source as WorkloadSource

VERIFICATION = "polymap.verification/1"
# Sections of a document that follow from the mapping alone.
PRICED = ("totals", "levels", "compute", "components", "estimates", "networks")
SUMMED = ("status", "objective", "totals")
VERSION = "versions.polymap"
SECONDS = 60.0  # for the walks of all classes


@dataclass(frozen=True)
class Verification:
    """All checks of a document."""

    checks: tuple[Check, ...]

    @property
    def differences(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.agrees)

    @property
    def status(self) -> str:
        """`different` if any check failed, `recomputed` if a count was not counted again, else `confirmed`.

        Whether the lower bound was proven again is in the `proof` of its check.
        """
        if self.differences:
            return "different"
        return "recomputed" if self.uncounted else "confirmed"

    @property
    def uncounted(self) -> tuple[Check, ...]:
        """Counts that only the model made."""
        return tuple(check for check in self.checks if check.method.startswith((NOT_COUNTED, FOREIGN)))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may explain a difference, and is none."""
        named = (check for check in self.checks if check.name == VERSION and check.agrees)
        others = (check for check in named if check.stated != check.found)
        return tuple(dict.fromkeys(f"made by polymap {check.stated}, this is {check.found}" for check in others))

    def to_dict(self) -> dict[str, object]:
        """The document `polymap.verification/1`."""
        names = [*(field.name for field in fields(Check)), "proof"]
        checks = [{name: getattr(check, name) for name in names} for check in self.checks]
        return {"schema": VERIFICATION, "status": self.status, "warnings": list(self.warnings), "checks": checks}


@dataclass(frozen=True)
class Given:
    """Inputs that stand in for those a document does not carry, and the time that proving bounds again may take."""

    architecture: Architecture | None = None
    workload: Callable[[str], Einsum] | None = None
    seconds: float = SECONDS
    layers: tuple[tuple[int, str], ...] | None = None  # those of a network, with their repeat counts


def given(machine: ArchitectureSource | None, work: WorkloadSource | None, seconds: float | None = None) -> Given:
    """The inputs that the caller names; of a network each result takes the layer of its name. Raises `SpecError`."""
    found = architecture(machine) if machine is not None else None
    if work is None:
        return Given(found, seconds=SECONDS if seconds is None else seconds)
    subject = workload(work)
    known = [subject] if isinstance(subject, Einsum) else [layer.einsum for layer in subject.layers]
    layers = None if isinstance(subject, Einsum) else tuple((each.repeat, each.einsum.name) for each in subject.layers)

    def named(name: str) -> Einsum:
        return next((einsum for einsum in known if einsum.name == name), known[0])

    return Given(found, named, SECONDS if seconds is None else seconds, layers)


def verify(stated: object, inputs: Given | None = None, file: str = "") -> Verification:
    """Compute everything in a `polymap.result/1` or `polymap.pareto/1` document again and compare.

    Inputs against their hashes, legality, every count by integer sets, energy, time, the objective, and the lower bound
    by a walk of all classes of mappings (see `optimality`). Raises `SpecError` for what is no such document or cannot
    be read.
    """
    top = stated_result(stated, file, (PARETO,))
    instead = inputs or Given()
    if top["schema"] == PARETO:
        return Verification((*_front(top, instead, file), *_sealed(top)))
    if "layers" in top:
        return Verification((*_network(top, instead, file), *_sealed(top)))
    return Verification((*_result(top, instead, file, "")[0], *_sealed(top)))


def _sealed(top: dict[str, Any]) -> Iterator[Check]:
    """The document's own hash: whatever else was changed in it, even what cannot be computed again."""
    yield equal("", "sha256", top.get("sha256"), seal(top), HASH)


def _network(top: dict[str, Any], instead: Given, file: str) -> Iterator[Check]:
    layers, deadline = [], time.monotonic() + instead.seconds
    yield _made_by(top, "")
    listed = top["layers"] if isinstance(top["layers"], list) else [top["layers"]]
    for n, item in enumerate(listed):
        layer = section(item, file, f"layers[{n}]")
        name, repeat = layer.get("name"), layer.get("repeat")
        if not isinstance(name, str) or type(repeat) is not int or repeat < 1:
            raise unreadable(file, f"layers[{n}]", "the layer has no name or no repeat count")
        left = max(0.0, deadline - time.monotonic()) / (len(listed) - n)
        checks, result = _result(layer, replace(instead, seconds=left), file, name)
        yield from checks
        if result is None:
            return
        yield equal(name, "name", name, result.einsum.name, INPUT)
        layers.append((repeat, result))
    left = top.get("unfinished", [])
    if not (isinstance(left, list) and all(isinstance(name, str) for name in left)):
        raise unreadable(file, "unfinished", "a list of names belongs here")
    if instead.layers is not None:
        stated = sorted((repeat, result.einsum.name) for repeat, result in layers)
        wanted = sorted(each for each in instead.layers if each[1] not in left)
        yield from compared("", "layers", [*map(list, stated)], [*map(list, wanted)], INPUT)
    whole = network_document(NetworkResult(str(top.get("name")), tuple(layers), tuple(left)))
    for part in SUMMED:
        yield from compared("", part, top.get(part), whole[part])


def _front(top: dict[str, Any], instead: Given, file: str) -> Iterator[Check]:
    """Every point, with a share of the time, and that there are no others."""
    listed = top.get("points")
    if not isinstance(listed, list) or not listed:
        raise unreadable(file, "points", "a list of results belongs here")
    results, deadline = [], time.monotonic() + instead.seconds
    for n, item in enumerate(listed, 1):
        point = stated_result(item, f"{file}, points[{n}]" if file else f"points[{n}]")
        left = max(0.0, deadline - time.monotonic()) / (len(listed) - n + 2)
        checks, result = _result(point, replace(instead, seconds=left), file, f"point {n}")
        yield from (*checks, *(replace(check, layer=f"point {n}") for check in _sealed(point)))
        if result is None:
            return
        results.append(result)
    yield from front_checks(top, results, file, max(0.0, deadline - time.monotonic()))


def _result(top: dict[str, Any], instead: Given, file: str, layer: str) -> tuple[list[Check], Result | None]:
    """The checks of one result, and the result computed again: None if the mapping is illegal."""
    try:
        return _checked(top, instead, file, layer)
    except (PolymapError, MemoryError):
        raise
    except Exception as error:
        # Inputs that were changed by hand need not be any that the readers let through: everything may break on them.
        stated = {"architecture": instead.architecture, "workload": instead.workload}
        used = {key: top["inputs"][key] for key, other in stated.items() if other is None}
        raise broken_inputs(used, file, f"{type(error).__name__} {error}".strip()) from error


def _checked(top: dict[str, Any], instead: Given, file: str, layer: str) -> tuple[list[Check], Result | None]:
    machine, einsum, checks = _inputs(top, instead, file, layer)
    nest, conventions = stated_mapping(top, file), stated_conventions(top, file)
    checks += [_made_by(top, layer), *_preset(conventions, layer)]
    begin = time.perf_counter()
    try:
        cost = evaluate(einsum, machine, nest, conventions, sets=integer_sets)
    except IllegalMapping as error:
        broken = "; ".join(mistake.message for mistake in error.mistakes)
        return [*checks, Check(layer, "mapping", "legal", broken, "legality rules", agrees=False)], None
    spent = 1000 * (time.perf_counter() - begin)
    checks.append(Check(layer, "mapping", "legal", "legal", "legality rules", True, spent))
    result = Result(
        **claims(top, file), mapping=nest, cost=cost, einsum=einsum, architecture=machine, conventions=conventions
    )
    again = document(result)
    for part in (key for key in PRICED if key in again or key in top):
        checks += compared(layer, part, top.get(part), again.get(part))
    checks += _counted(result, layer)
    checks += optimality(top, result, layer, file, instead.seconds)
    return checks, result


# What the document is about.


def _inputs(top: dict[str, Any], instead: Given, file: str, layer: str) -> tuple[Architecture, Einsum, list[Check]]:
    inputs = section(top.get("inputs"), file, "inputs")
    machine, work = (section(inputs.get(key), file, f"inputs.{key}") for key in ("architecture", "workload"))
    found = instead.architecture or carried_input(machine, Architecture, file, "architecture")
    named = instead.workload(str(work.get("name"))) if instead.workload else None
    einsum = named or carried_input(work, Einsum, file, "workload")
    checks = []
    if "constraints" in inputs:
        rules = section(inputs["constraints"], file, "inputs.constraints")
        again = fingerprint(rules.get("value"))
        checks.append(equal(layer, "inputs.constraints.sha256", rules.get("sha256"), again, HASH))
    for key, stated, value in (("architecture", machine, found), ("workload", work, einsum)):
        checks.append(equal(layer, f"inputs.{key}.sha256", stated.get("sha256"), digest(value), HASH))
        checks.append(equal(layer, f"inputs.{key}.name", stated.get("name"), value.name, INPUT))
    return found, einsum, checks


# What is compared.


def _made_by(top: dict[str, Any], layer: str) -> Check:
    """Another version may have written the document (see `warnings`); one that names none was changed."""
    stated = top.get("versions")
    made = stated.get("polymap") if isinstance(stated, dict) else None
    return Check(layer, VERSION, made, dict(versions())["polymap"], INPUT, isinstance(made, str))


def _preset(chosen: Conventions, layer: str) -> Iterator[Check]:
    """Conventions are those of their name: a preset, and the fields that are named after it."""
    try:
        named = preset(chosen.name)
    except PolymapError:
        yield Check(layer, "conventions.name", chosen.name, "a preset, or PRESET,FIELD=VALUE", INPUT, False)
        return
    yield from compared(layer, "conventions", chosen.to_dict(), named.to_dict(), INPUT)


def _counted(result: Result, layer: str) -> Iterator[Check]:
    found = audit(result.einsum, result.architecture, result.mapping, result.conventions, result.cost)
    for row in found.rows:
        names = (row.level, "" if ".to_" in row.level else row.tensor, row.quantity)
        name = ".".join(part for part in names if part)
        group = f"counts of {row.tensor}" if row.tensor else "counts of the run"
        again = row.model if row.is_foreign else row.counted
        yield Check(layer, f"counts.{name}", row.model, again, row.method, row.agrees, row.milliseconds, group)
