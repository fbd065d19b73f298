"""One einsum's result as text: a summary, the loop nest, and where the energy goes."""

from __future__ import annotations

from collections.abc import Iterator

from polymap.architecture.hierarchy import Architecture
from polymap.mapper.result import Result, Search
from polymap.quantity import engineering
from polymap.report.nest import drawn
from polymap.report.numbers import (
    area,
    count,
    joules,
    objective,
    percent,
    scientific,
    share,
    with_interval,
)
from polymap.report.paint import Paint
from polymap.report.table import Row, table

COLUMNS = ("level", "tensor", "tile", "instances", "reads", "fills", "updates", "energy", "share")


def layer_text(result: Result, paint: Paint) -> str:
    """Summary, mapping and energy table; counts are totals over all instances, in elements."""
    nest = [f"  {line}" for line in drawn(result, paint)]
    return "\n".join([*summary(result, paint), "", "mapping", *nest, "", *energy_table(result)])


def summary(result: Result, paint: Paint) -> list[str]:
    """The headline and one line per figure."""
    facts = dict(_facts(result))
    width = max(len(name) for name in facts)
    status = paint(result.status, "open" if result.status == "feasible" else "good")
    headline = f"{result.einsum.name} on {result.architecture.name}: {status}"
    return [headline, *(f"  {name.ljust(width)}  {text}" for name, text in facts.items())]


def _facts(result: Result) -> Iterator[tuple[str, str]]:
    cost = result.cost
    if result.objective is not None:
        yield "objective", _objective(result)
    yield "energy", with_interval(cost.energy_pj, result.energy_estimate.sigma, joules)
    yield "cycles", f"{count(cost.cycles)} ({_time(result)})"
    yield "EDP", scientific(cost.edp_js, "J*s")
    yield "utilization", f"{percent(cost.utilization)} of {count(cost.physical_compute_instances)} {cost.compute_level}"
    yield "computes", count(cost.computes)
    if cost.area_um2:
        yield "area", with_interval(cost.area_um2, result.area_estimate.sigma, area)
    if told := of_models(result.architecture):
        yield "models", told
    yield "conventions", result.conventions.name
    if result.search is not None:
        if result.search.subject_to:
            yield "subject to", ", ".join(result.search.subject_to)
        yield "search", _search(result.search)


def of_models(machine: Architecture) -> str:
    """What a reader of the numbers has to know of the models behind them; nothing if they are as they are, inside."""
    levels = machine.hierarchy
    calibrated = [each.name for each in levels if any(found.origin.calibrations for _, found in each.estimates)]
    beyond = [each.name for each in levels if any(found.origin.extrapolated for _, found in each.estimates)]
    told = (("calibrated", calibrated), ("extrapolated", beyond))
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in told if names)


def _objective(result: Result) -> str:
    value, bound = objective(result.objective, result.value), objective(result.objective, result.lower_bound)
    return f"{result.objective} {value} (lower bound {bound}, gap {percent(result.gap)})"


def _time(result: Result) -> str:
    clock = engineering(float(result.cost.clock_hz), "Hz")
    return f"{engineering(result.cost.latency_s, 's')} at {clock}"


def _search(search: Search) -> str:
    perfect = search.factors == "perfect"
    space = f"{search.mapspace} mapspace" if perfect else f"{search.mapspace} mapspace of {search.factors} factors"
    found = f"{space}, {count(search.classes)} classes: {count(search.bounded)} closed by bounds"
    closed = f"{count(search.solved)} {'by the solver' if perfect else 'nest by nest'}"
    text = f"{found}, {closed}; {search.cpu_s:.2f} CPU-s, seed {search.seed}"
    return f"{text}; {search.note}" if search.note else text


def energy_table(result: Result) -> list[str]:
    """Level by tensor, then compute and leakage; the shares add up to the total."""
    return table(COLUMNS, [*_traffic(result), *_rest(result)], names=2, totals=[_total(result)])


def _traffic(result: Result) -> Iterator[Row]:
    for row in result.cost.traffic:
        numbers = (row.tile_elements, row.instances, row.reads, row.fills, row.updates)
        yield (row.level, row.tensor, *map(count, numbers), *_energy(result, row.energy_pj))


def _rest(result: Result) -> Iterator[Row]:
    cost = result.cost
    instances = count(cost.compute_instances)
    yield (cost.compute_level, "compute", "", instances, "", "", "", *_energy(result, float(cost.compute_energy)))
    yield from _networks(result)
    for row in cost.components:
        if row.leakage:
            yield (row.level, "leakage", *[""] * 5, *_energy(result, float(row.leakage)))


def _networks(result: Result) -> Iterator[Row]:
    """One row per array: the energy of its network, all tensors together, or that it is not modelled."""
    for array in dict.fromkeys(row.array for row in result.cost.networks):
        energies = [row.energy for row in result.cost.networks if row.array == array]
        known = [float(energy) for energy in energies if energy is not None]
        shown = _energy(result, sum(known)) if len(known) == len(energies) else ("not modelled", "")
        yield (array, "network", *[""] * 5, *shown)


def _energy(result: Result, energy_pj: float) -> tuple[str, str]:
    return engineering(energy_pj * 1e-12, "J"), percent(share(energy_pj, result.cost.energy_pj))


def _total(result: Result) -> Row:
    return ("total", *[""] * 6, *_energy(result, result.cost.energy_pj))
