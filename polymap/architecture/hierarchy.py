"""The machine: memories, arrays and compute, outermost first. Energies and rates are exact rationals."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import TypeAlias

from polymap.errors import NOWHERE, Place


@dataclass(frozen=True)
class Rate:
    """Data per clock cycle and instance, in bits or, if `in_words`, in words (tensor elements)."""

    per_cycle: Fraction
    in_words: bool = False


@dataclass(frozen=True)
class Bandwidth:
    """Limits of one memory instance; `None` is unlimited. `shared` limits reads and writes together.

    `scale` multiplies the words a tensor moves when they are held against the limit (1 unless listed).
    """

    read: Rate | None = None
    write: Rate | None = None
    shared: Rate | None = None
    scale: tuple[tuple[str, Fraction], ...] = ()

    def scale_of(self, tensor: str) -> Fraction:
        return dict(self.scale).get(tensor, Fraction(1))


@dataclass(frozen=True)
class Memory:
    """A storage level. Sizes are per instance, energies in pJ per access of `width_bits`.

    `keeps` and `may_keep` hold tensor names or roles (`input`, `weight`, `output`, ...); `keeps is None` keeps all.
    `word_bits`, where given, is the room that one element of any tensor takes here; otherwise the tensor's own bits.
    `component` is a description as written; energies do not come from it yet.
    """

    name: str
    width_bits: int
    read_pj: Fraction
    write_pj: Fraction
    update_pj: Fraction
    capacity_bits: int | None = None
    word_bits: int | None = None
    keeps: tuple[str, ...] | None = None
    may_keep: tuple[str, ...] = ()
    buffering: int = 1
    bandwidth: Bandwidth = Bandwidth()
    leakage_w: Fraction = Fraction(0)
    area_um2: float = 0.0
    source: str = ""
    place: Place = field(default=NOWHERE, compare=False, repr=False)
    component: str = ""


@dataclass(frozen=True)
class Array:
    """Spatial fan-out: `shape` lists (dimension, size). The network may multicast reads and reduce updates."""

    name: str
    shape: tuple[tuple[str, int], ...]
    multicast: bool = True
    reduction: bool = True
    links: bool = False
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def fanout(self) -> int:
        return prod(size for _, size in self.shape)


@dataclass(frozen=True)
class Compute:
    """The unit that performs one multiply-accumulate (one point of the iteration domain) per cycle."""

    name: str
    energy_pj: Fraction
    leakage_w: Fraction = Fraction(0)
    area_um2: float = 0.0
    source: str = ""
    place: Place = field(default=NOWHERE, compare=False, repr=False)
    component: str = ""


Level: TypeAlias = Memory | Array | Compute


@dataclass(frozen=True)
class Architecture:
    """A hierarchy of levels, outermost memory first and the compute unit last.

    `technology` is what the file says of it (node, voltage, temperature), as written; nothing is computed from it yet.
    """

    name: str
    hierarchy: tuple[Level, ...]
    clock_hz: Fraction
    source: str = ""
    place: Place = field(default=NOWHERE, compare=False, repr=False)
    technology: tuple[tuple[str, str], ...] = ()

    @property
    def memories(self) -> tuple[Memory, ...]:
        return tuple(level for level in self.hierarchy if isinstance(level, Memory))

    @property
    def arrays(self) -> tuple[Array, ...]:
        return tuple(level for level in self.hierarchy if isinstance(level, Array))

    @property
    def compute(self) -> Compute:
        last = self.hierarchy[-1]
        assert isinstance(last, Compute)
        return last

    def memory(self, name: str) -> Memory:
        return next(memory for memory in self.memories if memory.name == name)

    def index(self, name: str) -> int:
        """Position of the level called `name` in the hierarchy, 0 is outermost."""
        return next(i for i, level in enumerate(self.hierarchy) if level.name == name)

    def instances(self, name: str) -> int:
        """Physical instances of a level: the product of the fan-outs above it."""
        return prod(level.fanout for level in self.hierarchy[: self.index(name)] if isinstance(level, Array))

    def dimension(self, on: str) -> tuple[Array, str, int] | None:
        """The array, dimension name and size meant by `X` or `PE.X` in a mapping; None if unknown or ambiguous."""
        found = [
            (array, dim, size)
            for array in self.arrays
            for dim, size in array.shape
            if on in (dim, f"{array.name}.{dim}")
        ]
        return found[0] if len(found) == 1 else None

    def dimension_label(self, array: Array, dim: str) -> str:
        """How a mapping names a dimension: `X` where that is unambiguous, else `PE.X`."""
        return dim if self.dimension(dim) else f"{array.name}.{dim}"
