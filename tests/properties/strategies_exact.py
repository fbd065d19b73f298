"""Random small problems of the exact model: any affine access, domains with holes in the box, short last tiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

from hypothesis import assume
from hypothesis import strategies as st

from polymap.architecture.hierarchy import Architecture, Array, Compute, Level, Memory
from polymap.errors import NOWHERE
from polymap.mapping.nest import Loop, Node, Spatial, Storage, Temporal
from polymap.mapping.nest import Mapping as LoopNest
from polymap.workload.domain import restricted
from polymap.workload.einsum import Affine, Einsum, Tensor
from tests.oracles.exact_walk import Rules, always_empty
from tests.polyhedral.cases import WIRED
from tests.properties.strategies import Coordinates, along, frames, matmul, plain, window

MOST_POINTS = 72
SIZES = (5, 3, 4, 2, 7, 6, 1)


@dataclass(frozen=True)
class Constraint:
    """`sum(coefficient * rank) + constant >= 0`."""

    terms: tuple[tuple[str, int], ...]
    constant: int = 0

    def __str__(self) -> str:
        return f"{' + '.join(f'{c}*{rank}' for rank, c in self.terms)} + {self.constant} >= 0".replace("+ -", "- ")

    def holds(self, point: Mapping[str, int]) -> bool:
        return self.constant + sum(c * point[rank] for rank, c in self.terms) >= 0


@dataclass(frozen=True)
class Problem:
    """An einsum over a box, what of it runs, an architecture, a legal mapping, and the rules of counting."""

    einsum: Einsum
    constraints: tuple[Constraint, ...]
    architecture: Architecture
    mapping: LoopNest
    rules: Rules

    def domain(self, point: Mapping[str, int]) -> bool:
        return all(constraint.holds(point) for constraint in self.constraints)

    @property
    def domain_text(self) -> str:
        """The constraints as an ISL set, empty for a box."""
        ranks = ", ".join(dict.fromkeys(rank for constraint in self.constraints for rank, _ in constraint.terms))
        return f"{{ [{ranks}] : {' and '.join(map(str, self.constraints))} }}" if self.constraints else ""

    @property
    def posed(self) -> Einsum:
        """The einsum over its domain, as polymap is asked."""
        if not self.constraints:
            return self.einsum
        text, points = restricted(self.domain_text, self.einsum.ranks, NOWHERE)
        return replace(self.einsum, domain_text=text, points=points)

    def __str__(self) -> str:
        tensors = (
            f"{tensor.name}{[(axis.terms, axis.constant) for axis in tensor.coordinates]}"
            for tensor in self.einsum.tensors
        )
        arrays = (
            f"{a.name} {a.shape} multicast={a.multicast} reduction={a.reduction}" for a in self.architecture.arrays
        )
        lines = (
            str(self.einsum.ranks),
            *tensors,
            f"domain: {self.domain_text}",
            *arrays,
            str(self.rules),
            str(self.mapping),
        )
        return "\n".join(lines)


def causal(size: int, width: int) -> tuple[Constraint, ...]:
    return (Constraint((("i", 1), ("j", -1))),)


def anticausal(size: int, width: int) -> tuple[Constraint, ...]:
    return (Constraint((("j", 1), ("i", -1))),)


def band(size: int, width: int) -> tuple[Constraint, ...]:
    return Constraint((("i", 1), ("j", -1))), Constraint((("j", 1), ("i", -1)), width)


def shifted_band(size: int, width: int) -> tuple[Constraint, ...]:
    return Constraint((("i", 1), ("j", -1)), width), Constraint((("j", 1), ("i", -1)), 1)


def corner(size: int, width: int) -> tuple[Constraint, ...]:
    return (Constraint((("i", -1), ("j", -1)), size),)


def steep(size: int, width: int) -> tuple[Constraint, ...]:
    return (Constraint((("i", 1), ("j", -2)), width),)


BETWEEN_I_AND_J = (causal, band, anticausal, shifted_band, corner, steep)
DIFFERENCES = (causal, band, anticausal, shifted_band)


def padded(outer: int, inner: int, stride: int, pad: int) -> tuple[Constraint, ...]:
    """`0 <= stride*p + r - pad < size`: what a filter sees of an image of the size that makes `outer` outputs."""
    size = stride * (outer - 1) + inner - 2 * pad
    seen = (("p", stride), ("r", 1))
    return Constraint(seen, -pad), Constraint(tuple((rank, -c) for rank, c in seen), size - 1 + pad)


def conv_with_channels(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("k", "p"), "I": (along("c"), window("p", "r", stride, dilation)), "W": plain("k", "c", "r")}


def conv2d(stride: int, dilation: int) -> Coordinates:
    inputs = (window("p", "r", stride, dilation), window("q", "s", dilation, stride))
    return {"O": plain("p", "q"), "I": inputs, "W": plain("r", "s")}


def conv_of_one_output(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("p", "k"), "I": (window("p", "r", stride, dilation),), "W": plain("r", "k")}


def three_terms(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("p"), "I": (Affine((("p", stride), ("r", dilation), ("s", 1))),), "W": plain("r", "s")}


def flipped(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("k", "p"), "I": (Affine((("p", stride), ("r", -dilation)), 3),), "W": plain("k", "r")}


def gathered(stride: int, dilation: int) -> Coordinates:
    return {
        "O": plain("p", "r"),
        "I": (Affine((("p", stride + 1),), -1), Affine((("r", dilation),))),
        "W": plain("r", "k"),
    }


def skewed(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("i", "k"), "A": (window("i", "j", stride, 1), along("i")), "B": (window("j", "k", 1, dilation),)}


def diagonal(stride: int, dilation: int) -> Coordinates:
    return {
        "O": plain("j"),
        "A": (along("i"), Affine((("i", stride),))),
        "B": (along("i"), window("i", "j", 1, dilation)),
    }


def sheared_output(stride: int, dilation: int) -> Coordinates:
    return {"O": (along("i"), window("i", "j", 1, 1)), "A": plain("i", "k"), "B": plain("k", "j")}


def scores(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("i", "j"), "Q": plain("i", "d"), "K": plain("j", "d")}


def attended(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("i", "e"), "S": plain("i", "j"), "V": plain("j", "e")}


def headed_scores(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("h", "i", "j"), "Q": plain("h", "i", "d"), "K": plain("j", "d")}


def relative(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("i", "d"), "A": plain("j", "d"), "R": (Affine((("i", 1), ("j", -1)), 2),)}


def repeated(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("c", "a"), "I": plain("c"), "W": plain("b")}


def repeated_window(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("c"), "I": (window("c", "a", 1, stride * dilation),), "W": plain("b")}


Template = Callable[[int, int], Coordinates]

SEPARABLE: tuple[Template, ...] = (
    matmul, conv_with_channels, conv_of_one_output, conv2d, three_terms, flipped, gathered,
)  # fmt: skip
COUPLED: tuple[Template, ...] = (skewed, diagonal, sheared_output)
REPEATED: tuple[Template, ...] = (repeated, repeated_window, conv_of_one_output)
PAIRED: tuple[Template, ...] = (scores, attended, headed_scores, relative)


def ranks_of(coordinates: Coordinates) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rank for axes in coordinates.values() for axis in axes for rank in axis.ranks))


@st.composite
def einsums(draw: st.DrawFn, templates: tuple[Template, ...], square: tuple[str, ...] = ()) -> Einsum:
    """A template with random sizes, strides and dilations; the ranks in `square` all have at least 3 points."""
    template = draw(st.sampled_from(templates))
    coordinates = template(draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    sizes: dict[str, int] = {rank: draw(st.sampled_from((4, 5, 3, 6, 7))) for rank in square}
    for rank in ranks_of(coordinates):
        room = MOST_POINTS // prod(sizes.values())
        if rank not in sizes:
            sizes[rank] = draw(st.sampled_from([size for size in SIZES if size <= max(1, room)]))
    tensors = tuple(Tensor(name, axes, 16, f"role{name}", name == "O") for name, axes in coordinates.items())
    ordered = tuple((rank, sizes[rank]) for rank in ranks_of(coordinates))
    return Einsum(template.__name__, ordered, tensors)


@st.composite
def triangles(
    draw: st.DrawFn, shapes: tuple[Callable[[int, int], tuple[Constraint, ...]], ...]
) -> tuple[Constraint, ...]:
    return draw(st.sampled_from(shapes))(draw(st.integers(4, 8)), draw(st.integers(0, 3)))


@st.composite
def architectures(draw: st.DrawFn, einsum: Einsum, most_memories: int, most_arrays: int) -> Architecture:
    """Memories that may hold anything, arrays below any of them. Only counts matter here, so all energies are 1."""
    names = tuple(tensor.name for tensor in einsum.tensors)
    count = draw(st.integers(2, most_memories))
    below = st.sampled_from((count - 2, count - 1, 0, count - 1))
    places = sorted(draw(st.lists(below, min_size=draw(st.sampled_from((1, 0))), max_size=most_arrays)))
    levels: list[Level] = []
    for i in range(count):
        optional = Memory(f"L{i}", 16, Fraction(1), Fraction(1), Fraction(1), keeps=(), may_keep=names)
        levels.append(optional if i else replace(optional, keeps=None))
        levels += [draw(arrays(("PE", "LANE")[at])) for at, place in enumerate(places) if place == i]
    return Architecture("random", (*levels, Compute("MAC", Fraction(1))), Fraction(10**9))


@st.composite
def arrays(draw: st.DrawFn, name: str) -> Array:
    shape = draw(st.sampled_from(((("X", 4),), (("X", 3), ("Y", 2)), (("X", 5),))))
    return Array(name, shape, multicast=draw(st.sampled_from((True, True, False))), reduction=draw(st.booleans()))


@st.composite
def mappings(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> LoopNest:
    """Tensors of one memory may stand at different depths; trips need not divide; no iteration is always empty."""
    frame = draw(frames(einsum, architecture))
    ranks = [rank for rank, size in einsum.ranks if size > 1]
    gaps = st.sampled_from([gap for gap, here in enumerate(frame) for _ in range(3 if isinstance(here, Array) else 1)])
    slots = [(gap, rank) for rank in ranks for gap in draw(st.lists(gaps, min_size=1, max_size=3))]
    order = sorted(draw(st.permutations(slots)), key=lambda slot: slot[0])
    room = {(array.name, dim): size for array in architecture.arrays for dim, size in array.shape}
    left = dict.fromkeys(ranks, 1)
    inwards: list[Node] = []
    for gap in reversed(range(len(frame))):
        for rank in (rank for at, rank in reversed(order) if at == gap):
            inwards += draw(loops(einsum, architecture, frame[gap], room, left, rank))
        if isinstance(here := frame[gap], Storage):
            inwards.append(here)
    return covered(einsum, left, tuple(reversed(inwards)))


@st.composite
def loops(
    draw: st.DrawFn,
    einsum: Einsum,
    architecture: Architecture,
    here: Storage | Array,
    room: dict[tuple[str, str], int],
    left: dict[str, int],
    rank: str,
) -> list[Loop]:
    """A loop around those made of `rank` (`left` is their product), none where they cover it. Takes the room."""
    most = -(-einsum.sizes[rank] // left[rank])
    if most == 1:
        return []
    if isinstance(here, Array) and draw(st.integers(0, 3)) > 0:
        dims = [dim for dim, _ in here.shape if room[here.name, dim] >= 2]
        if dims:
            dim = draw(st.sampled_from(dims))
            trip = draw(st.integers(2, min(most, room[here.name, dim])))
            room[here.name, dim] //= trip
            left[rank] *= trip
            return [Spatial(rank, trip, architecture.dimension_label(here, dim))]
    trip = draw(st.integers(2, most))
    left[rank] *= trip
    return [Temporal(rank, trip)]


def covered(einsum: Einsum, left: dict[str, int], nodes: tuple[Node, ...]) -> LoopNest:
    """What the loops do not cover of a rank is one more loop, just below the outermost node."""
    missing = ((rank, -(-einsum.sizes[rank] // product)) for rank, product in left.items())
    return LoopNest((nodes[0], *(Temporal(rank, trip) for rank, trip in missing if trip > 1), *nodes[1:]))


WHOLE_BOX: st.SearchStrategy[tuple[Constraint, ...]] = st.just(())


@st.composite
def problems(
    draw: st.DrawFn,
    einsum: st.SearchStrategy[Einsum],
    domain: st.SearchStrategy[tuple[Constraint, ...]] = WHOLE_BOX,
    most_memories: int = 4,
    most_arrays: int = 2,
) -> Problem:
    work, constraints = draw(einsum), draw(domain)
    rules = Rules(draw(st.sampled_from(("hull", "exact"))))
    architecture = draw(architectures(work, most_memories, most_arrays))
    problem = Problem(work, constraints, architecture, draw(mappings(work, architecture)), rules)
    assume(not constraints or not always_empty(work, problem.mapping, architecture, problem.domain))
    return problem


@st.composite
def padded_convolutions(draw: st.DrawFn) -> tuple[Einsum, tuple[Constraint, ...]]:
    """A strided convolution whose filter reaches `pad` points over both ends of the image."""
    stride, outer, inner = draw(st.integers(1, 2)), draw(st.integers(3, 5)), draw(st.integers(2, 3))
    pad = draw(st.integers(1, inner - 1))
    axes = {"O": plain("k", "p"), "I": (Affine((("p", stride), ("r", 1)), -pad),), "W": plain("k", "r")}
    tensors = tuple(Tensor(name, axis, 16, f"role{name}", name == "O") for name, axis in axes.items())
    ranks = (("k", draw(st.integers(1, 3))), ("p", outer), ("r", inner))
    return Einsum("padded", ranks, tensors), padded(outer, inner, stride, pad)


@st.composite
def padded_problems(draw: st.DrawFn, most_memories: int = 3, most_arrays: int = 1) -> Problem:
    work, constraints = draw(padded_convolutions())
    return draw(problems(st.just(work), st.just(constraints), most_memories, most_arrays))


@st.composite
def parents_in_parallel(draw: st.DrawFn) -> Problem:
    """A box of which one rank runs along an array of memories, another one along an array with links below each.

    Loops around make both ranks long enough: where a rank ends, some parents have ended at an earlier step.
    """
    work = draw(einsums(REPEATED))
    spread, *others = draw(st.permutations([rank for rank, size in work.ranks if size > 1] or [work.ranks[0][0]]))
    on = {spread: ("PE.X", 4)} | ({others[0]: ("LANE.X", 3)} if others else {})
    around, along = list[Loop](), dict[str, list[Loop]]({"PE.X": [], "LANE.X": []})
    for rank, size in work.ranks:
        dim, most = on.get(rank, ("", 1))
        trip = draw(st.integers(min(2, size), min(most, size))) if dim else 1
        along.get(dim, []).append(Spatial(rank, trip, dim))
        around.append(Temporal(rank, -(-size // trip)))
    order, below = draw(st.permutations(around)), draw(st.sampled_from((0, 0, 1)))
    outer, inner = order[: len(order) - below], order[len(order) - below :]
    names = tuple(tensor.name for tensor in work.tensors)
    nodes = (Storage("L0", names), *outer, *along["PE.X"], Storage("L1", names), *inner, *along["LANE.X"])
    levels = tuple(Memory(f"L{i}", 16, Fraction(1), Fraction(1), Fraction(1)) for i in range(3))
    pe, lane = (Array(name, (("X", 4),), multicast=draw(st.booleans()), wiring=WIRED) for name in ("PE", "LANE"))
    hierarchy = (levels[0], pe, levels[1], replace(lane, links=True), levels[2], Compute("MAC", Fraction(1)))
    rules = Rules(draw(st.sampled_from(("hull", "exact"))))
    architecture = Architecture("random", hierarchy, Fraction(10**9))
    return Problem(work, (), architecture, LoopNest((*nodes, Storage("L2", names))), rules)


boxes = problems(einsums(SEPARABLE))
coupled_accesses = problems(einsums(COUPLED), most_memories=3, most_arrays=1)
differences = problems(einsums(PAIRED, square=("i", "j")), triangles(DIFFERENCES), most_memories=3, most_arrays=1)
general_domains = problems(
    einsums((*PAIRED, skewed, sheared_output), square=("i", "j")),
    triangles(BETWEEN_I_AND_J),
    most_memories=3,
    most_arrays=1,
)
any_problem = boxes | coupled_accesses | differences | general_domains | padded_problems()
