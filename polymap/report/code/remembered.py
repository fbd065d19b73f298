"""What instances hold where a domain ties ranks: tiles change, or are not there yet, as the other rank's loops turn.

At each of its steps an instance fetches what its last step did not hold, and gives up what the next one does not. Both
ends of a tile rise and fall with the other rank, so that either is one interval. Each trip of the closing loop begins
with nothing held.
"""

from __future__ import annotations

from dataclasses import replace

from polymap.report.code import blocks
from polymap.report.code.blocks import Lines, Region, instances, whole
from polymap.report.code.program import Cell, Comment, If, Let, Set
from polymap.report.code.stores import END, HAS, LOW
from polymap.report.code.ways import Way


def changes(way: Way) -> bool:
    """Whether tiles change their bounds, not only whether they are there."""
    return way.is_remembered and bool(whole(way).before)


def forget(way: Way) -> Lines:
    """Nothing is held."""
    kinds = (LOW, END) if changes(way) else (HAS,)
    nothing = instances(way.apart, tuple(Set(way.state(kind), "0") for kind in kinds))
    return (Comment(f"{way.child.level} holds nothing of {way.tensor.name} yet"), *nothing)


def entering(way: Way) -> Region:
    """What the tile of a step has that the one of the last step had not; from then on this one is held."""
    if not way.is_remembered:
        return blocks.entering(way)
    if not changes(way):
        held = way.state(HAS)
        return replace(whole(way), before=(Set(held, "1"),), guards=(f"{_text(held)} == 0",))
    low, end = way.state(LOW), way.state(END)
    ahead: Lines = (Set("start", f"max(low, {_text(end)})"),)
    behind: Lines = (Set("stop", f"min(end, {_text(low)})"),)
    overlap = If((f"{_text(low)} < {_text(end)}",), (If((f"{_text(low)} <= low",), ahead, behind),))
    own: Lines = (Let("start", "low", changes=True), Let("stop", "end", changes=True))
    return _between(way, (*_bounds(way), *own, overlap, Set(low, "low"), Set(end, "end")))


def given_up(way: Way) -> Region:
    """What the last step held and this one does not."""
    low, end = (_text(way.state(kind)) for kind in (LOW, END))
    own: Lines = (Let("start", low, changes=True), Let("stop", end, changes=True))
    below: Lines = (Set("stop", f"min({end}, low)"),)
    above: Lines = (Set("start", f"max({low}, end)"),)
    return _between(way, (*_bounds(way), *own, If((f"{low} <= low",), below, above)))


def leaving(way: Way) -> Region:
    """What leaves at the end of a trip of the closing loop; of what is remembered all that is held."""
    if not way.is_remembered:
        return blocks.leaving(way)
    if not changes(way):
        return replace(whole(way), guards=(f"{_text(way.state(HAS))} != 0",))
    low, end = (_text(way.state(kind)) for kind in (LOW, END))
    return _between(way, (Let("start", low), Let("stop", end)))


def _text(cell: Cell) -> str:
    """A number of an array, as C and numpy read it."""
    return cell.array + "".join(f"[{index}]" for index in cell.indices)


def _bounds(way: Way) -> Lines:
    """The bounds of this step's tile, along the one coordinate in which they change."""
    region = whole(way)
    known = {line.name: line.value for line in region.before if isinstance(line, Let)}
    at = _along(region)
    low, end = known.get("start", region.starts[at]), known.get("stop", region.stops[at])
    return (Let("low", low), Let("end", end))


def _along(region: Region) -> int:
    bounds = enumerate(zip(region.starts, region.stops, strict=True))
    return next(at for at, (start, stop) in bounds if start == "start" or stop == "stop")


def _between(way: Way, before: Lines) -> Region:
    """The tile from `start` to `stop` along that coordinate."""
    region = whole(way)
    starts, stops, at = list(region.starts), list(region.stops), _along(region)
    starts[at], stops[at] = "start", "stop"
    return replace(region, starts=tuple(starts), stops=tuple(stops), before=before)
