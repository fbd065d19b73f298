"""Closing a part under statements: its nests that meet them, until none that is left can be better than the best."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from polymap.errors import IllegalMapping
from polymap.mapper.build import outermost, written
from polymap.mapper.incumbent import Incumbent
from polymap.mapper.labels import TooManyLabels
from polymap.mapper.objective import may_reach
from polymap.mapper.pricing import Functional
from polymap.mapper.problem import Part
from polymap.mapper.ruled import Item, Ranked
from polymap.mapper.standing import Standing
from polymap.mapping.nest import Mapping


def close(part: Part, rank: Ranked, more: Sequence[Functional], incumbent: Incumbent, deadline: float | None) -> None:
    """Offer the nests of a part that meet the statements. Raises `TooManyLabels`."""
    for bound, items in part.ruled(rank, deadline, more):
        if incumbent.best is not None and not may_reach(bound, incumbent.best.rank):
            return
        with suppress(IllegalMapping):  # a tensor at home takes more room than the bound knew
            found = incumbent.consider(part, neat(part, items, incumbent))
            if incumbent.allows(found) and not may_reach(bound, found.rank):
                return


def first(part: Part, incumbent: Incumbent) -> None:
    """Offer nests of a part that meet the statements until one is taken."""
    with suppress(TooManyLabels):
        for _, items in part.ruled(lambda values: values, None):
            with suppress(IllegalMapping):
                incumbent.consider(part, neat(part, items, incumbent))
            if incumbent.best:
                return


def neat(part: Part, items: list[Item], incumbent: Incumbent) -> Mapping:
    """A nest with its outermost nodes as far out as the statements allow: they cost nothing there."""
    for one in [item for item in items if isinstance(item, Standing) and item.node is None]:
        raised = outermost(items, one)
        items = raised if incumbent.obeys(written(part, raised)) else items
    return written(part, items)
