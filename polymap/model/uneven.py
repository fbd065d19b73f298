"""Boxes with imperfect factors or exact holes: exact counts as products over coordinates of sums over groups of tiles.

A step of an instance exists per rank or not at all, so what is summed over steps and instances is, coordinate by
coordinate, a sum over full and last tiles of the coordinate's ranks. It needs every rank to occur in at most one
coordinate of the tensor. See docs/design/exact.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingOf
from collections.abc import Set as SetOf
from dataclasses import dataclass, replace
from itertools import product
from math import gcd, prod
from typing import TypeAlias

from polymap.model.digits import Digit, Groups, Role, groups
from polymap.model.distinct import counting
from polymap.model.nest import Access, Nest
from polymap.model.quantities import Quantities
from polymap.model.windows import Part, Slide, apart, reach, together, touched

NONE: SetOf[int] = frozenset()
Roles: TypeAlias = Callable[[int], Role]


@dataclass(frozen=True)
class Term:
    """`times` combinations of groups of tiles, one group per rank, of `elements` each; after a `slide`, of new ones."""

    times: int
    elements: int
    parts: tuple[Part, ...]
    slide: Slide | None = None


@dataclass(frozen=True)
class Factor:
    """One factor of a count: a coordinate's share or, where elements are 1, how often a rank repeats the others."""

    ranks: tuple[str, ...]
    terms: tuple[Term, ...]

    @property
    def total(self) -> int:
        return sum(term.times * term.elements for term in self.terms)


Factors: TypeAlias = tuple[Factor, ...]


def product_of(factors: Factors) -> int:
    """The count that the factors multiply to."""
    return prod(factor.total for factor in factors)


@dataclass(frozen=True)
class Uneven:
    """A nest of integer trips over a box: `sizes` of its ranks; `exact` tiles are what is touched, else its hull.

    Unless tiles stay (`stays`), nothing is kept from one step to the next.
    """

    nest: Nest
    sizes: MappingOf[str, int]
    exact: bool
    stays: bool = True

    def quantities(self, access: Access, homes: Sequence[tuple[str, int]]) -> tuple[Quantities, ...]:
        """Quantities at every memory that keeps the tensor, outermost first."""
        inner = [*(position for _, position in homes[1:]), None]
        return tuple(self._named(access, level, here, below) for (level, here), below in zip(homes, inner))

    def _named(self, access: Access, level: str, here: int, inner: int | None) -> Quantities:
        with counting(access.tensor.name, level):
            return self._node(access, level, here, inner)

    def _node(self, access: Access, level: str, here: int, inner: int | None) -> Quantities:
        below = len(self.nest.slots) if inner is None else inner
        near = self.nest.spatial_between(here, below)
        shared = frozenset(loop for loop in near if self.nest.slots[loop].shares(access.tensor))
        known = Quantities(
            level,
            self.tile(access, here),
            self.instances(here),
            self.delivered(access, here, NONE),
            self.delivered(access, below, shared, keeps=inner is not None),
        )
        if not access.tensor.is_output:
            return known
        arriving = self.held(access, below, frozenset(near))
        return replace(known, seen=self.held(access, here, NONE), arriving=arriving)

    def tile(self, access: Access, position: int) -> int:
        """Elements of the largest tile at a position."""
        tiles = self.nest.tiles[position]
        measure = touched if self.exact else reach
        return prod(
            measure(list(terms.values()), [min(self.sizes[rank], tiles.get(rank, 1)) for rank in terms])
            for terms in access.coefficients
        )

    def instances(self, position: int) -> int:
        """Spatial index vectors above a position that ever run."""
        return product_of(self.running(position, lambda loop: self.nest.slots[loop].is_spatial))

    def cycles(self) -> int:
        """Values of all temporal loops for which any instance runs."""
        return product_of(self.running(len(self.nest.slots), lambda loop: not self.nest.slots[loop].is_spatial))

    def used(self, hierarchy_index: int) -> int:
        """Instances of a level that ever run: over the loops on the arrays above it."""
        slots = self.nest.slots
        return product_of(self.running(len(slots), lambda loop: 0 <= slots[loop].array < hierarchy_index))

    def computes(self) -> int:
        """Points of the box."""
        return prod(self.sizes.values())

    def running(self, position: int, counted: Callable[[int], bool]) -> Factors:
        """Values of the counted loops above a position for which any value of the others runs."""
        return self._often(self.sizes, position, lambda loop: Role.EACH if counted(loop) else Role.FIRST)

    def delivered(self, access: Access, position: int, shared: SetOf[int], keeps: bool = True) -> int:
        """Elements that all instances at a position fetch; equal sets along the shared spatial loops count once."""
        return product_of(self.deliveries(access, position, shared, keeps))

    def deliveries(self, access: Access, position: int, shared: SetOf[int], keeps: bool = True) -> Factors:
        """The factors of what is `delivered`. The computes keep nothing: they fetch their point at every step."""
        closing = self._closing(access, position) if keeps and self.stays else len(self.nest.slots)

        def role(loop: int) -> Role:
            if loop in shared:
                return Role.TOGETHER if self.nest.slots[loop].rank in access.ranks else Role.FIRST
            return Role.FIRST if loop > closing and not self.nest.slots[loop].is_spatial else Role.EACH

        moving = (self._moving(terms, position, role, closing) for terms in access.coefficients)
        return (*self._idle(access, position, role), *moving)

    def held(self, access: Access, position: int, siblings: SetOf[int]) -> int:
        """Distinct elements of the tiles at a position over steps and sibling loops, summed over other instances."""
        return product_of(self.holdings(access, position, siblings))

    def holdings(self, access: Access, position: int, siblings: SetOf[int]) -> Factors:
        """The factors of what is `held`."""

        def role(loop: int) -> Role:
            if self.nest.slots[loop].is_spatial and loop not in siblings:
                return Role.EACH
            return Role.TOGETHER if self.nest.slots[loop].rank in access.ranks else Role.FIRST

        def union(parts: tuple[Part, ...]) -> int:
            return together(parts, self.exact)

        shares = (Factor(tuple(terms), self._terms(terms, position, role, union)) for terms in access.coefficients)
        return (*self._idle(access, position, role), *shares)

    def _closing(self, access: Access, position: int) -> int:
        """The innermost relevant temporal loop above a position, -1 if there is none."""
        above = (loop for loop in self.nest.temporal_above(position) if self.nest.slots[loop].rank in access.ranks)
        return max(above, default=-1)

    def _idle(self, access: Access, position: int, role: Roles) -> Factors:
        """How often the ranks that the tensor does not depend on repeat what the others do."""
        return self._often([rank for rank in self.sizes if rank not in access.ranks], position, role)

    def _often(self, ranks: Sequence[str] | MappingOf[str, int], position: int, role: Roles) -> Factors:
        return tuple(Factor((rank,), self._terms({rank: 1}, position, role, lambda parts: 1)) for rank in ranks)

    def _moving(self, terms: MappingOf[str, int], position: int, role: Roles, closing: int) -> Factor:
        """A coordinate's share of what is fetched: the first tile along the closing loop whole, then what is new."""

        def different(slide: Slide | None) -> Callable[[tuple[Part, ...]], int]:
            return lambda parts: apart(parts, slide, self.exact)

        rank = self.nest.slots[closing].rank if 0 <= closing < position else ""
        if len(terms) < 2 or rank not in terms:
            return Factor(tuple(terms), self._terms(terms, position, role, different(None)))
        turned = terms if terms[rank] > 0 else {other: -c for other, c in terms.items()}
        slide = Slide(list(turned).index(rank), self.nest.steps[closing])

        def along(closes: Role) -> Roles:
            return lambda loop: closes if loop == closing else role(loop)

        first = self._terms(turned, position, along(Role.FIRST), different(None))
        later = self._terms(turned, position, along(Role.LATER), different(slide))
        return Factor(tuple(terms), (*first, *(replace(term, slide=slide) for term in later)))

    def _terms(
        self, terms: MappingOf[str, int], position: int, role: Roles, measure: Callable[[tuple[Part, ...]], int]
    ) -> tuple[Term, ...]:
        """`measure` of every combination of groups of a coordinate's ranks, and how often it occurs."""
        common = gcd(*terms.values()) if self.exact and terms else 1
        listed = [list(self.groups(rank, position, role).items()) for rank in terms]
        found = []
        for chosen in product(*listed):
            parts = tuple(
                Part(c // common, self.nest.tiles[position].get(rank, 1), self._numbering(rank, position, role), group)
                for (rank, c), (group, _) in zip(terms.items(), chosen)
            )
            found.append(Term(prod(times for _, times in chosen), measure(parts), parts))
        return tuple(found)

    def _numbering(self, rank: str, position: int, role: Roles) -> tuple[Digit, ...]:
        return tuple(digit for digit in self._digits(rank, position, role) if digit.role is Role.TOGETHER)

    def groups(self, rank: str, position: int, role: Roles) -> Groups:
        """How often each group of tiles of a rank occurs, at a position of the nest."""
        tile = self.nest.tiles[position].get(rank, 1)
        return groups(self._digits(rank, position, role), self.sizes[rank], tile)

    def _digits(self, rank: str, position: int, role: Roles) -> tuple[Digit, ...]:
        loops = (loop for loop in range(position) if self.nest.slots[loop].rank == rank)
        return tuple(Digit(self.nest.trips[loop], self.nest.steps[loop], role(loop)) for loop in loops)
