"""Small machines and mappings to state the model's sentences with."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from fractions import Fraction

from polymap.architecture.hierarchy import Architecture, Array, Bandwidth, Compute, Memory
from polymap.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from polymap.model import Conventions, Cost, evaluate
from polymap.workload import Einsum

CLOCK_HZ = Fraction(10**9)
MAC = Compute("MAC", Fraction(1))


def memory(
    name: str,
    read: str = "0",
    write: str = "0",
    update: str = "0",
    width_bits: int = 16,
    word_bits: int | None = None,
    buffering: int = 1,
    bandwidth: Bandwidth | None = None,
    leakage_w: str = "0",
    area_um2: float = 0.0,
) -> Memory:
    return Memory(
        name,
        width_bits,
        Fraction(read),
        Fraction(write),
        Fraction(update),
        word_bits=word_bits,
        buffering=buffering,
        bandwidth=bandwidth or Bandwidth(),
        leakage_w=Fraction(leakage_w),
        area_um2=area_um2,
    )


def machine(*levels: Memory | Array | Compute) -> Architecture:
    """The levels with a unit-energy MAC below, unless they end in a compute level."""
    hierarchy = levels if isinstance(levels[-1], Compute) else (*levels, MAC)
    return Architecture("machine", hierarchy, CLOCK_HZ)


def nest(text: str) -> Mapping:
    """A mapping in its text form: `DRAM holds A B`, `for p in 4`, `parallel k in 8 on X`."""
    return Mapping(tuple(_node(line.split()) for line in text.strip().splitlines()))


def _node(words: list[str]) -> Node:
    if words[1] == "holds":
        return Storage(words[0], tuple(words[2:]))
    if words[0] == "for":
        return Temporal(words[1], int(words[3]))
    return Spatial(words[1], int(words[3]), words[5])


def priced(einsum: Einsum, architecture: Architecture, text: str, conventions: str | Conventions = "polymap") -> Cost:
    return evaluate(einsum, architecture, nest(text), conventions)


def flows(cost: Cost, level: str, tensor: str) -> MappingOf[str, int]:
    """Reads, fills and updates of one row, without those that are 0."""
    row = cost.row(level, tensor)
    assert row is not None
    return {name: getattr(row, name) for name in ("reads", "fills", "updates") if getattr(row, name)}
