"""Limits: what one statement means for one einsum on one machine, as questions to ask while a mapping is decided.

A search decides what is kept, then unrollings, then tiles, then loops, and asks at each stage. No question refuses what
the finished mapping could be allowed: asked about all that a mapping decides, the answers together are `broken`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import prod

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.constraints.amount import LARGEST, Amount
from polymap.constraints.facts import Facts, Loops, Sizes, Unrolling
from polymap.constraints.statements import Order, Statement
from polymap.mapping.tiles import elements
from polymap.workload.einsum import Einsum, Tensor


@dataclass(frozen=True)
class Limit:
    """What a statement means here. Every question that it has no say in, it answers with yes."""

    statement: Statement

    def allows_kept(self, memory: str, tensors: Iterable[str]) -> bool:
        """Whether `memory` may keep exactly these tensors."""
        return True

    def allows_unrolling(self, array: str, unrolling: Unrolling) -> bool:
        """Whether `array` may be unrolled so: {dimension: {rank: factor}}; what is not listed has factor 1."""
        return True

    def allows_unrollings(self, unrollings: Mapping[str, Unrolling]) -> bool:
        """Whether the arrays may be unrolled so, all of them together."""
        return all(self.allows_unrolling(array, unrolling) for array, unrolling in unrollings.items())

    def allowed_tiles(self, memory: str, tensor: str, rank: str, sizes: Sequence[int]) -> list[bool]:
        """For each size: whether the tile of `tensor` that `memory` keeps may have it along `rank`.

        A size is that of the largest tile, so it is no more than the rank has.
        """
        return [True] * len(sizes)

    def allows_tile(self, memory: str, tensor: str, tile: Sizes) -> bool:
        """Whether the tile of `tensor` that `memory` keeps may have these sizes; ranks not listed are left open."""
        return all(self.allowed_tiles(memory, tensor, rank, [size])[0] for rank, size in tile.items())

    def allows_tiles(self, memory: str, tiles: Mapping[str, Sizes]) -> bool:
        """Whether `memory` may keep these tiles, all that it keeps, each with its sizes along all ranks."""
        return all(self.allows_tile(memory, tensor, tile) for tensor, tile in tiles.items())

    def allows_loops(self, memory: str, loops: Loops) -> bool:
        """Whether these may be all temporal loops, outermost first, that belong to `memory`."""
        return True

    def admits_loops(self, memory: str, loops: Loops) -> bool:
        """Whether these may be some of the temporal loops that belong to `memory`: more may come, in any place."""
        return True

    def broken(self, facts: Facts) -> Iterator[tuple[str, str]]:
        """How, and by which nodes, a complete mapping breaks the statement; nothing if it does not.

        This defines the statement.
        """
        yield from ()


@dataclass(frozen=True)
class KeptLimit(Limit):
    """`memory` keeps all of `required` and nothing but `allowed`."""

    memory: str
    required: frozenset[str]
    allowed: frozenset[str]

    def allows_kept(self, memory: str, tensors: Iterable[str]) -> bool:
        return memory != self.memory or self.required <= {*tensors} <= self.allowed

    def broken(self, facts: Facts) -> Iterator[tuple[str, str]]:
        kept = facts.kept[self.memory]
        if not self.allows_kept(self.memory, kept):
            yield f"{self.memory} keeps {' '.join(kept) or 'nothing'}", facts.where("kept", self.memory)


@dataclass(frozen=True)
class UnrollingLimit(Limit):
    """The factors of some ranks on each of `fields`: an array and those of its dimensions that count."""

    fields: tuple[tuple[str, tuple[str, ...]], ...]
    amounts: tuple[tuple[str, Amount], ...]

    def allows_unrolling(self, array: str, unrolling: Unrolling) -> bool:
        return not any(self._broken(unrolling, dims) for name, dims in self.fields if name == array)

    def _broken(self, unrolling: Unrolling, dims: tuple[str, ...]) -> list[tuple[str, int]]:
        factors = ((rank, _factor(unrolling, dims, rank), amount) for rank, amount in self.amounts)
        return [(rank, factor) for rank, factor, amount in factors if not amount.allows(factor)]

    def broken(self, facts: Facts) -> Iterator[tuple[str, str]]:
        for array, dims in self.fields:
            for rank, factor in self._broken(facts.unrollings[array], dims):
                on = array if len(dims) > 1 else f"{array}.{dims[0]}"
                yield f"{rank} is unrolled by {factor} on {on}", facts.where("unrollings", array)


@dataclass(frozen=True)
class LoopLimit(Limit):
    """The products of the trips of some ranks' loops, in each of `memories`."""

    memories: tuple[str, ...]
    amounts: tuple[tuple[str, Amount], ...]

    def allows_loops(self, memory: str, loops: Loops) -> bool:
        return memory not in self.memories or not self._broken(loops)

    def admits_loops(self, memory: str, loops: Loops) -> bool:
        """Whether some multiple of each factor is allowed."""
        return memory not in self.memories or all(a.multiple_of(f).least(LARGEST) for _, f, a in self._factors(loops))

    def _broken(self, loops: Loops) -> list[tuple[str, int]]:
        return [(rank, factor) for rank, factor, amount in self._factors(loops) if not amount.allows(factor)]

    def _factors(self, loops: Loops) -> Iterator[tuple[str, int, Amount]]:
        return ((rank, prod(t for r, t in loops if r == rank), amount) for rank, amount in self.amounts)

    def broken(self, facts: Facts) -> Iterator[tuple[str, str]]:
        for memory in self.memories:
            for rank, factor in self._broken(facts.loops[memory]):
                trips = f"make {factor} trips" if factor > 1 else "are none"
                yield f"the loops of {memory} over {rank} {trips}", facts.where("loops", memory)


@dataclass(frozen=True)
class OrderLimit(Limit):
    """The loops of each of `memories` come in rising order of the places of their ranks; ranks without one are free."""

    memories: tuple[str, ...]
    places: tuple[tuple[str, int], ...]

    def allows_loops(self, memory: str, loops: Loops) -> bool:
        places = dict(self.places)
        given = [places[rank] for rank, trip in loops if trip > 1 and rank in places]
        return memory not in self.memories or all(outer <= inner for outer, inner in pairwise(given))

    def admits_loops(self, memory: str, loops: Loops) -> bool:
        """More loops leave these in their order."""
        return self.allows_loops(memory, loops)

    def broken(self, facts: Facts) -> Iterator[tuple[str, str]]:
        for memory in self.memories:
            if not self.allows_loops(memory, facts.loops[memory]):
                ranks = " ".join(rank for rank, _ in facts.loops[memory])
                yield f"the loops of {memory} run {ranks}, outermost first", facts.where("loops", memory)


@dataclass(frozen=True)
class TileLimit(Limit):
    """The sizes along some ranks of the tiles of some tensors, in each of `memories`. Each tensor has its ranks."""

    memories: tuple[str, ...]
    amounts: tuple[tuple[str, tuple[tuple[str, Amount], ...]], ...]

    def allowed_tiles(self, memory: str, tensor: str, rank: str, sizes: Sequence[int]) -> list[bool]:
        amount = dict(dict(self.amounts).get(tensor, ())).get(rank) if memory in self.memories else None
        return amount.allowed(sizes) if amount else [True] * len(sizes)

    def broken(self, facts: Facts) -> Iterator[tuple[str, str]]:
        for memory in self.memories:
            for tensor, tile in facts.tiles[memory].items():
                for rank, size in tile.items():
                    if not self.allows_tile(memory, tensor, {rank: size}):
                        yield f"the tile of {tensor} in {memory} is {size} along {rank}", facts.where("kept", memory)


@dataclass(frozen=True)
class ShareLimit(Limit):
    """The share of instances in use, on `fields` together: an array and those of its dimensions that count."""

    fields: tuple[tuple[Array, tuple[str, ...]], ...]
    amount: Amount
    # Whether it is about all compute units, so that an array alone can only fall short of it.
    is_total: bool

    def allows_unrolling(self, array: str, unrolling: Unrolling) -> bool:
        """Of all compute units no more work than of the instances of one array."""
        here = [self._share(unrolling, field) for field in self.fields if field[0].name == array]
        return all(share >= self.amount.lowest if self.is_total else self.amount.allows(share) for share in here)

    def allows_unrollings(self, unrollings: Mapping[str, Unrolling]) -> bool:
        return self.amount.allows(self.total(unrollings))

    def total(self, unrollings: Mapping[str, Unrolling]) -> Fraction:
        """The share of the instances that work; an array that is not listed is not unrolled."""
        return prod((self._share(unrollings.get(f[0].name, {}), f) for f in self.fields), start=Fraction(1))

    def _share(self, unrolling: Unrolling, field: tuple[Array, tuple[str, ...]]) -> Fraction:
        array, dims = field
        used = prod(factor for dim in dims for factor in unrolling.get(dim, {}).values())
        return Fraction(used, prod(size for dim, size in array.shape if dim in dims))

    def broken(self, facts: Facts) -> Iterator[tuple[str, str]]:
        if not self.allows_unrollings(facts.unrollings):
            where = (facts.where("unrollings", array.name) for array, _ in self.fields)
            yield f"{self.total(facts.unrollings)} of the instances work", ", ".join(filter(None, where))


@dataclass(frozen=True)
class RoomLimit(Limit):
    """The share of a memory's capacity that its tiles take, `buffering` included."""

    memory: Memory
    tensors: tuple[Tensor, ...]
    amount: Amount

    def allows_tiles(self, memory: str, tiles: Mapping[str, Sizes]) -> bool:
        return memory != self.memory.name or self.amount.allows(self.share(tiles))

    def share(self, tiles: Mapping[str, Sizes]) -> Fraction:
        """Bits of the tiles over bits of the memory."""
        held = [(tensor, tiles[tensor.name]) for tensor in self.tensors if tensor.name in tiles]
        bits = sum(elements(tensor, sizes) * self.memory.element_bits(tensor) for tensor, sizes in held)
        return Fraction(self.memory.buffering * bits, self.memory.capacity_bits or 1)

    def broken(self, facts: Facts) -> Iterator[tuple[str, str]]:
        tiles = facts.tiles[self.memory.name]
        if not self.allows_tiles(self.memory.name, tiles):
            yield f"the tiles take {self.share(tiles)} of {self.memory.name}", facts.where("kept", self.memory.name)


def places(order: Order, einsum: Einsum) -> tuple[tuple[str, int], ...]:
    """The place of each rank in an order; ranks between share one, ranks anywhere have none."""
    outer = {rank: place for place, rank in enumerate(order.outer)}
    inner = {rank: place for place, rank in enumerate(order.inner, start=len(outer) + 1)}
    middle = dict.fromkeys(einsum.sizes, len(outer)) if order.others == "between" else {}
    return tuple({**middle, **outer, **inner}.items())


def _factor(unrolling: Unrolling, dims: tuple[str, ...], rank: str) -> int:
    return prod(unrolling.get(dim, {}).get(rank, 1) for dim in dims)


def widest(architecture: Architecture, field: tuple[str, tuple[str, ...]]) -> int:
    """Instances on the dimensions of an array that count."""
    array = next(array for array in architecture.arrays if array.name == field[0])
    return prod(size for dim, size in array.shape if dim in field[1])
