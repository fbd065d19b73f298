"""What statements say about loops, tiles and rooms, kept as a ledger while a nest grows from the inside out.

A loop belongs to the memory of the node that will stand next outside it, so whoever grows a nest says for which memory
it loops. The ledger then knows the product of the trips of every bounded rank, the place of the outermost loop in every
order, and the bits of memories whose utilisation is bounded. That is all that the statements of a finished nest ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import inf
from typing import TypeAlias

from polymap.constraints.amount import Amount, divisors
from polymap.constraints.bind import Limits
from polymap.constraints.limits import LoopLimit, OrderLimit, RoomLimit, TileLimit
from polymap.mapping.tiles import elements

Told: TypeAlias = tuple[float, ...]  # products of trips, then places in orders, then bits of memories


@dataclass(frozen=True)
class Order:
    """The places of ranks among the loops of one memory."""

    memory: str
    places: dict[str, int]


@dataclass(frozen=True, eq=False)
class Ledger:
    """The statements about loops, tiles and rooms of an einsum on a machine, for perfect factors or imperfect ones."""

    limits: Limits
    perfect: bool = True

    @cached_property
    def _amounts(self) -> dict[tuple[str, str], list[Amount]]:
        found: dict[tuple[str, str], list[Amount]] = {}
        for limit in self.limits.limits:
            if isinstance(limit, LoopLimit):
                for memory in limit.memories:
                    for rank, amount in limit.amounts:
                        found.setdefault((memory, rank), []).append(amount)
        return found

    @cached_property
    def factors(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """(memory, rank) -> the products of trips that are allowed, where not all that are possible are."""
        found = {
            key: tuple(d for d in self._possible[key[1]] if all(amount.allows(d) for amount in amounts))
            for key, amounts in self._amounts.items()
        }
        return {(memory, rank): few for (memory, rank), few in found.items() if len(few) < len(self._possible[rank])}

    @cached_property
    def _possible(self) -> dict[str, Sequence[int]]:
        """Products that trips of each rank can have: imperfect ones multiply to less than twice its size."""
        sizes = self.limits.einsum.sizes
        return {rank: divisors(n) if self.perfect else range(1, max(2, 2 * n)) for rank, n in sizes.items()}

    @cached_property
    def _products(self) -> tuple[tuple[str, str], ...]:
        """(memory, rank) whose product has to be remembered: where there may be loops, but not any."""
        return tuple(key for key, few in self.factors.items() if few != (1,))

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        limits = [limit for limit in self.limits.limits if isinstance(limit, OrderLimit)]
        return tuple(Order(memory, dict(limit.places)) for limit in limits for memory in limit.memories)

    @cached_property
    def rooms(self) -> tuple[RoomLimit, ...]:
        return tuple(limit for limit in self.limits.limits if isinstance(limit, RoomLimit))

    @cached_property
    def about_loops(self) -> bool:
        return bool(self.factors or self.orders)

    @cached_property
    def about_tiles(self) -> bool:
        return any(isinstance(limit, TileLimit) for limit in self.limits.limits)

    @property
    def empty(self) -> bool:
        return not (self.about_loops or self.about_tiles or self.rooms)

    @cached_property
    def start(self) -> Told:
        return (*(1.0 for _ in self._products), *(inf for _ in self.orders), *(0.0 for _ in self.rooms))

    @cached_property
    def _trips(self) -> dict[tuple[str, str], tuple[int, frozenset[int], frozenset[int]]]:
        """(memory, rank) -> its place in the ledger, the products that may grow to an allowed one, the allowed ones."""
        found = {}
        for place, key in enumerate(self._products):
            found[key] = place, self._growing[key], frozenset(self.factors[key])
        return found

    @cached_property
    def _growing(self) -> dict[tuple[str, str], frozenset[int]]:
        """(memory, rank) -> the products that may grow to an allowed one."""
        found = {}
        for (memory, rank), few in self.factors.items():
            end, allowed = max(few, default=0) + 1, frozenset(few)
            growing = (d for d in self._possible[rank] if not allowed.isdisjoint(range(d, end, d)))
            found[memory, rank] = frozenset(growing)
        return found

    def bounds(self, memory: str, rank: str) -> frozenset[int] | None:
        """The products of trips that the loops of a memory over a rank may have on the way; None if any."""
        return self._growing.get((memory, rank))

    def allowed_tiles(self, memory: str, tensor: str, rank: str, sizes: tuple[int, ...]) -> list[bool]:
        """For each size: whether a tile in a memory may have it along a rank."""
        return self.limits.allowed_tiles(memory, tensor, rank, sizes) if self.about_tiles else [True] * len(sizes)

    def looped(self, told: Told, memory: str, rank: str, trip: int) -> Told | None:
        """After one more loop outside those of a memory; None if it is not allowed."""
        key = memory, rank
        found = list(told)
        if key in self.factors:
            if key not in self._trips:
                return None
            place, growing, _ = self._trips[key]
            found[place] *= trip
            if int(found[place]) not in growing:
                return None
        for place, order in enumerate(self.orders, start=len(self._products)):
            if order.memory == memory and rank in order.places:
                if order.places[rank] > found[place]:
                    return None
                found[place] = order.places[rank]
        return tuple(found)

    def held(self, told: Told, memory: str, bits: int) -> Told | None:
        """After a tile of so many bits (without `buffering`) is placed in a memory; None if that is too much."""
        found = list(told)
        for place, limit in enumerate(self.rooms, start=len(self._products) + len(self.orders)):
            if limit.memory.name == memory:
                found[place] += bits
        return tuple(found)

    def closed(self, told: Told, memory: str) -> bool:
        """Whether these may be all loops and tiles of a memory."""
        loops = (told[place] in few for (name, _), (place, _, few) in self._trips.items() if name == memory)
        first = len(self._products) + len(self.orders)
        rooms = (
            limit.amount.allows(
                Fraction(limit.memory.buffering * int(told[first + i]), limit.memory.capacity_bits or 1)
            )
            for i, limit in enumerate(self.rooms)
            if limit.memory.name == memory
        )
        return all(loops) and all(rooms)

    def allows_none(self, memories: Iterable[str]) -> bool:
        """Whether these memories may be without loops and tiles."""
        return all(self.closed(self.start, memory) for memory in memories)

    def allows_tile(self, memory: str, tensor: str, tile: tuple[int, ...]) -> bool:
        """Whether a memory may hold a tile with these sizes along all ranks."""
        key = memory, tensor, tile
        if key not in self._tiles:
            sizes = dict(zip(self.limits.einsum.sizes, tile))
            self._tiles[key] = not self.about_tiles or self.limits.allows_tile(memory, tensor, sizes)
        return self._tiles[key]

    @cached_property
    def _tiles(self) -> dict[tuple[str, str, tuple[int, ...]], bool]:
        return {}

    def bits(self, memory: str, tensor: str, tile: tuple[int, ...]) -> int:
        """Bits of a tile in a memory."""
        einsum = self.limits.einsum
        known = einsum.tensor(tensor)
        wide = self.limits.architecture.memory(memory).element_bits(known)
        return elements(known, dict(zip(einsum.sizes, tile))) * wide
