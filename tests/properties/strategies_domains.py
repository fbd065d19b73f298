"""Tight random problems on domains that are no boxes, small enough for all their mappings to be priced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import reject
from hypothesis import strategies as st

from polymap.errors import NOWHERE, SpecError
from polymap.workload.domain import restricted
from polymap.workload.einsum import Affine, Einsum, Tensor
from tests.oracles.every_point import every_point
from tests.oracles.exhaust_uneven import Space
from tests.properties.strategies import Coordinates, plain
from tests.properties.strategies_exact import BETWEEN_I_AND_J, DIFFERENCES, Constraint, padded
from tests.properties.strategies_uneven import PERFECT, Query, architectures, smaller, tight

Template = Callable[[], Coordinates]


@dataclass(frozen=True)
class DomainQuery(Query):
    """A mapspace of a domain that is no box, small enough to be exhausted."""

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.einsum.ranks} {self.einsum.domain_text}"

    def space(self) -> Space:
        return Space(self.einsum, self.architecture, self.factors, sets=every_point)


def scores() -> Coordinates:
    return {"O": plain("i", "j"), "A": plain("i", "d"), "B": plain("j", "d")}


def values() -> Coordinates:
    return {"O": plain("i", "d"), "A": plain("i", "j"), "B": plain("j", "d")}


def alone() -> Coordinates:
    """A tensor with neither of the two ranks, and one with holes."""
    return {"O": plain("i"), "A": plain("d"), "B": (Affine((("j", 2),)),)}


def three_deep() -> Coordinates:
    """A tensor that two ranks do not concern, of which one is tied to its own."""
    return {"O": plain("i"), "A": plain("i", "j"), "B": plain("j", "d")}


def relative() -> Coordinates:
    return {"O": plain("i", "d"), "A": plain("i", "j"), "B": (Affine((("i", 1), ("j", -1)), 8), *plain("d"))}


PLAIN: tuple[Template, ...] = (scores, scores, values, alone, three_deep)


@st.composite
def attention(
    draw: st.DrawFn, templates: tuple[Template, ...] = PLAIN, shapes: tuple[object, ...] = DIFFERENCES
) -> tuple[Einsum, tuple[Constraint, ...]]:
    coordinates = draw(st.sampled_from(templates))()
    size, width = draw(st.sampled_from((4, 6, 3, 2, 8))), draw(st.integers(1, 2))
    shape = draw(st.sampled_from(shapes))
    ranks = (("i", size), ("j", size), ("d", draw(st.sampled_from((2, 1, 3)))))
    used = {rank for axes in coordinates.values() for axis in axes for rank in axis.ranks}
    return of(tuple(pair for pair in ranks if pair[0] in used), coordinates), shape(size, width)  # type: ignore[operator]


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Einsum, tuple[Constraint, ...]]:
    """A filter that reaches over both ends of the image."""
    stride, outer, inner = draw(st.integers(1, 2)), draw(st.sampled_from((4, 3, 6))), draw(st.integers(2, 3))
    pad = draw(st.integers(1, inner - 1))
    image: Coordinates = {"I": (Affine((("p", stride), ("r", 1)), -pad),)}
    ranks = (("k", draw(st.sampled_from((2, 1)))), ("p", outer), ("r", inner))
    return of(ranks, {"O": plain("k", "p"), **image, "W": plain("k", "r")}), padded(outer, inner, stride, pad)


def of(ranks: tuple[tuple[str, int], ...], coordinates: Coordinates) -> Einsum:
    tensors = tuple(
        Tensor(name, axes, 8, "output" if name == "O" else f"input{name}", name == "O")
        for name, axes in coordinates.items()
    )
    return Einsum("tied", ranks, tensors, str(coordinates))


def posed(einsum: Einsum, constraints: tuple[Constraint, ...]) -> Einsum:
    """The einsum over its domain; a box where the constraints cut nothing. Rejects an empty domain."""
    ranks = ", ".join(dict.fromkeys(rank for constraint in constraints for rank, _ in constraint.terms))
    try:
        text, points = restricted(f"{{ [{ranks}] : {' and '.join(map(str, constraints))} }}", einsum.ranks, NOWHERE)
    except SpecError:
        reject()
    return replace(einsum, domain_text=text, points=points)


@st.composite
def domain_queries(
    draw: st.DrawFn, problems: st.SearchStrategy[tuple[Einsum, tuple[Constraint, ...]]], most_mappings: int
) -> DomainQuery:
    """A problem with no more than so many placings of nodes; ranks are made smaller until that is so."""
    einsum, constraints = draw(problems)
    machine = draw(architectures(einsum, most_memories=2, most_arrays=1))
    outermost, *levels = machine.hierarchy
    while True:
        bounded = tuple([draw(tight(level, einsum)) for level in levels])
        work = posed(einsum, constraints)
        query = DomainQuery(work, replace(machine, hierarchy=(outermost, *bounded)), PERFECT)
        if query.space().is_within(most_mappings):
            break
        einsum = smaller(einsum)
    if work.is_box:
        reject()
    return query


differences = attention()
corners = attention(shapes=BETWEEN_I_AND_J)
relatives = attention(templates=(relative,))
