"""The least price still to pay in a nest under statements about loops: the dynamic program, with the memory
to which the loops of a place belong as a part of the state.

Read from the inside out, loops belong to the memory of the node that comes next. So a state says which memory that will
be: only loops that it may have follow, and only one of its nodes. Here a node owes wherever it is placed, because loops
that do not matter to it may belong to another memory if they stand inside it. Tensors at home are not placed: their
memories may own loops anywhere in their gap. What is not heeded makes prices lower, so that they stay bounds.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from polymap.mapper.families import Closing, Nodes
from polymap.mapper.lattice import Values
from polymap.mapper.ledger import Ledger
from polymap.mapper.pricing import Functional
from polymap.mapper.program import Payments, Program
from polymap.mapper.standing import Stands, mapped

HOME = "at home"  # the owner that stands for all memories of tensors at home
Key = tuple[int, int, int, str]  # gap, placed and owing nodes as bits, owner (empty: the best one)
ONE = frozenset((1,))


class Owned:
    """The table of one quantity in a roaming frame; states are computed when they are asked for."""

    def __init__(self, program: Program, quantity: Functional, ledger: Ledger, stands: Stands) -> None:
        self.program, self.ledger, self.stands = program, ledger, stands
        self.pay = Payments(program, quantity)
        self.lattice, self.nodes = program.geometry.lattice, program.geometry.nodes
        self.active = [rank for rank, size in enumerate(self.lattice.sizes) if size > 1]
        self.known: dict[Key, Values] = {}

    def to_go(self, gap: int, placed: int, owing: int, owner: str) -> Values:
        """Least price from a state on, over the lattice."""
        if owner and owner not in self._owners(gap, placed):
            owner = HOME if self._homes(gap) else ""
        key = (gap, placed, owing, owner)
        if key not in self.known:
            self.known[key] = self._value(*key) if owner else self._least(gap, placed, owing)
        return self.known[key]

    def _least(self, gap: int, placed: int, owing: int) -> Values:
        owners = [*self._owners(gap, placed), *([HOME] if self._homes(gap) else [])]
        return np.asarray(np.minimum.reduce([self.to_go(gap, placed, owing, owner) for owner in owners]))

    def _next(self, gap: int, placed: int) -> list[int]:
        """The nodes that may be placed next: of each tensor the innermost that is left."""
        left = [i for i, node in enumerate(self.nodes) if node.stop == gap - 1 and not placed >> i & 1]
        return list({self.nodes[i].tensor.name: i for i in left}.values())  # inner nodes come later

    def _owners(self, gap: int, placed: int) -> list[str]:
        """Who may own the loops outside what is placed in a gap, but for the memories of tensors at home."""
        waiting = {self.nodes[i].memory.name for i in self._next(gap, placed)}
        if not waiting and gap > 1:
            waiting = set(self.stands.owners(gap - 1, 0))
        return sorted(waiting - self._homes(gap))

    def _homes(self, gap: int) -> frozenset[str]:
        return self._at_home[gap]

    @cached_property
    def _at_home(self) -> dict[int, frozenset[str]]:
        """The memories of tensors at home in every gap."""
        at = self.stands.at
        return {gap: frozenset(s.memory for s in at[gap - 1] if s.node is None) for gap in range(1, len(at))}

    def _value(self, gap: int, placed: int, owing: int, owner: str) -> Values:
        best = np.full(self.lattice.shape, np.inf)
        free = []
        homes, left = self._homes(gap), self._next(gap, placed)
        if owner == HOME:
            for other in self._owners(gap, placed):
                np.minimum(best, self.to_go(gap, placed, owing, other), out=best)
        for i in left:
            if self.nodes[i].memory.name == owner or (owner == HOME and self.nodes[i].memory.name in homes):
                np.minimum(best, self._placed(gap, placed, owing, i), out=best)
        if not left and gap == 1:
            best.flat[-1] = self._due(owing)
        elif not left and owner != HOME:
            np.minimum(best, self.to_go(gap - 1, 0, owing, owner) + self.program.masks[gap - 1], out=best)
        for rank in self.active:
            few = self._factors(gap, bool(left), owner, rank)
            closed = Nodes(mapped(owing & self.stands.relevant[rank]))
            if few != ONE and closed:
                self._close(best, gap, placed, owing, owner, rank, closed, few)
            elif few != ONE:
                free.append((rank, few))
        for rank, few in free:
            best = self.program.freely(best, rank, few)
        return best

    def _due(self, owing: int) -> float:
        return float(sum(self.pay.whole(i).flat[-1] for i in mapped(owing)) + self.program.masks[0].flat[-1])

    def _placed(self, gap: int, placed: int, owing: int, node: int) -> Values:
        """Least price if a node is placed here."""
        stays = self.program.stays
        after = self.to_go(gap, placed | 1 << node, owing | 1 << node if stays else owing, "")
        inner = Nodes(i for i, other in enumerate(self.nodes) if other.stop >= gap) | Nodes(mapped(placed))
        return self.program.rooms.fitting(after if stays else after + self.pay.whole(node), inner, Nodes({node}))

    def _close(
        self,
        best: Values,
        gap: int,
        placed: int,
        owing: int,
        owner: str,
        rank: int,
        closed: Nodes,
        few: frozenset[int] | None,
    ) -> None:
        """Lower prices by those of loops over a rank that owing nodes depend on."""
        mixed = tuple(sorted(i for i in closed if self.stands.overlaps(i, rank) and self.pay.quantity.concerns(i)))
        closing = Closing(rank, tuple(sorted(closed)), mixed, (Nodes(), Nodes()))
        after = self.to_go(gap, placed, owing & ~self.stands.relevant[rank], owner)
        for shift in self.lattice.shifts(rank) if mixed or few else self.lattice.prime_shifts(rank):
            if few is None or shift.factor in few:
                price = self.pay.price(closing, shift.factor if mixed else 0, gap)
                near = best[shift.near]
                np.minimum(near, price[shift.near] + after[shift.far], out=near)

    def _factors(self, gap: int, left: bool, owner: str, rank: int) -> frozenset[int] | None:
        """The factors that loops of an owner may have; None if any."""
        name = self.program.geometry.ranks[rank]
        owners = [owner]
        if owner == HOME:
            owners = sorted(self._homes(gap) if left or gap > 1 else {s.memory for s in self.stands.at[0]})
        every = [self.ledger.bounds(one, name) for one in owners]
        known = [few for few in every if few is not None]
        return frozenset().union(*known) if len(known) == len(every) else None
