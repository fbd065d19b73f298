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
from polymap.workload import Einsum

MOST_MARKS = 2**28
UNCOUNTED = "generate it without counters"


def check(planned: Plan, architecture: Architecture, mapping: Mapping) -> None:
    """Raises `PolymapError` with every reason why the code would be wrong, or would not count what the model does."""
    ways = [way for tensor in planned.ways for way in tensor]
    einsum = planned.nest.einsum
    found = [*_not_a_box(einsum), *_divided_sums(planned, mapping)]
    if planned.counted:
        check_habits(architecture, POLYMAP)
        found += [mistake for way in ways for mistake in _networks(way)]
        found += [mistake for way in ways for mistake in _unmarked(way, mapping)]
    if found:
        raise PolymapError(dict.fromkeys(found))


def _not_a_box(einsum: Einsum) -> Iterator[Mistake]:
    if not einsum.is_box:
        text = f"the domain of {einsum.name} is no box: {einsum.domain_text}; code is generated for boxes"
        yield Mistake(einsum.place, text, "leave out its `domain`, and map the whole box")


def _divided_sums(planned: Plan, mapping: Mapping) -> Iterator[Mistake]:
    """Sums of which several instances of the outermost memory hold a part each: nobody adds them up."""
    store = planned.output[0].parent
    parts = [turn for turn in store.turns if turn.rank not in store.tensor.ranks]
    if parts:
        each = prod(turn.trip for turn in parts)
        text = f"each of {each} instances ends with a part of every sum of {store.tensor.name}, which nobody adds up"
        yield broken(mapping, store.node, text, f"move it above '{parts[0].text}'")


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
    if way.askew and len(way.sliding) > (0 if way.tensor.is_output else 1):
        text = f"which instances move equal parts of sliding tiles of {way.tensor.name} is not counted"
        yield broken(mapping, way.askew[-1].node, text, UNCOUNTED)
    if way.tensor.is_output and may_overlap(way.tensor) and prod(way.child.marks) > MOST_MARKS:
        text = f"counting needs {prod(way.child.marks)} flags, one for each element of {way.tensor.name} and instance"
        yield broken(mapping, way.parent.node, text, UNCOUNTED)
