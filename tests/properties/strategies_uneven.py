"""Tight random problems whose uneven mapspace can be exhausted: capacities lie close to what tiles need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from hypothesis import reject
from hypothesis import strategies as st

from polymap.architecture.hierarchy import Architecture, Array, Bandwidth, Compute, Level, Memory, Rate
from polymap.workload.einsum import Einsum, Tensor
from tests.oracles.exhaust_uneven import IMPERFECT, PERFECT, Space
from tests.properties.strategies import (
    Coordinates,
    along,
    batched_matmul,
    conv1d_channels,
    conv2d,
    depthwise,
    matmul,
    mttkrp,
    plain,
    window,
)

MOST_MAPPINGS = 30_000
CLOCK_HZ = Fraction(10**9)
Template = Callable[[int, int], Coordinates]


def grouped(stride: int, dilation: int) -> Coordinates:
    inputs = (along("g"), along("c"), window("p", "r", stride, dilation))
    return {"O": plain("g", "k", "p"), "I": inputs, "W": plain("g", "k", "c", "r")}


TEMPLATES: tuple[Template, ...] = (
    matmul, matmul, batched_matmul, mttkrp, conv1d_channels, conv2d, depthwise, grouped,
)  # fmt: skip


@dataclass(frozen=True)
class Query:
    """A mapspace small enough to be exhausted."""

    einsum: Einsum
    architecture: Architecture
    factors: str

    def __str__(self) -> str:
        return "\n".join([self.factors, self.einsum.text, *map(str, self.architecture.hierarchy)])

    def space(self) -> Space:
        return Space(self.einsum, self.architecture, self.factors)


@st.composite
def einsums(
    draw: st.DrawFn, templates: tuple[Template, ...] = TEMPLATES, sizes: tuple[int, ...] = (4, 2, 3, 6, 8)
) -> Einsum:
    """A template of random sizes; `fitted` makes them smaller where the space is too large."""
    template = draw(st.sampled_from(templates))
    coordinates = template(draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    ranks = dict.fromkeys(rank for axes in coordinates.values() for axis in axes for rank in axis.ranks)
    chosen = tuple((rank, draw(st.sampled_from(sizes))) for rank in ranks)
    bits = st.sampled_from((8, 8, 16, 20))
    tensors = tuple(
        Tensor(name, axes, draw(bits), "output" if name == "O" else f"input{name}", name == "O")
        for name, axes in coordinates.items()
    )
    return Einsum(template.__name__, chosen, tensors, f"{template.__name__} {coordinates}")


def energies(least: int, most: int) -> st.SearchStrategy[Fraction]:
    return st.builds(Fraction, st.integers(least, most), st.sampled_from((1, 3, 7)))


def rates(most: int) -> st.SearchStrategy[Rate | None]:
    """Often none; else so low that traffic can take longer than the computes."""
    limited = st.builds(Rate, st.fractions(Fraction(1, 3), most, max_denominator=5), st.booleans())
    return st.none() | st.none() | limited


@st.composite
def bandwidths(draw: st.DrawFn, names: tuple[str, ...]) -> Bandwidth:
    scaled = draw(st.lists(st.sampled_from(names), unique=True, max_size=1))
    scale = tuple((name, draw(st.sampled_from((Fraction(1, 2), Fraction(2))))) for name in scaled)
    return Bandwidth(draw(rates(24)), draw(rates(24)), draw(rates(32)), scale)


@st.composite
def memories(draw: st.DrawFn, name: str, pj: tuple[int, int], names: tuple[str, ...]) -> Memory:
    """A memory that keeps everything and has no limit."""
    return Memory(
        name=name,
        width_bits=draw(st.sampled_from((8, 16, 24, 64))),
        read_pj=draw(energies(*pj)),
        write_pj=draw(energies(*pj)),
        update_pj=draw(energies(*pj)),
        word_bits=draw(st.sampled_from((None, None, 8, 16))),
        bandwidth=draw(bandwidths(names)),
        leakage_w=draw(st.sampled_from((Fraction(0), Fraction(0), Fraction(1, 700)))),
    )


@st.composite
def choosing(draw: st.DrawFn, memory: Memory, names: tuple[str, ...]) -> Memory:
    """The memory with a choice of what it keeps."""
    some = st.lists(st.sampled_from(names), unique=True, max_size=len(names)).map(tuple)
    everything = st.tuples(st.none(), st.just(()))
    keeps, may_keep = draw(
        everything
        | everything
        | st.tuples(st.just(()), st.just(names))
        | st.tuples(st.sampled_from(names).map(lambda name: (name,)), st.just(()))
        | st.tuples(some, some)
    )
    return replace(memory, keeps=keeps, may_keep=may_keep, buffering=draw(st.sampled_from((1, 1, 1, 2))))


@st.composite
def tight(draw: st.DrawFn, level: Level, einsum: Einsum) -> Level:
    """A memory with room for about one choice of tiles of what it may keep; sometimes for anything."""
    if not isinstance(level, Memory):
        return level
    held = [t for t in einsum.tensors if t.name in einsum.kept_by(level.keeps) + level.may_keep]
    bits = sum(draw(tiles(einsum, tensor)) * level.element_bits(tensor) for tensor in held)
    around = draw(st.sampled_from((100, 105, 95, 110, 90, 120, 80)))
    room = max(1, level.buffering * bits * around // 100) if draw(st.integers(0, 9)) < 9 else None
    return replace(level, capacity_bits=room)


@st.composite
def tiles(draw: st.DrawFn, einsum: Einsum, tensor: Tensor) -> int:
    """Elements of some tile of a tensor: of any span of each rank, but for one rank not of all of it."""
    mine = [(rank, size) for rank, size in einsum.ranks if rank in tensor.ranks]
    cut = draw(st.sampled_from(mine))
    spans = {rank: draw(st.integers(1, max(1, size - ((rank, size) == cut)))) for rank, size in mine}
    elements = 1
    for axis in tensor.coordinates:
        elements *= 1 + sum(abs(coefficient) * (spans[rank] - 1) for rank, coefficient in axis.terms)
    return elements


@st.composite
def arrays(draw: st.DrawFn, name: str) -> Array:
    shape = draw(st.sampled_from(((("X", 2),), (("X", 3),), (("X", 4),), (("X", 2), ("Y", 2)), (("X", 3), ("Y", 2)))))
    sharing = st.sampled_from((True, True, False))
    return Array(name, shape, multicast=draw(sharing), reduction=draw(sharing))


@st.composite
def architectures(draw: st.DrawFn, einsum: Einsum, most_memories: int = 3, most_arrays: int = 2) -> Architecture:
    """A DRAM, memories below it that choose what they keep, arrays below any of them; nothing is limited."""
    names = tuple(tensor.name for tensor in einsum.tensors)
    count = draw(st.sampled_from((2, 1, 2, 3)[: most_memories + 1]))
    below: list[list[Level]] = [[] for _ in range(count + 1)]
    for name in ("PE", "LANE")[: draw(st.sampled_from((0, 1, 0, 1, 2)[: 2 * most_arrays + 1]))]:
        below[draw(st.integers(0, count))].append(draw(arrays(name)))
    levels: list[Level] = [draw(memories("DRAM", (60, 600), names)), *below[0]]
    for i in range(1, count + 1):
        memory = draw(memories(f"L{i}", (0, 60 // i), names))
        levels += [draw(choosing(memory, names)), *below[i]]
    compute = Compute("MAC", draw(energies(0, 3)), draw(st.sampled_from((Fraction(0), Fraction(1, 300)))))
    return Architecture("tight", (*levels, compute), CLOCK_HZ)


def smaller(einsum: Einsum) -> Einsum:
    """The einsum with its largest rank halved. Rejects one of a single point."""
    largest = max(einsum.ranks, key=lambda rank: rank[1])
    if largest[1] == 1:
        reject()
    return replace(einsum, ranks=tuple((name, size // (1 + ((name, size) == largest))) for name, size in einsum.ranks))


@st.composite
def queries(
    draw: st.DrawFn, factors: st.SearchStrategy[str] | None = None, most_mappings: int = MOST_MAPPINGS
) -> Query:
    """A problem with no more than so many placings of nodes; ranks are made smaller until that is so."""
    chosen = draw(factors if factors is not None else st.sampled_from((PERFECT, IMPERFECT)))
    einsum = draw(einsums(sizes=(4, 2, 3, 6, 8) if chosen == PERFECT else (3, 2, 4, 5)))
    machine = draw(architectures(einsum))
    outermost, *levels = machine.hierarchy
    while True:
        bounded = tuple([draw(tight(level, einsum)) for level in levels])
        query = Query(einsum, replace(machine, hierarchy=(outermost, *bounded)), chosen)
        if query.space().is_within(most_mappings):
            return query
        einsum = smaller(einsum)
