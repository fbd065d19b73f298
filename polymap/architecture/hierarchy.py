"""The machine: memories, arrays and compute, outermost first. Energies and rates are exact rationals."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Protocol, TypeAlias

from polymap.components.estimate import Estimate
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


# What component models say of a level: energies by action (`read`, `write`, ...), `area`, `leakage`.
Estimates: TypeAlias = tuple[tuple[str, Estimate], ...]


class Named(Protocol):
    """What the machine needs to know of a tensor: rules name it by its name or by its role."""

    @property
    def name(self) -> str: ...

    @property
    def role(self) -> str: ...


class Stored(Named, Protocol):
    """A tensor whose elements have a width of their own."""

    @property
    def bits(self) -> int: ...


@dataclass(frozen=True)
class Memory:
    """A storage level. Sizes are per instance, energies in pJ per access of `width_bits`.

    `keeps` and `may_keep` hold tensor names or roles (`input`, `weight`, `output`, ...); `keeps is None` keeps all.
    `word_bits`, where given, is the room that one element of any tensor takes here; otherwise the tensor's own bits.
    `component` is a description as written; `estimates` are what its model says of the numbers that come from it,
    which are those estimates, rounded to six digits.
    `words` overrides `word_bits` for the tensors or roles it lists. Every access pays `address_pj` more, every update
    but the first of an element `reduce_pj`. `cluster` instances share one access of `width_bits`. With
    `power_gated_at`, an instance leaks if the mapping uses the instance of that level above it. A mapping must fill at
    least `min_utilization` of the room that is left to tiles.
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
    words: tuple[tuple[str, int], ...] = ()
    address_pj: Fraction = Fraction(0)
    reduce_pj: Fraction = Fraction(0)
    cluster: int = 1
    power_gated_at: str = ""
    min_utilization: Fraction = Fraction(0)
    # Tensors (names or roles) of which a step fetches the whole tile, whatever the one before held.
    refetches: tuple[str, ...] = ()
    # Outputs whose first update reads the element, too.
    reads_first: tuple[str, ...] = ()
    # Tensors of which every access goes on to the memory above.
    passes_through: tuple[str, ...] = ()
    # Instances that would receive the same tile hold a part of it each, and hand it on to the others.
    distributes: bool = False
    estimates: Estimates = field(default=(), hash=False, repr=False)

    def element_bits(self, tensor: Stored) -> int:
        """Bits that one element of a tensor takes here: `words` by name, then by role, `word_bits`, its own bits."""
        listed = dict(self.words)
        return listed.get(tensor.name) or listed.get(tensor.role) or self.word_bits or tensor.bits


@dataclass(frozen=True)
class Wiring:
    """Energies of an array's network, in pJ: of one word over one hop, through one router, into one adder.

    A hop is `hop_pj` for any word, or `wire_pj` per bit and mm over `pitch_mm`; one of the two is None.
    """

    hop_pj: Fraction | None = None
    wire_pj: Fraction | None = None
    pitch_mm: Fraction = Fraction(0)
    router_pj: Fraction = Fraction(0)
    reduce_pj: Fraction = Fraction(0)

    def hop_of(self, bits: int) -> Fraction:
        """pJ of a word of so many bits over one hop."""
        return self.hop_pj if self.hop_pj is not None else bits * self.pitch_mm * (self.wire_pj or 0)


# Which tensors a property of a network holds for: all, none, or those of these names and roles.
Chosen: TypeAlias = bool | tuple[str, ...]


def _is_chosen(chosen: Chosen, tensor: Named) -> bool:
    return chosen if isinstance(chosen, bool) else tensor.name in chosen or tensor.role in chosen


@dataclass(frozen=True)
class DimensionRule:
    """What may run in parallel along one dimension of an array, and how much of it must.

    `may_unroll` are the ranks whose loops may stand there; None is any. The tensors (names or roles) of `reuses` have
    equal tiles all along it: loops over their ranks may not stand there. A mapping must use the share `min_usage` of
    the instances; with `or_most`, where the divisors of what other dimensions leave of the ranks reach less: that.
    """

    may_unroll: tuple[str, ...] | None = None
    reuses: tuple[str, ...] = ()
    min_usage: Fraction = Fraction(0)
    or_most: bool = False


ANYTHING = DimensionRule()


@dataclass(frozen=True)
class Array:
    """Spatial fan-out: `shape` lists (dimension, size); `rules` what holds along some of these.

    The network may multicast reads and reduce updates.

    `links`: neighbours pass tiles on. `share_halo`: an element that several instances fetch at once is one read above,
    even if their tiles differ. `wiring` is None where the network's energy is not known. `fill_latency` and
    `drain_latency` are in cycles, once per run.
    """

    name: str
    shape: tuple[tuple[str, int], ...]
    multicast: Chosen = True
    reduction: Chosen = True
    links: Chosen = False
    place: Place = field(default=NOWHERE, compare=False, repr=False)
    share_halo: Chosen = False
    wiring: Wiring | None = None
    fill_latency: int = 0
    drain_latency: int = 0
    # The memory above adds nothing: a partial sum that is there comes down to meet the next one.
    returns_sums: bool = False
    rules: tuple[tuple[str, DimensionRule], ...] = ()
    # What component models say of energies in `wiring`: of a `hop`, of a `router`, of an addition (`reduce`).
    estimates: Estimates = field(default=(), hash=False, repr=False)

    @property
    def fanout(self) -> int:
        return prod(size for _, size in self.shape)

    def rule(self, dimension: str) -> DimensionRule:
        """What holds for loops over a dimension."""
        return dict(self.rules).get(dimension, ANYTHING)

    def multicasts(self, tensor: Named) -> bool:
        """Whether equal tiles of several instances are one read above."""
        return _is_chosen(self.multicast, tensor)

    def reduces(self, tensor: Named) -> bool:
        """Whether partial sums of several instances are added on their way up."""
        return _is_chosen(self.reduction, tensor)

    def links_of(self, tensor: Named) -> bool:
        """Whether neighbours pass tiles of a tensor on."""
        return _is_chosen(self.links, tensor)

    def shares_halo(self, tensor: Named) -> bool:
        """Whether an element in overlapping tiles of several instances is one read above."""
        return _is_chosen(self.share_halo, tensor)


@dataclass(frozen=True)
class Compute:
    """The unit that performs one multiply-accumulate (one point of the iteration domain) per cycle.

    `component` and `estimates` as of a `Memory`.
    """

    name: str
    energy_pj: Fraction
    leakage_w: Fraction = Fraction(0)
    area_um2: float = 0.0
    source: str = ""
    place: Place = field(default=NOWHERE, compare=False, repr=False)
    component: str = ""
    estimates: Estimates = field(default=(), hash=False, repr=False)


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

    def _repr_html_(self) -> str:
        from polymap.architecture.shown import html

        return html(self)

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
