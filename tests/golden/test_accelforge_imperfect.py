"""Imperfect factors of accelforge 1c1929c2: its searches over prime sizes, with loops cut in time and in space.

Its energies are sums of 32-bit floats.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

import polymap as pm

PRIMES = pm.einsum("Z[m,n] += A[m,k] * B[k,n]", m=97, k=101, n=103, bits=8)
NVDLA = """\
polymap: architecture/1
name: nvdla
clock: 1 GHz
hierarchy:
  - memory: DRAM
    width: 1 b
    energy: {read: 7.03 pJ, write: 7.03 pJ}
    bandwidth: {shared: 307.2 b/cycle}
  - memory: GLB
    capacity: 524288 b
    width: 1 b
    energy: {read: 0.249 pJ, write: 0.293 pJ}
    bandwidth: {read: 4096 b/cycle, write: 1024 b/cycle}
  - array: PE
    shape:
      X: {size: 32, reuses: [input]}
      Y: {size: 192, reuses: [output]}
  - memory: register
    capacity: 8 b
    width: 1 b
    energy: {read: 0 pJ, write: 0 pJ}
    keeps: [weight]
  - compute: MAC
    energy: 0.084 pJ
"""
SIMPLE = """\
polymap: architecture/1
name: simple
clock: 1 GHz
hierarchy:
  - memory: DRAM
    width: 1 b
    energy: {read: 100 pJ, write: 100 pJ}
  - memory: GLB
    capacity: 16384 b
    width: 1 b
    energy: {read: 1 pJ, write: 1 pJ}
    may_keep: [input, weight, output]
  - compute: MAC
    energy: 1 pJ
"""
NVDLA_PJ, NVDLA_CYCLES = 1_972_160.5895028915, 786.2239499445423
SIMPLE_PJ = 82_092_000  # printed with five digits
FLOAT = 3e-7


@pytest.mark.parametrize("objective", ["energy", "latency", "edp"])
def test_the_imperfect_optimum_of_nvdla_is_found_and_proven(objective: str) -> None:
    found = pm.optimize(
        PRIMES, pm.architecture(NVDLA), objective=objective, conventions="accelforge", factors="imperfect"
    )
    assert (found.status, found.gap) == ("optimal", 0.0)
    assert float(found.cost.energy) <= NVDLA_PJ * (1 + FLOAT)
    words = sum(row.reads + row.updates for row in found.cost.traffic if row.level == "DRAM")
    busy = Fraction(8 * words) / Fraction("307.2")
    assert busy <= NVDLA_CYCLES * (1 + FLOAT)
    assert found.cost.cycles == busy


def test_a_better_mapping_than_recorded_fills_a_small_buffer() -> None:
    found = pm.optimize(PRIMES, pm.architecture(SIMPLE), conventions="accelforge", factors="imperfect")
    assert found.status == "optimal"
    assert found.cost.energy < SIMPLE_PJ
    assert pm.evaluate(PRIMES, pm.architecture(SIMPLE), found.mapping, conventions="accelforge") == found.cost


def test_the_timeloop_conventions_are_refused_with_the_reason() -> None:
    with pytest.raises(pm.SpecError, match="iterations that are empty take cycles"):
        pm.optimize(PRIMES, pm.architecture(SIMPLE), conventions="timeloop", factors="imperfect")
