"""The mappings that a result document holds, with their einsums and the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from polymap.architecture import Architecture
from polymap.errors import Mistake, Place, SpecError
from polymap.mapper import stated
from polymap.mapping import Mapping
from polymap.workload import Einsum

MEND = "write it again with `polymap optimize -o DIR` or `polymap evaluate --json`"


@dataclass(frozen=True)
class Mapped:
    """One einsum on a machine by a mapping; `place` is where the mapping stands in its document."""

    einsum: Einsum
    architecture: Architecture
    mapping: Mapping
    place: Place


def mapped(document: object, file: str) -> tuple[Mapped, ...]:
    """All layers of a result document, or the one that it is of. Raises `SpecError` with the place in it."""
    found = stated.result(document, file)
    if "layers" not in found:
        return (_one(found, file, ""),)
    layers = tuple(_layers(found["layers"], file))
    if not layers:
        raise SpecError(Mistake(Place(file, path="layers"), "the document has no layer with a mapping", MEND))
    return layers


def _layers(layers: object, file: str) -> Iterator[Mapped]:
    for at, layer in enumerate(layers if isinstance(layers, list) else ()):
        yield _one(stated.section(layer, file, f"layers[{at}]"), file, f"layers[{at}].")


def _one(found: dict[str, Any], file: str, path: str) -> Mapped:
    return Mapped(*stated.carried(found, file, MEND, path), Place(file, path=f"{path}mapping"))
