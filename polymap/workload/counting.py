"""How many points an integer set has: split into independent groups of dimensions, each scanned within a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from time import thread_time
from typing import TypeVar

import islpy as isl

from polymap.errors import NOWHERE, Mistake, PolymapError

Found = TypeVar("Found")
Member = TypeVar("Member")

BUDGET = 15_000_000  # elementary steps of ISL; one takes 0.5 us to 20 us, the more the more divisions sets have
SECONDS = 6.0  # CPU time for one count; a mapping asks for some ten of them, of which few are dear
SLICE = 100_000  # steps of the first attempt at a count
DEARER = 3  # how many times longer an attempt with twice the steps may take


class TooLarge(PolymapError):
    """Counting or computing a set took more steps or time than it may."""


class _Spent(TooLarge):
    """ISL used up the steps it was given; with more it might end."""


def within(what: str, body: Callable[[], Found]) -> Found:
    """What `body` counts, within `BUDGET` steps and about `SECONDS` of CPU time.

    Nothing stops ISL at a time, only after a number of steps: the body, which may have no effects, is tried with ever
    more of them, as long as the time that its last attempt took says that the next one ends in time. Raises `TooLarge`.
    """
    began, steps = thread_time(), min(SLICE, BUDGET)
    while True:
        tried = thread_time()
        try:
            with budget(what, steps):
                return body()
        except _Spent:
            now = thread_time()
            if steps >= BUDGET:
                raise
            if now - began + DEARER * (now - tried) > SECONDS:
                raise _too_large(what, f"{SECONDS:g} s of CPU time") from None
        steps = min(2 * steps, BUDGET)


@contextmanager
def budget(what: str, steps: int | None = None) -> Iterator[None]:
    """Let ISL spend at most `steps` (`BUDGET` unless given) on the body; beyond it `TooLarge` names `what`.

    Not to be nested: the steps are counted once per process.
    """
    context, steps = isl.DEFAULT_CONTEXT, steps or BUDGET
    context.reset_operations()
    context.set_max_operations(steps)
    try:
        yield
    except (isl.Error, TypeError, ValueError, TooLarge):
        if not is_spent():
            raise
        raise _too_large(what, f"{steps} steps") from None
    else:
        if is_spent():  # a count that ran out of steps may come back all the same, and is wrong
            raise _too_large(what, f"{steps} steps")
    finally:
        context.set_max_operations(0)


def is_spent() -> bool:
    """Whether ISL refuses to go on."""
    try:
        return isl.Val(0).to_str() != "0"
    except isl.Error:
        return True


def _too_large(what: str, limit: str) -> _Spent:
    message = f"{what} cannot be counted exactly in {limit}"
    mend = "tile it coarser, describe its domain with fewer constraints, or install islpy-barvinok, which needs no scan"
    return _Spent(Mistake(NOWHERE, message, mend))


def count(found: isl.Set) -> int:
    """Number of points of a bounded set without parameters. Call it inside `within` or `budget`.

    Every disjoint piece is the product of its groups: dimensions that share no constraint, directly or through
    divisions. A group of one dimension is an interval, others are scanned row by row.
    """
    card = getattr(found, "card", None)  # only islpy-barvinok has it
    if card:
        return int(card().max().to_python())
    pieces = found.coalesce().get_basic_sets()
    if len(pieces) > 1:
        pieces = found.make_disjoint().get_basic_sets()
    return sum(_piece(piece) for piece in pieces)


def _piece(piece: isl.BasicSet) -> int:
    if piece.is_empty():
        return 0
    return prod(_group(piece, group) for group in independent(piece))


def _group(piece: isl.BasicSet, dims: frozenset[int]) -> int:
    projected = isl.Set.from_basic_set(piece)
    for dim in reversed(range(piece.dim(isl.dim_type.set))):
        if dim not in dims:
            projected = projected.project_out(isl.dim_type.set, dim, 1)
    if len(dims) == 1 and not has_divisions(projected):
        low, high = projected.dim_min_val(0), projected.dim_max_val(0)
        return int(high.to_python()) - int(low.to_python()) + 1
    return int(projected.count_val().to_python())


def has_divisions(found: isl.Set) -> bool:
    """Whether the set speaks of quotients or of values that exist: then an interval may have holes."""
    pieces = found.get_basic_sets()
    return len(pieces) != 1 or pieces[0].dim(isl.dim_type.div) > 0


def independent(piece: isl.BasicSet) -> list[frozenset[int]]:
    """The dimensions in groups that share no constraint; those that share only a division belong together."""
    dims, divisions = piece.dim(isl.dim_type.set), piece.dim(isl.dim_type.div)
    groups = [frozenset({i}) for i in range(dims + divisions)]
    for constraint in piece.get_constraints():
        tied = frozenset(
            [i for i in range(dims) if constraint.involves_dims(isl.dim_type.set, i, 1)]
            + [dims + i for i in range(divisions) if _uses_division(constraint, i)]
        )
        groups = joined(groups, tied)
    return [real for group in groups if (real := frozenset(i for i in group if i < dims))]


def _uses_division(constraint: isl.Constraint, division: int) -> bool:
    return division < constraint.dim(isl.dim_type.div) and bool(constraint.involves_dims(isl.dim_type.div, division, 1))


def joined(groups: list[frozenset[Member]], tied: frozenset[Member]) -> list[frozenset[Member]]:
    """The groups, those that meet `tied` made one."""
    meeting = [group for group in groups if group & tied]
    apart = [group for group in groups if not group & tied]
    return [*apart, frozenset().union(*meeting)] if meeting else groups
