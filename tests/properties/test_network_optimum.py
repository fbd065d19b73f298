"""The mapper on machines whose networks have energies, against exhaustion of the uneven mapspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from random import Random

import pytest

import polymap as pm
from polymap.architecture.hierarchy import Array, Compute, Level, Memory, Wiring
from polymap.constraints.bind import bind
from polymap.mapper.build import mapping_of
from polymap.mapper.hauling import pays
from polymap.mapper.query import classes
from polymap.mapper.sets import integer_sets
from polymap.model.conventions import POLYMAP
from polymap.workload.einsum import Tensor
from tests.mapper.test_relaxation import buffer, machine
from tests.oracles.exhaust_uneven import Space
from tests.oracles.uneven_objectives import OBJECTIVES, Objective, pareto
from tests.properties.exact_engines import LONG, TIMES_LONGER
from tests.properties.strategies import conv1d_channels, conv2d, matmul
from tests.properties.strategies_uneven import PERFECT, Query
from tests.properties.test_fronts import check_front
from tests.properties.uneven_optimum import at_most_cycles, at_most_energy, check_optimum

MOST_MAPPINGS = 400
PROBLEMS = 12 * (TIMES_LONGER if LONG else 1)
MESHES = ((("X", 2),), (("X", 4),), (("X", 2), ("Y", 2)), (("X", 3), ("Y", 2)), (("X", 4), ("Y", 2)))
TEMPLATES = (matmul, matmul, conv1d_channels, conv2d)


def problems(seed: str) -> Iterator[Query]:
    """Small problems on machines of which some network has energies, larger than those of memories or much smaller."""
    draw = Random(seed)
    while True:
        query = Query(some_einsum(draw), some_machine(draw), PERFECT)
        if any(map(pays, query.architecture.arrays)) and query.space().is_within(MOST_MAPPINGS):
            yield query


def some_einsum(draw: Random) -> pm.Einsum:
    template = draw.choice(TEMPLATES)
    coordinates = template(draw.choice((1, 1, 2)), 1)
    ranks = dict.fromkeys(rank for axes in coordinates.values() for axis in axes for rank in axis.ranks)
    sizes = tuple((rank, draw.choice((1, 2, 2, 4, 3))) for rank in ranks)
    tensors = tuple(
        Tensor(name, axes, draw.choice((8, 16)), "output" if name == "O" else f"input{name}", name == "O")
        for name, axes in coordinates.items()
    )
    return pm.Einsum(template.__name__, sizes, tensors, template.__name__)


def some_machine(draw: Random) -> pm.Architecture:
    """A DRAM, up to two memories below it, one or two arrays anywhere among them."""
    inner = draw.choice((0, 0, 1, 1, 2))
    places = sorted(draw.randint(0, inner) for _ in range(draw.choice((1, 1, 2))))
    arrays = dict(zip(("PE", "LANE"), places))
    levels = list[Level]()
    for i in range(inner + 1):
        levels.append(some_memory(draw, f"L{i}", 0, 60 // i, draw.choice((None, 64, 128, 256))) if i else
                      some_memory(draw, "DRAM", 30, 300, None))  # fmt: skip
        levels += [some_array(draw, name) for name, place in arrays.items() if place == i]
    return pm.Architecture("small", (*levels, Compute("MAC", Fraction(1))), Fraction(10**9))


def some_memory(draw: Random, name: str, least: int, most: int, capacity: int | None) -> Memory:
    read, write, update = (Fraction(draw.randint(least, most)) for _ in range(3))
    leakage = draw.choice((Fraction(0), Fraction(1, 700)))
    return Memory(name, 16, read, write, update, capacity_bits=capacity, leakage_w=leakage)


def some_array(draw: Random, name: str) -> Array:
    hop, router, adder = (Fraction(draw.choice((0, 1, 3, 20)), draw.choice((1, 4))) for _ in range(3))
    wires = Wiring(hop_pj=hop, router_pj=router, reduce_pj=adder)
    by_length = Wiring(wire_pj=hop, pitch_mm=Fraction(1, 5), router_pj=router, reduce_pj=adder)
    shared = {what: draw.random() < 0.8 for what in ("multicast", "reduction")}
    return Array(name, draw.choice(MESHES), wiring=draw.choice((None, wires, wires, by_length)), **shared)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_no_mapping_is_better_than_the_one_found(objective: Objective) -> None:
    for query in islice(problems(objective.name), PROBLEMS):
        check_optimum(query, objective, PERFECT)


def test_the_least_energy_of_every_part_is_that_of_its_mapping() -> None:
    """What a part says of networks is what the model counts: each element is an access here, so nothing is rounded."""
    checked = 0
    for query in islice(problems("parts"), PROBLEMS):
        einsum = replace(query.einsum, tensors=tuple(replace(t, bits=16) for t in query.einsum.tensors))
        for unopened in islice(classes(einsum, query.architecture, POLYMAP, "uneven"), 30):
            part = unopened.open()
            for one in islice(part.split() or [part], 10):
                least, gaps = one.least_energy
                if gaps is not None:
                    cost = pm.evaluate(einsum, query.architecture, mapping_of(one, gaps))
                    assert float(cost.energy - one.leakage * cost.cycles) == pytest.approx(least, rel=1e-12), str(query)
                    checked += any(one.sharing.hauls.values())
    assert checked > 100


def test_a_front_over_latency_misses_no_point() -> None:
    for query in islice(problems("fronts"), PROBLEMS):
        check_front(query, pareto(query.einsum, query.architecture), "energy,latency")


def test_side_conditions_bind() -> None:
    draw = Random("conditions")
    for query in islice(problems("conditions"), PROBLEMS):
        points = sorted(query.space().points("").witnesses, key=str)
        if points:
            some = draw.choice(points)
            condition = at_most_cycles(some.cycles, query.architecture.clock_hz)
            check_optimum(query, OBJECTIVES["energy"], PERFECT, condition)
            check_optimum(query, OBJECTIVES["latency"], PERFECT, at_most_energy(some.energy + Fraction(1, 7)))


NETWORK = {"hop": "3 pJ", "router": "1 pJ", "reduce": "2 pJ"}
MESH = {"array": "A", "shape": {"X": 4, "Y": 2}, "network": NETWORK}


@pytest.mark.parametrize(("on", "factors"), [("A.X", {"m": 2}), ("A.X", {"n": 2}), ("A.Y", {"k": 2})])
def test_statements_are_met_by_the_way_factors_lie_on_an_array(on: str, factors: dict[str, int]) -> None:
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=2, n=2, k=2)
    meshed = machine(MESH, buffer("RF", 3))
    statements = pm.constraints({"polymap": "constraints/1", "parallel": {on: {"factors": factors}}})
    limits = bind(statements, work, meshed)
    every = Space(work, meshed, PERFECT).mappings()
    least = min(pm.evaluate(work, meshed, nest).energy for nest in every if not limits.violations(nest))
    found = pm.optimize(work, meshed, constraints=statements)
    assert found.status == "optimal"
    assert found.cost.energy == least >= pm.optimize(work, meshed).cost.energy


def test_on_a_domain_that_is_no_box_the_bound_holds() -> None:
    work = pm.einsum("S[i,j] += Q[i] * K[j]", i=4, j=4, domain="{ [i,j] : j <= i }")
    meshed = machine({**MESH, "shape": {"X": 2}}, buffer("RF", 3))
    every = Space(work, meshed, PERFECT, sets=integer_sets)
    least = min(pm.evaluate(work, meshed, nest).energy for nest in every.mappings())
    found = pm.optimize(work, meshed)
    assert found.lower_bound <= float(least) * 1e-12 <= found.value


@pytest.mark.parametrize(
    ("change", "asked", "why"),
    [
        ({"links": True}, {}, "together with links"),
        ({}, {"factors": "imperfect"}, "with perfect factors only"),
        ({}, {"conventions": "timeloop"}, "under timeloop"),
    ],
)
def test_what_is_not_searched_is_told(change: dict[str, object], asked: dict[str, str], why: str) -> None:
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=2, n=2, k=2)
    with pytest.raises(pm.SpecError, match=why):
        pm.optimize(work, machine({**MESH, "network": {**NETWORK, **change}}, buffer("RF", 3)), **asked)
