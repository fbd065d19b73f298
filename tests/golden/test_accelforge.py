"""Fixed mappings priced under the `accelforge` conventions against what accelforge 1c1929c2 gave for them.

Its actions are bits: elements times 8. Its writes are fills and updates. Its sums are 32-bit floats. Left out are its
cases with imperfect tiles (it counts more operand reads than multiplications there), latencies that are no whole number
of cycles, and outputs over a network that does not reduce: it takes the first partial sum of every instance for a plain
write there, though all but one must be added to what another instance wrote.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import pytest

import polymap as pm
from polymap.workload import einsum

MACHINE = """\
polymap: architecture/1
name: two_levels
clock: 1 GHz
hierarchy:
  - memory: DRAM
    width: 1 b
    energy: {read: 100 pJ, write: 100 pJ}
    bandwidth: 16 b/cycle
  - memory: GLB
    capacity: 65536 b
    width: 1 b
    energy: {read: 1 pJ, write: 2 pJ}
    bandwidth: 64 b/cycle
    may_keep: [input, weight, output]
    leakage: 0.5 mW
  - array: PE
    shape: {X: 4, Y: 4}
    network: {multicast: REUSE, reduction: REUSE}
  - memory: RF
    capacity: 512 b
    width: 1 b
    energy: {read: 0.1 pJ, write: 0.2 pJ}
    may_keep: [input, weight, output]
  - compute: MAC
    energy: 1 pJ
"""
MATMUL = einsum("Z[m,n] += A[m,k] * B[k,n]", m=8, k=16, n=12, bits=8)
CONV = einsum("O[m,p] += I[c,p+r] * W[m,c,r]", p=12, r=3, c=4, m=8, bits=8)
STRIDED = einsum("O[m,p] += I[c,2*p+r] * W[m,c,r]", p=12, r=3, c=4, m=8, bits=8)


@dataclass(frozen=True)
class Case:
    """A mapping, and what was given for it: energy in pJ, cycles, and some (reads, writes) in bits."""

    work: pm.Einsum
    nest: str
    energy_pj: float
    cycles: int
    bits: dict[str, tuple[int, int]]


SPATIAL = """
DRAM holds A B Z
for n in 3
GLB holds A B Z
for k in 2
parallel k in 4 on X
parallel n in 4 on Y
RF holds B
for m in 8
RF holds A Z
for k in 2
"""
OUTER = "DRAM holds I W O|for m in 2|for p in 3|GLB holds I W O|for c in 4|for r in 3|for m in 4|for p in 4"
BELOW = "DRAM holds I W O|GLB holds W|for p in 6|GLB holds I O|for m in 8|for c in 4|for r in 3|for p in 2"
INNER = "DRAM holds I W O|GLB holds I W O|for p in 12|for m in 8|for c in 4|for r in 3"
SLOW = """
DRAM holds I W O
GLB holds I W O
for m in 8
for c in 4
parallel r in 3 on X
parallel p in 4 on Y
RF holds W
for p in 3
"""
CASES = {
    "tiled": Case(
        MATMUL,
        "DRAM holds A B Z|for m in 2|for n in 2|GLB holds Z|for k in 4|GLB holds A B|for k in 4|for m in 4|for n in 6",
        662784.0,
        1536,
        {"DRAM.A": (2048, 0), "GLB.B": (12288, 3072), "GLB.Z": (12288, 12288), "DRAM.Z": (0, 768)},
    ),
    "spilled": Case(
        MATMUL,
        "DRAM holds A B Z|for k in 4|for m in 2|for n in 2|GLB holds A B Z|for m in 4|for n in 6|for k in 4",
        1130496.0,
        1536,
        {"DRAM.A": (2048, 0), "GLB.A": (12288, 2048), "GLB.Z": (14592, 14592), "DRAM.Z": (2304, 3072)},
    ),
    "spatial": Case(
        MATMUL,
        SPATIAL,
        567566.375,
        336,
        {
            "RF.A": (12288, 12288),
            "GLB.A": (3072, 3072),
            "DRAM.A": (3072, 0),
            "RF.B": (12288, 1536),
            "RF.Z": (15360, 15360),
            "GLB.Z": (1536, 1536),
        },
    ),
    "tiled_convolution": Case(
        CONV, OUTER, 477120.0, 1152, {"DRAM.I": (1152, 0), "DRAM.W": (2304, 0), "GLB.O": (9216, 9216)}
    ),
    "tiled_convolution_with_stride": Case(STRIDED, OUTER, 535872.0, 1152, {"DRAM.I": (1728, 0)}),
    "halo_fetched_again": Case(CONV, BELOW, 281280.0, 1152, {"DRAM.I": (768, 0), "GLB.W": (9216, 768)}),
    "halo_fetched_again_with_stride": Case(STRIDED, BELOW, 300864.0, 1152, {"DRAM.I": (960, 0)}),
    "held_whole": Case(CONV, INNER, 248640.0, 1152, {"GLB.I": (9216, 448), "DRAM.I": (448, 0)}),
    "systolic": Case(CONV, SLOW, 222855.5, 271, {"GLB.O": (3072, 3072), "RF.W": (9216, 3072), "GLB.W": (768, 768)}),
}


def priced(case: Case, reuse: str = "true") -> pm.Cost:
    machine = pm.architecture(MACHINE.replace("REUSE", reuse))
    return pm.evaluate(case.work, machine, nest(case.nest), conventions="accelforge")


def nest(lines: str) -> str:
    """A mapping's text, of lines that a bar or a line break ends."""
    return lines.replace("|", "\n").strip() + "\ncompute\n"


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def test_every_action_is_one_that_accelforge_counted(case: Case) -> None:
    cost = priced(case)
    rows = {f"{row.level}.{row.tensor}": (8 * row.reads, 8 * (row.fills + row.updates)) for row in cost.traffic}
    assert {name: rows[name] for name in case.bits} == case.bits


def test_energy_and_cycles_are_those_of_accelforge(case: Case) -> None:
    cost = priced(case)
    assert (single(cost.energy_pj), cost.cycles) == (case.energy_pj, case.cycles)


def single(number: float) -> float:
    """A number as a 32-bit float holds it."""
    found: float = struct.unpack("f", struct.pack("f", number))[0]
    return found


def test_inputs_are_read_for_every_instance_where_the_array_does_not_reuse() -> None:
    row = priced(CASES["spatial"], reuse="false").row("GLB", "A")
    assert row is not None
    assert (8 * row.reads, 8 * row.fills) == (12288, 3072)


def test_the_tiles_of_other_conventions_stay() -> None:
    case = CASES["spilled"]
    machine = pm.architecture(MACHINE.replace("REUSE", "true"))
    row = pm.evaluate(case.work, machine, nest(case.nest)).row("DRAM", "A")
    assert row is not None
    assert 8 * row.reads == 1024


def test_imperfect_factors_are_refused() -> None:
    machine = pm.architecture(MACHINE.replace("REUSE", "true"))
    uneven = nest(CASES["held_whole"].nest.replace("for p in 12", "for p in 3|for p in 5"))
    with pytest.raises(pm.PolymapError, match="boxes with perfect factors only"):
        pm.evaluate(CONV, machine, uneven, conventions="accelforge")


def test_the_search_refuses_conventions_that_it_does_not_know() -> None:
    with pytest.raises(pm.SpecError, match="does not search under the conventions accelforge"):
        pm.optimize(MATMUL, "teaching", conventions="accelforge")
