"""A class of imperfect mappings: what is kept where, and spatial factors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, prod

import numpy as np

from polymap.mapper.imperfect.charges import Charges
from polymap.mapper.imperfect.flows import Flow, Loops
from polymap.mapper.imperfect.labels import Labels, Ranking
from polymap.mapper.imperfect.ruled import Ruled
from polymap.mapper.imperfect.tables import Bounds
from polymap.mapper.progress import nothing
from polymap.mapper.sharing import Sharing
from polymap.mapper.traffic import Geometry
from polymap.model.conventions import Conventions


@dataclass(frozen=True)
class Class:
    """What is kept where, and spatial factors: what remains are trips and orders."""

    geometry: Geometry
    conventions: Conventions
    levels: tuple[str, ...] = ()  # memories whose traffic is asked for
    check: Callable[[], None] = field(default=nothing, compare=False)  # called again and again; may end work by raising

    @property
    def sharing(self) -> Sharing:
        """Nothing is fixed of how instances share, nor how loops are laid out."""
        return Sharing({})

    @cached_property
    def charges(self) -> Charges:
        return Charges(Loops(self.geometry), self.conventions, self.levels)

    @cached_property
    def bounds(self) -> Bounds:
        return Bounds(self.charges, self.conventions.tiles_stay, check=self.check)

    @cached_property
    def compulsory(self) -> tuple[float, ...]:
        """Every quantity at least: every instance fetches what it needs once. Infinite if no tile is allowed."""
        if self.bounds.start is None:
            return (inf,) * len(self.charges.quantities)
        loops = self.charges.loops
        values = [self.bounds.computing(q) + q.constant for q in self.charges.quantities]
        for i, flow in enumerate(self.charges.flows[: 2 * len(self.geometry.nodes)]):
            needed = np.asarray(_needed(flow, loops), dtype=np.float64)
            values = [v + float(q.charge(i, needed)) for v, q in zip(values, self.charges.quantities)]
        return tuple(values)

    def labels(self, rank: Ranking) -> Labels:
        """The search for its nests, which meet the statements about loops and tiles."""
        ledger = self.geometry.skeleton.ledger
        return Labels(self.bounds, rank) if ledger is None else Ruled(self.bounds, rank, ledger)

    @cached_property
    def least(self) -> float:
        """The least energy of the tables."""
        return self.bounds.least(self.charges.energy)

    @property
    def tabled(self) -> tuple[float, ...]:
        """Every quantity at least: energy and traffic by the tables."""
        energy, *busy = self.compulsory
        ports = len(self.charges.ports)
        moved = map(self.bounds.least, self.charges.quantities[1 + ports :])
        return (max(energy, self.least), *busy[:ports], *map(max, busy[ports:], moved))


def _needed(flow: Flow, loops: Loops) -> float:
    running = loops.least_instances(flow.stop)
    touched = prod(max((loops.sizes[r] for _, r in c), default=1) for c in flow.coordinates)
    return touched * float(flow.rest(running))
