"""What a report is of: a result document with the values it carries, read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory
from polymap.errors import Mistake, Place, SpecError
from polymap.mapper.stated import carried
from polymap.mapping import Mapping
from polymap.mapping.nest import Node, Storage
from polymap.report.html.form import MEND, RESULT, require
from polymap.workload.einsum import Einsum


@dataclass(frozen=True)
class Subject:
    """One result: its document, and the machine, einsum and mapping in it. `path` is where it stands in its file."""

    document: dict[str, Any]
    einsum: Einsum
    architecture: Architecture
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
    def priced(self) -> list[Memory | Array | Compute]:
        """Levels, and arrays of whose networks component models say something."""
        return [each for each in self.architecture.hierarchy if not isinstance(each, Array) or each.estimates]

    @property
    def tensors(self) -> tuple[str, ...]:
        return tuple(tensor.name for tensor in self.einsum.tensors)

    @property
    def conventions(self) -> dict[str, str]:
        """What was chosen, as people read it."""
        stated = self.document["conventions"].items()
        return {name: str(value).lower() if isinstance(value, bool) else value for name, value in stated}

    def key(self, *parts: object) -> str:
        """The key path of a number in the file."""
        return self.path + ".".join(map(str, parts))


def subject(document: dict[str, Any], file: str, path: str = "") -> Subject:
    """The subject of a document. Raises `SpecError` for what is missing or cannot be read, with its key path."""
    require(document, RESULT, file, path.rstrip("."))
    found = Subject(document, *carried(document, file, MEND, path), path)
    wrong = [Mistake(Place(file, path=found.key(at)), message, MEND) for at, message in _strangers(found)]
    if wrong:
        raise SpecError(wrong)
    return found


def _strangers(subject: Subject) -> Iterator[tuple[str, str]]:
    """Names that the machine or the einsum does not have, and levels without a row of their own."""
    known = {"level": {level.name for level in subject.levels}, "tensor": set(subject.tensors)}
    document = subject.document
    for at, row in enumerate(document["levels"]):
        yield from (
            (f"levels.{at}.{key}", f"there is no {key} `{row[key]}`") for key in known if row[key] not in known[key]
        )
    if document["compute"]["level"] != subject.architecture.compute.name:
        yield "compute.level", f"the machine computes in `{subject.architecture.compute.name}`"
    if sorted(row["level"] for row in document["components"]) != sorted(known["level"]):
        yield "components", f"one row for each of {', '.join(level.name for level in subject.levels)} belongs here"
    for at, node in enumerate(subject.mapping.nodes):
        if not _is_known(node, subject):
            yield f"mapping.{at}", f"the machine or the einsum does not have all that is named in `{node}`"


def _is_known(node: Node, subject: Subject) -> bool:
    if isinstance(node, Storage):
        levels = {memory.name for memory in subject.architecture.memories}
        return node.level in levels and set(node.tensors) <= set(subject.tensors)
    return node.rank in dict(subject.einsum.ranks)
