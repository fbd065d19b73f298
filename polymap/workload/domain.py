"""Iteration domains as the user writes them: ISL set text over some ranks, held against the box of the rank sizes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import islpy as isl

from polymap.errors import Mistake, Place, SpecError
from polymap.workload.counting import TooLarge, budget, count

EXAMPLE = "write e.g. { [i,j] : j <= i }"


@lru_cache(maxsize=256)
def restricted(text: str, sizes: tuple[tuple[str, int], ...], place: Place) -> tuple[str, int]:
    """Canonical text of a domain within the box of `sizes` (rank, size), and its number of points in the whole box.

    The text names only ranks that are constrained beyond the box; it is empty, and the points 0, where none is.
    Raises `SpecError` for what ISL cannot read, for unknown ranks and for an empty domain.
    """
    try:
        with budget(f"the domain {text}"):
            return _restricted(text, dict(sizes), place)
    except TooLarge as error:
        mistake = error.mistakes[0]
        raise SpecError(Mistake(place, mistake.message, mistake.mend)) from None


def _restricted(text: str, sizes: Mapping[str, int], place: Place) -> tuple[str, int]:
    box = box_of(sizes)
    said = over(_read(text, sizes, place), tuple(sizes))
    inside = said.intersect(box).coalesce()
    if inside.is_empty():
        raise SpecError(Mistake(place, f"the domain {text} has no point in the box of the ranks", "loosen it"))
    extra = inside.gist(box).coalesce().remove_redundancies()
    used = [i for i in range(len(sizes)) if extra.involves_dims(isl.dim_type.set, i, 1)]
    if not used:
        return "", 0
    for i in reversed(range(len(sizes))):
        if i not in used:
            extra = extra.project_out(isl.dim_type.set, i, 1)
    return str(extra), count(inside)


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
        raise SpecError(Mistake(place, f"the tuples of the domain {text} differ", mend))
    try:
        found = isl.Set(text)
    except isl.Error as error:
        raise SpecError(Mistake(place, f"ISL cannot read the domain {text}: {_reason(error)}", EXAMPLE)) from None
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


def _reason(error: isl.Error) -> str:
    text = str(error).partition(" failed: ")[2] or str(error)
    return text.partition(" in /")[0]
