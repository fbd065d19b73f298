"""Cycles with fractions, as under `accelforge`: what mappings cost, what is found, proven and said of it."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from math import ceil

import pytest

import polymap as pm
from tests.mapper.test_sliding import every_nest

ENERGY = {"read": "8 pJ", "write": "8 pJ"}
WORK = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=2, n=4, k=3, bits=8)
RULES = {"fractions": "accelforge", "tiles that stay": "polymap,whole_cycles=no"}
ANY_RULES = pytest.mark.parametrize("rules", RULES.values(), ids=RULES.keys())


def machine(leakage: str = "0 W") -> pm.Architecture:
    dram = {"memory": "DRAM", "width": "8 b", "energy": ENERGY, "bandwidth": {"shared": "28 b/cycle"}}
    room = {"memory": "buffer", "capacity": "96 b", "width": "8 b", "keeps": ["A", "B", "C"], "leakage": leakage}
    buffer = {**room, "energy": {"read": "1 pJ", "write": "1 pJ"}, "bandwidth": {"read": "17 b/cycle"}}
    levels = [dram, buffer, {"compute": "MAC", "energy": "1 pJ"}]
    return pm.architecture({"polymap": "architecture/1", "name": "slow", "clock": "1 GHz", "hierarchy": levels})


def truth(arch: pm.Architecture, rules: str) -> list[pm.Cost]:
    found = []
    for nest in every_nest(WORK, arch):
        try:
            found.append(pm.evaluate(WORK, arch, nest, conventions=rules))
        except pm.IllegalMapping:
            continue
    return found


NEST = "DRAM holds A B C\nfor n in 4\nbuffer holds A B C\nfor m in 2\nfor k in 3\ncompute"


def test_a_port_takes_part_of_a_cycle() -> None:
    arch = machine("1 mW")
    exact = pm.evaluate(WORK, arch, NEST, conventions="accelforge")
    whole = pm.evaluate(WORK, arch, NEST, conventions="accelforge,whole_cycles=yes")
    bits = 8 * sum(row.reads + row.fills + row.updates for row in exact.traffic if row.level == "DRAM")
    assert exact.cycles == max(Fraction(bits, 28), exact.components[1].cycles) != int(exact.cycles)
    assert whole.cycles == ceil(exact.cycles)
    assert exact.latency == Fraction(exact.cycles) / 10**9
    assert whole.energy - exact.energy == whole.cycles - exact.cycles  # 1 mW at 1 GHz: 1 pJ in a cycle


def test_formulas_of_a_nest_have_the_same_cycles_in_every_reading() -> None:
    formulas = pm.symbolic(WORK, machine(), NEST, conventions="accelforge")
    trips, cost = (4, 2, 3), pm.evaluate(WORK, machine(), NEST, conventions="accelforge")
    run = formulas.compile()
    assert formulas.at(formulas.cycles, trips) == cost.cycles
    assert run(*([trip] for trip in trips), exact=True).cycles.tolist() == [cost.cycles]
    assert run(*([trip] for trip in trips)).cycles.tolist() == pytest.approx([float(cost.cycles)], rel=1e-14)


@ANY_RULES
@pytest.mark.parametrize(("objective", "leakage"), [*product(["energy", "latency", "edp"], ["0 W", "1 mW"])])
def test_no_nest_is_better_than_the_one_found(rules: str, objective: str, leakage: str) -> None:
    arch = machine(leakage)
    found = pm.optimize(WORK, arch, objective=objective, conventions=rules)
    measure = {"energy": lambda c: c.energy, "latency": lambda c: c.latency, "edp": lambda c: c.edp}[objective]
    assert found.status == "optimal"
    assert measure(found.cost) == min(map(measure, truth(arch, rules)))


@ANY_RULES
def test_a_front_is_complete_and_proven_again(rules: str) -> None:
    arch = machine()
    front = pm.pareto(WORK, arch, conventions=rules)
    costs = [(cost.energy, cost.cycles) for cost in truth(arch, rules)]
    best = [one for one in set(costs) if not any(other != one and _no_more(other, one) for other in costs)]
    assert front.complete
    assert [(point.cost.energy, point.cost.cycles) for point in front.points] == sorted(best)
    assert pm.verify(front.to_dict()).status == "confirmed"


def _no_more(one: tuple[Fraction, Fraction | int], other: tuple[Fraction, Fraction | int]) -> bool:
    return one[0] <= other[0] and one[1] <= other[1]


def test_a_document_says_fractions_and_is_confirmed_with_its_bound() -> None:
    found = pm.optimize(WORK, machine(), objective="edp", conventions="accelforge")
    told = json.loads(found.to_json())
    assert told["totals"]["cycles"] == float(found.cost.cycles) != int(found.cost.cycles)
    verified = pm.verify(told)
    bound = next(check for check in verified.checks if check.name == "objective.lower_bound")
    assert (verified.status, bound.agrees, bound.method) == (
        "confirmed",
        True,
        "every class walked for a counterexample",
    )


def test_a_condition_allows_the_cycles_of_the_fastest_mapping_and_no_fewer() -> None:
    fastest = pm.optimize(WORK, machine(), objective="latency", conventions="accelforge")
    told = f"{float(fastest.cost.cycles):.15g}"
    within = pm.optimize(WORK, machine(), conventions="accelforge", subject_to=[f"cycles <= {float(told) * 1.000001}"])
    assert within.cost.cycles == fastest.cost.cycles
    with pytest.raises(pm.Infeasible, match=r"34\.[0-9]* cycles|33\.[0-9]* cycles"):
        pm.optimize(WORK, machine(), conventions="accelforge", subject_to=[f"cycles <= {float(told) * 0.999999}"])


def test_cycles_that_are_rounded_in_floats_are_whole() -> None:
    with pytest.raises(pm.PolymapError, match="rounded in floating point are whole"):
        pm.evaluate(WORK, machine(), NEST, conventions="timeloop,whole_cycles=no")
