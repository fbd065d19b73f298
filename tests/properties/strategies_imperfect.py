"""Tight random problems with ranks whose sizes few trips divide, small enough to be exhausted quickly."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from hypothesis import strategies as st

from polymap.workload.einsum import Einsum
from tests.oracles.exhaust_uneven import IMPERFECT
from tests.properties.strategies_uneven import Query, architectures, einsums, tight

SIZES = (3, 2, 5, 4, 7, 1)
MOST_POINTS = 24


@st.composite
def small_einsums(draw: st.DrawFn) -> Einsum:
    """A template in which the largest ranks have been cut until few points are left."""
    einsum = draw(einsums(sizes=SIZES))
    while prod(size for _, size in einsum.ranks) > MOST_POINTS:
        einsum = cut(einsum)
    return einsum


def cut(einsum: Einsum) -> Einsum:
    """The einsum with its largest rank one smaller; in the end there is one point."""
    largest = max(einsum.ranks, key=lambda rank: rank[1])
    return replace(einsum, ranks=tuple((n, max(1, size - ((n, size) == largest))) for n, size in einsum.ranks))


@st.composite
def imperfect_queries(draw: st.DrawFn, most_mappings: int = 1500) -> Query:
    """A problem whose imperfect mapspace has no more than so many placings of nodes."""
    einsum = draw(small_einsums())
    machine = draw(architectures(einsum, most_memories=2))
    outermost, *levels = machine.hierarchy
    bounded = tuple([draw(tight(level, einsum)) for level in levels])
    while True:
        query = Query(einsum, replace(machine, hierarchy=(outermost, *bounded)), IMPERFECT)
        if query.space().is_within(most_mappings):
            return query
        einsum = cut(einsum)
