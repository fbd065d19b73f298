"""Iteration domains as the user writes them: ISL set text over some ranks, held against the box of the rank sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import TypeAlias

import islpy as isl

from polymap.errors import Mistake, Place, SpecError
from polymap.workload.counting import Found, TooLarge, count, is_spent, within
from polymap.workload.pitfalls import pitfalls, product

EXAMPLE = "write e.g. { [i,j] : j <= i }; constraints add and compare ranks times integers, floor(i/2), i mod 2"
FEWER = "describe it with fewer constraints: every mod, floor, exists, or and not makes it dearer"
LONGEST_SHOWN = 120
ROUNDS = 4  # until the canonical text of a domain has settled

Sizes: TypeAlias = "tuple[tuple[str, int], ...]"


def restricted(text: str, sizes: Sizes, place: Place) -> tuple[str, int]:
    """Canonical text of a domain within the box of `sizes` (rank, size), and its number of points in the whole box.

    The text names only ranks that are constrained beyond the box; it is empty, and the points 0, where none is.
    Raises `SpecError` for what ISL cannot read or would misread, for unknown ranks, for an empty domain and for one
    that takes too long.
    """
    found, mistakes = _outcome(text, sizes, place)
    if mistakes:
        raise SpecError(mistakes)
    return found


@lru_cache(maxsize=256)
def _outcome(text: str, sizes: Sizes, place: Place) -> tuple[tuple[str, int], tuple[Mistake, ...]]:
    """What `restricted` gives, and why it does not: what took too long is not tried again."""
    try:
        _check_pitfalls(text, place)
        return _in_time(text, place, lambda: _restricted([text], dict(sizes), place)), ()
    except SpecError as error:
        return ("", 0), error.mistakes


def narrowed(text: str, more: str, sizes: Sizes, place: Place) -> str:
    """Canonical text of the points that are in two domains. Raises `SpecError` where `restricted` would."""
    return _in_time(text, place, lambda: _restricted([text, more], dict(sizes), place)[0])


def _in_time(text: str, place: Place, body: Callable[[], Found]) -> Found:
    try:
        return within(f"the domain {_shown(text)}", body)
    except TooLarge as error:
        raise SpecError(Mistake(place, error.mistakes[0].message, FEWER)) from None


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SHOWN else f"{line[: LONGEST_SHOWN - 3]}..."


def _check_pitfalls(text: str, place: Place) -> None:
    found = [Mistake(place, f"in the domain {_shown(text)} {what}", mend) for what, mend in pitfalls(text)]
    if found:
        raise SpecError(found)


def _restricted(texts: Sequence[str], sizes: Mapping[str, int], place: Place) -> tuple[str, int]:
    box, inside = _inside(texts, sizes, place)
    if inside.is_empty():
        message = f"the domain {_shown(' and '.join(texts))} has no point in the box of the ranks"
        raise SpecError(Mistake(place, message, "loosen it"))
    text = _settled(_beyond(box, inside), sizes, place)
    others = prod(size for rank, size in sizes.items() if rank not in names_of(inside))
    return text, count(inside) * others if text else 0


def _inside(texts: Sequence[str], sizes: Mapping[str, int], place: Place) -> tuple[isl.Set, isl.Set]:
    """The box of the ranks that are named, and the points of it that are in all the domains.

    Only these ranks take part: the others are free, and ISL is slow where there are many.
    """
    read = [_read(text, sizes, place) for text in texts]
    said = {name for found in read for name in names_of(found)}
    named = {rank: size for rank, size in sizes.items() if rank in said}
    box = inside = box_of(named)
    for found in read:
        inside = inside.intersect(over(found, tuple(named)))
    return box, inside.coalesce()


def _settled(text: str, sizes: Mapping[str, int], place: Place) -> str:
    """The text that, read again, gives itself; ISL sees more redundancies in its own text, though not always."""
    for _ in range(ROUNDS if text else 0):
        again = _beyond(*_inside([text], sizes, place))
        if again == text:
            break
        text = again
    return text


def _beyond(box: isl.Set, inside: isl.Set) -> str:
    """What says which part of a box is meant, over the ranks that it speaks of; nothing if it is all of the box."""
    extra = inside.gist(box).coalesce().remove_redundancies()
    for i in reversed(range(extra.dim(isl.dim_type.set))):
        if not extra.involves_dims(isl.dim_type.set, i, 1):
            extra = extra.project_out(isl.dim_type.set, i, 1)
    return str(extra) if extra.dim(isl.dim_type.set) else ""


def tuples(text: str) -> list[tuple[str, ...]]:
    """The names in the tuple of every piece of a domain, without the values that a tuple may give them.

    >>> tuples("{ [i, j = 2] : i < 2; [i, j] : j = 3 }")
    [('i', 'j'), ('i', 'j')]
    """
    found = (piece.partition("[")[2].partition("]")[0] for piece in text.partition("{")[2].split(";"))
    return [tuple(name.partition("=")[0].strip() for name in names.split(",")) for names in found]


def box_of(sizes: Mapping[str, int]) -> isl.Set:
    """All points `0 <= rank < size`, without a tuple name."""
    space = isl.Space.set_alloc(isl.DEFAULT_CONTEXT, 0, len(sizes))
    for position, rank in enumerate(sizes):
        space = space.set_dim_name(isl.dim_type.set, position, rank)
    box = isl.BasicSet.universe(space)
    for position, size in enumerate(sizes.values()):
        box = box.lower_bound_val(isl.dim_type.set, position, isl.Val(0))
        box = box.upper_bound_val(isl.dim_type.set, position, isl.Val(size - 1))
    return isl.Set.from_basic_set(box)


def names_of(found: isl.Set) -> list[str | None]:
    return [found.get_dim_name(isl.dim_type.set, i) for i in range(found.dim(isl.dim_type.set))]


def over(found: isl.Set, ranks: tuple[str, ...]) -> isl.Set:
    """The set over all `ranks`, in their order; ranks it does not name are free."""
    names = names_of(found)
    space = isl.Space.set_alloc(isl.DEFAULT_CONTEXT, 0, len(ranks))
    for position, rank in enumerate(ranks):
        space = space.set_dim_name(isl.dim_type.set, position, rank)
    relation = isl.BasicMap.universe(found.get_space().map_from_domain_and_range(space))
    for position, name in enumerate(names):
        relation = relation.equate(isl.dim_type.in_, position, isl.dim_type.out, ranks.index(str(name)))
    return found.apply(isl.Map.from_basic_map(relation))


def _read(text: str, sizes: Mapping[str, int], place: Place) -> isl.Set:
    """The set as written, its tuple without a name; every dimension is a rank of the einsum."""
    if len(set(tuples(text))) > 1:
        mend = "write one tuple and join the conditions with 'or'"
        raise SpecError(Mistake(place, f"the tuples of the domain {_shown(text)} differ", mend))
    try:
        found = isl.Set(text)
    except isl.Error as error:
        if is_spent():
            raise
        message = f"ISL cannot read the domain {_shown(text)}: {_reason(error, text)}"
        raise SpecError(Mistake(place, message, EXAMPLE)) from None
    if found.dim(isl.dim_type.param):
        name = found.get_dim_name(isl.dim_type.param, 0)
        raise SpecError(Mistake(place, f"{name} is a parameter of the domain, without a value", "write its value"))
    _check_names(names_of(found), sizes, place)
    return found.reset_tuple_id()


def _check_names(names: list[str | None], sizes: Mapping[str, int], place: Place) -> None:
    known = f"its ranks are {', '.join(sizes)}"
    wrong = [
        Mistake(place, f"the domain speaks of {name}, which is no rank of the einsum", known)
        for name in names
        if name is not None and name not in sizes
    ]
    if None in names:
        wrong.append(Mistake(place, "the tuple of the domain lists something other than distinct ranks", EXAMPLE))
    if wrong:
        raise SpecError(wrong)


def _reason(error: isl.Error, text: str) -> str:
    """What ISL says, or what it means by it."""
    if product(text):
        return f"{product(text)} multiplies two names"
    said = (str(error).partition(" failed: ")[2] or str(error)).partition(" in /")[0]
    return "it is not one set of points" if said.startswith("Assertion") else said
