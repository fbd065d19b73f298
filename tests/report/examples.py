"""Hand-made results: small enough to check by eye, and independent of model and mapper."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from polymap.architecture import Architecture, Array, Compute, Memory
from polymap.mapper.result import NetworkResult, Result, Search
from polymap.mapping.nest import Mapping, Spatial, Storage, Temporal
from polymap.model.conventions import POLYMAP
from polymap.model.cost import Component, Cost, Traffic
from polymap.workload import einsum

ARCHITECTURE = Architecture(
    "tiny",
    (
        Memory("DRAM", 16, Fraction(200), Fraction(200), Fraction(200)),
        Array("PE", (("X", 4),)),
        Memory("RF", 16, Fraction(1), Fraction(1), Fraction(1), capacity_bits=512),
        Compute("MAC", Fraction(1)),
    ),
    Fraction(200_000_000),
)
NEST = Mapping(
    (
        Storage("DRAM", ("A", "B", "C")),
        Temporal("k", 8),
        Spatial("m", 4, "X"),
        Storage("RF", ("A", "C")),
        Temporal("n", 2),
    )
)
COST = Cost(
    traffic=(
        Traffic("DRAM", "A", 32, 1, 32, 0, 0, Fraction(6400)),
        Traffic("RF", "A", 1, 4, 64, 32, 0, Fraction(96)),
    ),
    components=(Component("DRAM", 1, 32, Fraction(0)), Component("RF", 4, 16, Fraction(5, 2), 48, 512)),
    compute_level="MAC",
    compute_instances=4,
    physical_compute_instances=4,
    computes=64,
    compute_cycles=16,
    compute_energy=Fraction(64),
    cycles=32,
    clock_hz=Fraction(200_000_000),
    area_um2=100.0,
)


def gemm(name: str = "gemm") -> Result:
    """A proven result whose energy is 6562.5 pJ and whose latency is 160 ns."""
    work = einsum("C[m,n] += A[m,k] * B[k,n]", name=name, m=4, n=2, k=8)
    value = float(COST.edp)
    search = Search(classes=12, bounded=11, solved=1, cpu_s=0.25, seed=0, mapspace="even")
    return Result("optimal", "edp", value, value, NEST, COST, work, ARCHITECTURE, POLYMAP, search)


def stopped(name: str = "gemm") -> Result:
    """A mapping found before a limit, within a quarter of the bound."""
    best = gemm(name)
    assert best.value is not None
    return replace(best, status="feasible", lower_bound=best.value * 0.75)


def evaluated() -> Result:
    """A given mapping, priced."""
    return replace(gemm(), status="evaluated", objective=None, value=None, lower_bound=None, search=None)


def network(*layers: tuple[int, Result]) -> NetworkResult:
    """Two distinct layers, the first of which runs three times, unless others are given."""
    return NetworkResult("pair", layers or ((3, gemm("first")), (1, gemm("second"))))
