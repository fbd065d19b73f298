"""Fixed mappings priced under the `accelforge` conventions against what accelforge 1c1929c2 gave for them.

Its actions are bits: elements times 8. Its writes are fills and updates. Its sums are 32-bit floats. `CASES` agree, and
so do the einsums of `ALONE`, which share a mapping but no loop. `APART` differ or are refused, `NOT_RUN` have fused
einsums or no result; each says why.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest

import polymap as pm
from polymap.model.conventions import PRESETS, Conventions
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
# Of the global buffer, as written above.
LEAK_PJ, GLB_BITS_PER_CYCLE = 0.5, 64
SIMPLE = """\
polymap: architecture/1
name: simple
clock: 1 GHz
hierarchy:
  - memory: DRAM
    width: 1 b
    energy: {read: 1 pJ, write: 1 pJ}
  - memory: GLB
    capacity: 1 GiB
    width: 1 b
    energy: {read: 1 pJ, write: 1 pJ}
    may_keep: [input, weight, output]
  - compute: MAC
    energy: 1 pJ
"""
MATMUL = einsum("Z[m,n] += A[m,k] * B[k,n]", m=8, k=16, n=12, bits=8)
CONV = einsum("O[m,p] += I[c,p+r] * W[m,c,r]", p=12, r=3, c=4, m=8, bits=8)
STRIDED = einsum("O[m,p] += I[c,2*p+r] * W[m,c,r]", p=12, r=3, c=4, m=8, bits=8)


CHAINED = einsum("T1[m,n1] += T0[m,n0] * W0[n0,n1]", m=64, n0=32, n1=32, bits=8)


@dataclass(frozen=True)
class Case:
    """A mapping, and what was given for it: energy in pJ, cycles, and some (reads, writes) in bits."""

    work: pm.Einsum
    nest: str
    energy_pj: float
    cycles: float
    bits: dict[str, tuple[int, int]]
    machine: str = MACHINE
    reuse: str = "true"


@dataclass(frozen=True)
class Apart:
    """A mapping that is not counted as it was: the energy in pJ and the cycles given for it, and why."""

    work: pm.Einsum
    nest: str
    energy_pj: float
    cycles: float
    why: str


@dataclass(frozen=True)
class Several:
    """Einsums that run one after the other in one mapping: the energy in pJ and cycles given for all together.

    The record names their actions apart. Einsums of one size have the same figures there, and stand here as one case.
    """

    energy_pj: float
    cycles: int
    parts: tuple[Case, ...]


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
    "mm_os_tiled": Case(
        MATMUL,
        "DRAM holds A B Z|for m in 2|for n in 2|GLB holds Z|for k in 4|GLB holds A B|for k in 4|for m in 4|for n in 6",
        662784.0,
        1536,
        {"DRAM.A": (2048, 0), "GLB.B": (12288, 3072), "GLB.Z": (12288, 12288), "DRAM.Z": (0, 768)},
    ),
    "mm_psum_spill": Case(
        MATMUL,
        "DRAM holds A B Z|for k in 4|for m in 2|for n in 2|GLB holds A B Z|for m in 4|for n in 6|for k in 4",
        1130496.0,
        1536,
        {"DRAM.A": (2048, 0), "GLB.A": (12288, 2048), "GLB.Z": (14592, 14592), "DRAM.Z": (2304, 3072)},
    ),
    "mm_spatial": Case(
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
    "mm_spatial__noreuse": Case(
        MATMUL,
        SPATIAL,
        588356.375,
        444,
        {"GLB.A": (12288, 3072), "GLB.B": (1536, 1536), "RF.Z": (15360, 15360), "GLB.Z": (3840, 6144)},
        reuse="false",
    ),
    "conv_m_p_outer": Case(
        CONV, OUTER, 477120.0, 1152, {"DRAM.I": (1152, 0), "DRAM.W": (2304, 0), "GLB.O": (9216, 9216)}
    ),
    "conv_m_p_outer_s2": Case(STRIDED, OUTER, 535872.0, 1152, {"DRAM.I": (1728, 0)}),
    "conv_p_outer_glb_below": Case(CONV, BELOW, 281280.0, 1152, {"DRAM.I": (768, 0), "GLB.W": (9216, 768)}),
    "conv_p_outer_glb_below_s2": Case(STRIDED, BELOW, 300864.0, 1152, {"DRAM.I": (960, 0)}),
    "conv_p_inner": Case(CONV, INNER, 248640.0, 1152, {"GLB.I": (9216, 448), "DRAM.I": (448, 0)}),
    "conv_r_spatial": Case(
        CONV, SLOW, 222855.5, 271, {"GLB.O": (3072, 3072), "RF.W": (9216, 3072), "GLB.W": (768, 768)}
    ),
    "conv_p_inner_s2": Case(STRIDED, INNER, 284544.0, 1152, {"GLB.I": (9216, 800), "GLB.O": (9216, 9216)}),
    "mm_dram_only": Case(
        MATMUL,
        "DRAM holds A B Z|for m in 8|for k in 16|for n in 12",
        4841448.0,
        3024,
        {"DRAM.A": (12288, 0), "DRAM.B": (12288, 0), "DRAM.Z": (11520, 12288)},
    ),
    "mm_glb_full": Case(
        MATMUL,
        "DRAM holds A B Z|GLB holds A B Z|for m in 8|for k in 16|for n in 12",
        401664.0,
        1536,
        {"GLB.A": (12288, 1024), "GLB.Z": (12288, 12288), "DRAM.Z": (0, 768)},
    ),
    "mm_uneven": Case(
        MATMUL,
        "DRAM holds A B Z|GLB holds B|for m in 4|GLB holds A|for n in 12|RF holds Z|for k in 16|for m in 2",
        368486.40625,
        1536,
        {"GLB.A": (12288, 1024), "GLB.B": (12288, 1536), "RF.Z": (12288, 12288), "DRAM.Z": (0, 768)},
    ),
    "ex_unfused_matmuls_1": Case(
        CHAINED,
        "DRAM holds T0 W0 T1|GLB holds T0 W0 T1|for m in 64|for n0 in 32|for n1 in 32",
        2228224.0,
        65536,
        {"GLB.T0": (524288, 16384), "GLB.W0": (524288, 8192), "GLB.T1": (524288, 524288), "DRAM.T1": (0, 16384)},
        SIMPLE,
    ),
}
CASES["conv_r_spatial_s2"] = Case(STRIDED, SLOW, 258762.25, 276.5, {})
APART = {
    "mm_imperfect": Apart(
        MATMUL,
        "DRAM holds A B Z|for m in 3|for n in 3|GLB holds A B Z|for k in 16|for m in 3|for n in 5",
        928512.0,
        1536,
        "differs: it counts every trip of loops that do not concern an operand, 15 for 12",
    ),
}
FIRST = CASES["ex_unfused_matmuls_1"]
MATVECS = {
    "Y": Case(
        einsum("Y[y] += A[a] * B[a,y]", a=4, y=3, bits=8),
        "DRAM holds A B Y|GLB holds A B Y|for a in 4|for y in 3",
        676.0,
        12,
        {"GLB.A": (96, 32), "GLB.B": (96, 96), "GLB.Y": (96, 96), "DRAM.B": (96, 0), "DRAM.Y": (0, 24)},
        SIMPLE,
    ),
    "Z": Case(
        einsum("Z[z] += Y[y] * C[y,z]", y=3, z=4, bits=8),
        "DRAM holds Y C Z|GLB holds Y C Z|for y in 3|for z in 4",
        668.0,
        12,
        {"GLB.C": (96, 96), "GLB.Y": (96, 24), "GLB.Z": (96, 96), "DRAM.Y": (24, 0), "DRAM.Z": (0, 32)},
        SIMPLE,
    ),
}
ALONE = {
    "ex_unfused_matmuls_2": Several(4456448.0, 131072, (FIRST, FIRST)),
    "ex_unfused_matmuls_3": Several(6684672.0, 196608, (FIRST, FIRST, FIRST)),
    "ex_unfused_matvecs_to_simple": Several(1344.0, 24, tuple(MATVECS.values())),
}
_SEVERAL = "not run: its einsums share loops, and a mapping here is of one einsum"
NOT_RUN = {
    "ex_fused_matmuls_1": "not run: it gave an error",
    "ex_fused_matmuls_2": _SEVERAL,
    "ex_fused_matmuls_3": _SEVERAL,
    "ex_fused_matvecs_to_simple_tiled": _SEVERAL,
    "ex_fused_matvecs_to_simple_tiled_reuse_A": _SEVERAL,
    "ex_fused_matvecs_to_simple_untiled": _SEVERAL,
}
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "conventions.md"


def priced(case: Case | Apart) -> pm.Cost:
    return pm.evaluate(case.work, machine(case), nest(case.nest), conventions="accelforge")


def machine(case: Case | Apart) -> pm.Architecture:
    text, reuse = (case.machine, case.reuse) if isinstance(case, Case) else (MACHINE, "true")
    return pm.architecture(text.replace("REUSE", reuse))


def nest(lines: str) -> str:
    """A mapping's text, of lines that a bar or a line break ends."""
    return lines.replace("|", "\n").strip() + "\ncompute\n"


CHECKED = {**CASES, **{f"ex_unfused_matvecs_to_simple_{name}": case for name, case in MATVECS.items()}}


@pytest.fixture(params=list(CHECKED.values()), ids=list(CHECKED))
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


@pytest.mark.parametrize("name", ALONE)
def test_einsums_that_share_no_loop_add_up(name: str) -> None:
    given, costs = ALONE[name], [priced(part) for part in ALONE[name].parts]
    assert (sum(cost.energy_pj for cost in costs), sum(cost.cycles for cost in costs)) == (
        given.energy_pj,
        given.cycles,
    )


def single(number: float) -> float:
    """A number as a 32-bit float holds it."""
    found: float = struct.unpack("f", struct.pack("f", number))[0]
    return found


def test_the_tiles_of_other_conventions_stay() -> None:
    case = CASES["mm_psum_spill"]
    machine = pm.architecture(MACHINE.replace("REUSE", "true"))
    row = pm.evaluate(case.work, machine, nest(case.nest)).row("DRAM", "A")
    assert row is not None
    assert 8 * row.reads == 1024


def test_imperfect_factors_are_counted_exactly() -> None:
    case = APART["mm_imperfect"]
    cost = priced(case)
    operands = {name: cost.row("GLB", name) for name in "AB"}
    assert all(row is not None and row.reads == case.work.computes for row in operands.values())
    theirs = 8 * 16 * (3 * 5) + (3 * 3) * 16 * 12
    assert case.energy_pj - single(cost.energy_pj) == 8 * (theirs - 2 * case.work.computes)
    assert cost.cycles == case.cycles


def test_imperfect_factors_of_a_rank_that_occurs_twice_are_refused() -> None:
    work = einsum("O[m,n] += A[m,m+n]", m=3, n=2, bits=8)
    loops = nest("DRAM holds A O|GLB holds A O|for m in 2|for m in 2|for n in 2")
    with pytest.raises(pm.PolymapError, match="none in which a rank occurs twice"):
        pm.evaluate(work, pm.architecture(SIMPLE), loops, conventions="accelforge")


def test_a_part_of_a_cycle_is_a_whole_one_for_other_conventions() -> None:
    case = CASES["conv_r_spatial_s2"]
    chosen = "accelforge,whole_cycles=yes"
    cost = pm.evaluate(case.work, machine(case), nest(case.nest), conventions=chosen)
    assert cost.cycles == ceil(case.cycles)
    assert single(cost.energy_pj) - case.energy_pj == LEAK_PJ * (cost.cycles - Fraction(case.cycles))


def test_other_conventions_add_the_first_partial_sums_of_all_but_one_instance() -> None:
    case = CASES["mm_spatial__noreuse"]
    machine = pm.architecture(MACHINE.replace("REUSE", case.reuse))
    chosen = "accelforge,all_write_first=no"
    cost = pm.evaluate(case.work, machine, nest(case.nest), conventions=chosen)
    instances, outputs = 4, 8 * 12
    bits = 8 * (instances - 1) * outputs
    cycles = bits / GLB_BITS_PER_CYCLE
    assert cost.cycles - case.cycles == cycles
    assert single(cost.energy_pj) - case.energy_pj == bits * 1 + LEAK_PJ * cycles


def test_the_guide_lists_every_case_with_what_became_of_it() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    agree = {**dict.fromkeys(CASES, "agrees"), **dict.fromkeys(ALONE, "agrees, each einsum priced alone")}
    fates = {**agree, **{name: case.why for name, case in APART.items()}, **NOT_RUN}
    assert [line for name, fate in fates.items() if (line := f"| `{name}` | {fate} |") not in text] == []


def test_the_guide_says_what_every_preset_chooses() -> None:
    rows = GUIDE.read_text(encoding="utf-8").splitlines()
    for name, sentence in Conventions.sentences().items():
        chosen = [getattr(PRESETS[preset], name) for preset in ("polymap", "timeloop", "accelforge")]
        shown = [{True: "yes", False: "no"}.get(choice, choice) for choice in chosen]
        assert f"| `{name}` | {sentence} | {' | '.join(shown)} |" in rows


@pytest.mark.parametrize("objective", ["energy", "latency"])
def test_the_search_finds_nothing_worse_than_a_recorded_mapping(case: Case, objective: str) -> None:
    recorded = priced(case)
    found = pm.optimize(case.work, machine(case), objective=objective, conventions="accelforge")
    assert found.status == "optimal"
    rank = {"energy": lambda c: (c.energy, c.cycles), "latency": lambda c: (c.cycles, c.energy)}[objective]
    assert rank(found.cost) <= rank(recorded)
