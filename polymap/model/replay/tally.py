"""What a walk over a nest counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from polymap.model.replay.fanout import Record

# One child that is served alone, where its parent stands.
ALONE = Record(1, 1, 0, 0)


@dataclass
class Tally:
    """What one tensor moves below a level, per parent instance, by (multicast, groups).

    `accesses` are parent reads, `half_hops`, twice the hops, are summed over them, `half_alone` if no child shared;
    `links` are words from neighbours.
    """

    accesses: Counter[tuple[int, int]] = field(default_factory=Counter)
    half_hops: Counter[tuple[int, int]] = field(default_factory=Counter)
    half_alone: Counter[tuple[int, int]] = field(default_factory=Counter)
    links: int = 0

    def add(self, found: Sequence[Record], words: int) -> None:
        for record in found:
            key = (record.multicast, record.groups)
            self.accesses[key] += record.groups * words
            self.half_hops[key] += record.half_hops * words
            self.half_alone[key] += record.half_alone * words


@dataclass(frozen=True)
class Walked:
    """Per level and tensor: the largest tile at the level, above its array, and what moves below; and the computes.

    `computes` are those of the walked compute units, of which there are `units`.
    """

    tiles: tuple[tuple[int, ...], ...]
    spread_tiles: tuple[tuple[int, ...], ...]
    tallies: tuple[tuple[Tally, ...], ...]
    computes: int
    units: int
