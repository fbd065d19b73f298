"""What limits an optimum, and changes of mappings, against exhaustion of the uneven mapspace."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import assume, event, given, reject
from hypothesis import strategies as st

import polymap as pm
from polymap.architecture.hierarchy import Array, Bandwidth, Level, Memory
from polymap.constraints.bind import bind
from polymap.constraints.statements import Constraints
from polymap.errors import IllegalMapping
from polymap.mapper.changes import changes
from polymap.mapper.distance import distance
from polymap.mapper.limits import Limit, Limits, limits, whole_bits
from polymap.mapper.query import Query as Asked
from polymap.mapping import Mapping
from polymap.mapping.legality import mistakes
from polymap.mapping.nest import Storage
from polymap.mapping.tidy import tidy
from polymap.model.evaluate import evaluate
from polymap.quantity import capacity_text
from tests.oracles import exhaust
from tests.oracles.uneven_objectives import OBJECTIVES, best, sizes
from tests.properties.exact_engines import law
from tests.properties.ruled_optimum import Ruled, every_mapping, ruled
from tests.properties.strategies_uneven import PERFECT, Query, queries
from tests.properties.uneven_optimum import most_nodes

MOST_NODES = 3
problems = queries(st.just(PERFECT), most_mappings=50)


def studied(query: Query, objective: str) -> Limits:
    assume(most_nodes(query) <= MOST_NODES)
    assume(best(query.einsum, query.architecture, OBJECTIVES[objective]) is not None)
    return limits(query.einsum, query.architecture, Asked(objective), lambda _: None)


@law(3)
@given(query=problems)
def test_the_least_capacity_that_helps_is_the_least(query: Query) -> None:
    found = studied(query, "energy")
    for limit in found.limits:
        if limit.kind == "capacity":
            memory = query.architecture.memory(limit.name)
            open_machine = with_level(
                query.architecture, replace(memory, capacity_bits=whole_bits(query.einsum, memory))
            )
            front = sizes(query.einsum, open_machine, limit.name)
            helping = [bits for energy, bits in front if energy < found.best.cost.energy]
            assert limit.binds == bool(helping), str(query)
            if helping:
                assert limit.least
                first = limit.steps[0].best
                assert first.cost.energy < found.best.cost.energy
                assert bits_of(limit.steps[0].best, limit) == min(helping), str(query)
            else:
                assert limit.lifted is not None
                assert limit.lifted.cost.energy == front[0][0]


@law(3)
@given(query=problems, objective=st.sampled_from(("latency", "edp")))
def test_a_rate_binds_if_and_only_if_the_optimum_falls_without_it(query: Query, objective: str) -> None:
    found = studied(query, objective)
    for limit in found.limits:
        if limit.kind == "bandwidth":
            name, port = limit.name.split(".")
            memory = query.architecture.memory(name)
            rates = {p: None if p == port else getattr(memory.bandwidth, p) for p in ("read", "write", "shared")}
            freed = with_level(
                query.architecture, replace(memory, bandwidth=Bandwidth(**rates, scale=memory.bandwidth.scale))
            )
            truth = best(query.einsum, freed, OBJECTIVES[objective])
            assert truth is not None
            value = float(OBJECTIVES[objective].value(truth.point, freed.clock_hz))
            assert found.best.value is not None
            assert limit.binds == (value < found.best.value), str(query)


@law(3)
@given(query=problems)
def test_no_size_of_a_dimension_up_to_twice_helps_but_those_told(query: Query) -> None:
    found = studied(query, "latency")
    for limit in found.limits:
        if limit.kind == "fan-out":
            told = {int(step.to): step.best.value for step in limit.steps}
            last = found.best.value
            for size in range(int(limit.now) + 1, 2 * int(limit.now) + 1):
                truth = best(query.einsum, wider(query, limit.name, size), OBJECTIVES["latency"])
                assert truth is not None
                value = float(OBJECTIVES["latency"].value(truth.point, query.architecture.clock_hz))
                assert value == told.get(size, last) or any(step > size for step in told), str(query)
                last = value


@law(3)
@given(query=problems)
def test_every_step_is_the_price_of_its_mapping_on_its_machine(query: Query) -> None:
    for result in studied(query, "edp").searched:
        cost = evaluate(query.einsum, result.architecture, result.mapping)
        assert cost == result.cost
        assert result.value == cost.edp_js


@law(5)
@given(problem=ruled("uneven", most_mappings=60))
def test_a_statement_binds_if_and_only_if_the_optimum_falls_without_it(problem: Ruled) -> None:
    found = studied_under(problem)
    for limit in found.limits:
        if limit.kind == "statement":
            assert limit.lifted is not None
            without = tuple(each for each in problem.constraints.statements if each.text != limit.name)
            fewer = least_energy(problem, problem.query.architecture, Constraints(without))
            assert fewer is not None
            assert limit.binds == (fewer < found.best.cost.energy), f"{problem}\n{limit.name}"
            assert limit.lifted.cost.energy == fewer or not limit.binds


@law(5)
@given(problem=ruled("uneven", most_mappings=60))
def test_twice_the_room_saves_what_is_told_under_statements_about_shares_of_it_too(problem: Ruled) -> None:
    found = studied_under(problem)
    for limit in found.limits:
        if limit.kind == "capacity":
            memory = problem.query.architecture.memory(limit.name)
            double = replace(memory, capacity_bits=2 * (memory.capacity_bits or 0))
            truth = least_energy(problem, with_level(problem.query.architecture, double), problem.constraints)
            if limit.binds is False:
                assert truth == found.best.cost.energy, str(problem)
            else:
                told = [step.best.cost.energy for step in limit.steps if step.to == capacity_text(2 * bits(memory))]
                assert told == ([] if truth is None else [truth]), str(problem)


@law(40)
@given(data=st.data())
def test_no_size_up_to_twice_helps_more_than_those_told_where_idle_instances_cost(data: st.DataObject) -> None:
    m, n = data.draw(st.integers(2, 12)), data.draw(st.integers(1, 5))
    work = pm.einsum("C[m,n] += A[m] * B[n]", m=m, n=n, bits=16)
    machine = pm.architecture(leaking(data))
    used = data.draw(st.sampled_from(("at least 0.75", "at most 0.5", "0.5", "at least 0")))
    rules = pm.constraints({"utilization": {"PE": used}}) if data.draw(st.booleans()) else Constraints()
    asked = Asked("energy", mapspace="even", constraints=rules)

    def least(size: int) -> Any:
        array = replace(machine.arrays[0], shape=(("X", size),))
        wide = with_level(machine, array)
        demanded = bind(rules, work, wide)
        found = (nest for nest in exhaust.mappings(work, wide) if not demanded.violations(nest))
        legal = (nest for nest in found if not mistakes(work, wide, nest))
        return min((evaluate(work, wide, nest, check=False).energy for nest in legal), default=None)

    now = machine.arrays[0].fanout
    assume(least(now) is not None)
    [limit] = [limit for limit in limits(work, machine, asked, lambda _: None).limits if limit.kind == "fan-out"]
    truth = min((found for size in range(now + 1, 2 * now + 1) if (found := least(size)) is not None), default=None)
    helps = truth is not None and truth < least(now)
    within = [step.best.cost.energy for step in limit.steps if int(step.to) <= 2 * now]
    told = f"{work} {machine} {rules} {truth} {limit}"
    event(f"helps: {helps}, by a size between: {bool(helps and len(limit.steps) > 2)}")
    if helps:
        assert (limit.binds, min(within)) == (True, truth), told
    elif limit.steps and int(limit.steps[-1].to) <= 2 * now:
        assert (limit.binds, int(limit.useless) > now) == (None, True), told


def leaking(data: st.DataObject) -> dict[str, Any]:
    """A memory and an array whose instances leak, and may have to be used."""
    rule = {
        "size": data.draw(st.integers(1, 7)),
        **data.draw(st.sampled_from(({}, {"min_usage": 0.5}, {"min_usage": 0.8}))),
    }
    energy = {"read": "1 pJ", "write": "1 pJ"}
    compute = {"compute": "MAC", "energy": "1 pJ", "leakage": data.draw(st.sampled_from(("0 W", "1 mW", "20 mW")))}
    home = {"memory": "DRAM", "width": "16 b", "energy": energy, "leakage": data.draw(st.sampled_from(("0 W", "9 mW")))}
    levels = [home, {"array": "PE", "shape": {"X": rule}}, compute]
    return {"polymap": "architecture/1", "name": "leaking", "clock": "1 GHz", "hierarchy": levels}


def bits(memory: Memory) -> int:
    return memory.capacity_bits or 0


def studied_under(problem: Ruled) -> Limits:
    assume(most_nodes(problem.query) <= MOST_NODES)
    assume(least_energy(problem, problem.query.architecture, problem.constraints) is not None)
    asked = Asked("energy", constraints=problem.constraints)
    return limits(problem.query.einsum, problem.query.architecture, asked, lambda _: None)


def least_energy(problem: Ruled, machine: pm.Architecture, constraints: Constraints) -> Any:
    """Of all uneven mappings that meet the statements, None if none does."""
    einsum = problem.query.einsum
    demanded = bind(constraints, einsum, machine)
    found = (nest for nest in every_mapping(einsum, machine, "uneven") if not demanded.violations(nest))
    return min((evaluate(einsum, machine, nest, check=False).energy for nest in found), default=None)


@law(10)
@given(query=problems, data=st.data())
def test_every_change_that_brings_no_nodes_together_can_be_undone_by_a_change(
    query: Query, data: st.DataObject
) -> None:
    """A loop that leaves from between two nodes of a memory makes them one: to part them again takes two changes."""
    mapping = some_mapping(query, data)
    legal = [c for c in changes(query.einsum, query.architecture, mapping) if is_legal(query, c.mapping)]
    legal = [c for c in legal if holdings(c.mapping) >= holdings(mapping)]
    if legal:
        changed = data.draw(st.sampled_from(legal))
        back = {c.mapping for c in changes(query.einsum, query.architecture, changed.mapping)}
        assert mapping in back, f"{mapping}\n{changed.words}\n{changed.mapping}"


def holdings(mapping: Mapping) -> int:
    return sum(isinstance(node, Storage) for node in mapping.nodes)


@law(5)
@given(query=problems, data=st.data())
def test_the_change_that_helps_most_is_legal_and_costs_what_is_told(query: Query, data: st.DataObject) -> None:
    mapping = some_mapping(query, data)

    def price(nest: Mapping) -> pm.Cost:
        return evaluate(query.einsum, query.architecture, nest)

    found = distance(query.einsum, query.architecture, mapping, Asked("energy"), price)
    assert found.factor >= 1
    assert found.given.value == float(price(mapping).energy / 10**12)
    assert found.best.status == "optimal"
    if found.changed is None:
        assert all(found.given.cost.energy <= energy for energy in prices(query, mapping))
    else:
        assert found.changed.cost == price(found.changed.mapping)
        assert found.changed.cost.energy == min(prices(query, mapping)) < found.given.cost.energy


def prices(query: Query, mapping: Mapping) -> list[object]:
    legal = (c.mapping for c in changes(query.einsum, query.architecture, mapping) if is_legal(query, c.mapping))
    return [evaluate(query.einsum, query.architecture, nest).energy for nest in legal]


def some_mapping(query: Query, data: st.DataObject) -> Mapping:
    """A legal mapping a few changes away from the optimum."""
    assume(most_nodes(query) <= MOST_NODES)
    try:
        mapping = pm.optimize(query.einsum, query.architecture).mapping
    except pm.Infeasible:
        reject()
    mapping = Mapping(tidy(mapping.nodes, query.einsum, query.architecture))
    for _ in range(data.draw(st.integers(0, 3))):
        legal = [c.mapping for c in changes(query.einsum, query.architecture, mapping) if is_legal(query, c.mapping)]
        mapping = data.draw(st.sampled_from(legal)) if legal else mapping
    return mapping


def is_legal(query: Query, mapping: Mapping) -> bool:
    try:
        return not mistakes(query.einsum, query.architecture, mapping)
    except IllegalMapping:
        return False


def bits_of(result: pm.Result, limit: Limit) -> int:
    return next(row.occupied_bits for row in result.cost.components if row.level == limit.name)


def with_level(machine: pm.Architecture, level: Level) -> pm.Architecture:
    levels = (level if here.name == level.name else here for here in machine.hierarchy)
    return replace(machine, hierarchy=tuple(levels))


def wider(query: Query, name: str, size: int) -> pm.Architecture:
    array, dim, _ = query.architecture.dimension(name) or (None, "", 0)
    assert isinstance(array, Array)
    return with_level(
        query.architecture, replace(array, shape=tuple((d, size if d == dim else s) for d, s in array.shape))
    )
