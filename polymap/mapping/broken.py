"""How a broken rule is told: the node that breaks it, by its index and its text."""

from __future__ import annotations

from polymap.errors import Mistake, Place
from polymap.mapping.nest import Mapping


def broken(mapping: Mapping, index: int, message: str, mend: str = "") -> Mistake:
    """The mistake at one node of a mapping."""
    return Mistake(Place(path=f"mapping[{index}]"), f"'{mapping.nodes[index]}': {message}", mend)
