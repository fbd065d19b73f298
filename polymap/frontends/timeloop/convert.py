"""Timeloop's sections to documents in polymap's formats; nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import Any

from polymap import spec
from polymap.frontends.amounts import amount, decimal
from polymap.frontends.readable import check_readable
from polymap.frontends.timeloop.machine import Level, Machine, machine
from polymap.frontends.timeloop.nest import Stage, Trips, stages
from polymap.frontends.timeloop.problem import Problem, problem
from polymap.frontends.timeloop.rules import Fan, rules
from polymap.frontends.timeloop.sections import reading
from polymap.frontends.timeloop.targets import demands

SOURCE = "converted from Timeloop's files"
DIMENSIONS = ("X", "Y")


@dataclass(frozen=True)
class Converted:
    """Documents as plain data, ready for YAML, and what was left out, with place and reason.

    `mapping` and `constraints` are empty where the files have none.
    """

    architecture: dict[str, Any]
    workload: dict[str, Any]
    mapping: dict[str, Any]
    constraints: dict[str, Any]
    left_out: tuple[str, ...]

    def files(self) -> dict[str, str]:
        """File name to text."""
        names = ("architecture", "workload", "mapping", "constraints")
        documents = ((name, getattr(self, name)) for name in names)
        return {f"{name}.yaml": spec.dump(document) for name, document in documents if document}


def convert(files: Sequence[str]) -> Converted:
    """The documents that say the same as Timeloop's processed files, in any order.

    Under the conventions `timeloop` they cost what that tool prints. Raises `SpecError` with everything that cannot be
    converted, each with its file, line, column and key path.
    """
    with reading(files) as sections:
        top = sections.top
        left_out = sections.left_out
        chip = machine(top, left_out)
        # What is wrong with the machine would be wrong again wherever the other sections speak of it.
        sections.check()
        work = problem(top, left_out)
        is_mapped = top.has("mapping")
        nest = stages(top, chip, work, left_out) if is_mapped else (Stage(),) * len(chip.levels)
        demanded = demands(top, chip, work, left_out)
        sections.check()
        architecture, workload = _architecture(chip, work, nest), _workload(chip, work)
        mapping = _mapping(chip, work, nest) if is_mapped else {}
        said = rules(demanded, chip, work, _fans(architecture), left_out)
        constraints = {} if is_mapped and not demanded.is_stated else said
    found = Converted(architecture, workload, mapping, constraints, left_out.lines())
    check_readable((architecture, workload, mapping, constraints))
    return found


def _fans(architecture: dict[str, Any]) -> dict[str, Fan]:
    """The arrays, by the memory above each."""
    levels = architecture["hierarchy"]
    pairs = ((above["memory"], below) for above, below in pairwise(levels) if "memory" in above and "array" in below)
    return {memory: Fan(array["array"], array["shape"]) for memory, array in pairs}


# workload


def _workload(chip: Machine, work: Problem) -> dict[str, Any]:
    return {
        "polymap": "workload/1",
        "name": work.name,
        "source": SOURCE,
        "einsum": work.einsum,
        "ranks": {dim: work.bounds[dim] for dim in work.ranks},
        "bits": dict.fromkeys(work.tensors, chip.levels[0].word_bits),
    }


# mapping


def _mapping(chip: Machine, work: Problem, nest: Sequence[Stage]) -> dict[str, Any]:
    nodes: list[Any] = []
    for at, (level, stage) in enumerate(zip(chip.levels, nest, strict=True)):
        if stage.keeps:
            nodes.append({"storage": level.name, "tensors": list(stage.keeps)})
        nodes += (_loop(loop, "") for loop in reversed(stage.temporal) if loop.end > 1)
        nodes += (_loop(loop, _array_name(chip, at)) for loop in reversed(stage.spatial) if loop.end > 1)
    return {"polymap": "mapping/1", "source": SOURCE, "nodes": [*nodes, "compute"]}


def _loop(loop: Trips, array: str) -> dict[str, Any]:
    if loop.axis < 0:
        return {"for": loop.dim, "in": loop.end}
    return {"parallel": loop.dim, "in": loop.end, "on": f"{array}.{DIMENSIONS[loop.axis]}"}


def _array_name(chip: Machine, at: int) -> str:
    """A name that no level has."""
    name, taken = f"{chip.levels[at].name}_array", {chip.compute, *(level.name for level in chip.levels)}
    while name in taken:
        name += "_"
    return name


# architecture


def _architecture(chip: Machine, work: Problem, nest: Sequence[Stage]) -> dict[str, Any]:
    hierarchy: list[dict[str, Any]] = []
    for at, (level, stage) in enumerate(zip(chip.levels, nest, strict=True)):
        hierarchy.append(_memory(chip, level, work, is_outermost=at == 0) | dict(_habits(level, stage)))
        hierarchy += _array(chip, at, nest, work)
    return {
        "polymap": "architecture/1",
        "name": "converted",
        "source": SOURCE,
        "clock": amount(chip.clock_hz / 10**9, "GHz"),
        "hierarchy": [*hierarchy, _compute(chip)],
    }


def _compute(chip: Machine) -> dict[str, Any]:
    level = {"compute": chip.compute, "energy": amount(chip.compute_pj, "pJ")}
    return level | dict(_area(chip, chip.compute))


def _area(chip: Machine, name: str) -> Iterator[tuple[str, Any]]:
    if chip.areas.get(name):
        yield "area", amount(chip.areas[name], "um2")


def _memory(chip: Machine, level: Level, work: Problem, is_outermost: bool) -> dict[str, Any]:
    given: dict[str, Any] = {
        "memory": level.name,
        "word": f"{level.word_bits} b",
        "width": f"{level.word_bits * level.block * level.cluster} b",
        "energy": {
            "read": amount(level.energies.read, "pJ"),
            "write": amount(level.energies.fill, "pJ"),
            "update": amount(level.energies.update, "pJ"),
        },
        "may_keep": list(work.tensors),
    }
    given.update(_capacity(level, work, is_outermost))
    given.update(_options(chip, level))
    return given


def _capacity(level: Level, work: Problem, is_outermost: bool) -> Iterator[tuple[str, Any]]:
    """A memory without limit has room for all tensors whole, several times over, unless it is the outermost."""
    buffering, size = level.buffering, level.size
    if size is None and is_outermost:
        return
    if size is None:
        size, buffering = sum(_elements(work, space.axes) for space in work.spaces), Fraction(1)
    # A least utilization is a share of whole words.
    if buffering.denominator == 1 and (size % buffering == 0 or not level.min_utilization):
        yield "capacity", f"{size} words"
        yield from [("buffering", int(buffering))] if buffering > 1 else []
    else:
        yield "capacity", f"{level.effective_size} words"


def _elements(work: Problem, axes: Sequence[Sequence[tuple[str, int]]]) -> int:
    return prod(1 + sum(abs(c) * (work.bounds[dim] - 1) for dim, c in axis) for axis in axes)


def _options(chip: Machine, level: Level) -> Iterator[tuple[str, Any]]:
    """Keys that are written only where they say something."""
    rates: dict[str, Any] = {port: f"{decimal(rate)} words/cycle" for port, rate in level.rates.items()}
    if level.scale:
        rates["scale"] = {tensor: decimal(scale) for tensor, scale in level.scale}
    if rates:
        yield "bandwidth", rates
    if level.cluster > 1:
        yield "cluster", level.cluster
    if level.min_utilization:
        yield "min_utilization", decimal(level.min_utilization)
    if level.address_pj:
        yield "address", amount(level.address_pj, "pJ")
    if level.energies.leak:
        yield "leakage", amount(level.energies.leak * chip.clock_hz / 10**9, "mW")
    if level.gate:
        yield "power_gated_at", level.gate
    yield from _area(chip, level.name)


def _habits(level: Level, stage: Stage) -> Iterator[tuple[str, Any]]:
    habits = (("refetches", stage.refetched), ("reads_first", stage.read_first), ("passes_through", stage.passing))
    yield from ((key, list(tensors)) for key, tensors in habits if tensors)
    if level.distributes:
        yield "distributes", True


def _array(chip: Machine, at: int, nest: Sequence[Stage], work: Problem) -> Iterator[dict[str, Any]]:
    """The array below a level: its children, or a network of one child that costs energy or time."""
    stage = nest[at]
    level, child = chip.levels[at], [*(level.mesh for level in chip.levels[at + 1 :]), chip.mesh][0]
    fan = tuple(below // above for below, above in zip(child, level.mesh, strict=True))
    if any(below % above for below, above in zip(child, level.mesh, strict=True)):
        text = f"{child[0]} x {child[1]} instances below are not a multiple of the {level.mesh[0]} x {level.mesh[1]}"
        level.reader.wrong(f"{text} of {level.name}", "make meshX and meshY multiples")
    network = dict(_network(level, stage, work, _linked(nest, at, work) if prod(fan) > 1 else []))
    if prod(fan) > 1 or network:
        shape = dict(zip(DIMENSIONS, fan if fan[1] > 1 or _uses_y(stage) else fan[:1]))
        named = {"array": _array_name(chip, at), "shape": shape}
        yield {**named, "network": network} if network else named


def _uses_y(stage: Stage) -> bool:
    return any(loop.axis == 1 and loop.end > 1 for loop in stage.spatial)


def _linked(nest: Sequence[Stage], at: int, work: Problem) -> list[str]:
    """The tensors that neighbours below a level can pass on.

    That tool lets them pass on what one held at the step before. Tiles of a tensor without sliding windows are equal
    or apart, so what a memory fetches of it is what no neighbour has just fetched, unless it refetches all the time;
    compute units ask for their operands at every step.
    """
    is_compute = at + 1 == len(nest)
    return [
        space.name
        for space in work.spaces
        if space.name not in nest[at].unlinked and (is_compute or space.slides or space.name in nest[at + 1].refetched)
    ]


def _network(level: Level, stage: Stage, work: Problem, linked: list[str]) -> Iterator[tuple[str, Any]]:
    inputs = [space.name for space in work.spaces if not space.is_output]
    output = next(space.name for space in work.spaces if space.is_output)
    if set(stage.unshared) & set(inputs):
        yield "multicast", [name for name in inputs if name not in stage.unshared] or False
    if output in stage.unshared:
        yield "reduction", False
    if linked:
        yield "links", True if len(linked) == len(work.tensors) else linked
    if level.hop_pj or level.router_pj:
        yield "hop", amount(level.hop_pj, "pJ")
        yield "router", amount(level.router_pj, "pJ")
    if level.router_pj and not level.adds_above:
        yield "returns_sums", True
    for key, cycles in (("fill_latency", level.fill_latency), ("drain_latency", level.drain_latency)):
        if cycles:
            yield key, cycles
