"""Random small cases for the exact counts: imperfect factors, spatial loops, holes, domains of many shapes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

from hypothesis import strategies as st

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory, Wiring
from polymap.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from polymap.workload import Einsum, einsum

TEXTS = (
    "O[m,n] += A[m,k] * B[k,n]",
    "O[k,p] += I[p+r] * W[k,r]",
    "O[p] += I[2*p+r] * W[r]",
    "O[p] += I[3*p+2*r] * W[r]",
    "O[p] += I[p-r+4] * W[r]",
    "O[i,j] += A[i,i+j] * B[j+2*k]",
    "O[p,q] += I[p+r,q+r] * W[r]",
    "O[h,i] += A[h,j] * V[j,i]",
)
DOMAINS = (
    "",
    "{{ [{0},{1}] : {1} <= {0} }}",
    "{{ [{0},{1}] : {0} - 1 <= {1} <= {0} + 2 }}",
    "{{ [{0},{1}] : {0} + {1} <= 5 }}",
    "{{ [{0},{1}] : 2{1} <= {0} + 1 }}",
    "{{ [{0},{1}] : {0} <= 1 or {1} <= 1 }}",
    "{{ [{0},{1}] : {0} = {1} }}",
    "{{ [{0},{1}] : ({0} + {1}) mod 2 = 0 and {1} <= {0} + 1 }}",
)
ARRAY = Array("PE", (("X", 9), ("Y", 9)))


@dataclass(frozen=True)
class Case:
    einsum: Einsum
    architecture: Architecture
    mapping: Mapping
    holes: str

    def __str__(self) -> str:
        return f"{self.einsum.text} {self.einsum.sizes} {self.einsum.domain_text} {self.holes}\n{self.mapping}"


def memory(name: str) -> Memory:
    return Memory(name, 16, Fraction(1), Fraction(1), Fraction(1))


@st.composite
def works(draw: st.DrawFn, domains: tuple[str, ...] = DOMAINS) -> Einsum:
    text = draw(st.sampled_from(TEXTS))
    ranks = einsum(text, **dict.fromkeys(sorted({c for c in text if c.islower()}), 1)).sizes
    sizes = {rank: draw(st.sampled_from((4, 3, 5, 2, 6, 7))) for rank in ranks}
    while prod(sizes.values()) > 150:
        sizes[max(sizes, key=lambda rank: sizes[rank])] -= 1
    pair = draw(st.permutations(list(sizes)))
    return einsum(text, domain=draw(st.sampled_from(domains)).format(*pair), **sizes)


@st.composite
def factors(draw: st.DrawFn, size: int) -> list[int]:
    """Trips, outermost first, of which no iteration is always empty; their product is at least `size`."""
    trips: list[int] = []
    left = size
    while left > 1:
        tile = draw(st.integers(1, left - 1))
        trips.append(-(-left // tile))
        left = tile
    return trips


@st.composite
def cases(draw: st.DrawFn, domains: tuple[str, ...] = DOMAINS) -> Case:
    """A main memory, an array and two memories below it or around it; loops anywhere their kind allows."""
    work = draw(works(domains))
    array = Array("PE", ARRAY.shape, multicast=draw(st.booleans()), reduction=draw(st.booleans()))
    architecture = Architecture(
        "random", (memory("L0"), memory("L1"), array, memory("L2"), Compute("MAC", Fraction(1))), Fraction(1)
    )
    names = tuple(tensor.name for tensor in work.tensors)
    gaps: list[list[Node]] = [[] for _ in range(4)]
    room = {"X": 9, "Y": 9}
    for rank, size in work.ranks:
        gap = 0
        for trip in draw(factors(size)):
            gap = draw(st.integers(gap, 3))
            gaps[gap].append(draw(loop(rank, trip, gap, room)))
    nodes: list[Node] = [Storage("L0", names), *draw(interleaved(gaps[0]))]
    nodes += [Storage("L1", names), *draw(interleaved(gaps[1])), *draw(interleaved(gaps[2]))]
    nodes += [Storage("L2", names), *draw(interleaved(gaps[3]))]
    return Case(work, architecture, Mapping(tuple(nodes)), draw(st.sampled_from(("hull", "exact"))))


@st.composite
def interleaved(draw: st.DrawFn, loops: list[Node]) -> list[Node]:
    """The loops of a gap in any order."""
    return list(draw(st.permutations(loops)))


@st.composite
def loop(draw: st.DrawFn, rank: str, trip: int, gap: int, room: dict[str, int]) -> Node:
    dims = [dim for dim in room if room[dim] >= trip] if gap in (1, 2) else []
    if dims and draw(st.booleans()):
        dim = draw(st.sampled_from(dims))
        room[dim] //= trip
        return Spatial(rank, trip, dim)
    return Temporal(rank, trip)


WINDOWS = (
    "O[k,p] += I[p+r] * W[k,r]",
    "O[p] += I[2*p+r] * W[r]",
    "C[m,n] += A[m,k] * B[k,n]",
    "O[i] += A[i+j,j] * B[j]",
)
WIRED = Wiring(hop_pj=Fraction(7), router_pj=Fraction(3), reduce_pj=Fraction(2))
ASKED = ("links", "share_halo", "")


@st.composite
def meshes(draw: st.DrawFn, asked: tuple[str, ...] = ASKED) -> Case:
    """Arrays with energies and, some of them, with links or with shared halos."""
    asks = draw(st.sampled_from(asked))
    case = draw(systolic() if asks == "links" else st.one_of(systolic(), cases()))
    hierarchy = tuple(
        replace(level, wiring=WIRED, **({asks: True} if draw(st.integers(0, 3)) and asks else {}))
        if isinstance(level, Array)
        else level
        for level in case.architecture.hierarchy
    )
    return replace(case, architecture=replace(case.architecture, hierarchy=hierarchy))


@st.composite
def systolic(draw: st.DrawFn, most: int = 6) -> Case:
    """A main memory, temporal loops, a mesh of two arrays, registers or none; most innermost loops are spatial.

    Tiles are small and loops around them step as their neighbours do: often they wander from one to the next.
    """
    text = draw(st.sampled_from(WINDOWS))
    ranks = einsum(text, **dict.fromkeys(sorted({c for c in text if c.islower()}), 1)).sizes
    sizes = {rank: draw(st.integers(2, most)) for rank in ranks}
    pair = draw(st.permutations(list(sizes)))
    work = einsum(text, domain=draw(st.sampled_from(DOMAINS)).format(*pair), **sizes)
    temporal, spatial, room = list[Node](), list[Node](), {"X": 9, "PE.Y": 9, "LANE.Y": 4}
    wide, *others = draw(st.permutations(list(sizes)))
    for rank in (wide, *others):
        *outer, inner = draw(factors(sizes[rank]))
        temporal += [Temporal(rank, trip) for trip in outer]
        spread = rank == wide or (rank != others[0] and draw(st.booleans()))
        dims = [dim for dim in room if spread and room[dim] >= inner]
        if dims:
            dim = draw(st.sampled_from(dims))
            room[dim] //= inner
        (spatial if dims else temporal).append(Spatial(rank, inner, dim) if dims else Temporal(rank, inner))
    names = tuple(tensor.name for tensor in work.tensors)
    spatial = sorted(draw(st.permutations(spatial)), key=lambda node: str(node).endswith("LANE.Y"))
    inside: list[Node] = draw(st.sampled_from(([], [Storage("L2", names)])))
    around = draw(interleaved(temporal))
    below = draw(st.integers(0, len(around))) if draw(st.booleans()) else len(around)
    nodes = (Storage("L0", names), *around[:below], *spatial, *around[below:], *inside)
    sharing = [
        {"multicast": draw(st.sampled_from((True, True, False))), "reduction": draw(st.booleans())} for _ in "PL"
    ]
    arrays = (Array("PE", ARRAY.shape, **sharing[0]), Array("LANE", (("Y", 4),), **sharing[1]))
    levels = (memory("L0"), *arrays, memory("L2"), Compute("MAC", Fraction(1)))
    holes = draw(st.sampled_from(("hull", "exact")))
    return Case(work, Architecture("random", levels, Fraction(1)), Mapping(nodes), holes)
