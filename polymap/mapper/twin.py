"""A question that is easier than the one asked: the same einsum on the whole box, on the machine without links.

There bounds close classes at once, and what is best is often good here. Every mapping of the twin is one of the
question, too: tiles of a domain are no larger than those of its box, and links change counts only. What it costs here
the model says.
"""

from __future__ import annotations

from dataclasses import replace

from polymap.architecture.hierarchy import Architecture, Array
from polymap.mapper.incumbent import Candidate
from polymap.mapper.problem import Part, Unopened
from polymap.mapper.space import even, uneven
from polymap.mapper.traffic import Geometry
from polymap.workload.einsum import Einsum


def easier(einsum: Einsum, architecture: Architecture) -> tuple[Einsum, Architecture] | None:
    """The twin of an einsum on a machine; None if they are their own."""
    levels = tuple(
        replace(level, links=False) if isinstance(level, Array) else level for level in architecture.hierarchy
    )
    if einsum.is_box and levels == architecture.hierarchy:
        return None
    return replace(einsum, domain_text="", points=0), replace(architecture, hierarchy=levels)


def part_of(found: Candidate, einsum: Einsum, architecture: Architecture) -> Part:
    """The part of a question in which a mapping of its twin lies."""
    twin = found.part.geometry
    kept, used = twin.skeleton.kept, twin.spatial.used
    roams = found.part.geometry.skeleton.roaming
    frame = uneven(einsum, architecture, kept, used) if roams else even(einsum, architecture, kept)
    return Unopened(Geometry(frame, twin.spatial), found.part.conventions).open()
