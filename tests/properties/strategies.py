"""Random small problems: einsums, architectures and legal mappings, small enough to be walked step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

from hypothesis import strategies as st

from polymap.architecture.hierarchy import Architecture, Array, Bandwidth, Compute, Level, Memory, Rate
from polymap.mapping.nest import Loop, Mapping, Node, Spatial, Storage, Temporal
from polymap.workload.einsum import Affine, Einsum, Tensor

SIZES = (4, 2, 6, 3, 8, 1)
MOST_COMPUTES = 96


@dataclass(frozen=True)
class Problem:
    """An einsum, an architecture for it and a legal mapping; `str` shows what a failing example needs."""

    einsum: Einsum
    architecture: Architecture
    mapping: Mapping

    def __str__(self) -> str:
        lines = [
            self.einsum.text,
            *(str(level) for level in self.architecture.hierarchy),
            *map(str, self.mapping.nodes),
        ]
        return "\n".join(lines)


def along(rank: str) -> Affine:
    return Affine(((rank, 1),))


def window(outer: str, inner: str, stride: int, dilation: int) -> Affine:
    return Affine(((outer, stride), (inner, dilation)))


def plain(*ranks: str) -> tuple[Affine, ...]:
    return tuple(along(rank) for rank in ranks)


Coordinates = dict[str, tuple[Affine, ...]]


def matmul(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("m", "n"), "A": plain("m", "k"), "B": plain("k", "n")}


def batched_matmul(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("b", "m", "n"), "A": plain("b", "m", "k"), "B": plain("b", "k", "n")}


def mttkrp(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("i", "r"), "T": plain("i", "j", "k"), "B": plain("j", "r"), "C": plain("k", "r")}


def conv1d(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("p"), "I": (window("p", "r", stride, dilation),), "W": plain("r")}


def conv1d_channels(stride: int, dilation: int) -> Coordinates:
    inputs = (along("c"), window("p", "r", stride, dilation))
    return {"O": plain("k", "p"), "I": inputs, "W": plain("k", "c", "r")}


def conv2d(stride: int, dilation: int) -> Coordinates:
    inputs = (window("p", "r", stride, dilation), window("q", "s", dilation, stride))
    return {"O": plain("k", "p", "q"), "I": inputs, "W": plain("k", "r", "s")}


def depthwise(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("c", "p"), "I": (along("c"), window("p", "r", stride, dilation)), "W": plain("c", "r")}


def flipped_kernel(stride: int, dilation: int) -> Coordinates:
    backwards = Affine((("p", stride), ("r", -dilation)), 5)
    return {"O": plain("k", "p"), "I": (backwards,), "W": plain("k", "r")}


def skewed(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("i", "j"), "A": (window("i", "j", stride, 1), along("i")), "B": (window("j", "k", 1, dilation),)}


TEMPLATES: tuple[Callable[[int, int], Coordinates], ...] = (
    matmul, batched_matmul, mttkrp, conv1d, conv1d_channels, conv2d, depthwise, flipped_kernel, skewed,
)  # fmt: skip


@st.composite
def einsums(draw: st.DrawFn, most_computes: int = MOST_COMPUTES) -> Einsum:
    """One of the templates with random sizes, strides, dilations and element sizes."""
    template = draw(st.sampled_from(TEMPLATES))
    coordinates = template(draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    ranks = dict.fromkeys(rank for axes in coordinates.values() for axis in axes for rank in axis.ranks)
    sizes: list[tuple[str, int]] = []
    for rank in ranks:
        room = most_computes // prod(size for _, size in sizes)
        sizes.append((rank, draw(st.sampled_from([size for size in SIZES if size <= room]))))
    tensors = tuple(
        Tensor(name, axes, draw(st.sampled_from((8, 16, 20))), "output" if name == "O" else f"input{name}", name == "O")
        for name, axes in coordinates.items()
    )
    return Einsum(template.__name__, tuple(sizes), tensors, f"{template.__name__} {dict(sizes)} {coordinates}")


rates = st.none() | st.builds(
    Rate, st.fractions(min_value=Fraction(1, 4), max_value=40, max_denominator=4), st.booleans()
)
picojoules = st.fractions(min_value=0, max_value=200, max_denominator=8)


@st.composite
def bandwidths(draw: st.DrawFn, names: tuple[str, ...]) -> Bandwidth:
    scaled = draw(st.lists(st.sampled_from(names), unique=True, max_size=2))
    scale = tuple((name, draw(st.sampled_from((Fraction(0), Fraction(1, 2), Fraction(2))))) for name in scaled)
    return Bandwidth(draw(rates), draw(rates), draw(rates), scale)


@st.composite
def memories(draw: st.DrawFn, name: str, einsum: Einsum, outermost: bool) -> Memory:
    """A memory without a capacity; all but the outermost may bypass tensors or leave the choice to the mapping."""
    names = tuple(tensor.name for tensor in einsum.tensors)
    some = st.lists(st.sampled_from(names), unique=True).map(tuple)
    return Memory(
        name=name,
        width_bits=draw(st.sampled_from((8, 16, 24, 64))),
        read_pj=draw(picojoules),
        write_pj=draw(picojoules),
        update_pj=draw(picojoules),
        word_bits=draw(st.sampled_from((None, 16))),
        keeps=None if outermost else draw(st.none() | some),
        may_keep=() if outermost else draw(some),
        buffering=draw(st.sampled_from((1, 1, 2))),
        bandwidth=draw(bandwidths(names)),
        leakage_w=draw(st.sampled_from((Fraction(0), Fraction(1, 1000)))),
    )


@st.composite
def arrays(draw: st.DrawFn, name: str) -> Array:
    dims = draw(st.sampled_from((("X",), ("X", "Y"))))
    shape = tuple((dim, draw(st.sampled_from((4, 3, 2, 1)))) for dim in dims)
    return Array(name, shape, multicast=draw(st.booleans()), reduction=draw(st.booleans()))


@st.composite
def architectures(draw: st.DrawFn, einsum: Einsum, most_memories: int = 4, most_arrays: int = 2) -> Architecture:
    """Two memories or more, arrays below any of them; two arrays may share a gap and the names of their dimensions."""
    count = draw(st.integers(2, most_memories))
    below: list[list[Level]] = [[] for _ in range(count)]
    for name in ("PE", "LANE")[: min(most_arrays, draw(st.sampled_from((1, 0, 2, 2))))]:
        below[draw(st.integers(0, count - 1))].append(draw(arrays(name)))
    levels: list[Level] = []
    for i in range(count):
        levels += [draw(memories(f"L{i}", einsum, outermost=i == 0)), *below[i]]
    compute = Compute("MAC", draw(picojoules), draw(st.sampled_from((Fraction(0), Fraction(1, 500)))))
    return Architecture("random", (*levels, compute), Fraction(10**9))


@st.composite
def mappings(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> Mapping:
    """A legal mapping: tensors of one memory may stand at different depths, ranks may be split into many loops."""
    frame = draw(frames(einsum, architecture))
    gaps: list[list[Loop]] = [[] for _ in frame]
    places = [gap for gap, here in enumerate(frame) for _ in range(3 if isinstance(here, Array) else 1)]
    room = {(array.name, dim): size for array in architecture.arrays for dim, size in array.shape}
    for rank, size in einsum.ranks:
        for factor in draw(factorings(size)):
            gap = draw(st.sampled_from(places))
            gaps[gap].append(draw(loops(architecture, frame[gap], room, rank, factor)))
    nodes: list[Node] = []
    for here, inside in zip(frame, gaps, strict=True):
        nodes += [here] if isinstance(here, Storage) else []
        nodes += draw(st.permutations(inside))
    return Mapping(tuple(nodes))


@st.composite
def loops(
    draw: st.DrawFn,
    architecture: Architecture,
    here: Storage | Array,
    room: dict[tuple[str, str], int],
    rank: str,
    factor: int,
) -> Loop:
    """A loop in the gap below `here`; spatial, where an array lies there and has room, or temporal. Takes the room."""
    if isinstance(here, Array):
        dims = [dim for dim, _ in here.shape if room[here.name, dim] >= factor]
        if dims and draw(st.integers(0, 3)) > 0:
            dim = draw(st.sampled_from(dims))
            room[here.name, dim] //= factor
            return Spatial(rank, factor, architecture.dimension_label(here, dim))
    return Temporal(rank, factor)


@st.composite
def factorings(draw: st.DrawFn, size: int) -> list[int]:
    """Factors of a rank, not necessarily prime; some are 1."""
    factors: list[int] = [1] if draw(st.integers(0, 5)) == 5 else []
    while size > 1:
        factors.append(draw(st.sampled_from([f for f in range(2, size + 1) if size % f == 0])))
        size //= factors[-1]
    return factors


@st.composite
def frames(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> list[Storage | Array]:
    """Storage nodes, outermost first, and the arrays where they stand in the hierarchy.

    Memories that no array parts may interleave, as long as the nodes of every tensor follow the hierarchy.
    """
    outermost, *levels = architecture.hierarchy
    frame: list[Storage | Array] = [Storage(outermost.name, tuple(tensor.name for tensor in einsum.tensors))]
    zone: list[tuple[str, tuple[str, ...]]] = []
    for level in levels:
        if isinstance(level, Memory):
            zone.append((level.name, draw(kept(einsum, level))))
            continue
        frame += draw(interleaved(zone))
        zone = []
        if isinstance(level, Array):
            frame.append(level)
    return frame


@st.composite
def kept(draw: st.DrawFn, einsum: Einsum, memory: Memory) -> tuple[str, ...]:
    always = einsum.kept_by(memory.keeps)
    return always + tuple(
        name for name in einsum.kept_by(memory.may_keep) if name not in always and draw(st.booleans())
    )


@st.composite
def interleaved(draw: st.DrawFn, zone: list[tuple[str, tuple[str, ...]]]) -> list[Storage]:
    """The nodes of some memories: each tensor's follow the hierarchy; neighbours of one memory are sometimes joined."""
    waiting: dict[str, list[str]] = {}
    for level, names in zone:
        for name in names:
            waiting.setdefault(name, []).append(level)
    order = draw(st.permutations([name for name, levels in waiting.items() for _ in levels]))
    nodes: list[Storage] = []
    for name in order:
        level = waiting[name].pop(0)
        if nodes and nodes[-1].level == level and draw(st.booleans()):
            nodes[-1] = Storage(level, (*nodes[-1].tensors, name))
        else:
            nodes.append(Storage(level, (name,)))
    return nodes


@st.composite
def problems(draw: st.DrawFn, most_computes: int = MOST_COMPUTES) -> Problem:
    einsum = draw(einsums(most_computes))
    architecture = draw(architectures(einsum))
    return Problem(einsum, architecture, draw(mappings(einsum, architecture)))


@dataclass(frozen=True)
class Query:
    """A search small enough to be exhausted."""

    einsum: Einsum
    architecture: Architecture
    objective: str

    def __str__(self) -> str:
        return "\n".join([self.objective, self.einsum.text, *map(str, self.architecture.hierarchy)])


@st.composite
def tight(draw: st.DrawFn, einsum: Einsum, level: Level) -> Level:
    """A level whose memory is bounded, so that capacity decides; some hold nothing at all."""
    if not isinstance(level, Memory):
        return level
    words = draw(st.sampled_from((24, 12, 6, 40)))
    return replace(level, capacity_bits=words * 16)


@st.composite
def queries(draw: st.DrawFn, workloads: st.SearchStrategy[Einsum] | None = None) -> Query:
    """At most three memories and a few dozen points; every memory but the outermost is tight."""
    if workloads is None:
        workloads = einsums(most_computes=draw(st.sampled_from((32, 16, 48))))
    einsum = draw(workloads)
    architecture = draw(architectures(einsum, most_memories=3, most_arrays=1))
    outermost, *levels = architecture.hierarchy
    bounded = tuple(draw(tight(einsum, level)) for level in levels)
    objective = draw(st.sampled_from(("energy", "latency", "edp")))
    return Query(einsum, replace(architecture, hierarchy=(outermost, *bounded)), objective)
