"""What no code is generated for, or none that counts what the model counts; every reason at its place."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from polymap.architecture.hierarchy import Architecture, Array
from polymap.errors import Mistake, PolymapError
from polymap.mapping.broken import broken
from polymap.mapping.nest import Mapping
from polymap.model.conventions import POLYMAP
from polymap.model.replay import check_habits
from polymap.report.code.build import Plan
from polymap.report.code.outputs import may_overlap
from polymap.report.code.ways import Way

MOST_MARKS = 2**28
UNCOUNTED = "generate it without counters"


def check(planned: Plan, architecture: Architecture, mapping: Mapping) -> None:
    """Raises `PolymapError` with every reason why the code would be wrong, or would not count what the model does."""
    ways = [way for tensor in planned.ways for way in tensor]
    found = list(_divided_sums(planned, mapping))
    found += [mistake for way in ways if way.tensor.is_output for mistake in _equal_sums(way, mapping)]
    if planned.counted:
        check_habits(architecture, POLYMAP)
        found += [mistake for way in ways for mistake in _networks(way)]
        found += [mistake for way in ways for mistake in _unmarked(way, mapping)]
    if found:
        raise PolymapError(dict.fromkeys(found))


def _divided_sums(planned: Plan, mapping: Mapping) -> Iterator[Mistake]:
    """Sums of which several instances of the outermost memory hold a part each: nobody adds them up."""
    store = planned.output[0].parent
    parts = [turn for turn in store.turns if turn.rank not in store.tensor.ranks]
    if parts:
        each = prod(turn.trip for turn in parts)
        text = f"each of {each} instances ends with a part of every sum of {store.tensor.name}, which nobody adds up"
        yield broken(mapping, store.node, text, f"move it above '{parts[0].text}'")


def _equal_sums(way: Way, mapping: Mapping) -> Iterator[Mistake]:
    if way.askew:
        loops = " and ".join(f"'{turn.text}'" for turn in way.askew)
        text = f"instances of {loops} may hold equal tiles of {way.tensor.name}, and code that adds these is not made"
        yield broken(mapping, way.askew[-1].node, text, "make one of these loops temporal")


def _networks(way: Way) -> Iterator[Mistake]:
    """Arrays over which a tensor moves in a way of their own."""
    arrays = dict.fromkeys(turn.array for turn in way.near if turn.array)
    for array in arrays:
        what = _own_way(way, array)
        if what:
            text = f"{what}, which generated code does not count"
            yield Mistake(array.place, text, UNCOUNTED)


def _own_way(way: Way, array: Array) -> str:
    name = way.tensor.name
    if not way.tensor.is_output and array.links_of(way.tensor):
        return f"neighbours in {array.name} pass tiles of {name} on"
    if not way.tensor.is_output and array.shares_halo(way.tensor) and may_overlap(way.tensor):
        return f"instances of {array.name} share what tiles of {name} have in common"
    return f"{array.name} returns partial sums of {name}" if way.tensor.is_output and array.returns_sums else ""


def _unmarked(way: Way, mapping: Mapping) -> Iterator[Mistake]:
    """Counts for which too much would have to be kept in mind."""
    if way.askew and len(way.sliding) > 1:
        text = f"which instances hold equal new parts of {way.tensor.name} is not told by their bounds"
        yield broken(mapping, way.askew[-1].node, text, UNCOUNTED)
    if way.tensor.is_output and may_overlap(way.tensor) and prod(way.child.marks) > MOST_MARKS:
        text = f"counting needs {prod(way.child.marks)} flags, one for each element of {way.tensor.name} and instance"
        yield broken(mapping, way.parent.node, text, UNCOUNTED)
