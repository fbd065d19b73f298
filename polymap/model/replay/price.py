"""From accesses per instance to energy and cycles, as timeloop 4cf6d4c counts them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, prod

from polymap.architecture.hierarchy import Architecture, Compute, Memory
from polymap.errors import IllegalMapping, Mistake, Place
from polymap.model.conventions import TIMELOOP, Conventions
from polymap.model.cost import Component, Cost, Traffic
from polymap.model.replay.chain import Chain
from polymap.model.replay.counts import Flow, flows, instances
from polymap.model.replay.hauls import transports
from polymap.model.replay.tally import Walked
from polymap.model.replay.walk import walk
from polymap.model.slowdown import Demand, needed
from polymap.workload.einsum import Einsum, Tensor


@dataclass(frozen=True)
class _Run:
    """A mapping that has been walked, and what it is priced with."""

    einsum: Einsum
    architecture: Architecture
    nest: Chain
    walked: Walked
    flows: tuple[Flow, ...]
    rules: Conventions

    @property
    def compute_cycles(self) -> int:
        """All temporal trips if any loop is imperfect: a short last trip does not shorten the run."""
        if self.nest.is_perfect:
            return ceil(self.computes / self.compute_instances)
        return prod(loop.end for loop in self.nest.loops if not loop.is_spatial)

    @property
    def computes(self) -> Fraction:
        return Fraction(self.walked.computes, self.walked.units) * self.compute_instances

    @property
    def compute_instances(self) -> int:
        return floor(self.nest.used(0) * self.nest.fan(0))

    def at(self, level: int) -> tuple[Flow, ...]:
        return tuple(flow for flow in self.flows if flow.level == level)

    def tensor(self, flow: Flow) -> Tensor:
        return self.einsum.tensor(flow.tensor)


def replayed(einsum: Einsum, architecture: Architecture, nest: Chain, rules: Conventions = TIMELOOP) -> Cost:
    """The cost of a mapping whose nest is known. Raises `IllegalMapping` if a count comes out negative."""
    walked = walk(nest, einsum.tensors, rules)
    run = _Run(einsum, architecture, nest, walked, flows(nest, walked, einsum.tensors, rules), rules)
    _check_signs(run)
    return _cost(run)


def _check_signs(run: _Run) -> None:
    """The tool wraps a negative count round to 2^64; here the mapping is refused."""
    wrong = [flow for flow in run.flows if min(flow.reads, flow.fills, flow.updates) < 0]
    if wrong:
        names = ", ".join(f"{flow.tensor} at {run.nest.memories[flow.level].name}" for flow in wrong)
        message = f"the `timeloop` conventions count less than nothing for {names}: instances are cut to integers"
        raise IllegalMapping(Mistake(Place(path="mapping"), message, "use perfect spatial factors or another preset"))


def _cost(run: _Run) -> Cost:
    levels = range(len(run.nest.memories))
    powered = max(run.compute_cycles, *(_needed(run, level) for level in levels))
    memories = tuple(_component(run, level, powered) for level in reversed(levels))
    traffic = tuple(_traffic(run, flow) for level in reversed(levels) for flow in run.at(level) if flow.is_kept)
    compute = run.architecture.compute
    computes = run.computes
    return Cost(
        traffic=traffic,
        components=(*memories, _compute_component(run, powered)),
        compute_level=compute.name,
        compute_instances=run.compute_instances,
        physical_compute_instances=run.architecture.instances(compute.name),
        computes=int(computes),
        compute_cycles=run.compute_cycles,
        compute_energy=computes * compute.energy_pj,
        cycles=powered + _latencies(run),
        clock_hz=run.architecture.clock_hz,
        area_um2=_area(run.architecture),
        networks=tuple(transports(run.einsum, run.architecture, run.nest, run.flows)),
    )


def _area(architecture: Architecture) -> float:
    levels: tuple[Memory | Compute, ...] = (*architecture.memories, architecture.compute)
    return float(sum(level.area_um2 * architecture.instances(level.name) for level in levels))


# time


def _latencies(run: _Run) -> int:
    return sum(array.fill_latency + array.drain_latency for array in run.architecture.arrays)


def _needed(run: _Run, level: int) -> int:
    """Cycles that the busiest port of an average instance needs; 0 without limits."""
    demands = [_demand(run, flow) for flow in run.at(level)]
    return needed(run.nest.memories[level], demands, run.compute_cycles, run.rules)


def _demand(run: _Run, flow: Flow) -> Demand:
    ratio = _spread(run, flow.level) / flow.instances
    return Demand(run.tensor(flow), ceil(flow.reads / ratio), ceil((flow.fills + flow.updates) / ratio))


def _spread(run: _Run, level: int) -> int:
    """Instances of a level in use if all spatial loops made their full trips."""
    return run.nest.spread(level, 0) * run.nest.spread(level, 1)


# energy


def _traffic(run: _Run, flow: Flow) -> Traffic:
    n = flow.instances
    return Traffic(
        level=run.nest.memories[flow.level].name,
        tensor=flow.tensor,
        tile_elements=flow.tile,
        instances=n,
        reads=flow.reads * n,
        fills=flow.fills * n,
        updates=flow.updates * n,
        energy=_access_energy(run, flow) + _address_energy(run, flow) + _adder_energy(run, flow),
    )


def _access_energy(run: _Run, flow: Flow) -> Fraction:
    """Whole accesses per cluster, times the clusters in use."""
    memory, bits = run.nest.memories[flow.level], _word_bits(run, flow)
    per_access = max(1, memory.width_bits // memory.cluster // bits)
    reads, fills, updates = (-(-count // per_access) for count in (flow.reads, flow.fills, flow.updates))
    each = reads * memory.read_pj + fills * memory.write_pj + updates * memory.update_pj
    return each * _clusters(run, flow.level) / _spread(run, flow.level) * flow.instances


def _word_bits(run: _Run, flow: Flow) -> int:
    return run.nest.memories[flow.level].element_bits(run.tensor(flow))


def _clusters(run: _Run, level: int) -> Fraction:
    memory = run.nest.memories[level]
    return min(Fraction(_spread(run, level)), Fraction(run.architecture.instances(memory.name), memory.cluster))


def _address_energy(run: _Run, flow: Flow) -> Fraction:
    """One address per word: written words and updates of an output, reads and fills of an input."""
    other = flow.updates if run.tensor(flow).is_output else flow.reads
    return (flow.fills + other) * run.nest.memories[flow.level].address_pj * _clusters(run, flow.level)


def _adder_energy(run: _Run, flow: Flow) -> Fraction:
    """Every update that meets an earlier one is added to it."""
    adds = run.tensor(flow).is_output and (run.rules.sums_are_fetched or flow.level < len(run.nest.memories) - 1)
    sums = flow.reads if adds else 0
    return sums * flow.instances * run.nest.memories[flow.level].reduce_pj


def _component(run: _Run, level: int, powered: int) -> Component:
    """A memory's use; it leaks in `powered` cycles, which do not count the latency of networks."""
    memory, used = run.nest.memories[level], instances(run.nest, level)
    bits = sum(flow.tile * _word_bits(run, flow) for flow in run.at(level) if flow.is_kept)
    leakage = _leakage_per_cycle(run.architecture, memory) * powered * _leaking(run, level)
    return Component(memory.name, used, _needed(run, level), leakage, memory.buffering * bits, memory.capacity_bits)


def _compute_component(run: _Run, powered: int) -> Component:
    compute, used = run.architecture.compute, run.compute_instances
    leakage = _leakage_per_cycle(run.architecture, compute) * powered * used
    return Component(compute.name, used, run.compute_cycles, leakage)


def _leakage_per_cycle(architecture: Architecture, level: Memory | Compute) -> Fraction:
    return level.leakage_w * 10**12 / architecture.clock_hz


def _leaking(run: _Run, level: int) -> Fraction:
    """Instances that leak: those in use, or all below an instance in use of the level that gates them."""
    memories = run.nest.memories
    gate = memories[level].power_gated_at or memories[level].name
    sharing = Fraction(run.architecture.instances(memories[level].name), run.architecture.instances(gate))
    at = next(i for i, memory in enumerate(memories) if memory.name == gate)
    return sharing * max(1, instances(run.nest, at)) if sharing > 1 else Fraction(max(1, instances(run.nest, level)))
