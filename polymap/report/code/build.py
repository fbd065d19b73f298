"""From a mapping to a program: transfers hang on the loops that move their tiles, the computes stand innermost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.nest import Mapping
from polymap.report.code import inputs, outputs
from polymap.report.code.blocks import Lines, guarded, instances, within
from polymap.report.code.linear import Linear
from polymap.report.code.names import Names
from polymap.report.code.nest import Nest, Turn, nest
from polymap.report.code.program import (
    FLAGS,
    NUMBERS,
    Add,
    Argument,
    Buffer,
    Cell,
    Comment,
    Count,
    CountAgain,
    For,
    Let,
    Product,
    Program,
    Set,
    every,
    texts,
)
from polymap.report.code.remembered import changes, forget
from polymap.report.code.stores import END, HAS, HELD, LOW, MET, place, stores
from polymap.report.code.tiles import Interval, reach
from polymap.report.code.ways import Way
from polymap.workload.einsum import Einsum

STATES = {LOW: "where it begins", END: "where it ends", HAS: "whether it is there"}


@dataclass(frozen=True)
class Plan:
    """What is generated for one mapping: its loops and the ways of its tensors, outermost first."""

    name: str
    nest: Nest
    ways: tuple[tuple[Way, ...], ...]
    positions: tuple[tuple[str, str], ...]
    counted: bool

    @property
    def output(self) -> tuple[Way, ...]:
        return next(ways for ways in self.ways if ways[0].tensor.is_output)


def plan(einsum: Einsum, architecture: Architecture, mapping: Mapping, counted: bool) -> Plan:
    """The loops and stores of a legal mapping."""
    names = Names()
    name = names.new(einsum.name, ("_counters", "_counted", "_counts"))
    ranks = {rank: names.new(rank) for rank in einsum.sizes}
    walked = nest(einsum, architecture, mapping, names)
    ways = []
    for tensor in einsum.tensors:
        at = place(einsum, tensor, ranks, names)
        chain = stores(walked, architecture, mapping, tensor, at, names)
        ways.append(tuple(Way(walked, tensor, at, one, other, counted) for one, other in pairwise(chain)))
    return Plan(name, walked, tuple(ways), tuple(ranks.items()), counted)


def program(planned: Plan, heading: tuple[str, ...]) -> Program:
    """The function that runs the mapping."""
    body = (*_start(planned), *_around(planned, 0))
    used = set(_arrays(body))
    ways = [way for tensor in planned.ways for way in tensor]
    counters = tuple(way.parent.counter(action) for way in ways for action in ("reads", "fills", "updates"))
    return Program(
        planned.name,
        heading,
        tuple(_argument(tensor[0]) for tensor in planned.ways),
        tuple(buffer for way in ways for buffer in _buffers(way, used, planned.counted)),
        counters if planned.counted else (),
        body,
        _largest(planned),
    )


def _argument(way: Way) -> Argument:
    moved = [f"{way.place.axes[at]} begins at {first}" for at, first in enumerate(way.place.origin) if first]
    store = way.parent
    return Argument(store.name, store.extents, way.tensor.is_output, ", ".join(moved))


def _buffers(way: Way, used: set[str], counted: bool) -> Iterator[Buffer]:
    """The array that the way leads to, if the program has it, and the flags of its stores."""
    child, output = way.child, way.tensor.is_output
    if child.name in used:
        each = f", one for each instance ({' x '.join(str(turn.trip) for turn in child.turns)})" if child.turns else ""
        tile = " x ".join(map(str, child.tile)) or "one element"
        yield Buffer(child.name, child.extents, f"{child.level}: {way.tensor.name}, {tile}{each}")
    if output and counted and way.adds:
        if not child.is_operand:
            yield Buffer(child.name + HELD, child.marks, "what was ever there", FLAGS)
        yield Buffer(way.parent.name + MET, way.parent.marks, "what has arrived", FLAGS)
    for kind, note in STATES.items():
        if child.name + kind in used:
            yield Buffer(child.name + kind, way.units, f"{child.name}, {note}", NUMBERS)


def _arrays(lines: Lines) -> Iterator[str]:
    for line in every(lines):
        if isinstance(line, Set | Add) and isinstance(line.target, Cell):
            yield line.target.array


def _largest(planned: Plan) -> int:
    """No integer of the program is larger: how far trips lead any index, and twice that for what is in between."""
    reaches = {rank: planned.nest.tile(rank, -1) for rank in planned.nest.einsum.sizes}
    axes = [axis for way in _firsts(planned) for axis in way.tensor.coordinates]
    spans = [sum(abs(c) * reaches[rank] for rank, c in axis.terms) + abs(axis.constant) for axis in axes]
    shapes = [size for way in _firsts(planned) for size in way.place.shape]
    return 2 * max((*reaches.values(), *spans, *shapes, 1))


def _firsts(planned: Plan) -> Iterator[Way]:
    return (ways[0] for ways in planned.ways)


# The lines.


def _start(planned: Plan) -> Lines:
    """Zeros where sums arrive: not counted, for what arrives first at an element need not read it."""
    way = planned.output[0]
    spans = tuple(Interval(Linear(), Linear((), size - 1)) for size in way.place.shape)
    cell = way.parent.cell(tuple(way.index(at, span) for at, span in enumerate(spans)))
    lines: Lines = (Set(cell, "0"),)
    for at in reversed(range(len(spans))):
        if not spans[at].is_single:
            lines = (For(way.place.axes[at], "0", str(spans[at].end), lines),)
    return (Comment(f"{way.tensor.name} is zero where nothing is added"), *lines)


def _around(planned: Plan, depth: int) -> Lines:
    """What is done at a number of temporal loops: transfers, the next loop or the computes, transfers back."""
    temporal = planned.nest.temporal
    ways = sorted(_moved(planned), key=lambda way: way.child.position)
    here = [way for way in ways if len(way.times) == depth]
    closed = [way for way in ways if len(way.closed) == depth]
    come = [line for way in closed if way.is_remembered for line in forget(way)]
    come += [line for way in reversed(here) if way.tensor.is_output and changes(way) for line in outputs.give_up(way)]
    come += [line for way in here for line in _in(way)]
    go = [line for way in reversed(closed) if way.tensor.is_output for line in outputs.drain(way)]
    if depth < len(temporal):
        return (*come, _loop(planned, temporal[depth], _around(planned, depth + 1)), *go)
    return (*come, *_computes(planned), *go)


def _moved(planned: Plan) -> Iterator[Way]:
    """Ways between memories."""
    return (way for ways in planned.ways for way in ways[:-1])


def _in(way: Way) -> Lines:
    return outputs.fill(way) if way.tensor.is_output else inputs.fill(way)


def _loop(planned: Plan, turn: Turn, body: Lines) -> For:
    """A temporal loop; where its rank ends early, as long as the first instance has points."""
    walked = planned.nest
    moved = [other for other in walked.temporal if other.position <= turn.position]
    within = str(walked.low(turn.rank, moved)), str(walked.einsum.sizes[turn.rank])
    ends = any(other.rank == turn.rank for other in moved[:-1]) and walked.may_end(turn)
    return For(turn.variable, "0", str(turn.trip), body, turn.text, within if ends else None)


# The computes.


def _computes(planned: Plan) -> Lines:
    """Operands that several units share are brought first, and sums that they share taken last."""
    last = [ways[-1] for ways in planned.ways]
    shared = [way for way in last if way.together or way.askew]
    bring = [line for way in shared if not way.tensor.is_output for line in inputs.fill(way)]
    take = [line for way in shared if way.tensor.is_output for line in outputs.drain(way)]
    return (*bring, Comment("compute"), *_points(planned, last, shared), *take)


def _points(planned: Plan, last: list[Way], shared: list[Way]) -> Lines:
    """One point in every instance."""
    output = planned.output[-1]
    product = Product(tuple(_operand(planned, way, way in shared) for way in last if not way.tensor.is_output))
    target = _operand(planned, output, output in shared)
    done: Lines = (Set(target, product) if output in shared else Add(target, product),)
    done = (*done, *(line for way in last if way not in shared for line in _touched(planned, way)))
    units = planned.nest.spatial(planned.nest.end)
    body = (*_lets(planned, done), *guarded(_guards(planned), done))
    return instances(units, body)


def _operand(planned: Plan, way: Way, is_shared: bool) -> Cell:
    """The element that a unit meets: its own operand, or where that is not needed the innermost memory's."""
    return (way.child if is_shared else way.parent).cell(_at(planned, way))


def _at(planned: Plan, way: Way) -> tuple[Linear, ...]:
    """The indices of a tensor at the point of a unit."""

    def point(rank: str) -> Interval:
        here = _value(planned, rank)
        return Interval(here, here)

    axes = zip(way.tensor.coordinates, way.place.origin, strict=True)
    return tuple(reach(axis, first, point).low for axis, first in axes)


def _value(planned: Plan, rank: str) -> Linear:
    """A rank's value at the point of a unit: its name, unless the value is as short."""
    low = planned.output[-1].low(rank)
    return low if low.is_single else Linear(((dict(planned.positions)[rank], 1),))


def _touched(planned: Plan, way: Way) -> Lines:
    """What a unit's own access counts."""
    if way.tensor.is_output:
        return outputs.arrived(way, _at(planned, way))
    return (Count(way.parent.counter("reads")),)


def _guards(planned: Plan) -> tuple[str, ...]:
    """That a unit has a point: its instances may stand beyond a rank's end."""
    walked = planned.nest
    spread = {turn.rank for turn in walked.spatial(walked.end)}
    ends = tuple(
        f"{_value(planned, rank)} < {size}"
        for rank, size in walked.einsum.ranks
        if rank in spread and walked.may_be_empty(rank, walked.end)
    )
    band = walked.band
    return (*ends, *within(band, _value(planned, band.first), _value(planned, band.second))) if band else ends


def _lets(planned: Plan, done: Lines) -> Lines:
    """The ranks' values that the lines or the guards speak of."""
    way, ranks = planned.output[-1], planned.positions
    printed = done if planned.counted else tuple(line for line in done if not isinstance(line, CountAgain))
    said = (*(text for line in printed for text in texts(line)), *_guards(planned))
    used = {word for text in said for word in re.findall(r"\w+", text)}
    return tuple(Let(name, str(way.low(rank))) for rank, name in ranks if name in used)
