"""Which iterations of a temporal loop a walk visits, and for how many each stands."""

from __future__ import annotations

from collections.abc import Iterator

from polymap.model.conventions import Conventions


def visited(trips: int, is_short: bool, ends_short: bool, rules: Conventions) -> tuple[tuple[int, bool], ...]:
    """(iterations it stands for, whether its own words count or those of the visit before) of each visited one.

    `is_short`: the loop makes fewer trips at its last; `ends_short`: its last iteration differs from the others.
    """
    if not rules.extrapolates:
        return ((1, True),) * trips
    return tuple(_extrapolated(trips, is_short, ends_short or rules.last_runs))


def _extrapolated(trips: int, is_short: bool, ends_short: bool) -> Iterator[tuple[int, bool]]:
    """The first, the second for all others, and where the end differs the last ones."""
    last_two = is_short and ends_short
    yield 1, True
    others = trips - 1 - ends_short - last_two
    if others >= 1:
        yield others, True
    if last_two and trips >= 3:
        yield 1, trips < 4
    if ends_short and trips >= 2:
        yield 1, last_two or trips < 3
