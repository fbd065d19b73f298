"""How the elements of an input come in: read from the parent once for all instances that share the transfer."""

from __future__ import annotations

from polymap.report.code.blocks import Lines, Region, guarded, indices, instances, transfers
from polymap.report.code.program import Comment, Count, Hold, Set
from polymap.report.code.remembered import entering
from polymap.report.code.ways import Way


def fill(way: Way) -> Lines:
    """The lines that bring a tile, or what is new of it, from the parent to the child."""
    region = entering(way)
    return (Comment(_said(way)), *transfers(way, region, _one(way, region)))


def _one(way: Way, region: Region) -> Lines:
    """The lines for one element."""
    at = indices(way, region)
    source = way.parent.cell(at)
    read = Count(way.parent.counter("reads"), only=way.only)
    filled: Lines = () if way.child.is_operand else (Count(way.child.counter("fills")),)
    if not way.together:
        return (Set(way.child.cell(at), source), read, *filled)
    arrives = guarded(way.guards(way.together, way.apart), (Set(way.child.cell(at), "value"), *filled))
    return (Hold("value", source), read, *instances(way.together, arrives))


def _said(way: Way) -> str:
    """What the lines do, for their reader."""
    verb = "takes" if way.child.is_operand else "holds"
    text = f"{way.child.level} {verb} {way.tensor.name}, from {way.parent.level}"
    if way.sliding and way.closing:
        text += f": what the tile before (another {way.closing.variable}) did not have"
    if way.is_remembered:
        text += ": what its last tile did not have"
    if way.together:
        text += f"; one read for all of {' and '.join(turn.variable for turn in way.together)} (multicast)"
    if way.askew:
        text += f"; one read for equal tiles along {' and '.join(turn.variable for turn in way.askew)} (multicast)"
    return text
