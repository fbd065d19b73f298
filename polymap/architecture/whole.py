"""Rules of a hierarchy as a whole: what its levels must be to each other."""

from __future__ import annotations

from math import prod

from polymap import quantity, spec
from polymap.architecture.hierarchy import Array, Compute, Level, Memory


def check_hierarchy(top: spec.Reader, items: tuple[spec.Reader, ...], levels: list[Level | None]) -> None:
    """Note what is wrong with the levels together; one that could not be read is None."""
    if not levels:
        if top.is_list("hierarchy"):
            top.wrong("the hierarchy is empty", "list a memory first and a compute level last", key="hierarchy")
        return
    _check_order(items, levels)
    _check_names(items, levels)
    _check_gates(items, levels)
    _check_clusters(items, levels)
    _check_halos(items, levels)
    instances = prod(level.fanout for level in levels if isinstance(level, Array))
    if instances >= quantity.LARGEST_COUNT:
        top.wrong(f"the arrays make {instances} instances", "keep their product below 2^40", key="hierarchy")


def _check_order(items: tuple[spec.Reader, ...], levels: list[Level | None]) -> None:
    """A level whose kind is unknown has been noted already and may have been of the right one."""
    if not isinstance(levels[0], (Memory, type(None))):
        items[0].wrong("the hierarchy does not begin with a memory", "put the outermost memory, e.g. DRAM, first")
    if not isinstance(levels[-1], (Compute, type(None))):
        items[-1].wrong("the hierarchy does not end with a compute level", "add `- compute: MAC` at the end")
    for item, level in zip(items[:-1], levels[:-1], strict=True):
        if isinstance(level, Compute):
            item.wrong("a compute level stands before the end", "keep one compute level, the last of the hierarchy")


def _check_names(items: tuple[spec.Reader, ...], levels: list[Level | None]) -> None:
    seen: dict[str, int] = {}
    for item, level in zip(items, levels, strict=True):
        if level and level.name in seen:
            message = f"two levels are called `{level.name}`, the first on line {seen[level.name]}"
            item.wrong(message if item.place.line else message.partition(",")[0], "give each its own name")
        elif level and level.name:
            seen[level.name] = item.place.line


def _check_halos(items: tuple[spec.Reader, ...], levels: list[Level | None]) -> None:
    """An element in several tiles is one read above only where equal tiles are; which tensors is known later."""
    for item, level in zip(items, levels, strict=True):
        if isinstance(level, Array) and level.share_halo and not level.multicast:
            message = "`share_halo` without `multicast` has no meaning: halos are shared by the same reads"
            item.wrong(message, "remove `multicast: false`, or `share_halo`", key="network")


def _check_gates(items: tuple[spec.Reader, ...], levels: list[Level | None]) -> None:
    """Power is gated at a memory above, or at the memory itself."""
    for at, (item, level) in enumerate(zip(items, levels, strict=True)):
        if isinstance(level, Memory) and level.power_gated_at:
            known = [above.name for above in levels[: at + 1] if isinstance(above, Memory)]
            if level.power_gated_at not in known:
                message = f"no memory above is called `{level.power_gated_at}`"
                item.wrong(message, f"use one of: {', '.join(known)}", key="power_gated_at")


def _check_clusters(items: tuple[spec.Reader, ...], levels: list[Level | None]) -> None:
    """Whole clusters, each instance with room for one bit at least in their access."""
    instances = 1
    for item, level in zip(items, levels, strict=True):
        if isinstance(level, Array):
            instances *= level.fanout
        if isinstance(level, Memory) and instances % level.cluster:
            message = f"clusters of {level.cluster} do not divide the {instances} instances"
            item.wrong(message, f"give a divisor of {instances}", key="cluster")
        elif isinstance(level, Memory) and level.width_bits % level.cluster:
            message = f"a width of {level.width_bits} b cannot be split among {level.cluster} instances"
            item.wrong(message, "widen the access or make the cluster smaller", key="cluster")
