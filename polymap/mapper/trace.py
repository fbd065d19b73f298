"""One mapping of least price, read off a dynamic program without the solver: an answer for those in a hurry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from polymap.mapper.families import START, Family, Key, Nodes
from polymap.mapper.lattice import Index, Shift, Values
from polymap.mapper.objective import TOLERANCE
from polymap.mapper.pricing import Functional
from polymap.mapper.program import Payments, Program


@dataclass(frozen=True)
class State:
    """Where a walk stands. `taken` is the room in each shared memory as the tables tell it apart, `exact` as it is."""

    gap: int
    key: Key
    at: Index
    taken: tuple[float, ...]
    exact: tuple[float, ...]


Item: TypeAlias = "tuple[int, int] | Nodes"  # a loop (rank, trip), or nodes placed between loops


@dataclass
class Walk:
    """A least path through a program: what stands in every gap, innermost gap first. `overfull` lists the amounts of
    taken room to tell apart where the path overfills a memory."""

    gaps: list[list[Item]] = field(default_factory=list)
    overfull: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Move:
    """A step to `after` and the price from before it to the end; `item` is None where the gap is left."""

    price: float
    item: Item | None
    after: State


class Tracer:
    """Reads a walk of least price off the tables of a program."""

    def __init__(self, program: Program, quantity: Functional) -> None:
        self.program = program
        self.pay = Payments(program, quantity)
        self.table = program.to_go(quantity)
        self.lattice = program.geometry.lattice

    @property
    def least(self) -> float:
        """The least price; infinite if no tile fits."""
        return float(self.table[self.program.last][START].flat[0])

    def walk(self) -> Walk | None:
        """A walk of least price; None if no tile fits."""
        unused = tuple(0.0 for _ in self.program.rooms.shared)
        state = State(self.program.last, START, tuple(0 for _ in self.lattice.axes), unused, unused)
        if self.least == float("inf"):
            return None
        walk, amounts = Walk([[]]), [list[float]() for _ in self.program.rooms.shared]
        while state.gap:
            move = self._best(state)
            if move.item is None:
                walk.gaps.append([])
            else:
                walk.gaps[-1].append(move.item)
            state = move.after
            for found, amount in zip(amounts, state.exact):
                found.append(amount)
        walk.gaps.pop()
        full = {m.name: found for m, found in zip(self.program.rooms.shared, amounts) if max(found) > m.room}
        return Walk(walk.gaps, full)

    def _best(self, state: State) -> Move:
        """The first of the least moves: leaving, then placing, then loops."""
        moves = list(self._moves(state, self._family(state)))
        least = min(move.price for move in moves)
        return next(move for move in moves if move.price <= least + TOLERANCE * abs(least))

    def _family(self, state: State) -> Family:
        return next(family for family in self.program.families.of[state.gap] if family.key == state.key)

    def _moves(self, state: State, family: Family) -> Iterator[Move]:
        yield from self._leaving(state, family)
        for placing in family.placings:
            after = self._placed(state, Nodes({placing.node}), state.gap, placing.after)
            price = _value_at(self.pay.placed(placing), state.at)
            yield Move(self._fitting(state, Nodes({placing.node}), after) + price, Nodes({placing.node}), after)
        for rank in family.free:
            for shift in self.lattice.prime_shifts(rank):
                yield from self._loop(state, rank, shift, state.key, 0.0)
        for closing, _, shift, paid in self.pay.of(family, state.gap):
            yield from self._loop(state, closing.rank, shift, closing.after, float(paid[state.at]))

    def _loop(self, state: State, rank: int, shift: Shift, key: Key, price: float) -> Iterator[Move]:
        there = tuple(a + step for a, step in zip(state.at, shift.index))
        if all(a < size for a, size in zip(there, self.lattice.shape)):
            after = replace(state, key=key, at=there)
            yield Move(self._value(after) + price, (rank, shift.factor), after)

    def _leaving(self, state: State, family: Family) -> Iterator[Move]:
        whole = all(a == size - 1 for a, size in zip(state.at, self.lattice.shape))
        if state.gap == 1 and not whole:
            return
        after = self._placed(state, family.leaving, state.gap - 1, (Nodes(), family.owing))
        due = family.leaving | (state.key[1] if state.gap == 1 else Nodes())
        pays = state.gap == 1 or not self.program.stays
        price = sum(float(self.pay.whole(i)[state.at]) for i in due) if pays else 0.0
        price += _value_at(self.program.masks[state.gap - 1], state.at)
        yield Move(self._fitting(state, family.leaving, after) + price, None, after)

    def _placed(self, state: State, nodes: Nodes, gap: int, key: Key) -> State:
        placed = self.program.placed(state.gap, state.key)
        taken, exact = [], []
        for memory, known, amount in zip(self.program.rooms.shared, state.taken, state.exact):
            more = sum(self._bits(i, state.at) for i in nodes & memory.nodes)
            told = memory.taken(placed | nodes)
            taken.append(max(step for step in told if step <= known + more) if len(told) > 1 else 0.0)
            exact.append(amount + more)
        return State(gap, key, state.at, tuple(taken), tuple(exact))

    def _bits(self, node: int, at: Index) -> float:
        return _value_at(self.program.rooms.bits[node], at)

    def _fitting(self, state: State, nodes: Nodes, after: State) -> float:
        """The value after nodes are placed, infinite where the tables do not allow it."""
        return self._value(after) if self._fits(state, nodes) else float("inf")

    def _fits(self, state: State, nodes: Nodes) -> bool:
        placed = self.program.placed(state.gap, state.key)
        alone = (
            (room, sum(self._bits(i, state.at) for i in nodes if self.program.nodes[i].memory.name == name))
            for name, room in self.program.rooms.alone.items()
        )
        together = (
            (memory.room, known + sum(self._bits(i, state.at) for i in memory.nodes - placed))
            for memory, known in zip(self.program.rooms.shared, state.taken)
            if nodes & memory.nodes
        )
        return all(held <= room for room, held in (*alone, *together))

    def _value(self, state: State) -> float:
        if state.gap == 0:
            return 0.0
        placed = self.program.placed(state.gap, state.key)
        room = (
            memory.taken(placed).index(known) if len(memory.taken(placed)) > 1 else 0
            for memory, known in zip(self.program.rooms.shared, state.taken)
        )
        here = (*room, *state.at)
        return float(self.table[state.gap][state.key][here])


def _value_at(values: Values, at: Index) -> float:
    """A value of an array that is broadcast to the lattice."""
    return float(values[tuple(min(a, size - 1) for a, size in zip(at, values.shape))]) if values.ndim else float(values)
