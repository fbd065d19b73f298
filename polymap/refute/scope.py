"""What the attempt to refute a claim does not cover yet: such a claim is called unchecked, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from polymap.architecture.hierarchy import Architecture, Array, Bandwidth, Compute, Memory
from polymap.model.conventions import ACCELFORGE, POLYMAP, Conventions
from polymap.workload.einsum import Einsum


def uncovered(einsum: Einsum, architecture: Architecture, conventions: Conventions) -> Iterator[str]:
    """Reasons why no claim about these inputs can be checked."""
    if not einsum.is_box:
        yield "domains that are no boxes"
    if not any(_habits(conventions, einsum, architecture) == _habits(preset) for preset in (POLYMAP, ACCELFORGE)):
        yield f"the conventions {conventions.name}"
    for level in architecture.hierarchy:
        if level != _plain(level):
            yield f"what is special about {level.name}"


def _habits(
    conventions: Conventions, einsum: Einsum | None = None, architecture: Architecture | None = None
) -> Conventions:
    """The conventions but for choices that are followed either way, or that nothing of these inputs depends on."""
    outputs = (einsum.output,) if einsum else ()
    memories = architecture.memories if architecture else ()
    slides = any(len(axis.terms) > 1 for output in outputs for axis in output.coordinates)
    limited = any(memory.bandwidth != Bandwidth() for memory in memories)
    return replace(
        conventions,
        name="",
        drains_are_read=True,
        idle_instances_leak=True,
        all_write_first=False,
        address_per_access=True,
        latency_leaks=True,
        whole_cycles=True,
        continuing_sweep=conventions.continuing_sweep and slides,
        cycles_in_floats=conventions.cycles_in_floats and limited,
    )


def _plain(level: Memory | Array | Compute) -> Memory | Array | Compute:
    """The level with nothing but what the walk counts."""
    if isinstance(level, Memory):
        return Memory(
            level.name, level.width_bits, level.read_pj, level.write_pj, level.update_pj,
            capacity_bits=level.capacity_bits, word_bits=level.word_bits, keeps=level.keeps, may_keep=level.may_keep,
            buffering=level.buffering, bandwidth=level.bandwidth, leakage_w=level.leakage_w, area_um2=level.area_um2,
            source=level.source, component=level.component, words=level.words, estimates=level.estimates,
        )  # fmt: skip
    if isinstance(level, Array):
        free = level.wiring and not (level.wiring.hop_of(1) or level.wiring.router_pj or level.wiring.reduce_pj)
        wiring = level.wiring if free else None
        fixed = not any(rule.or_most for _, rule in level.rules)
        rules = level.rules if fixed else ()
        return Array(level.name, level.shape, level.multicast, level.reduction, wiring=wiring, rules=rules)
    return level
