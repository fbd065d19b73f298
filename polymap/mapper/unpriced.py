"""What the search does not price yet: it refuses such a machine, for its optimum would be one of another machine."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory
from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.mapper.hauling import pays
from polymap.mapper.imperfect.rungs import rungs
from polymap.mapper.lattice import factorize
from polymap.mapper.sharing import passes_unkept
from polymap.mapper.space import Kept
from polymap.mapper.touched import touched
from polymap.model.conventions import Conventions
from polymap.model.replay.rules import is_only_walked
from polymap.workload.einsum import Einsum

MOST_TILES = 4_000_000
MEND = "leave it out, or price given mappings with `evaluate`"


def check_priced(einsum: Einsum, architecture: Architecture, conventions: Conventions, imperfect: bool = False) -> None:
    """Raises `SpecError` naming what of a query `evaluate` prices and `optimize` does not."""
    found = [*_unsearched_conventions(conventions), *_unsearched_workload(einsum, conventions)]
    found += _unsearched_factors(einsum, architecture, conventions) if imperfect else _too_many_tiles(einsum)
    found += _unsearched_words(einsum, architecture, conventions)
    found += _unsearched_links(einsum, architecture, conventions)
    found += _unsearched_networks(architecture, conventions, imperfect)
    found += [
        Mistake(level.place, f"optimize does not price {what} yet ({level.name}); evaluate does", MEND)
        for level in architecture.hierarchy
        for what in (*_unpriced(level), *_unpriced_where_instances_differ(level, einsum, imperfect))
    ]
    if found:
        raise SpecError(found)


def _unsearched_workload(einsum: Einsum, conventions: Conventions) -> Iterator[Mistake]:
    if not einsum.is_box:
        yield from _unsearched_domain(einsum, conventions)


def _too_many_tiles(einsum: Einsum) -> Iterator[Mistake]:
    points = lattice_points(einsum)
    if points > MOST_TILES:
        message = f"{einsum.name} has {points} tile shapes, more than the {MOST_TILES} that optimize can hold in memory"
        yield Mistake(einsum.place, message, "join ranks that always occur together")


def _unsearched_domain(einsum: Einsum, conventions: Conventions) -> Iterator[Mistake]:
    if conventions.continuing_sweep or not conventions.tiles_stay or conventions.all_write_first:
        message = f"optimize does not search domains that are no boxes under {conventions.name} ({einsum.name})"
        yield Mistake(einsum.place, message, "use the preset `polymap`")
    try:
        for tensor in (None, *einsum.tensors):
            touched(einsum).shares(tensor)
    except SpecError as error:
        yield from error.mistakes


def _unsearched_factors(einsum: Einsum, architecture: Architecture, conventions: Conventions) -> Iterator[Mistake]:
    """What is searched with perfect factors only."""
    if conventions.continuing_sweep:
        message = (
            f"optimize does not search imperfect factors under {conventions.name}: a mapping that does not divide costs"
            " there what a replay of its nest says, where iterations that are empty take cycles and instances are cut"
            " to whole numbers; no bound of that is known"
        )
        mend = "use the conventions polymap or accelforge, or price given mappings with `evaluate`"
        yield Mistake(NOWHERE, message, mend)
    if not einsum.is_box:
        message = f"optimize searches domains that are no boxes with perfect factors only ({einsum.name})"
        yield Mistake(einsum.place, message, "use `--factors perfect`")
    for tensor in einsum.tensors:
        if sum(len(c.ranks) for c in tensor.coordinates) != len(tensor.ranks):
            message = f"a rank occurs twice in {tensor.name}: optimize searches that with perfect factors only"
            yield Mistake(einsum.place, message, "use `--factors perfect`")
    if conventions.tiles_slide and any(len(c.ranks) > 1 for tensor in einsum.tensors for c in tensor.coordinates):
        message = f"optimize searches windows that slide, as under {conventions.name}, with perfect factors only"
        yield Mistake(NOWHERE, message, "use `--factors perfect`, or add `tiles_slide=no` to the conventions")
    if isinstance(architecture.hierarchy[0], Array):
        message = "optimize does not search imperfect factors with an array outside all memories"
        yield Mistake(architecture.hierarchy[0].place, message, "put a memory outside it, or use `--factors perfect`")
    points = prod(len(rungs(size)) for _, size in einsum.ranks)
    if points > MOST_TILES:
        message = f"{einsum.name} has {points} tile shapes, more than the {MOST_TILES} that optimize can hold in memory"
        yield Mistake(einsum.place, message, "join ranks that always occur together, or use `--factors perfect`")


def lattice_points(einsum: Einsum) -> int:
    """Ways to choose one divisor for each rank."""
    return prod(exponent + 1 for _, size in einsum.ranks for _, exponent in factorize(size))


def _unsearched_conventions(conventions: Conventions) -> Iterator[Mistake]:
    if is_only_walked(conventions):
        message = "optimize does not search under conventions that only a replayed loop nest follows"
        yield Mistake(NOWHERE, message, "use the preset `timeloop` as it is")
    if conventions.holes != "hull":
        message = f"optimize does not search with `holes: {conventions.holes}` yet; evaluate counts them"
        yield Mistake(NOWHERE, message, "use `holes: hull`")


def _unsearched_words(einsum: Einsum, architecture: Architecture, conventions: Conventions) -> Iterator[Mistake]:
    """A replayed loop nest, as `timeloop` has it where neighbours pass tiles on, prices an element as one access."""
    if not conventions.continuing_sweep or not any(array.links for array in architecture.arrays):
        return
    for memory in architecture.memories:
        for tensor in einsum.tensors:
            bits, width = memory.element_bits(tensor), memory.width_bits // memory.cluster
            if bits > width and tensor.name in (*einsum.kept_by(memory.keeps), *einsum.kept_by(memory.may_keep)):
                message = (
                    f"optimize does not price elements of {bits} b with accesses of {width} b here ({memory.name})"
                )
                yield Mistake(memory.place, message, "widen the access, or leave out `links`")


def _unsearched_links(einsum: Einsum, architecture: Architecture, conventions: Conventions) -> Iterator[Mistake]:
    """Links to where no memory can keep a tensor: no class of mappings has a bound there (see `passes_unkept`)."""
    every = tuple(
        Kept(memory, (*einsum.kept_by(memory.keeps), *einsum.kept_by(memory.may_keep)))
        for memory in architecture.memories
    )
    for array, tensor in passes_unkept(einsum, architecture, every, conventions):
        message = f"optimize does not search links of {array.name} to where {tensor.name} rests in no memory"
        yield Mistake(array.place, message, "let a memory inside keep it, or leave out its `links`")


def _unsearched_networks(architecture: Architecture, conventions: Conventions, imperfect: bool) -> Iterator[Mistake]:
    """Networks with energies are searched where `polymap` counts them, with perfect factors and without links."""
    passing = [array.name for array in architecture.arrays if array.links]
    for array in filter(pays, architecture.arrays):
        if conventions.continuing_sweep or not conventions.tiles_stay:
            message = f"optimize does not price the energy of a network under {conventions.name} ({array.name})"
            yield Mistake(array.place, message, "use the preset `polymap`")
        elif passing:
            message = (
                f"optimize does not price the energy of a network together with links ({array.name}, {passing[0]})"
            )
            yield Mistake(array.place, message, MEND)
        elif imperfect:
            message = f"optimize prices the energy of a network with perfect factors only ({array.name})"
            yield Mistake(array.place, message, "use `--factors perfect`, or price given mappings with `evaluate`")


def _unpriced(level: Memory | Array | Compute) -> Iterator[str]:
    if isinstance(level, Array):
        yield from _unpriced_network(level)
    elif isinstance(level, Memory):
        yield from _unpriced_memory(level)


def _unpriced_network(array: Array) -> Iterator[str]:
    if array.share_halo:
        yield "shared halos"
    if array.fill_latency or array.drain_latency:
        yield "the latency of a network"


def _unpriced_where_instances_differ(level: Memory | Array | Compute, einsum: Einsum, imperfect: bool) -> Iterator[str]:
    """What is priced only where every instance does the same."""
    where = "with imperfect factors" if imperfect else "on domains that are no boxes"
    if imperfect or not einsum.is_box:
        if isinstance(level, Array) and level.links:
            yield f"links between neighbours {where}"
        if isinstance(level, Memory) and level.cluster > 1:
            yield f"clusters {where}"


def _unpriced_memory(memory: Memory) -> Iterator[str]:
    if memory.address_pj:
        yield "address generation"
    if memory.reduce_pj:
        yield "temporal reduction"
    if memory.power_gated_at:
        yield "power gating"
    if memory.refetches or memory.reads_first or memory.passes_through or memory.distributes:
        yield "tiles that are fetched again or distributed, first reads and accesses that pass through"
    if memory.min_utilization:
        yield "a least utilization"
