"""Where a tensor rests on its way: the caller's array, buffers of memories, and the operands of the compute units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.nest import Mapping as LoopNest
from polymap.mapping.nest import Storage
from polymap.mapping.tiles import extents, largest_sizes
from polymap.report.code.linear import Linear
from polymap.report.code.names import Names
from polymap.report.code.nest import Nest, Turn
from polymap.report.code.program import Cell
from polymap.workload.einsum import Affine, Einsum, Tensor

HELD, MET = "_held", "_met"
LOW, END, HAS = "_low", "_end", "_has"


@dataclass(frozen=True)
class Place:
    """The indices of a tensor: element `e` of coordinate `d` is at index `e - origin[d]`, of `shape[d]`.

    The origin is the least element that is accessed, or 0 where the tensor's shape was declared. `axes` are names for
    the indices: a rank where the coordinate is that rank.
    """

    origin: tuple[int, ...]
    shape: tuple[int, ...]
    axes: tuple[str, ...]


@dataclass(frozen=True)
class Store:
    """An array of a tensor at one memory: an element of a tile of extent E is kept at its index modulo E.

    What stays while a tile slides so keeps its place. `turns` number the instances. The outermost store is the caller's
    array, which has all elements once; `is_operand` is one of the compute units.
    """

    name: str
    level: str
    tensor: Tensor
    position: int
    turns: tuple[Turn, ...]
    tile: tuple[int, ...]
    shape: tuple[int, ...]
    node: int
    is_outermost: bool = False
    is_operand: bool = False

    @property
    def extents(self) -> tuple[int, ...]:
        """Extents of the array; a coordinate of one element has none."""
        if self.is_outermost:
            return self.shape or (1,)
        return (*(turn.trip for turn in self.turns), *(extent for extent in self.tile if extent > 1)) or (1,)

    def cell(self, indices: Sequence[Linear], instance: Mapping[str, str] | None = None) -> Cell:
        """The element at some indices, in the instance of the loops' variables or of what stands in for them."""
        if self.is_outermost:
            return Cell(self.name, tuple(map(str, indices)) or ("0",))
        known = instance or {}
        of_instance = tuple(known.get(turn.variable, turn.variable) for turn in self.turns)
        return Cell(self.name, (*of_instance, *self._of_tile(indices)) or ("0",))

    def _of_tile(self, indices: Sequence[Linear]) -> Iterator[str]:
        for index, extent, size in zip(indices, self.tile, self.shape, strict=True):
            if extent > 1:
                text = str(index) if index.is_single else f"({index})"
                yield str(index) if extent == size else f"{text} % {extent}"

    def counter(self, action: str) -> str:
        """The name of one of its numbers, as results have it."""
        return f"{self.level}.{self.tensor.name}.{action}"

    def mark(self, kind: str, indices: Sequence[Linear]) -> Cell:
        """The flag of an element in an instance: whether it was ever there (`HELD`), or has arrived from inside
        (`MET`)."""
        return Cell(self.name + kind, (*(turn.variable for turn in self.turns), *map(str, indices)))

    @property
    def marks(self) -> tuple[int, ...]:
        """Extents of such flags: one for every element of the tensor in each instance."""
        return (*(turn.trip for turn in self.turns), *self.shape)


def place(einsum: Einsum, tensor: Tensor, ranks: Mapping[str, str], names: Names) -> Place:
    """Where a tensor's elements are in the caller's array."""
    reaches = [axis.extent(einsum.sizes) for axis in tensor.coordinates]
    origin = (0,) * len(reaches) if tensor.shape else tuple(low for low, _ in reaches)
    shape = tensor.shape or tuple(high - low + 1 for low, high in reaches)
    axes: list[str] = []
    for at, (axis, first) in enumerate(zip(tensor.coordinates, origin, strict=True)):
        own = ranks[axis.ranks[0]] if _is_a_rank(axis, first) else ""
        axes.append(own if own and own not in axes else names.new(f"{tensor.name}{at}"))
    return Place(origin, shape, tuple(axes))


def _is_a_rank(axis: Affine, first: int) -> bool:
    """Whether the index is a rank's value."""
    return [coefficient for _, coefficient in axis.terms] == [1] and axis.constant == first


def stores(
    nest: Nest, architecture: Architecture, mapping: LoopNest, tensor: Tensor, at: Place, names: Names
) -> list[Store]:
    """All stores of a tensor, outermost first, the operands of the compute units last."""
    kept = [(i, node) for i, node in enumerate(mapping.nodes) if isinstance(node, Storage) or node.trip != 1]
    found: list[Store] = []
    for position, (index, node) in enumerate(kept):
        if isinstance(node, Storage) and tensor.name in node.tensors:
            name = names.new(f"{node.level}_{tensor.name}" if found else tensor.name, (HELD, MET, LOW, END, HAS))
            tile = extents(tensor, largest_sizes(nest.einsum, [n for _, n in kept[position + 1 :]]))
            turns = nest.spatial(position)
            found.append(Store(name, node.level, tensor, position, turns, tile, at.shape, index, not found))
    level = architecture.compute.name
    name = names.new(f"{level}_{tensor.name}")
    one = (1,) * len(tensor.coordinates)
    end = len(mapping.nodes)
    return [*found, Store(name, level, tensor, nest.end, nest.spatial(nest.end), one, at.shape, end, is_operand=True)]
