"""Counts of a mapping by looking at every point, as an engine of the cost model: for many mappings of few points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import polymap.model.nest as model
from polymap.model.conventions import Conventions
from polymap.model.counting import General
from polymap.model.nest import Access
from polymap.model.quantities import Quantities
from polymap.polyhedral.nest import Nest
from polymap.polyhedral.pointwise import Pointwise
from polymap.workload.einsum import Einsum


@dataclass(frozen=True)
class EveryPoint:
    """What `polymap.model.counting.Engine` asks for, without networks."""

    counted: Pointwise

    def quantities(self, access: Access, homes: Sequence[tuple[str, int]]) -> tuple[Quantities, ...]:
        return self.counted.quantities(access.tensor, homes)

    def cycles(self) -> int:
        return self.counted.cycles()

    def used(self, hierarchy_index: int) -> int:
        return self.counted.used(hierarchy_index)

    def computes(self) -> int:
        return self.counted.computes()


def every_point(einsum: Einsum, conventions: Conventions, walked: model.Nest) -> General:
    """The engine for one mapping of a domain that is no box."""
    nest = Nest.of(einsum, walked.slots, cast("Sequence[int]", walked.trips))
    engine: Any = EveryPoint(Pointwise(nest, conventions.holes == "hull", conventions.tiles_stay))
    return cast("General", engine)
