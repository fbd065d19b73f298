"""How partial sums come back in and go out: added up on their way where instances share the transfer.

An output of which tiles never overlap: the first time a tile is there its sums start at zero; later it is read back,
and when it leaves it takes the place of what the parent has. Of instances with the same tile one takes the sum, the
others start at zero and are added.

Where tiles overlap (a transposed convolution), what enters always starts at zero, and what leaves is added to what the
parent has: the same accesses, though each read comes later.
"""

from __future__ import annotations

from dataclasses import replace

from polymap.report.code.blocks import Lines, Region, guarded, indices, instances, transfers, whole
from polymap.report.code.linear import Linear
from polymap.report.code.program import Add, Cell, Comment, Count, CountAgain, Hold, If, Line, Set
from polymap.report.code.remembered import entering, given_up, leaving
from polymap.report.code.stores import HELD, MET
from polymap.report.code.ways import Way


def fill(way: Way) -> Lines:
    """The lines that make room for a tile of the output, or for what is new of it."""
    if way.adds:
        return (Comment(f"{_holds(way)}: what enters starts at zero"), *_fresh(way, entering(way)))
    fresh = _fresh(way, whole(way))
    if not way.repeats:
        return (Comment(f"{_holds(way)}: its sums start at zero"), *fresh)
    text = f"{_holds(way)}: its sums start at zero, later they are read back from {way.parent.level}"
    return (Comment(text), If(_never_before(way), fresh, _read_back(way)))


def _holds(way: Way) -> str:
    return f"{way.child.level} holds {way.tensor.name}"


def _never_before(way: Way) -> tuple[str, ...]:
    return tuple(f"{turn.variable} == 0" for turn in way.repeats)


def _first_copy(way: Way) -> tuple[str, ...]:
    """That an instance is the first of those that hold the same tile and do not share its transfer."""
    return tuple(f"{turn.variable} == 0" for turn in way.copies)


def _fresh(way: Way, region: Region) -> Lines:
    """Zeros in every instance; the first write of an element is free."""
    cell = way.child.cell(indices(way, region))
    zero: Lines = (Set(cell, "0"),)
    if way.adds:
        zero = (*zero, CountAgain(way.child.counter("fills"), way.child.mark(HELD, indices(way, region))))
    zeros = instances(way.together, guarded(way.guards(way.together, way.apart), zero))
    return transfers(replace(way, counted=False), region, zeros)


def _read_back(way: Way) -> Lines:
    region = whole(way)
    at = indices(way, region)
    filled = Count(way.child.counter("fills"))
    read: Lines = (Count(way.parent.counter("reads")),)
    if way.together:
        zero: Lines = (Set(way.child.cell(at), "0"), filled)
        others = instances(way.together, guarded(way.guards(way.together, way.apart), zero))
        first = way.child.cell(at, {turn.variable: "0" for turn in way.together})
        back = (*others, *guarded(_first_copy(way), (Set(first, way.parent.cell(at)), *read)))
    elif way.copies:
        taken: Lines = (Set(way.child.cell(at), way.parent.cell(at)), *read)
        back = (If(_first_copy(way), taken, (Set(way.child.cell(at), "0"),)), filled)
    else:
        back = (Set(way.child.cell(at), way.parent.cell(at)), *read, filled)
    return transfers(way, region, back)


def drain(way: Way) -> Lines:
    """The lines that bring a tile, or what leaves of it, to the parent."""
    way = replace(way, at_end=way.is_remembered)
    return _moved(way, leaving(way))


def give_up(way: Way) -> Lines:
    """The lines that bring to the parent what a step's tile has no more."""
    return _moved(way, given_up(way), ", as it is given up")


def _moved(way: Way, region: Region, when: str = "") -> Lines:
    return (Comment(_said(way) + when), *transfers(way, region, _one(way, region)))


def _said(way: Way) -> str:
    verb = "adds" if way.child.is_operand or way.adds else "drains"
    text = f"{way.child.level} {verb} {way.tensor.name} to {way.parent.level}"
    if way.together:
        text += f"; summed over {' and '.join(turn.variable for turn in way.together)} (reduction)"
    return text


def _one(way: Way, region: Region) -> Lines:
    """The lines for one element."""
    at = indices(way, region)
    source = way.child.cell(at)
    left: Lines = () if way.child.is_operand else (Count(way.child.counter("reads")),)
    if not way.together:
        return (*_arrive(way, region, source), *left)
    one: Lines = (Add("total", source), *left)
    summed = instances(way.together, guarded(way.guards(way.together, way.apart), one))
    return (Hold("total", "0", changes=True), *summed, *_arrive(way, region, "total"))


def _arrive(way: Way, region: Region, value: Cell | str) -> Lines:
    """A sum arrives at the parent."""
    target = way.parent.cell(indices(way, region))
    if way.child.is_operand or way.adds:
        return (Add(target, value), *arrived(way, indices(way, region)))
    updated: Line = Count(way.parent.counter("updates"))
    added: Lines = (Add(target, value), Count(way.parent.counter("reads")))
    if way.copies:
        return (If(_first_copy(way), (Set(target, value),), added), updated)
    return (Set(target, value), updated)


def arrived(way: Way, at: tuple[Linear, ...]) -> Lines:
    """An update, and the read of what is there: all but the first of an element find something."""
    updated, reads = Count(way.parent.counter("updates"), only=way.only), way.parent.counter("reads")
    if way.adds:
        return (updated, CountAgain(reads, way.parent.mark(MET, at), way.only))
    never = (*_never_before(way), *_first_copy(way))
    return (updated, Count(reads, unless=never)) if never else (updated,)
