"""What every mapping needs (`compulsory`), against all mappings of small problems: none needs less, some no more."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polymap as pm
from polymap.architecture.hierarchy import Architecture, Bandwidth, Compute, Memory, Rate
from polymap.mapper.compulsory import Compulsory, compulsory
from polymap.mapper.objective import moved_bits, objective
from polymap.mapping.nest import Mapping
from polymap.model.conventions import ACCELFORGE, POLYMAP, TIMELOOP, Conventions
from tests.oracles import exhaust
from tests.properties.exact_engines import law
from tests.properties.strategies import Query as EvenQuery
from tests.properties.strategies import queries as even_queries
from tests.properties.strategies_domains import DomainQuery, convolutions, corners, differences, domain_queries
from tests.properties.strategies_uneven import IMPERFECT, PERFECT, Query, queries
from tests.properties.test_links_optimum import linked
from tests.properties.test_optimum import priced

LOOKED_AT = 200  # mappings of a space
PRESETS = pytest.mark.parametrize("conventions", [POLYMAP, TIMELOOP, ACCELFORGE], ids=lambda preset: preset.name)
EXACTLY = 1 + 1e-12


def check(query: EvenQuery | Query, mappings: Iterable[Mapping], conventions: Conventions) -> None:
    """No mapping needs less energy, cycles or bits at a memory than what is compulsory."""
    einsum, machine = query.einsum, query.architecture
    least = Compulsory(einsum, machine, conventions)
    energy, cycles = least.energy_pj, least.cycles
    moved = {memory.name: least.moved_bits(memory.name) for memory in machine.memories}
    for mapping in islice(mappings, LOOKED_AT):
        cost = priced(einsum, machine, mapping, conventions)
        assert energy <= float(cost.energy) * EXACTLY, f"{query}\n{mapping}"
        assert cycles <= float(cost.cycles) * EXACTLY, f"{query}\n{mapping}"
        for level, bits in moved.items():
            assert bits <= moved_bits(cost, einsum, machine, level) * EXACTLY, f"{query}\n{mapping}\n{level}"


@PRESETS
@law(30)
@given(query=even_queries())
def test_no_even_mapping_needs_less(query: EvenQuery, conventions: Conventions) -> None:
    check(query, exhaust.mappings(query.einsum, query.architecture), conventions)


@pytest.mark.parametrize("conventions", [POLYMAP, TIMELOOP], ids=lambda preset: preset.name)
@law(15)
@given(query=linked())
def test_no_mapping_needs_less_where_neighbours_pass_tiles_on(query: EvenQuery, conventions: Conventions) -> None:
    check(query, exhaust.mappings(query.einsum, query.architecture), conventions)


@pytest.mark.parametrize("conventions", [POLYMAP, ACCELFORGE], ids=lambda preset: preset.name)
@pytest.mark.parametrize("factors", [PERFECT, IMPERFECT])
@law(8)
@given(data=st.data())
def test_no_uneven_mapping_needs_less(data: st.DataObject, factors: str, conventions: Conventions) -> None:
    query = data.draw(queries(st.just(factors), most_mappings=500))
    check(query, query.space().mappings(), conventions)


@law(4)
@given(query=domain_queries(differences, LOOKED_AT) | domain_queries(corners, LOOKED_AT))
def test_no_mapping_of_another_domain_than_a_box_needs_less(query: DomainQuery) -> None:
    check_points(query)


@law(2)
@given(query=domain_queries(convolutions(), LOOKED_AT))
def test_no_mapping_of_a_padded_image_needs_less(query: DomainQuery) -> None:
    check_points(query)


def check_points(query: DomainQuery) -> None:
    least = Compulsory(query.einsum, query.architecture, POLYMAP)
    for memory in query.architecture.memories:
        bits = least.moved_bits(memory.name)
        for point in query.space().points(memory.name).witnesses:
            assert least.energy_pj <= float(point.energy) * EXACTLY, str(query)
            assert least.cycles <= point.cycles, str(query)
            assert bits <= point.moved, f"{query}\n{memory.name}"


def roomy(bandwidth: Bandwidth) -> Architecture:
    """A DRAM and a buffer that holds everything."""
    dram = Memory("DRAM", 8, Fraction(100), Fraction(110), Fraction(120), bandwidth=bandwidth)
    buffer = Memory("buffer", 8, Fraction(1), Fraction(2), Fraction(3), leakage_w=Fraction(1, 500))
    return Architecture("roomy", (dram, buffer, Compute("MAC", Fraction(1))), Fraction(10**9))


@pytest.mark.parametrize("goal", ["energy", "latency", "edp", "energy^2*latency", "traffic:DRAM", "traffic:buffer"])
@pytest.mark.parametrize("rate", [None, Rate(Fraction(1))], ids=["computes", "ports"])
def test_it_is_the_optimum_where_everything_fits(goal: str, rate: Rate | None) -> None:
    einsum, machine = pm.einsum("O[m,n] += A[m,k] * B[k,n]", m=4, n=6, k=8, bits=8), roomy(Bandwidth(shared=rate))
    found = pm.optimize(einsum, machine, objective=goal)
    asked = objective(goal)
    least = asked.si(compulsory(asked, einsum, machine, POLYMAP), machine.clock_hz)
    assert found.value == pytest.approx(float(least), rel=1e-8)


@pytest.mark.parametrize("factors", [PERFECT, IMPERFECT])
@pytest.mark.parametrize("goal", ["energy", "latency", "edp"])
def test_a_search_that_is_stopped_at_once_has_a_bound(goal: str, factors: str) -> None:
    found = pm.optimize("gemm_512", "teaching", objective=goal, factors=factors, time_limit=1e-9)
    assert found.status == "feasible"
    assert found.lower_bound > 0
