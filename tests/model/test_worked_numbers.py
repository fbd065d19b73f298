"""Cases whose numbers timeloop 4cf6d4c printed, turned from one instance into totals over all instances."""

from __future__ import annotations

import pytest

from polymap.architecture.hierarchy import Array
from polymap.model import Cost
from polymap.workload import einsum
from tests.model.machines import flows, machine, memory, priced

CONV1D = einsum("O[p] += I[p+r] * W[r]", p=16, r=3)
CHANNELS = einsum("O[k,p] += I[c,p+r] * W[k,c,r]", k=32, c=32, p=16, r=3)


@pytest.fixture(scope="module")
def tiled() -> Cost:
    two = machine(memory("DRAM", "200", "210", "220"), memory("Buf", "1.5", "1.75", "2"))
    text = """
    DRAM holds I W O
    for p in 4
    Buf holds I W O
    for p in 4
    for r in 3
    """
    return priced(CONV1D, two, text, "timeloop")


def test_a_window_that_slides_keeps_its_halo(tiled: Cost) -> None:
    assert flows(tiled, "DRAM", "I") == {"reads": 18}
    assert flows(tiled, "Buf", "I") == {"fills": 18, "reads": 48}
    row = tiled.row("Buf", "I")
    assert row is not None
    assert row.tile_elements == 6


def test_a_stationary_weight_is_fetched_once(tiled: Cost) -> None:
    assert flows(tiled, "DRAM", "W") == {"reads": 3}
    assert flows(tiled, "Buf", "W") == {"fills": 3, "reads": 48}


def test_the_first_write_of_an_output_is_free(tiled: Cost) -> None:
    assert flows(tiled, "DRAM", "O") == {"updates": 16}
    assert flows(tiled, "Buf", "O") == {"updates": 48, "reads": 32}


def test_energy_is_accesses_times_energy_per_access(tiled: Cost) -> None:
    assert tiled.energy_pj == 8092.75


def spatial(text: str) -> Cost:
    three = machine(memory("DRAM"), memory("GLB"), Array("PE", (("X", 16),)), memory("RF"))
    return priced(CHANNELS, three, text, "timeloop")


OUTPUTS_APART = """
DRAM holds I W O
GLB holds I W O
for c in 32
for k in 2
parallel k in 16 on X
for p in 16
RF holds I W O
for r in 3
"""

PARTIAL_SUMS_APART = """
DRAM holds I W O
GLB holds I W O
for k in 32
for p in 16
parallel c in 16 on X
RF holds I W O
for c in 2
for r in 3
"""


def test_an_irrelevant_spatial_loop_multicasts_inputs_and_leaves_outputs_apart() -> None:
    cost = spatial(OUTPUTS_APART)
    assert flows(cost, "GLB", "I") == {"fills": 576, "reads": 1152}
    assert flows(cost, "RF", "I") == {"fills": 16 * 1152, "reads": 49152}
    assert flows(cost, "GLB", "W") == {"fills": 3072, "reads": 3072}
    assert flows(cost, "RF", "W") == {"fills": 16 * 192, "reads": 49152}
    assert flows(cost, "RF", "O") == {"updates": 16 * 3072, "reads": 16 * (3072 - 32), "fills": 16 * 992}
    assert flows(cost, "GLB", "O") == {"updates": 16384, "reads": 16384 - 512}


def test_partial_sums_of_a_spatial_loop_are_added_in_the_network() -> None:
    cost = spatial(PARTIAL_SUMS_APART)
    assert flows(cost, "GLB", "O") == {"updates": 512}
    assert flows(cost, "RF", "O") == {"updates": 16 * 3072, "reads": 16 * (3072 - 512)}


def test_computes_and_cycles_are_the_nest_s_trips() -> None:
    cost = spatial(OUTPUTS_APART)
    assert (cost.computes, cost.compute_cycles, cost.cycles, cost.utilization) == (49152, 3072, 3072, 1.0)
