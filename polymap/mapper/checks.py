"""One thing that a verification looks at, and how documents are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from polymap.polyhedral.audit import FOREIGN, POINTS, SETS

MODEL, INPUT, HASH = "cost model", "read from the document", "SHA-256"
RECOUNTED, RECOMPUTED, UNPROVEN = "counted again independently", "computed again by the model only", "not proven again"
WALKED = "every class walked for a counterexample"
LISTED = "classes listed again from the rules"
REPROVEN = "proven again independently"
REPLAYED = "another tool's algorithm, run again: the exact counts are others"


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

    @property
    def proof(self) -> str:
        """How far the check reaches: by other means than the result was made, by the same, or not at all."""
        if self.method in (SETS, POINTS, HASH):
            return RECOUNTED
        if self.method in (WALKED, LISTED):
            return REPROVEN
        if self.method.startswith(FOREIGN):
            return REPLAYED
        return self.method if self.method in (INPUT, UNPROVEN) else RECOMPUTED


def compared(layer: str, path: str, stated: Any, found: Any, method: str = MODEL) -> Iterator[Check]:
    """One check for a section that is equal in all its parts, else one for every part that differs."""
    apart = list(_differing(path, stated, found))
    if not apart:
        yield Check(layer, path, "as stated", "as stated", method, agrees=True)
    for where, old, new in apart:
        yield Check(layer, where, old, new, method, agrees=False)


def _differing(path: str, stated: Any, found: Any) -> Iterator[tuple[str, Any, Any]]:
    """Path and values of everything that differs; 1 and 1.0 do not."""
    if isinstance(stated, dict) and isinstance(found, dict):
        for key in sorted({*map(str, stated), *found}):
            yield from _differing(f"{path}.{key}", stated.get(key), found.get(key))
    elif isinstance(stated, list) and isinstance(found, list) and len(stated) == len(found):
        for n, (old, new) in enumerate(zip(stated, found)):
            yield from _differing(f"{path}[{n}]", old, new)
    elif stated != found or isinstance(stated, bool) != isinstance(found, bool):
        yield path, stated, found


def equal(layer: str, name: str, stated: Any, found: Any, method: str) -> Check:
    return Check(layer, name, stated, found, method, agrees=stated == found)
