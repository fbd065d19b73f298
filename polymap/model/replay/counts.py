"""From what the walk moved to accesses per instance, by the rules of timeloop 4cf6d4c: bypass, first writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor

from polymap.errors import Mistake, Place, PolymapError
from polymap.model.conventions import Conventions
from polymap.model.replay.boxes import rounded
from polymap.model.replay.chain import Chain, chosen
from polymap.model.replay.tally import Tally, Walked
from polymap.workload.einsum import Tensor


@dataclass(frozen=True)
class Record:
    """Words that cross an array to `multicast` children at once, and the hops of all of them; per parent instance.

    `hops_alone` are the hops if every child were served alone; words that children hand on are `passed_on`.
    """

    multicast: int
    words: Fraction
    hops: Fraction
    hops_alone: Fraction
    passed_on: bool = False


@dataclass(frozen=True)
class Flow:
    """One tensor at one level, per instance in use. A level that does not keep the tensor has records only.

    `partition` are the elements that an instance ever sees; `links` the words that its children pass to each other.
    """

    level: int
    tensor: str
    is_kept: bool
    tile: int
    instances: int
    partition: int
    reads: int
    fills: int
    updates: int
    records: tuple[Record, ...]
    links: int

    @property
    def entering(self) -> tuple[Record, ...]:
        """The records of words that come from the level itself, not from its children."""
        return tuple(record for record in self.records if not record.passed_on)


@dataclass
class _Column:
    """One tensor at all levels, innermost first, while the rules are applied in their order."""

    nest: Chain
    tensor: Tensor
    rules: Conventions
    kept: list[bool]
    size: list[int]
    partition: list[int]
    records: list[list[Record]]
    links: list[int]
    # Words read here, or arriving from below, per instance; words received from above; words from neighbours.
    content: list[Fraction] = field(default_factory=list)
    share: list[Fraction] = field(default_factory=list)
    peers: list[Fraction] = field(default_factory=list)

    def crossing(self, level: int) -> Fraction:
        """Words that enter the network below one instance."""
        return sum((record.words for record in self.records[level]), Fraction(0))

    def delivered(self, level: int) -> Fraction:
        """Words that the children of one instance receive, all together."""
        return sum((record.words * record.multicast for record in self.records[level]), Fraction(0))


def flows(nest: Chain, walked: Walked, tensors: Sequence[Tensor], rules: Conventions) -> tuple[Flow, ...]:
    """All tensors at all levels, innermost level first."""
    found: list[Flow] = []
    for t, tensor in enumerate(tensors):
        column = _column(nest, walked, t, tensor, rules)
        _distribute(column)
        _bypass(column)
        _uncover(column)
        column.peers = _peers(column)
        found += (_flow(column, level, tensor) for level in range(len(nest.memories)))
    return tuple(found)


def instances(nest: Chain, level: int) -> int:
    """Instances of a level in use, cut to an integer."""
    return floor(nest.used(level))


def _column(nest: Chain, walked: Walked, t: int, tensor: Tensor, rules: Conventions) -> _Column:
    levels = range(len(nest.memories))
    size = [walked.tiles[level][t] for level in levels]
    spread = [walked.spread_tiles[level][t] or size[level] for level in levels]
    records = [_records(walked.tallies[level][t]) for level in levels]
    links = [walked.tallies[level][t].links for level in levels]
    kept = [tensor.name in nest.held[level] for level in levels]
    column = _Column(nest, tensor, rules, kept, list(size), _partitions(nest, size, spread), records, links)
    column.content = [column.crossing(level) for level in levels]
    shares = [column.delivered(level + 1) / nest.fan(level + 1) for level in levels[:-1]]
    column.share = [*shares, Fraction(0)]
    return column


def _records(tally: Tally) -> list[Record]:
    return [
        Record(key[0], Fraction(words), Fraction(tally.half_hops[key], 2), Fraction(tally.half_alone[key], 2))
        for key, words in sorted(tally.accesses.items())
    ]


def _distribute(column: _Column) -> None:
    """Children that would all receive the same words hold a part of them each, and hand it on to the others.

    Only the innermost memory that distributes does so, and its tile keeps its room.
    """
    for level, memory in enumerate(column.nest.memories[:-1]):
        if not memory.distributes:
            continue
        above, mine = column.records[level + 1], column.records[level]
        if len(above) != 1 or len(mine) != 1:
            message = f"tiles of {column.tensor.name} that {memory.name} would distribute go to groups of several sizes"
            mend = "use spatial loops that share alike, or leave `distributes` out"
            raise PolymapError(Mistake(Place(path="mapping"), message, mend))
        if above[0].multicast > 1:
            column.records[level + 1] = _handed_on(above[0], mine[0].words)
            for column_of in (column.content, column.share):
                column_of[level] = 1 + (column_of[level] - 1) / above[0].multicast
            column.partition[level] = 1 + (column.partition[level] - 1) // above[0].multicast
            return


def _handed_on(record: Record, words: Fraction) -> list[Record]:
    """A multicast as one word to every child, and the words that the children hand on to each other."""
    each = Record(1, record.words, record.hops_alone, record.hops_alone)
    hops = record.hops * words / record.words
    return [each, Record(record.multicast, words, hops, hops, passed_on=True)]


def _partitions(nest: Chain, size: Sequence[int], spread: Sequence[int]) -> list[int]:
    """From the outermost level inwards: the part of the parent's that its array leaves to one child."""
    found = [size[-1]]
    for level in reversed(range(len(size) - 1)):
        whole = spread[level + 1] if nest.block(level + 1) else size[level]
        found.append(found[-1] * size[level] // whole)
    return found[::-1]


def _bypass(column: _Column) -> None:
    """A level that does not keep the tensor hands its accesses to the next one, and has none itself.

    One whose accesses pass through hands them on, too, and keeps the tensor.
    """
    for level, is_kept in enumerate(column.kept):
        passes = chosen(column.nest.memories[level].passes_through, column.tensor)
        if is_kept and not passes:
            continue
        above = next((o for o in range(level + 1, len(column.size)) if column.size[o]), None)
        if above is not None:
            _hand_up(column, level, above)
        if is_kept:
            continue
        column.size[level] = column.partition[level] = 0
        column.share[level] = column.content[level] = Fraction(0)
        if above is None:
            return


def _hand_up(column: _Column, level: int, above: int) -> None:
    delivered = column.delivered(above)
    factor = column.content[level] * column.nest.fan(above) / delivered if delivered else Fraction(0)
    column.records[above] = [replace(record, words=record.words * factor) for record in column.records[above]]
    column.content[above] = column.crossing(above)
    column.links[above] = 0


def _uncover(column: _Column) -> None:
    """Nothing moves above the outermost level that keeps the tensor."""
    for level in reversed(range(len(column.kept))):
        if column.kept[level]:
            column.share[level] = Fraction(0)
            return
        column.records[level] = []
        column.content[level] = Fraction(0)
        column.links[level] = 0


def _peers(column: _Column) -> list[Fraction]:
    """Words per instance that come from, and go to, neighbours."""
    levels = range(len(column.size) - 1)
    found = [Fraction(column.links[level + 1], instances(column.nest, level) or 1) for level in levels]
    return [*found, Fraction(0)]


def _flow(column: _Column, level: int, tensor: Tensor) -> Flow:
    is_outermost = not any(column.kept[level + 1 :])
    reads, fills, updates = (0, 0, 0)
    if column.kept[level]:
        count = _output_counts if tensor.is_output else _input_counts
        reads, fills, updates = count(column, level, is_outermost)
    return Flow(
        level=level,
        tensor=tensor.name,
        is_kept=column.kept[level],
        tile=column.size[level],
        instances=instances(column.nest, level),
        partition=column.partition[level],
        reads=reads,
        fills=fills,
        updates=updates,
        records=tuple(column.records[level]),
        links=column.links[level],
    )


def _input_counts(column: _Column, level: int, is_outermost: bool) -> tuple[int, int, int]:
    received = column.share[level] + column.peers[level]
    return rounded(column.content[level] + column.peers[level]), floor(received), 0


def _output_counts(column: _Column, level: int, is_outermost: bool) -> tuple[int, int, int]:
    """The first write of every element that an instance sees is free."""
    content, peers, first = column.content[level], column.peers[level], column.partition[level]
    received, memory = column.share[level] + peers, column.nest.memories[level]
    if chosen(memory.passes_through, column.tensor):
        return rounded(content + peers), rounded(content + peers), rounded(content)
    if column.rules.first_updates_read or chosen(memory.reads_first, column.tensor):
        first = 0
    if not column.rules.sums_are_fetched:
        return _added_above(column, level, first)
    fills = rounded(received if is_outermost else received - first)
    return rounded(content + peers - first), fills, rounded(content)


def _added_above(column: _Column, level: int, first: int) -> tuple[int, int, int]:
    """Sums are not fetched back but added above; the memory below the outermost adds for it, and fetches what is there.

    What neighbours pass on is cut to integers as it is added.
    """
    content, share, peers = column.content[level], column.share[level], column.peers[level]
    reads, fills, updates = rounded(content - share), 0, rounded(content)
    if sum(column.kept[level + 1 :]) == 1:
        fills = floor(share - first)
        reads = floor(reads + share - first)
    if peers:
        reads = floor(reads + peers - column.partition[level])
        updates = floor(updates + peers)
    return reads, fills, updates
