"""A mapping as timeloop's loop nest: storage levels and loops innermost first, every loop with its last, shorter
trip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.mapping.nest import Loop as Node
from polymap.mapping.nest import Mapping, Spatial, Storage
from polymap.workload.einsum import Einsum, Tensor


@dataclass(frozen=True)
class Loop:
    """`end` trips, or `last` where all loops of the rank around it make their last trip.

    `axis` is -1 for a temporal loop, 0 for one across an array's first dimension and 1 for its second; `step` is how
    far an iteration moves the rank; `reach` and `last_reach` are the highest index of the rank inside one full
    iteration and inside the very last one, at this loop and below.
    """

    rank: str
    end: int
    last: int
    axis: int
    level: int
    step: int
    reach: int
    last_reach: int

    @property
    def is_spatial(self) -> bool:
        return self.axis >= 0

    @property
    def is_perfect(self) -> bool:
        return self.end == self.last


@dataclass(frozen=True)
class Chain:
    """All loops and storage levels, innermost first.

    `boundaries[s]` is the index of the outermost temporal loop of level s, `arrays[s]` the array between s and its
    children (None without one), `held[s]` the tensors it keeps.
    """

    loops: tuple[Loop, ...]
    memories: tuple[Memory, ...]
    boundaries: tuple[int, ...]
    arrays: tuple[Array | None, ...]
    held: tuple[frozenset[str], ...]

    def block(self, level: int) -> tuple[Loop, ...]:
        """The spatial loops that distribute over the children of a level, innermost first."""
        return tuple(loop for loop in self.loops if loop.level == level and loop.is_spatial)

    def fan(self, level: int) -> int:
        return prod(loop.end for loop in self.block(level))

    def spread(self, level: int, axis: int) -> int:
        """Trips of the spatial loops along one dimension above a level."""
        return prod(loop.end for loop in self.loops if loop.level > level and loop.axis == axis)

    @property
    def is_perfect(self) -> bool:
        return all(loop.is_perfect for loop in self.loops)

    @property
    def innermost(self) -> int:
        """The loops up to this index move nothing and are perfect: those of the innermost level, or the first only."""
        mine = self.loops[: self.boundaries[0] + 1]
        return self.boundaries[0] if all(loop.is_perfect and not loop.is_spatial for loop in mine) else 0

    def used(self, level: int) -> Fraction:
        """Instances of a level in use; an imperfect loop counts with the average of its trips."""
        return prod((self._average(i) for i, loop in enumerate(self.loops) if loop.level > level), start=Fraction(1))

    def _average(self, index: int) -> Fraction:
        loop = self.loops[index]
        if not loop.is_spatial:
            return Fraction(1)
        around = 1
        for outer in reversed(self.loops[index + 1 :]):
            if outer.rank == loop.rank:
                around = outer.last + outer.end * (around - 1)
        return Fraction(loop.last + loop.end * (around - 1), around)


def chosen(listed: tuple[str, ...], tensor: Tensor) -> bool:
    """Whether a list of tensor names and roles means a tensor."""
    return tensor.name in listed or tensor.role in listed


@dataclass(frozen=True)
class _Bare:
    rank: str
    end: int
    axis: int
    level: int


def chain(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> Chain | None:
    """The nest, or None where that tool has none: tensors of a level at several depths, or arrays it cannot say."""
    memories = tuple(reversed(architecture.memories))
    arrays = _arrays(architecture)
    if arrays is None:
        return None
    bare = _levelled(architecture, mapping, arrays)
    if bare is None:
        return None
    held = tuple(frozenset(_tensors(mapping, memory.name)) for memory in memories)
    filled = tuple(loop for s in range(len(memories)) for loop in _of_level(bare, s, einsum.ranks[-1][0]))
    loops = tuple(_sized(filled, i, einsum.sizes) for i in range(len(filled)))
    bounds = tuple(max(i for i, loop in enumerate(loops) if loop.level == s) for s in range(len(memories)))
    return Chain(loops, memories, bounds, arrays, held)


def _arrays(architecture: Architecture) -> tuple[Array | None, ...] | None:
    """The array below each memory, innermost memory first; None where there are several, or more than two
    dimensions."""
    below: list[Array | None] = []
    for level in architecture.hierarchy[:-1]:
        if isinstance(level, Memory):
            below.append(None)
        elif isinstance(level, Array):
            if not below or below[-1] is not None or len(level.shape) > 2:
                return None
            below[-1] = level
    return tuple(reversed(below))


def _levelled(architecture: Architecture, mapping: Mapping, arrays: Sequence[Array | None]) -> list[_Bare] | None:
    """Every loop, outermost first, with its level. A level without a node stands above its spatial loops."""
    index = {memory.name: s for s, memory in enumerate(reversed(architecture.memories))}
    found: list[_Bare] = []
    level, crossed = len(index) - 1, False
    for node in mapping.without_unit_loops().nodes:
        if isinstance(node, Storage):
            if index[node.level] > level or (index[node.level] == level and any(b.level == level for b in found)):
                return None
            level, crossed = index[node.level], False
            continue
        level, crossed = _place(architecture, node, arrays, level, crossed)
        if level < 0:
            return None
        found.append(_Bare(node.rank, node.trip, _axis(architecture, node), level))
    return found


def _place(
    architecture: Architecture, node: Node, arrays: Sequence[Array | None], level: int, crossed: bool
) -> tuple[int, bool]:
    """The level of a loop and whether the nest is now inside that level's array; -1 where there is none."""
    if not isinstance(node, Spatial):
        return (level - 1, False) if crossed else (level, False)
    found = architecture.dimension(node.on)
    assert found
    below = arrays.index(found[0])
    return (below if below <= level else -1), True


def _axis(architecture: Architecture, node: Node) -> int:
    found = architecture.dimension(node.on) if isinstance(node, Spatial) else None
    return [dim for dim, _ in found[0].shape].index(found[1]) if found else -1


def _tensors(mapping: Mapping, level: str) -> Iterator[str]:
    for node in mapping.nodes:
        if isinstance(node, Storage) and node.level == level:
            yield from node.tensors


def _of_level(bare: Sequence[_Bare], level: int, idle: str) -> tuple[_Bare, ...]:
    """The loops of a level, innermost first; a level that never steps gets a loop of one trip."""
    mine = tuple(loop for loop in reversed(bare) if loop.level == level)
    return mine if any(loop.axis < 0 for loop in mine) else (*mine, _Bare(idle, 1, -1, level))


def _sized(bare: Sequence[_Bare], index: int, sizes: dict[str, int]) -> Loop:
    loop = bare[index]
    inside = [other for other in bare[:index] if other.rank == loop.rank]
    step = prod(other.end for other in inside)
    rest = (sizes[loop.rank] - 1) % (step * loop.end)
    return Loop(loop.rank, loop.end, rest // step + 1, loop.axis, loop.level, step, step * loop.end - 1, rest)
