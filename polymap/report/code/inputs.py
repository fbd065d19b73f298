"""How the elements of an input come in: read from the parent once for all instances that share the transfer."""

from __future__ import annotations

from math import prod

from polymap.report.code.blocks import Lines, Region, elements, entering, guarded, indices, instances
from polymap.report.code.program import Comment, Count, Hold, IsFirst, Let, Line, Log, Scope, Set
from polymap.report.code.ways import Way


def fill(way: Way, counted: bool) -> Lines:
    """The lines that bring a tile, or what is new of it, from the parent to the child."""
    region = entering(way)
    body = elements(way, region, _one(way, region))
    if way.askew and counted:
        body = (*region.before, IsFirst(region.key), *elements(way, _without_before(region), _one(way, region)))
    body = guarded(way.guards(way.apart, ()), body)
    if way.askew and counted:
        body = (_log(way, region), *instances(way.askew, body))
        body = instances([turn for turn in way.apart if turn not in way.askew], body)
    else:
        body = instances(way.apart, body)
    return (Comment(_said(way)), *scoped(body))


def scoped(lines: Lines) -> Lines:
    """The lines, in a scope of their own if they give names."""
    return (Scope(lines),) if any(isinstance(line, Let | Hold | Log | IsFirst) for line in lines) else lines


def _without_before(region: Region) -> Region:
    return Region(region.spans, region.starts, region.stops, (), region.unless_kept)


def _log(way: Way, region: Region) -> Line:
    return Log(prod(turn.trip for turn in way.askew), len(region.key))


def _one(way: Way, region: Region) -> Lines:
    """The lines for one element."""
    at = indices(way, region)
    source = way.parent.cell(at)
    read = Count(way.parent.counter("reads"), only="first" if way.askew else "")
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
    if way.together:
        text += f"; one read for all of {' and '.join(turn.variable for turn in way.together)} (multicast)"
    if way.askew:
        text += f"; one read for equal tiles along {' and '.join(turn.variable for turn in way.askew)} (multicast)"
    return text
