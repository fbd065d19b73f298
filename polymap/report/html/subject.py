"""What a report is of: a result document with the values it carries, read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory
from polymap.errors import Mistake, Place, SpecError
from polymap.mapper import stated
from polymap.mapping import Mapping
from polymap.workload.einsum import Einsum

SECTIONS = ("totals", "levels", "compute", "components", "networks", "conventions", "versions")
MEND = "write it again with `polymap optimize -o DIR` or `polymap evaluate --json`"


@dataclass(frozen=True)
class Subject:
    """One result: its document, and the machine, einsum and mapping in it. `path` is where it stands in its file."""

    document: dict[str, Any]
    architecture: Architecture
    einsum: Einsum
    mapping: Mapping
    path: str = ""

    @property
    def name(self) -> str:
        return self.einsum.name

    @property
    def totals(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document["totals"]
        return found

    @property
    def levels(self) -> list[Memory | Compute]:
        return [level for level in self.architecture.hierarchy if not isinstance(level, Array)]

    @property
    def tensors(self) -> tuple[str, ...]:
        return tuple(tensor.name for tensor in self.einsum.tensors)

    def key(self, *parts: object) -> str:
        """The key path of a number in the file."""
        return self.path + ".".join(map(str, parts))

    def component(self, level: str) -> dict[str, Any]:
        """The row of a level: its instances, cycles, leakage and occupation."""
        rows: list[dict[str, Any]] = self.document["components"]
        return next(row for row in rows if row["level"] == level)


def subject(document: dict[str, Any], file: str, path: str = "") -> Subject:
    """The subject of a document. Raises `SpecError` for what is missing or cannot be read, with its key path."""
    missing = [
        Mistake(Place(file, path=path + key), f"the result has no `{key}`", MEND)
        for key in SECTIONS
        if key not in document
    ]
    if missing:
        raise SpecError(missing)
    inputs = stated.section(document.get("inputs"), file, path + "inputs")
    machine = stated.section(inputs.get("architecture"), file, path + "inputs.architecture")
    work = stated.section(inputs.get("workload"), file, path + "inputs.workload")
    return Subject(
        document,
        stated.carried_input(machine, Architecture, file, "architecture", MEND),
        stated.carried_input(work, Einsum, file, "workload", MEND),
        stated.stated_mapping(document, file),
        path,
    )
