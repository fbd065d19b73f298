"""Which engine counts a tensor of a mapping. See docs/design/exact.md, "Engines, and who is asked first"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from polymap.errors import NOWHERE, Mistake, PolymapError
from polymap.model.conventions import Conventions
from polymap.model.fans import Fans
from polymap.model.neighbours import Pair
from polymap.model.nest import Access, Nest, used_instances
from polymap.model.quantities import Quantities
from polymap.model.readings import Number
from polymap.model.routes import Routes
from polymap.model.traffic import tensor_quantities
from polymap.model.trees import Links, Networks
from polymap.model.uneven import Uneven
from polymap.workload.einsum import Einsum, Tensor

if TYPE_CHECKING:
    from polymap.model.handed import Handed
    from polymap.model.tied import Tied


class NeedsSets(PolymapError):
    """A count that only general integer sets can give, asked for where none are at hand."""


class Engine(Protocol):
    """Counts one mapping: its tensors at their memories, and the run as a whole."""

    def quantities(self, access: Access, homes: Sequence[tuple[str, int]]) -> tuple[Quantities, ...]:
        """Quantities at every memory that keeps the tensor, outermost first; `homes` are names and loops above."""

    def cycles(self) -> Number:
        """Values of all temporal loops for which any instance runs."""

    def used(self, hierarchy_index: int) -> Number:
        """Instances of a level that ever run, by its index in the hierarchy."""

    def computes(self) -> Number:
        """Points of the iteration domain that the nest visits."""


class General(Engine, Networks, Links, Protocol):
    """Counts everything, with all that networks ask for."""


class Sets(Protocol):
    """Counts any mapping by integer sets: the engine that the model asks last. `walked` has integer trips."""

    def __call__(self, einsum: Einsum, conventions: Conventions, walked: Nest) -> General: ...


@dataclass(frozen=True)
class Closed:
    """Closed forms for boxes with perfect factors; trips may be integers, arrays or symbols."""

    nest: Nest
    conventions: Conventions

    def quantities(self, access: Access, homes: Sequence[tuple[str, int]]) -> tuple[Quantities, ...]:
        return tensor_quantities(access, homes, self.nest, self.conventions)

    def cycles(self) -> Number:
        """Equation 13."""
        return self.nest.times[-1]

    def used(self, hierarchy_index: int) -> Number:
        return used_instances(self.nest, hierarchy_index)

    def computes(self) -> Number:
        return self.nest.times[-1] * self.nest.spaces[-1]


@dataclass(frozen=True)
class Engines:
    """The engines for one mapping. A rank whose trips do not reach its size is as long as they are."""

    einsum: Einsum
    conventions: Conventions
    nest: Nest
    sets: Sets | None = None

    def of(self, access: Access) -> Engine:
        """The engine that counts a tensor. Raises `PolymapError` where it does not know the conventions."""
        engine = self._of(access)
        if not self.conventions.tiles_stay and not isinstance(engine, Closed | Uneven):
            raise _boxes_only(self.conventions)
        return engine

    def _of(self, access: Access) -> Engine:
        if not self.einsum.is_box:
            return self.general if self._tied is None or not self._tied.can(access) else self._tied
        if self._is_perfect and not (self.conventions.holes == "exact" and access.may_have_holes):
            return Closed(self.nest, self.conventions)
        return self.general if access.shares_ranks else self._uneven

    def networks(self, pair: Pair) -> Networks:
        """Who counts the trees and shared halos of a tensor between two levels."""
        engine = self.of(pair.access)
        if isinstance(engine, Closed) and not (pair.haloed and pair.is_askew):
            return Routes(self.conventions)
        if not isinstance(engine, Uneven):
            return self.general
        return self._handed(pair) or self.general if pair.linked else Fans(engine)

    def links(self, pair: Pair) -> Links:
        """Who counts what neighbours pass on."""
        engine = self.of(pair.access)
        if isinstance(engine, Closed):
            return Routes(self.conventions)
        return (self._handed(pair) if isinstance(engine, Uneven) else None) or self.general

    def _handed(self, pair: Pair) -> Handed | None:
        """The steps of siblings on a box one by one, if they are few enough."""
        from polymap.model.handed import Handed

        key = pair.access.tensor, pair.parent.position, pair.child.position, pair.child.keeps
        found = self._passing.setdefault(key, Handed(self._uneven, pair))
        return found if found.is_small else None

    @cached_property
    def _passing(self) -> dict[tuple[Tensor, int, int, bool], Handed]:
        return {}

    @property
    def run(self) -> Engine:
        """The engine that counts cycles and instances."""
        if not self.einsum.is_box:
            return self.general if self._tied is None else self._tied
        return Closed(self.nest, self.conventions) if self._is_perfect else self._uneven

    @cached_property
    def general(self) -> General:
        if self.sets is None:
            raise _needs_sets(self.einsum)
        return self.sets(self.einsum, self.conventions, self.nest)

    @cached_property
    def _sizes(self) -> dict[str, int]:
        """Points of every rank that the nest visits."""
        reached = self.nest.tiles[0]
        return {rank: min(size, reached.get(rank, 1)) for rank, size in self.einsum.ranks}

    @cached_property
    def _is_perfect(self) -> bool:
        """Whether the trips of no rank go beyond its size. Formulas in arrays and symbols stand for such trips."""
        reached = self.nest.tiles[0]
        known = [(size, reached.get(rank, 1)) for rank, size in self.einsum.ranks]
        return all(type(covered) is not int or covered <= size for size, covered in known)

    @cached_property
    def _uneven(self) -> Uneven:
        return Uneven(self.nest, self._sizes, self.conventions.holes == "exact", self.conventions.tiles_stay)

    @cached_property
    def _tied(self) -> Tied | None:
        """The engine for two ranks tied by a difference, if the domain is of that kind."""
        from polymap.model.band import Band
        from polymap.model.tied import Tied
        from polymap.workload.sets import difference

        band = difference(self.einsum)
        return None if band is None else Tied(self.nest, self._sizes, Band(*band))


def _boxes_only(conventions: Conventions) -> PolymapError:
    message = (
        f"the conventions {conventions.name} count boxes only, with imperfect factors none in which a rank occurs twice"
    )
    return PolymapError(Mistake(NOWHERE, message, "use `polymap`"))


def _needs_sets(einsum: Einsum) -> NeedsSets:
    message = f"mapping {einsum.name} needs general integer sets to be counted, and none were given"
    return NeedsSets(Mistake(NOWHERE, message, "call polymap.evaluate, which brings them"))
