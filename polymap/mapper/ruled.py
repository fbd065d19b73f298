"""Nests that meet the statements of a constraints file, in the order of their bound: a best-first search node by node.

Statements tell mappings apart that cost the same: which of two neighbouring nodes stands outside, whether a loop stands
inside or outside a node that it does not matter to, in which order loops stand that no node sees. So here a nest is
grown from the inside out as it is written down: one loop or one node at a time. A *label* is such a nest without its
outer part. It knows what it has paid, how much room it has taken, and what the statements ask for (`ledger`). Its bound
adds the least that the tables of the program say is still to pay. Of two labels between which no statement and no price
can tell, one is enough.

A node owes from where it stands, and pays at the first loop over one of its ranks, or at the top. The tables let a node
whose tiles cannot overlap pay where it is placed, outside the loops that do not matter to it; so until it pays, they
are asked as if it were not placed.

A second loop over a rank between two placements is moved inwards to the first: it fetches no more (see `program`), and
breaks no statement that the nest met: what is between them in an order may stand on either side of both.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TypeAlias

import numpy as np

from polymap.mapper.families import Nodes
from polymap.mapper.fronts import Fronts
from polymap.mapper.labels import TooManyLabels, raised
from polymap.mapper.lattice import Index, Shift
from polymap.mapper.ledger import Ledger, Told
from polymap.mapper.objective import Rank
from polymap.mapper.owned import Owned
from polymap.mapper.pricing import Functional
from polymap.mapper.program import Program
from polymap.mapper.standing import Standing, Stands, mapped

Ranked: TypeAlias = Callable[[Rank], "Rank | None"]
Item: TypeAlias = "tuple[int, int] | Standing | None"  # a loop (rank, trip), a node, or the end of a gap
MOST_LABELS = 50_000
ANY = ""  # no loop has said yet to which memory the loops of this place belong
FIRST, ALONE = -1, -2  # `last` where loops stand just here, and where one node does


@dataclass(frozen=True, slots=True)
class State:
    """All that decides what may follow.

    `placed` are the nodes of this gap that stand, as bits; `owing` those of all gaps that owe. `owner` is the memory
    to which loops belong from here to the next node. Of the order of nodes without a loop between, only the innermost
    matters; the others come in the order of their numbers, and `last` was the last of them.
    """

    gap: int
    placed: int
    owing: int
    at: Index
    owner: str
    last: int
    looped: int
    told: Told


@dataclass(frozen=True, slots=True)
class Label:
    """A state, what it has paid and the bits it has taken on the way, and the way."""

    state: State
    paid: Rank
    taken: Rank
    bound: Rank
    depth: int
    before: Label | None
    item: Item


class Ruled:
    """One search in a part. `rank` makes a rank of the least values of all quantities, or None of values that are no
    good; `decided` says whether closings alone decide the counts, `told_apart` are counts that prices do not decide."""

    def __init__(
        self,
        program: Program,
        quantities: Sequence[Functional],
        ledger: Ledger,
        rank: Ranked,
        decided: bool,
        told_apart: Sequence[Functional] = (),
        deadline: float | None = None,
        most: int = MOST_LABELS,
    ) -> None:
        self.most = most
        self.program, self.ledger, self.rank, self.decided, self.deadline = program, ledger, rank, decided, deadline
        self.geometry, self.lattice = program.geometry, program.geometry.lattice
        self.shape, self.stands = self.lattice.shape, Stands(self.geometry.skeleton)
        self.constants = [quantity.constant for quantity in quantities]
        self.pay = [program.pay(quantity) for quantity in (*quantities, *told_apart)]
        self.owned = program.geometry.skeleton.roaming and ledger.about_loops
        if self.owned:
            self.priced = [Owned(program, quantity, ledger, self.stands) for quantity in quantities]
        else:
            self.tables = [program.to_go(quantity) for quantity in quantities]
        self.strides = tuple(int(np.prod(self.shape[axis + 1 :])) for axis in range(len(self.shape)))
        self.queue: list[tuple[Rank, int, int, Label]] = []
        self.fronts = Fronts[State]()
        self.flats: dict[tuple[int, int, Nodes, Nodes], np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
        self.asked: dict[tuple[int, int, int, int, str], np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
        self.serial = 0

    def nests(self) -> Iterator[tuple[Rank, list[Item]]]:
        """Ranks and nests, innermost item first, least rank first. Raises `TooManyLabels`."""
        start = State(self.program.last, 0, 0, tuple(0 for _ in self.shape), ANY, FIRST, 0, self.ledger.start)
        self._push(None, None, start, tuple(0.0 for _ in self.pay), tuple(0.0 for _ in self.rooms))
        popped = 0
        while self.queue:
            bound, _, _, label = heapq.heappop(self.queue)
            if not label.state.gap:
                yield bound, _items(label)
            elif self._stands(label):
                popped += 1
                if popped > self.most or (popped % 256 == 0 and self._late()):
                    raise TooManyLabels(bound)
                self._expand(label)

    def _late(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    @cached_property
    def rooms(self) -> list[tuple[float, int]]:
        """(bits, fetched nodes) of every limited memory that has some."""
        found = []
        for name, room in self.geometry.rooms.items():
            held = sum(1 << i for i, node in enumerate(self.geometry.nodes) if node.memory.name == name)
            found += [(room, held)] if held else []
        return found

    def _expand(self, label: Label) -> None:
        """All that may follow. Of equals the last one goes on: leaving before placing before loops."""
        state = label.state
        for rank, size in enumerate(self.lattice.sizes):
            if size > 1 and not state.looped >> rank & 1:
                self._loops(label, rank)
        if not self.geometry.skeleton.roaming:
            self._leave(label, self.stands.at[state.gap - 1])
            return
        for one in reversed(self.stands.next(state.gap, state.placed)):
            self._place(label, one)
        if not self.stands.left(state.gap, state.placed):
            self._leave(label, ())

    def _loops(self, label: Label, rank: int) -> None:
        """Add a loop over a rank: the owing nodes that depend on it pay."""
        state, name = label.state, self.geometry.ranks[rank]
        closed = list(mapped(state.owing & self.stands.relevant[rank]))
        mixed = [i for i in closed if self.stands.overlaps(i, rank)]
        owners = [state.owner] if state.owner else self.stands.owners(state.gap, state.placed)
        whole = mixed or not self.decided
        owing, flat = state.owing & ~self.stands.relevant[rank], self._flat(state.at)
        for shift in self.lattice.shifts(rank) if whole else self.lattice.prime_shifts(rank):
            there = self._moved(state.at, shift)
            led = {owner: self.ledger.looped(state.told, owner, name, shift.factor) for owner in owners}
            if there is None or all(told is None for told in led.values()):
                continue
            factors = [(i, shift.factor if i in mixed else 0) for i in closed]
            paid = label.paid
            if factors:
                paid = tuple(
                    p + sum(float(pay.paid(i, rank, factor, state.gap).item(flat)) for i, factor in factors)
                    for p, pay in zip(label.paid, self.pay)
                )
            looped = 0 if self.decided else state.looped | 1 << rank
            for owner, told in led.items():
                if told is not None:
                    owned = owner if self.ledger.about_loops else ANY
                    step = State(state.gap, state.placed, owing, there, owned, FIRST, looped, told)
                    self._push(label, (rank, shift.factor), step, paid, label.taken)

    def _moved(self, at: Index, shift: Shift) -> Index | None:
        there = tuple(a + step for a, step in zip(at, shift.index))
        return there if all(a < size for a, size in zip(there, self.shape)) else None

    def _place(self, label: Label, one: Standing) -> None:
        """Place one node between loops."""
        state = label.state
        if state.owner not in (ANY, one.memory) or not self._in_turn(state, one):
            return
        arrived = self._arrived(label, (one,))
        if arrived is None:
            return
        told, taken, owing, paid = arrived
        placed = state.placed | 1 << one.number
        done = state.gap == 1 and not self.stands.left(1, placed)
        if done or self.stands.awaited(state.gap, placed, one.memory) or self.ledger.closed(told, one.memory):
            owner = one.memory if done else ANY  # loops above all nodes belong to the outermost one
            last = ALONE if state.last == FIRST else one.number
            step = State(state.gap, placed, owing, state.at, owner, last, 0, told)
            self._push(label, one, step, paid, taken)

    def _in_turn(self, state: State, one: Standing) -> bool:
        if state.last < 0 or one.number > state.last:
            return True
        return state.gap == 1 and self.stands.all[state.last].memory != one.memory

    def _leave(self, label: Label, placing: Sequence[Standing]) -> None:
        """Leave the gap; `placing` are the nodes of its stop that have not been placed one by one."""
        state, flat, top = label.state, self._flat(label.state.at), label.state.gap == 1
        if top and any(a != size - 1 for a, size in zip(state.at, self.shape)):
            return
        if _at(self.program.masks[state.gap - 1], flat, self.shape) == inf:
            return
        arrived = self._arrived(label, placing)
        if arrived is None:
            return
        told, taken, owing, paid = arrived
        memories = dict.fromkeys([one.memory for one in placing] + ([state.owner] if top and state.owner else []))
        if not all(self.ledger.closed(told, memory) for memory in memories):
            return
        if top:
            paid, owing = self._with_whole(paid, mapped(owing), flat), 0
        owner = state.owner if not placing and not top else ANY
        step = State(state.gap - 1, 0, owing, state.at, owner, FIRST, 0, told)
        self._push(label, None, step, paid, taken)

    def _arrived(self, label: Label, ones: Sequence[Standing]) -> tuple[Told, Rank, int, Rank] | None:
        """(told, taken, owing, paid) once nodes stand at the tile of a label; None if they may not or do not fit."""
        state, flat = label.state, self._flat(label.state.at)
        nodes = sum(1 << one.node for one in ones if one.node is not None)
        told, taken = self._told(state, ones), self._taken(label, nodes, flat)
        if told is None or taken is None:
            return None
        if self.program.stays:
            return told, taken, state.owing | nodes, label.paid
        return told, taken, state.owing, self._with_whole(label.paid, mapped(nodes), flat)

    def _told(self, state: State, ones: Sequence[Standing]) -> Told | None:
        told: Told | None = state.told
        for one in ones:
            inner = self.geometry.below(one.stop)
            tile = tuple(t * f for t, f in zip(self.lattice.tile_at(state.at), inner))
            if not self.ledger.allows_tile(one.memory, one.tensor, tile) or not self._is_home(one, state.at):
                return None
            if self.ledger.rooms and told is not None:
                told = self.ledger.held(told, one.memory, self.ledger.bits(one.memory, one.tensor, tile))
        return told

    def _is_home(self, one: Standing, at: Index) -> bool:
        """Whether a tensor in its outermost memory is whole, if the memory is limited."""
        if one.node is not None or one.memory not in self.geometry.rooms:
            return True
        depends = self.geometry.skeleton.einsum.tensor(one.tensor).ranks
        tile = self.lattice.tile_at(at)
        pairs = zip(self.geometry.ranks, tile, self.lattice.sizes)
        return all(t == size for rank, t, size in pairs if rank in depends)

    def _taken(self, label: Label, nodes: int, flat: int) -> Rank | None:
        """Bits taken once nodes are placed; None if those still to come will not fit. Memories that await no more
        nodes are forgotten."""
        standing = self._standing(label.state)
        found = []
        for (room, held), taken in zip(self.rooms, label.taken):
            more = {i: self.bits[i].item(flat) for i in mapped(held & ~standing)} if held & nodes else {}
            if more and taken + sum(more.values()) > room:
                return None
            then = taken + sum(bits for i, bits in more.items() if nodes >> i & 1)
            found.append(0.0 if more and not held & ~standing & ~nodes else then)
        return tuple(found)

    @cached_property
    def bits(self) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
        return [np.broadcast_to(self.geometry.bits(node), self.shape) for node in self.geometry.nodes]

    def _standing(self, state: State) -> int:
        """The fetched nodes that stand already."""
        inner = sum(1 << i for i, node in enumerate(self.geometry.nodes) if node.stop >= state.gap)
        here = (self.stands.all[number].node for number in mapped(state.placed))
        return inner | sum(1 << node for node in here if node is not None)

    def _with_whole(self, paid: Rank, nodes: Iterator[int], flat: int) -> Rank:
        """Paid, once nodes have fetched their tiles at every step."""
        due = list(nodes)
        return tuple(p + sum(float(pay.whole(i).item(flat)) for i in due) for p, pay in zip(paid, self.pay))

    # labels

    def _push(self, before: Label | None, item: Item, state: State, paid: Rank, taken: Rank) -> None:
        flat = self._flat(state.at)
        least = []
        for number, (constant, cost) in enumerate(zip(self.constants, paid)):
            to_go = self._to_go(number, state, flat)
            if to_go == inf:
                return
            least.append(constant + cost + to_go)
        rank = self.rank(tuple(least))
        if rank is None or not self._worth(state, (*paid, *taken)):
            return
        bound = raised(before.bound, rank) if before else rank
        depth = before.depth + 1 if before else 0
        self.serial += 1
        heapq.heappush(self.queue, (bound, -depth, -self.serial, Label(state, paid, taken, bound, depth, before, item)))

    def _to_go(self, quantity: int, state: State, flat: int) -> float:
        if not state.gap:
            return 0.0
        if self.owned:
            asked = quantity, state.gap, state.placed, state.owing, state.owner
            if asked not in self.asked:
                here = sum(1 << n for s in mapped(state.placed) if (n := self.stands.all[s].node) is not None)
                self.asked[asked] = self.priced[quantity].to_go(state.gap, here, state.owing, state.owner).reshape(-1)
            return float(self.asked[asked].item(flat))
        placed = Nodes(n for s in mapped(state.placed) if (n := self.stands.all[s].node) is not None)
        late = Nodes(i for i in placed if state.owing >> i & 1 and not self._slides[i])
        key = quantity, state.gap, placed - late, Nodes(mapped(state.owing)) - late
        if key not in self.flats:
            table = self.tables[quantity][state.gap][key[2], key[3]]
            self.flats[key] = table.reshape(-1)
        return float(self.flats[key].item(flat))

    @cached_property
    def _slides(self) -> list[bool]:
        """Whether the program has a node owe from where it is placed."""
        active = [rank for rank, size in enumerate(self.lattice.sizes) if size > 1]
        return [any(self.stands.overlaps(i, rank) for rank in active) for i in range(len(self.geometry.nodes))]

    def _worth(self, state: State, vector: Rank) -> bool:
        """Whether no label in this state has paid and taken as little; then it joins them."""
        return not self.decided or self.fronts.joins(state, vector)

    def _stands(self, label: Label) -> bool:
        return not self.decided or self.fronts.hold(label.state, (*label.paid, *label.taken))

    def _flat(self, at: Index) -> int:
        return sum(a * stride for a, stride in zip(at, self.strides))


def _at(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], flat: int, shape: Index) -> float:
    return float(np.broadcast_to(values, shape).item(flat))


def _items(label: Label) -> list[Item]:
    """What stands in a nest, innermost first; loops over one rank between two placements are one."""
    steps: list[Item] = []
    step = label
    while step.before is not None:
        steps.append(step.item)
        step = step.before
    items: list[Item] = []
    trips: dict[int, int] = {}  # place of each rank's loop since the last placement
    for item in reversed(steps):
        if isinstance(item, tuple) and item[0] in trips:
            rank, trip = items[trips[item[0]]]  # type: ignore[misc]
            items[trips[rank]] = (rank, trip * item[1])
            continue
        trips = {**trips, item[0]: len(items)} if isinstance(item, tuple) else {}
        items.append(item)
    return items
