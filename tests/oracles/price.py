"""Energy and time from walked counts, restated from docs/design/model.md with exact fractions."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import ceil, prod

from polymap.architecture.hierarchy import Architecture, Memory, Rate
from polymap.mapping.nest import Mapping, Spatial
from polymap.model.conventions import Conventions
from polymap.workload.einsum import Einsum
from tests.oracles.walk import Row, Walked


def element_bits(einsum: Einsum, memory: Memory, tensor: str) -> int:
    return memory.word_bits or einsum.tensor(tensor).bits


def row_energy(einsum: Einsum, memory: Memory, tensor: str, row: Row) -> Fraction:
    """Energy in pJ of one tensor at one memory, all instances."""
    prices = ((row.reads, memory.read_pj), (row.fills, memory.write_pj), (row.updates, memory.update_pj))
    bits = element_bits(einsum, memory, tensor)
    return row.instances * sum(
        (accesses(Fraction(count, row.instances), bits, memory.width_bits) * price for count, price in prices),
        Fraction(0),
    )


def accesses(elements: Fraction, bits: int, width: int) -> int:
    """Accesses of one instance: several elements in one, or one element in several."""
    return ceil(elements / (width // bits)) if width >= bits else ceil(elements) * ceil(Fraction(bits, width))


def memory_cycles(einsum: Einsum, memory: Memory, walked: Walked, whole: bool = True) -> int | Fraction:
    """Cycles that a memory needs at its bandwidth, rounded up if they are whole."""
    limit = memory.bandwidth
    rows = {tensor: row for (level, tensor), row in walked.rows.items() if level == memory.name}
    reads = {tensor: Fraction(row.reads, row.instances) for tensor, row in rows.items()}
    writes = {tensor: Fraction(row.fills + row.updates, row.instances) for tensor, row in rows.items()}
    both = {tensor: reads[tensor] + writes[tensor] for tensor in rows}
    wanted = ((reads, limit.read), (writes, limit.write), (both, limit.shared))
    busy = max(time(einsum, memory, words, rate) for words, rate in wanted)
    return ceil(busy) if whole else busy


def time(einsum: Einsum, memory: Memory, words: dict[str, Fraction], rate: Rate | None) -> Fraction:
    if rate is None:
        return Fraction(0)
    size = {tensor: 1 if rate.in_words else element_bits(einsum, memory, tensor) for tensor in words}
    scale = memory.bandwidth.scale_of
    return sum((words[t] * size[t] * scale(t) for t in words), Fraction(0)) / rate.per_cycle


def cycles(einsum: Einsum, architecture: Architecture, walked: Walked, whole: bool = True) -> int | Fraction:
    """Cycles of the whole run: the slowest of compute and every memory."""
    return max(
        walked.compute_cycles, *(memory_cycles(einsum, memory, walked, whole) for memory in architecture.memories)
    )


def leakage(
    architecture: Architecture, mapping: Mapping, conventions: Conventions, total_cycles: int | Fraction
) -> Fraction:
    """Leakage in pJ of all memories and the compute level."""
    counted = architecture.instances if conventions.idle_instances_leak else partial(used, architecture, mapping)
    watts = architecture.compute.leakage_w * counted(architecture.compute.name)
    watts += sum((memory.leakage_w * counted(memory.name) for memory in architecture.memories), Fraction(0))
    return watts * total_cycles / architecture.clock_hz * 10**12


def used(architecture: Architecture, mapping: Mapping, level: str) -> int:
    """Instances that the mapping uses: the spatial trips on the arrays above the level."""
    above = architecture.hierarchy[: architecture.index(level)]
    return prod(
        loop.trip for loop in mapping.loops if isinstance(loop, Spatial) and array_of(architecture, loop) in above
    )


def array_of(architecture: Architecture, loop: Spatial) -> object:
    found = architecture.dimension(loop.on)
    assert found is not None
    return found[0]


def energy(
    einsum: Einsum, architecture: Architecture, mapping: Mapping, conventions: Conventions, walked: Walked
) -> Fraction:
    """Total energy in pJ."""
    rows = walked.rows.items()
    moved = (row_energy(einsum, architecture.memory(level), tensor, row) for (level, tensor), row in rows)
    computing = walked.computes * architecture.compute.energy_pj
    idle = leakage(architecture, mapping, conventions, cycles(einsum, architecture, walked, conventions.whole_cycles))
    return sum(moved, Fraction(0)) + computing + idle
