"""What a result document states, as all read it who work on it. Every error has its place in the document."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from polymap.architecture.hierarchy import Architecture
from polymap.constraints import constraints
from polymap.constraints.statements import Constraints
from polymap.errors import Mistake, Place, PolymapError, SpecError
from polymap.mapper.document import PARETO, SCHEMA
from polymap.mapper.objective import objective
from polymap.mapper.restore import fingerprint, restored
from polymap.mapping import Mapping, mapping
from polymap.model.conventions import Conventions
from polymap.workload.einsum import Einsum

STATUSES = ("optimal", "feasible", "evaluated")

Value = TypeVar("Value")


def result(stated: object, file: str, also: tuple[str, ...] = ()) -> dict[str, Any]:
    """A document that says it is a result, or a front. Raises `SpecError`."""
    front = ", or a front of `polymap pareto --json`" if PARETO in also else ""
    mend = f"give what `polymap optimize -o DIR` or `polymap evaluate --json` wrote{front}"
    if not isinstance(stated, dict):
        message = f"this is no {SCHEMA} document: an object with keys belongs here"
        raise unreadable(file, "", message, mend)
    schema = stated.get("schema")
    if schema == PARETO and PARETO not in also:
        mend = "write one of its `points`, which is a result document, to a file of its own"
    if schema not in (SCHEMA, *also):
        what = f"a document of schema '{schema}'" if isinstance(schema, str) else "this"
        raise unreadable(file, "schema", f"{what} is no {SCHEMA} document", mend)
    return stated


def carried(top: dict[str, Any], file: str, mend: str, path: str = "") -> tuple[Einsum, Architecture, Mapping]:
    """What a document is about; `path` is where it stands in its file, e.g. `layers[1].`. Raises `SpecError`."""
    inputs = section(top.get("inputs"), file, f"{path}inputs")
    work, machine = (section(inputs.get(key), file, f"{path}inputs.{key}") for key in ("workload", "architecture"))
    return (
        carried_input(work, Einsum, file, "workload", mend, path),
        carried_input(machine, Architecture, file, "architecture", mend, path),
        stated_mapping(top, file, path),
    )


def carried_input(
    stated: dict[str, Any], kind: type[Value], file: str, key: str, mend: str = "", path: str = ""
) -> Value:
    """The architecture or the workload, `key`, that a document at `path` carries. Raises `SpecError`."""
    option, place = mend or f"give the {key} with --{key}", f"{path}inputs.{key}.value"
    if "value" not in stated:
        raise unreadable(file, place, f"the document does not carry its {key}", option)
    try:
        return restored(stated["value"], kind)
    except (ValueError, PolymapError) as error:
        raise unreadable(file, place, f"the {key} cannot be read: {error}", option) from None


def stated_constraints(top: dict[str, Any], file: str) -> Constraints | None:
    """The statements that a document carries, if any. Raises `SpecError`."""
    inputs = section(top.get("inputs"), file, "inputs")
    if "constraints" not in inputs:
        return None
    stated = section(inputs["constraints"], file, "inputs.constraints")
    value = section(stated.get("value"), file, "inputs.constraints.value")
    try:
        return constraints(value)
    except PolymapError as error:
        raise unreadable(file, "inputs.constraints.value", f"the statements cannot be read: {error}") from None


def stated_mapping(top: dict[str, Any], file: str, path: str = "") -> Mapping:
    """The mapping of a document at `path`. Raises `SpecError`."""
    listed = top.get("mapping")
    if not isinstance(listed, list):
        raise unreadable(file, f"{path}mapping", "the document has no mapping")
    try:
        return mapping(listed)
    except SpecError as error:
        raise SpecError(_in_document(mistake, file, f"{path}mapping") for mistake in error.mistakes) from None


def _in_document(mistake: Mistake, file: str, path: str) -> Mistake:
    """A mistake in the list `nodes`, as the document has it."""
    return replace(mistake, place=Place(file, path=path + mistake.place.path.removeprefix("nodes")))


def stated_conventions(top: dict[str, Any], file: str) -> Conventions:
    """The conventions of a document. Raises `SpecError`."""
    stated = section(top.get("conventions"), file, "conventions")
    try:
        return restored({"type": "Conventions", **stated}, Conventions)
    except (ValueError, PolymapError) as error:
        raise unreadable(file, "conventions", f"the conventions cannot be read: {error}") from None


def claims(top: dict[str, Any], file: str) -> dict[str, Any]:
    """What the document claims beyond a price: status and objective. Raises `SpecError`."""
    status, goal = top.get("status"), top.get("objective")
    if status not in STATUSES:
        raise unreadable(file, "status", f"the status is none of {', '.join(STATUSES)}")
    if goal is None:
        return {"status": status, "objective": None, "value": None, "lower_bound": None}
    stated = section(goal, file, "objective")
    for key in ("value", "lower_bound"):
        if type(stated.get(key)) not in (float, int):
            raise unreadable(file, f"objective.{key}", "this is no number")
    if not isinstance(stated.get("name"), str):
        raise unreadable(file, "objective.name", "this is no name")
    try:
        objective(stated["name"])
    except SpecError as error:
        raise unreadable(file, "objective.name", error.mistakes[0].message, error.mistakes[0].mend) from None
    return {
        "status": status,
        "objective": stated["name"],
        "value": stated["value"],
        "lower_bound": stated["lower_bound"],
    }


def broken_inputs(inputs: dict[str, Any], file: str, reason: str) -> PolymapError:
    """The error for inputs from which nothing can be computed: it names the one that does not match its hash."""
    for key, stated in inputs.items():
        if "value" in stated and fingerprint(stated["value"]) != stated.get("sha256"):
            message = f"the {key} does not match its hash, and nothing can be computed from it: {reason}"
            return unreadable(file, f"inputs.{key}.value", message, f"give the {key} with --{key}")
    return unreadable(file, "inputs", f"nothing can be computed from the inputs and the mapping: {reason}")


@contextmanager
def made_of_inputs(file: str, what: str) -> Iterator[None]:
    """Inputs that were changed by hand need not be any that the readers let through: everything may break on them.

    Raises `SpecError` in its place: `what`, and why.
    """
    try:
        yield
    except (PolymapError, MemoryError):
        raise
    except Exception as error:
        message = f"{what}: {type(error).__name__} {error}".strip()
        raise unreadable(file, "inputs", message, "see what `polymap verify` says of it") from error


def section(value: object, file: str, path: str) -> dict[str, Any]:
    """A part of a document that is an object. Raises `SpecError`."""
    if not isinstance(value, dict):
        raise unreadable(file, path, "an object with keys belongs here")
    return value


def unreadable(file: str, path: str, message: str, mend: str = "") -> PolymapError:
    """The error for a part of a document, with its place."""
    return SpecError(Mistake(Place(file, path=path), message, mend))
