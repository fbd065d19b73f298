"""What the mapper must answer over the uneven mapspace: held against exhaustion by `check_optimum`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import polymap as pm
from polymap.mapper.pricing import exact_seen
from tests.oracles.uneven_objectives import Condition, Objective, best
from tests.properties.strategies_uneven import Query

PROVEN_NODES = 8


def check_optimum(query: Query, objective: Objective, factors: str, condition: Condition | None = None) -> None:
    """The mapper proves the optimum that exhaustion finds: status, exact value, ties, bound; or that there is none."""
    truth = best(query.einsum, query.architecture, objective, factors, condition)
    if truth is None:
        with pytest.raises(pm.Infeasible):
            search(query, objective, factors, condition)
        return
    found = search(query, objective, factors, condition)
    value = objective.value(truth.point, query.architecture.clock_hz)
    if most_nodes(query) > PROVEN_NODES and not exact_seen(query.einsum.output):
        # Where first writes are not told by what nodes fetch, so many orders are given up, with a true gap.
        assert found.lower_bound <= float(value) <= found.value, str(query)
        return
    assert found.status == "optimal", str(query)
    assert found.value == float(value), f"{query}\n{truth.mapping}"
    assert (found.cost.energy, found.cost.cycles) == (truth.point.energy, truth.point.cycles), str(query)
    if objective.level:
        assert moved(query, found.cost, objective.level) == truth.point.moved, str(query)
    assert found.lower_bound == found.value
    assert found.gap == 0


def most_nodes(query: Query) -> int:
    """Nodes that a mapping can have below the outermost memory."""
    _, *inner = query.architecture.memories
    keeping = (set(query.einsum.kept_by(m.keeps)) | set(query.einsum.kept_by(m.may_keep)) for m in inner)
    return sum(len(names) for names in keeping)


def moved(query: Query, cost: pm.Cost, level: str) -> int:
    """Bits that a memory reads, is filled with and updates."""
    bits = query.architecture.memory(level).element_bits
    rows = (row for row in cost.traffic if row.level == level)
    return sum((row.reads + row.fills + row.updates) * bits(query.einsum.tensor(row.tensor)) for row in rows)


def search(query: Query, objective: Objective, factors: str, condition: Condition | None) -> Any:
    """The mapper's answer. Side conditions are handed over in words."""
    asked: dict[str, object] = {"objective": objective.name, "mapspace": "uneven", "factors": factors}
    if condition:
        asked["subject_to"] = [condition.text]
    optimize: Any = pm.optimize
    return optimize(query.einsum, query.architecture, **asked)


def at_most_cycles(cycles: int, clock_hz: Fraction) -> Condition:
    return Condition(f"latency <= {float(cycles / clock_hz * 10**9):.9g} ns", lambda point: point.cycles <= cycles)


def at_most_energy(energy_pj: Fraction) -> Condition:
    """No mapping needs exactly this energy, unless the text shows it exactly."""
    shown = f"{float(energy_pj):.9g}"
    return Condition(f"energy <= {shown} pJ", lambda point: point.energy <= Fraction(shown))


def at_most_traffic(level: str, bits: int) -> Condition:
    return Condition(f"traffic:{level} <= {bits} b", lambda point: point.moved <= bits, level)


def at_least_utilization(share: Fraction, query: Query) -> Condition:
    """Computes performed over those that all physical units could perform in the time."""
    units = query.architecture.instances(query.architecture.compute.name)
    computes = query.einsum.computes
    return Condition(f"utilization >= {float(share):g}", lambda point: computes >= share * units * point.cycles)
