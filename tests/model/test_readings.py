"""One formula, three readings: integers, numpy arrays and sympy expressions agree."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import astuple, replace
from fractions import Fraction
from functools import partial
from math import prod
from typing import Any

import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polymap.architecture.hierarchy import Bandwidth, Rate
from polymap.errors import PolymapError
from polymap.mapping.nest import Mapping, Temporal
from polymap.model import Cost, SymbolicCost, evaluate, symbolic
from polymap.model.conventions import POLYMAP
from polymap.workload import Einsum, einsum
from tests.model.machines import machine, memory, nest
from tests.properties.strategies import Problem, problems

law = partial(settings, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PRESETS = st.sampled_from(("polymap", "timeloop"))

GEMM = einsum("C[m,n] += A[m,k] * B[k,n]", m=8, n=8, k=8)
CONV = einsum("O[p] += I[p+r] * W[r]", p=8, r=3)
TWO = machine(memory("DRAM", "200", "210.5", "220"), memory("Buf", "1.5", "1.75", "2", leakage_w="0.001"))
TILED = nest("DRAM holds A B C\nfor m in 2\nfor n in 2\nBuf holds A B C\nfor k in 8\nfor m in 4\nfor n in 4")
WINDOW = nest("DRAM holds O I W\nfor p in 2\nBuf holds O I W\nfor p in 4\nfor r in 3")


def trips(mapping: Mapping) -> list[int]:
    return [loop.trip for loop in mapping.loops]


def numbers(rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Level, tensor, tile, instances, reads, fills and updates of every row."""
    return [astuple(row)[:7] for row in rows]


def at(formulas: SymbolicCost, values: Sequence[int]) -> list[tuple[Any, ...]]:
    return [
        (level, tensor, *(int(formulas.at(count, values)) for count in counts))
        for level, tensor, *counts in numbers(formulas.rows)
    ]


def entry(batch: Any, i: int) -> list[tuple[Any, ...]]:
    return [(level, tensor, *(int(count[i]) for count in counts)) for level, tensor, *counts in numbers(batch.rows)]


@law(max_examples=15)
@given(problem=problems(), conventions=PRESETS)
def test_symbols_replaced_by_trips_give_the_integers(problem: Problem, conventions: str) -> None:
    mapping = problem.mapping.without_unit_loops()
    cost = evaluate(problem.einsum, problem.architecture, mapping, conventions, check=False)
    formulas = symbolic(problem.einsum, problem.architecture, mapping, conventions)
    values = trips(mapping)
    assert at(formulas, values) == numbers(cost.traffic)
    assert formulas.at(formulas.energy, values) == sympy.Rational(*cost.energy.as_integer_ratio())
    assert formulas.at(formulas.cycles, values) == cost.cycles


@law(max_examples=60)
@given(problem=problems(), conventions=PRESETS, exact=st.booleans())
def test_arrays_of_trips_give_the_integers_of_every_mapping(problem: Problem, conventions: str, exact: bool) -> None:
    conventions += ",cycles_in_floats=no" if conventions == "timeloop" else ""  # else a hair makes a cycle more
    mapping = problem.mapping.without_unit_loops()
    other = Mapping(tuple(_larger(node) for node in mapping.nodes))
    run = symbolic(problem.einsum, problem.architecture, mapping, conventions).compile()
    batch = run(*zip(trips(mapping), trips(other)), exact=exact)
    for i, one in enumerate((mapping, other)[: len(batch.cycles)]):
        cost = evaluate(_sized(problem.einsum, one), problem.architecture, one, conventions, check=False)
        assert entry(batch, i) == numbers(cost.traffic)
        assert (batch.cycles[i], batch.compute_cycles[i]) == (cost.cycles, cost.compute_cycles)
        assert batch.energy_pj[i] == pytest.approx(cost.energy_pj, rel=1e-12)


def _sized(work: Einsum, mapping: Mapping) -> Einsum:
    """The einsum of which the mapping's trips are perfect factors."""
    covered = {rank: prod(loop.trip for loop in mapping.loops if loop.rank == rank) for rank in work.sizes}
    return replace(work, ranks=tuple(covered.items()))


def _larger(node: Any) -> Any:
    """More trips; not in space, where an array holds no more."""
    return replace(node, trip=node.trip + 1) if isinstance(node, Temporal) else node


def test_formulas_print_in_the_trips_of_their_loops() -> None:
    formulas = symbolic(GEMM, TWO, TILED)
    assert [str(symbol) for symbol in formulas.symbols] == ["m0", "n0", "k0", "m1", "n1"]
    assert str(formulas.row("Buf", "A").tile) == "k0*m1"
    assert str(formulas.row("Buf", "A").fills) == "k0*m0*m1"
    assert str(formulas.row("DRAM", "B").reads) == "k0*m0*n0*n1"
    assert str(formulas.cycles) == "k0*m0*m1*n0*n1"
    assert "Buf.A.fills = k0*m0*m1" in str(formulas)


def test_a_sliding_window_prints_its_halo() -> None:
    p0, p1, r0 = sympy.symbols("p0 p1 r0", integer=True, positive=True)
    fills = symbolic(CONV, TWO, WINDOW).row("Buf", "I").fills
    tile = p1 + r0 - 1
    assert sympy.simplify(fills - (tile + (p0 - 1) * (tile - sympy.Max(0, r0 - 1)))) == 0


def test_a_search_stays_a_named_function_of_the_trips() -> None:
    again = nest("DRAM holds O I W\nfor p in 2\nfor p in 2\nBuf holds O I W\nfor p in 2\nfor r in 3")
    formulas = symbolic(CONV, TWO, again, "timeloop")
    assert "swept" in str(formulas.row("Buf", "I").fills)


def test_the_trips_written_in_a_skeleton_are_not_read() -> None:
    ones = Mapping(tuple(_unit(node) for node in TILED.nodes))
    assert symbolic(GEMM, TWO, ones).energy == symbolic(GEMM, TWO, TILED).energy


def _unit(node: Any) -> Any:
    return replace(node, trip=1) if hasattr(node, "trip") else node


def test_integers_broadcast_against_arrays() -> None:
    batch = symbolic(GEMM, TWO, TILED).compile()(2, [2, 4], 8, 4, [4, 2])
    assert batch.cycles.tolist() == [512, 512]
    assert batch.rows[0].reads.shape == (2,)


def test_computations_too_large_for_64_bits_ask_for_exact_integers() -> None:
    run = symbolic(GEMM, TWO, TILED).compile()
    huge = (2**12, 2**12, 2**20, 2**12, 2**12)
    with pytest.raises(PolymapError, match="exact=True"):
        run(*huge)
    assert run(*huge, exact=True).compute_cycles.tolist() == [2**68]


def test_rates_with_large_denominators_do_not_overflow_arrays() -> None:
    odd = Rate(Fraction(10**15 + 37, 10**15 + 91), in_words=True)
    slow = machine(memory("DRAM", bandwidth=Bandwidth(shared=odd)), memory("Buf"))
    cost = evaluate(GEMM, slow, TILED)
    assert symbolic(GEMM, slow, TILED).compile()(*trips(TILED)).cycles.tolist() == [cost.cycles]


def test_formulas_are_for_boxes_and_whole_windows_only() -> None:
    triangle = einsum("C[i] += A[i,j]", i=8, j=8, domain="{ [i,j] : j <= i }")
    with pytest.raises(PolymapError, match="no box"):
        symbolic(triangle, TWO, nest("DRAM holds A C\nfor i in 8\nfor j in 8"))
    strided = einsum("O[p] += I[2*p+r] * W[r]", p=8, r=3)
    with pytest.raises(PolymapError, match="tiles of I may have holes"):
        symbolic(strided, TWO, WINDOW, replace(POLYMAP, holes="exact"))


def test_pricing_a_mapping_loads_neither_sympy_nor_numpy() -> None:
    code = (
        "import sys; from polymap.model import evaluate, symbolic; from tests.model.test_evaluate import *; "
        "gemm_on(machine(memory('DRAM')), 'for m in 4', 'for n in 4', 'for k in 4'); "
        "print({'sympy', 'numpy', 'islpy', 'ortools'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_a_cost_is_a_value() -> None:
    first, second = evaluate(GEMM, TWO, TILED), evaluate(GEMM, TWO, TILED)
    assert isinstance(first, Cost)
    assert first == second
    assert hash(first) == hash(second)
