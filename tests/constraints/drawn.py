"""Random statements about a problem, each as a document and as a sentence that is checked node by node.

The checks know nothing of the room they test: they walk the nodes of a mapping and count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

from hypothesis import strategies as st

from polymap.architecture.hierarchy import Architecture, Memory
from polymap.mapping.nest import Mapping, Spatial, Storage, Temporal
from polymap.workload.einsum import Einsum, Tensor

Check = Callable[[Mapping], bool]
Holds = Callable[[Any], bool]


@dataclass(frozen=True)
class Said:
    """A path of keys and the value there, and whether a mapping does as it says."""

    path: tuple[str, ...]
    value: object
    holds: Check

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}: {self.value}"


def document(said: list[Said]) -> dict[str, Any]:
    """All of it in one document; of two things said under the same keys the last."""
    top: dict[str, Any] = {"polymap": "constraints/1"}
    for one in said:
        inner = top
        for key in one.path[:-1]:
            inner = inner.setdefault(key, {})
        inner[one.path[-1]] = one.value
    return top


@st.composite
def amounts(draw: st.DrawFn, size: int) -> tuple[object, Holds]:
    number, other = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    return draw(
        st.sampled_from(
            [
                (number, lambda value: value == number),
                ([number, other], lambda value: value in (number, other)),
                (f"at most {number}", lambda value: value <= number),
                (f"<= {number}", lambda value: value <= number),
                (f"at least {number}", lambda value: value >= number),
                (f"1..{number}", lambda value: 1 <= value <= number),
                (f"multiple of {number}", lambda value: value % number == 0),
                (f"divisor of {12 * number}", lambda value: (12 * number) % value == 0),
                ("power of 2", lambda value: value in [2**i for i in range(12)]),
                (f"at least 2 and divisor of {number * 6}", lambda value: value >= 2 and (number * 6) % value == 0),
                ("whole", lambda value: value >= size),
                ("none", lambda value: value == 1),
            ]
        )
    )


def loops_of(mapping: Mapping, memory: str) -> list[tuple[str, int]]:
    """Climb from every temporal loop to the first storage node above; from the top fall to the outermost one."""
    found = []
    outermost = [node.level for node in mapping.nodes if isinstance(node, Storage)][:1]
    for index, node in enumerate(mapping.nodes):
        above = [outer.level for outer in mapping.nodes[:index] if isinstance(outer, Storage)] or outermost
        if isinstance(node, Temporal) and node.trip > 1 and above and above[-1] == memory:
            found.append((node.rank, node.trip))
    return found


def spread(mapping: Mapping, on: set[str], rank: str | None = None) -> int:
    """The product of the trips of spatial loops on any of some spellings of dimensions."""
    spatial = [node for node in mapping.nodes if isinstance(node, Spatial) and node.on in on]
    return prod(node.trip for node in spatial if rank in (None, node.rank))


def tile(einsum: Einsum, mapping: Mapping, index: int, rank: str) -> int:
    trips = [node.trip for node in mapping.nodes[index + 1 :] if not isinstance(node, Storage) and node.rank == rank]
    return min(prod(trips), einsum.sizes[rank])


def stored(mapping: Mapping, memory: str) -> Iterator[tuple[int, str]]:
    """(index, tensor) of what a memory keeps."""
    for index, node in enumerate(mapping.nodes):
        if isinstance(node, Storage) and node.level == memory:
            yield from ((index, name) for name in node.tensors)


def places(architecture: Architecture) -> dict[str, tuple[frozenset[str], int]]:
    """Arrays and dimensions: the spellings under which loops run on them, and their instances."""
    owners = [dim for array in architecture.arrays for dim, _ in array.shape]
    found = {}
    for array in architecture.arrays:
        spelled = {d: {f"{array.name}.{d}", *([d] if owners.count(d) == 1 else [])} for d, _ in array.shape}
        found[array.name] = frozenset().union(*spelled.values()), array.fanout
        found |= {f"{array.name}.{dim}": (frozenset(spelled[dim]), size) for dim, size in array.shape}
    return found


@st.composite
def statements(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> Said:
    kinds = [keeps, tiles, loop_ranks, loop_factors, orders, utilizations]
    kinds += [unrolled_ranks, unrolled_factors] if architecture.arrays else []
    return draw(draw(st.sampled_from(kinds))(einsum, architecture))


def memories(architecture: Architecture) -> st.SearchStrategy[str]:
    return st.sampled_from([memory.name for memory in architecture.memories])


def some(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, unique=True)


@st.composite
def keeps(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> Said:
    memory, how = draw(memories(architecture)), draw(st.sampled_from(("must", "never", "only")))
    meant = draw(some([tensor.name for tensor in einsum.tensors]))
    named = [draw(st.sampled_from((name, einsum.tensor(name).role))) for name in meant]

    def holds(mapping: Mapping) -> bool:
        kept = {name for _, name in stored(mapping, memory)}
        return {"must": {*meant} <= kept, "never": not kept & {*meant}, "only": kept <= {*meant}}[how]

    return Said(("keep", memory, how), named, holds)


Counted = Callable[[Mapping, str], int]


def obeys(how: str, meant: list[str], ranks: list[str], count: Counted) -> Check:
    def holds(mapping: Mapping) -> bool:
        looped = {rank for rank in ranks if count(mapping, rank) > 1}
        return {"must": {*meant} <= looped, "never": not looped & {*meant}, "only": looped <= {*meant}}[how]

    return holds


@st.composite
def unrolled_ranks(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> Said:
    level, how = draw(st.sampled_from([*places(architecture)])), draw(st.sampled_from(("must", "never", "only")))
    on, ranks = places(architecture)[level][0], [*einsum.sizes]
    meant = draw(some(ranks))
    return Said(("parallel", level, how), meant, obeys(how, meant, ranks, lambda m, rank: spread(m, on, rank)))


@st.composite
def loop_ranks(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> Said:
    memory, how = draw(memories(architecture)), draw(st.sampled_from(("must", "never", "only")))
    meant = draw(some([*einsum.sizes]))
    return Said(("loops", memory, how), meant, obeys(how, meant, [*einsum.sizes], trips(memory)))


def trips(memory: str) -> Counted:
    return lambda mapping, rank: prod(trip for looped, trip in loops_of(mapping, memory) if looped == rank)


@st.composite
def unrolled_factors(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> Said:
    level, rank = draw(st.sampled_from([*places(architecture)])), draw(st.sampled_from([*einsum.sizes]))
    value, holds = draw(amounts(einsum.sizes[rank]))
    on = places(architecture)[level][0]
    return Said(("parallel", level, "factors", rank), value, lambda mapping: holds(spread(mapping, on, rank)))


@st.composite
def loop_factors(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> Said:
    memory, rank = draw(st.just("every") | memories(architecture)), draw(st.sampled_from([*einsum.sizes]))
    value, holds = draw(amounts(einsum.sizes[rank]))
    meant = [m.name for m in architecture.memories if memory in ("every", m.name)]
    check = lambda mapping: all(holds(trips(name)(mapping, rank)) for name in meant)  # noqa: E731
    return Said(("loops", memory, "factors", rank), value, check)


@st.composite
def tiles(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> Said:
    memory, rank = draw(memories(architecture)), draw(st.sampled_from([*einsum.sizes]))
    value, holds = draw(amounts(einsum.sizes[rank]))
    meant = {tensor.name for tensor in einsum.tensors if rank in tensor.ranks}
    path: tuple[str, ...] = ("tiles", memory, rank)
    if draw(st.booleans()):
        tensor = draw(st.sampled_from(sorted(meant)))
        meant, path = {tensor}, ("tiles", memory, tensor, rank)

    def check(mapping: Mapping) -> bool:
        return all(holds(tile(einsum, mapping, i, rank)) for i, name in stored(mapping, memory) if name in meant)

    return Said(path, value, check)


@st.composite
def orders(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> Said:
    memory, ranks = draw(memories(architecture)), draw(st.permutations([*einsum.sizes]))
    cut = draw(st.integers(0, len(ranks)))
    outer, inner = ranks[:cut][:2], ranks[cut:][:2]
    if draw(st.booleans()) and len(ranks) > 1:
        chain = ranks[: draw(st.integers(2, len(ranks)))]
        return Said(("loops", memory, "order"), " before ".join(chain), chained(memory, chain))
    if draw(st.booleans()):
        return Said(("loops", memory, "order"), " ".join(ranks), chained(memory, ranks))
    text = " ".join((*outer, "...", *inner))
    return Said(("loops", memory, "order"), text, anchored(memory, outer, inner))


def chained(memory: str, chain: list[str]) -> Check:
    """No loop of a later rank stands outside one of an earlier rank."""

    def holds(mapping: Mapping) -> bool:
        run = [rank for rank, _ in loops_of(mapping, memory) if rank in chain]
        return not any(
            chain.index(run[i]) > chain.index(run[j]) for i in range(len(run)) for j in range(i + 1, len(run))
        )

    return holds


def anchored(memory: str, outer: list[str], inner: list[str]) -> Check:
    """Peel the outer ranks from the front and the inner ones from the back: neither may be left in the middle."""

    def holds(mapping: Mapping) -> bool:
        run = [rank for rank, _ in loops_of(mapping, memory)]
        for rank in outer:
            while run and run[0] == rank:
                run = run[1:]
        for rank in reversed(inner):
            while run and run[-1] == rank:
                run = run[:-1]
        return not {*run} & {*outer, *inner}

    return holds


@st.composite
def utilizations(draw: st.DrawFn, einsum: Einsum, architecture: Architecture) -> Said:
    number = draw(st.sampled_from((Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(3, 4))))
    text, holds = draw(
        st.sampled_from(
            [
                (f"at least {float(number)}", lambda share: share >= number),
                (f"<= {float(100 * number)} %", lambda share: share <= number),
                (f"at least 0.25 and at most {float(number)}", lambda share: Fraction(1, 4) <= share <= number),
            ]
        )
    )
    bounded = [memory.name for memory in architecture.memories if memory.capacity_bits]
    level = draw(st.sampled_from([*places(architecture), architecture.compute.name, *bounded]))
    check = lambda mapping: holds(share(einsum, architecture, level, mapping))  # noqa: E731
    return Said(("utilization", level), text, check)


def share(einsum: Einsum, architecture: Architecture, level: str, mapping: Mapping) -> Fraction:
    if level == architecture.compute.name:
        every = frozenset[str]().union(*(on for on, _ in places(architecture).values()))
        return Fraction(spread(mapping, every), architecture.instances(level))
    if level in places(architecture):
        on, instances = places(architecture)[level]
        return Fraction(spread(mapping, on), instances)
    return filled(einsum, architecture.memory(level), mapping)


def filled(einsum: Einsum, memory: Memory, mapping: Mapping) -> Fraction:
    assert memory.capacity_bits
    bits = 0
    for index, name in stored(mapping, memory.name):
        tensor = einsum.tensor(name)
        bits += touched(einsum, tensor, mapping, index) * memory.element_bits(tensor)
    return Fraction(bits * memory.buffering, memory.capacity_bits)


def touched(einsum: Einsum, tensor: Tensor, mapping: Mapping, index: int) -> int:
    """Elements of the hull of a tile."""
    extents = 1
    for axis in tensor.coordinates:
        corners = [abs(c) * (tile(einsum, mapping, index, rank) - 1) for rank, c in axis.terms]
        extents *= 1 + sum(corners)
    return extents
