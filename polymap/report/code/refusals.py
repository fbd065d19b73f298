"""What no code is generated for, or none that counts what the model counts; every reason at its place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import prod

from polymap.architecture.hierarchy import Architecture, Array
from polymap.errors import Mistake, PolymapError
from polymap.mapping.broken import broken
from polymap.mapping.nest import Mapping
from polymap.model.conventions import POLYMAP
from polymap.model.replay import check_habits
from polymap.report.code.build import Plan
from polymap.report.code.nest import band
from polymap.report.code.remembered import changes
from polymap.report.code.ways import Way
from polymap.workload import Einsum
from polymap.workload.einsum import Tensor

MOST_MARKS = 2**28
MOST_ELEMENTS = 2**27  # 1 GiB of 64-bit integers; static arrays of more than 2 GiB do not link
UNCOUNTED = "generate it without counters"


def check(planned: Plan, architecture: Architecture, mapping: Mapping) -> None:
    """Raises `PolymapError` with every reason why the code would be wrong, or would not count what the model does."""
    ways = [way for tensor in planned.ways for way in tensor]
    found = [*_divided_sums(planned, mapping), *_reshaped(planned, mapping)]
    found += [mistake for way in ways for mistake in _too_large(way, mapping)]
    if planned.counted:
        check_habits(architecture, POLYMAP)
        found += [mistake for way in ways for mistake in _networks(way)]
        found += [mistake for way in ways for mistake in _unmarked(way, mapping)]
    if found:
        raise PolymapError(dict.fromkeys(found))


def check_domain(einsum: Einsum) -> None:
    """Raises `PolymapError` for a domain, or accesses on one, of which no code can tell the tiles."""
    if einsum.is_box:
        return
    if band(einsum) is None:
        text = f"the domain of {einsum.name} is neither a box nor limits of a difference of two ranks"
        raise PolymapError(Mistake(einsum.place, f"{text}: {einsum.domain_text}", "map the whole box"))
    found = [_not_plain(einsum, tensor) for tensor in einsum.tensors if not _is_plain(tensor)]
    if found:
        raise PolymapError(found)


def _is_plain(tensor: Tensor) -> bool:
    """Whether every index is a rank, no two the same."""
    ranks = [rank for axis in tensor.coordinates for rank in axis.ranks]
    plain = all(coefficient == 1 for axis in tensor.coordinates for _, coefficient in axis.terms)
    return plain and len(set(ranks)) == len(ranks) and all(len(axis.ranks) <= 1 for axis in tensor.coordinates)


def _not_plain(einsum: Einsum, tensor: Tensor) -> Mistake:
    text = f"on the domain of {einsum.name}, code is generated for tensors whose indices are different ranks"
    return Mistake(einsum.place, f"{text}, and {tensor.name} is none", "map the whole box")


def _reshaped(planned: Plan, mapping: Mapping) -> Iterator[Mistake]:
    """Sums that may arrive where their place has been given up, as tiles change their bounds at different loops."""
    for outer, inner in pairwise(planned.output[:-1]):
        if changes(outer) and inner.is_remembered:
            text = f"on this domain tiles of {inner.tensor.name} are given up above before they are below"
            loop = next(turn for turn in reversed(outer.times))
            yield broken(mapping, inner.child.node, text, f"move the nodes of {inner.tensor.name} above '{loop.text}'")


def _divided_sums(planned: Plan, mapping: Mapping) -> Iterator[Mistake]:
    """Sums of which several instances of the outermost memory hold a part each: nobody adds them up."""
    store = planned.output[0].parent
    parts = [turn for turn in store.turns if turn.rank not in store.tensor.ranks]
    if parts:
        each = prod(turn.trip for turn in parts)
        text = f"each of {each} instances ends with a part of every sum of {store.tensor.name}, which nobody adds up"
        yield broken(mapping, store.node, text, f"move it above '{parts[0].text}'")


def _too_large(way: Way, mapping: Mapping) -> Iterator[Mistake]:
    """Buffers that no compiler lays out."""
    elements = prod(way.child.extents)
    if elements > MOST_ELEMENTS and not way.child.is_operand:
        text = f"the tiles of {way.tensor.name} here take {elements} elements, all instances together"
        yield broken(mapping, way.child.node, text, f"code is generated for at most {MOST_ELEMENTS}")


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
    if not way.tensor.is_output and array.shares_halo(way.tensor) and (way.adds or way.nest.band):
        return f"instances of {array.name} share what tiles of {name} have in common"
    return f"{array.name} returns partial sums of {name}" if way.tensor.is_output and array.returns_sums else ""


def _unmarked(way: Way, mapping: Mapping) -> Iterator[Mistake]:
    """Counts for which too much would have to be kept in mind."""
    if way.askew and len(way.sliding) > (0 if way.tensor.is_output else 1):
        text = f"which instances move equal parts of sliding tiles of {way.tensor.name} is not counted"
        yield broken(mapping, way.askew[-1].node, text, UNCOUNTED)
    if way.tensor.is_output and way.askew and way.is_remembered:
        text = f"instances that move equal sums of {way.tensor.name} begin to hold them at different times"
        yield broken(mapping, way.askew[-1].node, text, UNCOUNTED)
    if way.tensor.is_output and way.adds and prod(way.child.marks) > MOST_MARKS:
        text = f"counting needs {prod(way.child.marks)} flags, one for each element of {way.tensor.name} and instance"
        yield broken(mapping, way.parent.node, text, UNCOUNTED)
