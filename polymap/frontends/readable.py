"""Documents that front ends write, held against polymap's own readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def check_readable(documents: Iterable[Mapping[str, Any]]) -> None:
    """Raises `SpecError` for what polymap's own readers refuse, such as a memory called `for`; empty ones are none."""
    from polymap.architecture import architecture
    from polymap.constraints import constraints
    from polymap.mapping import mapping
    from polymap.workload import workload

    readers: dict[str, Callable[[Any], object]] = {
        "architecture/1": architecture,
        "workload/1": workload,
        "mapping/1": mapping,
        "constraints/1": constraints,
    }
    for document in filter(None, documents):
        readers[document["polymap"]](document)
