"""Nests of a class that meet the statements of a constraints file, in the order of their bound.

As `polymap.mapper.ruled`, with true tiles and trips: a nest grows from the inside out, one loop or one node at a time,
and says for which memory a loop is. Until a node pays, the tables are asked as if it was not placed.

*Fewer trips are enough* of a rank of which no statement tells sizes: see `labels`. A loop that a statement bounds takes
every trip, and so do all loops of a rank that a statement about tiles or rooms is about.

*One loop for two.* A second loop over a rank between two placements moves inwards to the first (see `ruled`). The trip
of both is the product; but where the second is the last of its rank, it may be cut short, and the product be more than
the tiles there are: 2 and 3 trips over 5 points. Then the joined loop is shorter than the product, so where a statement
bounds that, both stay. Even frames have one loop for each rank in a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from polymap.constraints.limits import TileLimit
from polymap.mapper.families import Key, Nodes
from polymap.mapper.imperfect.labels import Label, Labels, Ranking
from polymap.mapper.imperfect.rungs import least_trips
from polymap.mapper.imperfect.tables import Bounds
from polymap.mapper.ledger import Ledger, Told
from polymap.mapper.objective import Rank
from polymap.mapper.ruled import ALONE, ANY, FIRST, MOST_LABELS
from polymap.mapper.ruled import Item as Step
from polymap.mapper.standing import Standing, Stands


@dataclass(frozen=True, slots=True)
class RuledLabel(Label):
    """A label, and what statements ask for; see `polymap.mapper.ruled.State`. `step` is the item with its node at home;
    `looped` are ranks with a bounded loop in this gap of an even frame."""

    placed: int = 0
    owner: str = ANY
    last: int = FIRST
    said: Told = ()
    looped: frozenset[int] = frozenset()
    step: Step = None


class Ruled(Labels):
    """One search; `rank` is None for values that are of no use."""

    most = MOST_LABELS

    def __init__(self, bounds: Bounds, rank: Ranking, ledger: Ledger) -> None:
        super().__init__(bounds, rank)
        self.ledger = ledger
        self.stands = Stands(self.loops.skeleton)
        self.by_rung = self.by_rung - self._told_sizes()

    def _told_sizes(self) -> frozenset[int]:
        """Ranks whose tile sizes statements tell."""
        ledger, einsum = self.ledger, self.loops.skeleton.einsum
        limits = (limit for limit in ledger.limits.limits if isinstance(limit, TileLimit))
        named = {rank for limit in limits for _, amounts in limit.amounts for rank, _ in amounts}
        return frozenset(r for r, (name, _) in enumerate(einsum.ranks) if ledger.rooms or name in named)

    # moves

    def _initial(self, label: Label) -> Label:
        plain = {field.name: getattr(label, field.name) for field in fields(label)}
        return RuledLabel(**plain, said=self.ledger.start)

    def _expand(self, label: Label) -> None:
        assert isinstance(label, RuledLabel)
        self.bounds.check()
        for rank in range(len(label.trips)):
            self._loops(label, rank)
        if not self.loops.skeleton.roaming:
            self._depart(label, self.stands.at[label.gap - 1])
            return
        for one in reversed(self.stands.next(label.gap, label.placed)):
            self._place(label, one)
        if not self.stands.left(label.gap, label.placed):
            self._depart(label, ())

    def _loops(self, label: RuledLabel, rank: int) -> None:
        if not label.trips[rank] or rank in label.looped:
            return
        name, about = self.loops.geometry.ranks[rank], self.ledger.about_loops
        owners = [label.owner] if label.owner or not about else self.stands.owners(label.gap, label.placed)
        for owner in owners:
            bounded = (owner, name) in self.ledger.factors
            looped = label.looped | {rank} if bounded and not self.loops.skeleton.roaming else label.looped
            for trip in self._trips_of(label, rank, bounded):
                said = self.ledger.looped(label.said, owner, name, trip)
                if said is not None:
                    self._loop(replace(label, owner=owner, last=FIRST, said=said, looped=looped), label, rank, trip)

    def _trips_of(self, label: RuledLabel, rank: int, bounded: bool) -> Sequence[int]:
        tiles = -(-self._rung(rank, label.trips[rank]) // self.loops.below[label.gap - 1][rank])
        return range(2, tiles + 1) if bounded or rank not in self.by_rung else least_trips(tiles)

    def _loop(self, after: Label, label: RuledLabel, rank: int, trip: int) -> None:
        """Push a label with one more loop: the owing nodes that depend on its rank pay."""
        placed, owing = label.key
        name = self.loops.geometry.ranks[rank]
        closed = sorted(i for i in owing if name in self.bounds.nodes[i].tensor.ranks)
        after = replace(after, key=(placed, owing.difference(closed)), trips=self._looped(label, rank, trip))
        for node in closed:
            slide = (rank, trip) if self.stands.overlaps(node, rank) else None
            after = self._pay(after, label, (node,), slide)
        self._push(replace(after, before=label, step=(rank, trip)))  # type: ignore[call-arg]

    def _place(self, label: RuledLabel, one: Standing) -> None:
        """Place one node between loops."""
        if label.owner not in (ANY, one.memory) or not self._in_turn(label, one):
            return
        after = self._arrived(label, (one,))
        if after is None:
            return
        placed = label.placed | 1 << one.number
        done = label.gap == 1 and not self.stands.left(1, placed)
        if done or self.stands.awaited(label.gap, placed, one.memory) or self.ledger.closed(after.said, one.memory):
            owner = one.memory if done else ANY  # loops above all nodes belong to the outermost one
            last = ALONE if label.last == FIRST else one.number
            self._push(replace(after, placed=placed, owner=owner, last=last, before=label, step=one))

    def _in_turn(self, label: RuledLabel, one: Standing) -> bool:
        if label.last < 0 or one.number > label.last:
            return True
        return label.gap == 1 and self.stands.all[label.last].memory != one.memory

    def _depart(self, label: RuledLabel, placing: Sequence[Standing]) -> None:
        """Leave the gap; `placing` are the nodes of its stop that have not been placed one by one."""
        top = label.gap == 1
        whole = range(len(label.trips)) if top else self.bounds.at_home(label.gap - 1)
        if any(label.trips[r] for r in whole):
            return
        after = self._arrived(label, placing)
        if after is None:
            return
        memories = dict.fromkeys([one.memory for one in placing] + ([label.owner] if top and label.owner else []))
        if not all(self.ledger.closed(after.said, memory) for memory in memories):
            return
        owing = after.key[1]
        if top:
            after, owing = self._with_paid(after, label, sorted(owing)), frozenset()
        owner = label.owner if not placing and not top else ANY
        key: Key = (frozenset(), owing)
        fresh = replace(after, key=key, taken=(), placed=0, owner=owner, last=FIRST, looped=frozenset())
        fresh = replace(fresh, before=label, step=None)
        if top:
            self._push(replace(fresh, gap=0))
        else:
            self._cross(fresh, label.gap - 1)

    def _arrived(self, label: RuledLabel, ones: Sequence[Standing]) -> RuledLabel | None:
        """A label once nodes stand at its tile; None if they may not or do not fit."""
        said = self._told(label, ones)
        nodes = Nodes(one.node for one in ones if one.node is not None)
        taken = self._take(label, nodes)
        if said is None or taken is None:
            return None
        placed, owing = label.key
        after = replace(label, said=said, taken=taken, key=(placed | nodes, owing | nodes))
        if self.bounds.stays:
            return after
        return replace(self._with_paid(after, label, sorted(nodes)), key=(placed | nodes, owing))

    def _with_paid(self, after: RuledLabel, at: Label, nodes: Sequence[int]) -> RuledLabel:
        paid = self._pay(after, at, tuple(nodes))
        assert isinstance(paid, RuledLabel)
        return paid

    def _told(self, label: RuledLabel, ones: Sequence[Standing]) -> Told | None:
        said: Told | None = label.said
        for one in ones:
            tile = tuple(self._span(label.trips, r, one.stop) for r in range(len(label.trips)))
            if not self.ledger.allows_tile(one.memory, one.tensor, tile) or not self._is_home(one, tile):
                return None
            if self.ledger.rooms and said is not None:
                said = self.ledger.held(said, one.memory, self.ledger.bits(one.memory, one.tensor, tile))
        return said

    def _is_home(self, one: Standing, tile: tuple[int, ...]) -> bool:
        """Whether a tensor in its outermost memory is whole, if the memory is limited."""
        if one.node is not None or one.memory not in self.rooms:
            return True
        depends = self.loops.skeleton.einsum.tensor(one.tensor).ranks
        pairs = zip(self.loops.geometry.ranks, tile, self.loops.sizes)
        return all(t == size for rank, t, size in pairs if rank in depends)

    # the queue

    def _key(self, label: Label) -> Key:
        """Nodes that owe and could have paid where they were placed are not placed yet, as the tables have it."""
        placed, owing = label.key
        late = frozenset(i for i in placed & owing if not self._slides(i))
        return placed - late, owing - late

    def _slides(self, node: int) -> bool:
        return any(self.stands.overlaps(node, rank) for rank, size in enumerate(self.loops.sizes) if size > 1)

    def _state(self, label: Label) -> tuple[tuple[object, ...], Rank]:
        assert isinstance(label, RuledLabel)
        state, vector = super()._state(label)
        return (*state, label.placed, label.owner, label.last, label.said, label.looped), vector

    # nests

    def nest(self, label: Label) -> list[Step]:
        """What stands in a nest, innermost first; loops over one rank between two placements are one if they can."""
        steps: list[RuledLabel] = []
        here: Label | None = label
        while here is not None and here.before is not None:
            assert isinstance(here, RuledLabel)
            steps.append(here)
            here = here.before
        items: list[Step] = []
        since: dict[int, tuple[int, int]] = {}  # place of each rank's loop since the last placement, tiles inside it
        for step in reversed(steps):
            if not isinstance(step.step, tuple):
                since = {}
                items.append(step.step)
                continue
            rank, trip = step.step
            place, tiles = since.get(rank, (-1, 0))
            inner = items[place] if place >= 0 else None
            if isinstance(inner, tuple) and (inner[1] * trip <= tiles or not self._is_bounded(step, rank)):
                items[place] = (rank, min(inner[1] * trip, tiles))
                continue
            assert step.before is not None
            below = self.loops.below[step.gap - 1][rank]
            since[rank] = len(items), -(-self._rung(rank, step.before.trips[rank]) // below)
            items.append(step.step)
        return items

    def _is_bounded(self, step: RuledLabel, rank: int) -> bool:
        return (step.owner, self.loops.geometry.ranks[rank]) in self.ledger.factors
