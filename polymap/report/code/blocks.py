"""Loops around lines: over instances, over the elements of a tile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod

from polymap.model.band import Band
from polymap.report.code.linear import Linear
from polymap.report.code.nest import Turn
from polymap.report.code.program import For, Hold, If, IsFirst, Let, Line, Log, Scope, Set
from polymap.report.code.tiles import Interval
from polymap.report.code.ways import Way

Lines = tuple[Line, ...]


@dataclass(frozen=True)
class Region:
    """The elements of a tile that are moved.

    Index `d` runs from `starts[d]` to before `stops[d]`. `before` are lines that say where it starts or stops; of the
    elements only those are meant for which one of the conditions `unless_kept` holds, if there are any, and all of
    `inside`; of the instances those for which all of `guards` hold.
    """

    spans: tuple[Interval, ...]
    starts: tuple[str, ...]
    stops: tuple[str, ...]
    before: Lines = ()
    unless_kept: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from another region of the same tensor."""
        return tuple(text for pair in zip(self.starts, self.stops) for text in pair)


def instances(turns: Iterable[Turn], body: Lines) -> Lines:
    """The body for every instance of some spatial loops."""
    for turn in reversed(tuple(turns)):
        body = (For(turn.variable, "0", str(turn.trip), body, turn.text),)
    return body


def guarded(conditions: Sequence[str], body: Lines) -> Lines:
    return (If(tuple(conditions), body),) if conditions else body


def elements(way: Way, region: Region, body: Lines) -> Lines:
    """The body for every element of a region."""
    body = guarded(region.inside, body)
    if region.unless_kept:
        body = (If(region.unless_kept, body, any=True),)
    for at in reversed(range(len(region.spans))):
        if not region.spans[at].is_single:
            body = (For(way.place.axes[at], region.starts[at], region.stops[at], body),)
    return (*region.before, *body)


def transfers(way: Way, region: Region, one: Lines) -> Lines:
    """The lines for every element of a region, in all instances apart.

    Where some of these may move equal tiles that count once, `first` tells which do.
    """
    runs = region.guards if way.at_end else (*way.guards(way.apart, ()), *way.meets, *region.guards)
    if not (way.askew and way.counted):
        return scoped(instances(way.apart, guarded(runs, elements(way, region, one))))
    rest = replace(region, before=())
    body = guarded(runs, (*region.before, IsFirst(region.key), *elements(way, rest, one)))
    log = Log(prod(turn.trip for turn in way.askew), len(region.key))
    outer = [turn for turn in way.apart if turn not in way.askew]
    return scoped(instances(outer, (log, *instances(way.askew, body))))


def scoped(lines: Lines) -> Lines:
    """The lines, in a scope of their own if they give names."""
    return (Scope(lines),) if any(isinstance(line, Let | Hold | Log | IsFirst) for line in lines) else lines


def indices(way: Way, region: Region) -> tuple[Linear, ...]:
    return tuple(way.index(at, span) for at, span in enumerate(region.spans))


def whole(way: Way) -> Region:
    """All of a tile."""
    spans = way.tile()
    region = Region(spans, tuple(str(span.low) for span in spans), tuple(str(span.end) for span in spans))
    return region if way.nest.band is None else banded(way, way.nest.band, region)


def banded(way: Way, band: Band, region: Region) -> Region:
    """What of a region the points of a domain touch, that limits the difference of two ranks."""
    ranks = [axis.ranks[0] if axis.ranks else "" for axis in way.tensor.coordinates]
    tied = [at for at, rank in enumerate(ranks) if rank in way.nest.tied and not region.spans[at].is_single]
    if way.nest.tied <= way.tensor.ranks:
        first, second = (_rank_value(way, ranks.index(rank), region) for rank in (band.first, band.second))
        return replace(region, inside=within(band, first, second) if tied else ())
    return _cut(way, band, region, tied[0], ranks[tied[0]]) if tied else region


def within(band: Band, first: Linear, second: Linear) -> tuple[str, ...]:
    """That values of two ranks keep to the limits of their difference."""
    above = () if band.low is None else (f"{first} >= {second + band.low}",)
    return above if band.high is None else (*above, f"{first} <= {second + band.high}")


def _rank_value(way: Way, at: int, region: Region) -> Linear:
    """The value of the rank that an index is, but for a constant."""
    return way.index(at, region.spans[at]) + -way.shift(at)


def _cut(way: Way, band: Band, region: Region, at: int, rank: str) -> Region:
    """A region of which a tied rank meets only part of what the other one leaves to it."""
    is_first = rank == band.first
    other = way.points(band.second if is_first else band.first)
    least, most = (band.low, band.high) if is_first else (_negative(band.high), _negative(band.low))
    starts, stops, lines = list(region.starts), list(region.stops), list[Line]()
    if least is not None:
        lines.append(Let("start", f"max({starts[at]}, {other.low + (least + way.shift(at))})"))
        starts[at] = "start"
    if most is not None:
        lines.append(Let("stop", f"min({stops[at]}, {other.end + (most + way.shift(at))})"))
        stops[at] = "stop"
    return Region(region.spans, tuple(starts), tuple(stops), tuple(lines))


def _negative(limit: int | None) -> int | None:
    return None if limit is None else -limit


def entering(way: Way) -> Region:
    """What the tile of this trip of the closing loop has that the one before had not."""
    closing = way.closing
    if not way.sliding or closing is None:
        return whole(way)
    return _beside(way, -closing.step, (f"{closing.variable} > 0",), (f"{closing.variable} == 0",))


def leaving(way: Way) -> Region:
    """What the tile of this trip of the closing loop has that the next one has not."""
    closing = way.closing
    if not way.sliding or closing is None:
        return whole(way)
    goes_on, ends = [f"{closing.variable} < {closing.trip - 1}"], [f"{closing.variable} == {closing.trip - 1}"]
    if way.nest.may_be_empty(closing.rank, way.child.position):
        low, size = way.low(closing.rank) + closing.step, way.nest.einsum.sizes[closing.rank]
        goes_on.append(f"{low} < {size}")
        ends.append(f"{low} >= {size}")
    return _beside(way, closing.step, tuple(goes_on), tuple(ends))


def _beside(way: Way, moved: int, there: tuple[str, ...], not_there: tuple[str, ...]) -> Region:
    """The tile without the one whose rank of the closing loop is `moved`; it is there under the conditions `there`."""
    region, other = whole(way), way.tile(moved)
    if len(way.sliding) > 1:
        return Region(region.spans, region.starts, region.stops, (), (*not_there, *_outside(way, other)))
    (at,) = way.sliding
    is_before = way.coefficient(at) * moved < 0
    name = "start" if is_before else "stop"
    own = region.starts[at] if is_before else region.stops[at]
    lines: Lines = (Let(name, own, changes=True), If(there, (Set(name, _bound(way, at, own, other[at], is_before)),)))
    starts, stops = list(region.starts), list(region.stops)
    (starts if is_before else stops)[at] = name
    return Region(region.spans, tuple(starts), tuple(stops), lines)


def _bound(way: Way, at: int, own: str, other: Interval, is_before: bool) -> str:
    """Where the other tile ends, or begins; where other ranks make tiles short there may be a gap between the two."""
    assert way.closing is not None
    bound = str(other.end if is_before else other.low)
    others = set(way.tensor.coordinates[at].ranks) - {way.closing.rank}
    if not any(way.nest.may_be_short(rank, way.child.position) for rank in others):
        return bound
    return f"{'max' if is_before else 'min'}({own}, {bound})"


def _outside(way: Way, other: tuple[Interval, ...]) -> tuple[str, ...]:
    """That an element is not in another tile: one of these holds."""
    found = []
    for at in way.sliding:
        variable = way.place.axes[at]
        found += [f"{variable} < {other[at].low}", f"{variable} >= {other[at].end}"]
    return tuple(found)
