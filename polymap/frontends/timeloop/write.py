"""A mapping of polymap -> the section `mapping` of Timeloop: loops and kept tensors, memory by memory.

That tool gives each memory one block: what it keeps, its loops in time, then the loops over what is below it. What
other mappings say is told with its node.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from polymap.architecture.hierarchy import Architecture, Array, Memory
from polymap.errors import Mistake, Place, SpecError
from polymap.frontends.results import Mapped
from polymap.mapping import Node, Spatial, Storage, Temporal
from polymap.workload.einsum import Tensor

EVEN = "search it with `--mapspace even`"
AXES = 2


@dataclass
class _Homeless(Exception):
    """A node that stands where no block of that tool has a place for it: the reason, and how to mend it."""

    reason: str
    mend: str


@dataclass(frozen=True)
class _Trips:
    """One loop: trips, those of its last round, and the dimension of the array, 0 or 1; -1 in time."""

    rank: str
    end: int
    last: int
    axis: int = -1


@dataclass
class _Block:
    """What one memory says, loops outermost first."""

    memory: Memory
    array: Array | None
    keeps: tuple[str, ...] = ()
    is_kept: bool = False
    temporal: list[_Trips] = field(default_factory=list)
    spatial: list[_Trips] = field(default_factory=list)


def mapping_section(found: Mapped) -> dict[str, Any]:
    """The document with one section, `mapping`. Raises `SpecError` with every node that has no counterpart."""
    blocks = _Blocks(found.architecture)
    mistakes = [*_crowded(found)]
    for at, (node, last) in enumerate(_with_last_rounds(found)):
        try:
            blocks.put(node, last)
        except _Homeless as wrong:
            place = Place(found.place.file, path=f"{found.place.path}[{at}]")
            mistakes.append(Mistake(place, f"`{node}` has no counterpart in Timeloop: {wrong.reason}", wrong.mend))
    if mistakes:
        raise SpecError(mistakes)
    ranks = tuple(found.einsum.sizes)
    return {"mapping": [said for block in blocks.all for said in _directives(block, found.einsum.tensors, ranks)]}


def _crowded(found: Mapped) -> Iterator[Mistake]:
    """Arrays that follow each other have no memory in between to which the loops over the inner one belong."""
    for above, below in pairwise(found.architecture.hierarchy):
        if isinstance(above, Array) and isinstance(below, Array):
            text = f"no memory stands between the arrays {above.name} and {below.name}, and Timeloop wants one"
            yield Mistake(found.place, text, "join them to one array, or put a memory that keeps nothing between them")


def _with_last_rounds(found: Mapped) -> list[tuple[Node, int]]:
    """Every node, a loop with the trips of its last round: the digits of the last point of its rank."""
    listed: list[tuple[Node, int]] = []
    rest = {rank: size - 1 for rank, size in found.einsum.sizes.items()}
    for node in reversed(found.mapping.nodes):
        if isinstance(node, Storage):
            listed.append((node, 0))
        else:
            rest[node.rank], digit = divmod(rest[node.rank], node.trip)
            listed.append((node, digit + 1))
    return listed[::-1]


class _Blocks:
    """One block for each memory, filled by the nodes of a mapping, outermost first."""

    def __init__(self, machine: Architecture) -> None:
        self.machine = machine
        below = [*machine.hierarchy[1:], None]
        pairs = zip(machine.hierarchy, below)
        self.all = [_Block(m, b if isinstance(b, Array) else None) for m, b in pairs if isinstance(m, Memory)]
        self.at = 0

    @property
    def block(self) -> _Block:
        return self.all[self.at]

    def put(self, node: Node, last: int) -> None:
        """Raises `_Homeless`."""
        if isinstance(node, Storage):
            self.storage(node)
        elif node.trip > 1 and isinstance(node, Temporal):
            self.temporal(node, last)
        elif node.trip > 1 and isinstance(node, Spatial):
            self.spatial(node, last)

    def storage(self, node: Storage) -> None:
        at = next((at for at, block in enumerate(self.all) if block.memory.name == node.level), -1)
        if at < self.at or self.all[at].is_kept:
            raise _Homeless("each memory has one place there, in the order of the machine", EVEN)
        self.at = at
        block = self.block
        block.keeps, block.is_kept = node.tensors, True

    def temporal(self, node: Temporal, last: int) -> None:
        """Below the loops over an array stands a memory, be it one that keeps nothing."""
        if self.block.spatial:
            self.step()
        if any(loop.rank == node.rank for loop in self.block.temporal):
            raise _Homeless(f"{self.block.memory.name} has a loop over {node.rank} already", EVEN)
        self.block.temporal.append(_Trips(node.rank, node.trip, last))

    def step(self) -> None:
        if self.at + 1 == len(self.all):
            raise _Homeless("there is no memory below the array to which it could belong", EVEN)
        self.at += 1

    def spatial(self, node: Spatial, last: int) -> None:
        meant = self.machine.dimension(node.on)
        if meant is None:
            raise _Homeless(f"the machine has no dimension {node.on}", "give the result as it was written")
        array, dimension, _ = meant
        at = next((at for at, block in enumerate(self.all) if block.array == array), self.at)
        if at < self.at:
            raise _Homeless(f"loops over {array.name} stand above {self.block.memory.name} there", EVEN)
        self.at = at
        axis = [name for name, _ in array.shape].index(dimension)
        if axis >= AXES:
            raise _Homeless("arrays there have two dimensions, X and Y", "leave this one without loops")
        if any(loop.rank == node.rank for loop in self.block.spatial):
            mend = f"keep it off this side with a constraint: `parallel: {{{node.on}: {{never: [{node.rank}]}}}}`"
            raise _Homeless(f"{node.rank} is unrolled over {array.name} already, and has one factor there", mend)
        self.block.spatial.append(_Trips(node.rank, node.trip, last, axis))


# as that tool writes it


def _directives(block: _Block, tensors: Sequence[Tensor], ranks: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What the memory keeps, its loops, those over the array; and the habits of both, which that tool puts there."""
    memory, names = block.memory, [tensor.name for tensor in tensors]
    bypassed = [name for name in names if name not in block.keeps]
    kept = {"keep": list(block.keeps), "bypass": bypassed, **_named("no_coalesce", memory.passes_through)}
    yield {"target": memory.name, "type": "bypass", **kept}
    habits = {**_named("no_temporal_reuse", memory.refetches), **_named("rmw_first_update", memory.reads_first)}
    yield {"target": memory.name, "type": "temporal", **_loops(block.temporal, ranks), **habits}
    if block.array and block.array.fanout > 1:
        along = [[loop for loop in block.spatial if loop.axis == axis] for axis in range(AXES)]
        loops = {**_loops([*along[1], *along[0]], ranks), "split": len(along[0])}
        yield {"target": memory.name, "type": "spatial", **loops, **_apart(block.array, tensors)}


def _apart(array: Array, tensors: Sequence[Tensor]) -> dict[str, list[str]]:
    """The tensors that instances do not share, and those that neighbours do not pass on."""
    shared = [array.reduces(tensor) if tensor.is_output else array.multicasts(tensor) for tensor in tensors]
    unshared = [tensor.name for tensor, is_shared in zip(tensors, shared) if not is_shared]
    unlinked = [tensor.name for tensor in tensors if not array.links_of(tensor)]
    return {**_named("no_reuse", unshared), **_named("no_link_transfer", unlinked)}


def _named(key: str, names: Sequence[str]) -> dict[str, list[str]]:
    return {key: list(names)} if names else {}


def _loops(loops: Sequence[_Trips], ranks: Sequence[str]) -> dict[str, Any]:
    """Factors of all ranks, and the ranks from the innermost loop outwards, those without a loop last."""
    trips = {loop.rank: _factor(loop) for loop in loops}
    inner = [loop.rank for loop in reversed(loops)]
    return {
        "factors": [f"{rank}={trips.get(rank, '1')}" for rank in ranks],
        "permutation": [*inner, *(rank for rank in ranks if rank not in trips)],
    }


def _factor(loop: _Trips) -> str:
    return str(loop.end) if loop.last == loop.end else f"{loop.end},{loop.last}"
