"""The walk itself, on nests small enough to be counted by hand or known from timeloop 4cf6d4c."""

from __future__ import annotations

from fractions import Fraction

import pytest

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory
from polymap.mapping.nest import Mapping, Spatial, Storage, Temporal
from polymap.model.conventions import POLYMAP, TIMELOOP, Conventions
from polymap.workload.einsum import Affine, Einsum, Tensor
from tests.oracles.walk import Row, walk

PRESETS = pytest.mark.parametrize("conventions", [POLYMAP, TIMELOOP], ids=lambda preset: preset.name)


def memory(name: str) -> Memory:
    return Memory(name, 16, Fraction(1), Fraction(1), Fraction(1))


def machine(multicast: bool = True, reduction: bool = True) -> Architecture:
    array = Array("PE", (("X", 4),), multicast, reduction)
    return Architecture("machine", (memory("DRAM"), array, memory("Buf"), Compute("MAC", Fraction(1))), Fraction(10**9))


def conv(r: int, p: int) -> Einsum:
    """`O[p] += I[p+r] * W[r]`"""
    inputs = Tensor("I", (Affine((("p", 1), ("r", 1))),), 16, "input")
    weights = Tensor("W", (Affine((("r", 1),)),), 16, "weight")
    outputs = Tensor("O", (Affine((("p", 1),)),), 16, "output", is_output=True)
    return Einsum("conv", (("r", r), ("p", p)), (outputs, inputs, weights))


ALL = ("O", "I", "W")


@PRESETS
def test_a_sliding_window_keeps_its_halo(conventions: Conventions) -> None:
    nodes = (Storage("DRAM", ALL), Temporal("p", 4), Storage("Buf", ALL), Temporal("p", 4), Temporal("r", 3))
    walked = walk(conv(3, 16), Mapping(nodes), machine(), conventions)
    assert walked.rows["DRAM", "I"] == Row(0, 18, 0, 18, 1)
    assert walked.rows["Buf", "I"] == Row(18, 48, 0, 6, 1)
    assert walked.rows["DRAM", "O"] == Row(0, 0, 16, 16, 1)
    drained = 16 if conventions.drains_are_read else 0
    assert walked.rows["Buf", "O"] == Row(0, 32 + drained, 48, 4, 1)
    assert (walked.computes, walked.compute_cycles) == (48, 48)
    assert walked.occupied == {"DRAM": 16 + 18 + 3, "Buf": 4 + 6 + 3}


def test_a_window_that_shrinks_back_is_taken_for_standing_still_by_the_continuing_sweep() -> None:
    nodes = (Storage("DRAM", ALL), Temporal("p", 16), Temporal("r", 3), Storage("Buf", ALL))
    fills = {
        c.name: walk(conv(3, 16), Mapping(nodes), machine(), c).rows["Buf", "I"].fills for c in (POLYMAP, TIMELOOP)
    }
    assert fills == {"polymap": 48, "timeloop": 33}


@PRESETS
def test_equal_tiles_are_multicast_and_equal_outputs_are_reduced(conventions: Conventions) -> None:
    nodes = (Storage("DRAM", ALL), Spatial("r", 3, "X"), Storage("Buf", ALL), Temporal("p", 2))
    rows = walk(conv(3, 2), Mapping(nodes), machine(), conventions).rows
    assert rows["DRAM", "O"].updates == 2
    assert rows["DRAM", "I"].reads == 3 * 2
    apart = walk(conv(3, 2), Mapping(nodes), machine(reduction=False), conventions).rows
    assert apart["DRAM", "O"] == Row(0, 4, 6, 2, 1)


@PRESETS
def test_a_network_that_does_not_multicast_sends_every_copy(conventions: Conventions) -> None:
    nodes = (Storage("DRAM", ALL), Spatial("p", 2, "X"), Storage("Buf", ALL), Temporal("r", 3))
    shared = walk(conv(3, 2), Mapping(nodes), machine(), conventions).rows
    apart = walk(conv(3, 2), Mapping(nodes), machine(multicast=False), conventions).rows
    assert (shared["DRAM", "W"].reads, apart["DRAM", "W"].reads) == (3, 6)
    assert shared["DRAM", "I"].reads == apart["DRAM", "I"].reads == 6


@PRESETS
def test_an_output_tile_that_comes_back_is_fetched_without_its_first_write(conventions: Conventions) -> None:
    nodes = (Storage("DRAM", ALL), Temporal("r", 3), Temporal("p", 2), Storage("Buf", ALL))
    rows = walk(conv(3, 2), Mapping(nodes), machine(), conventions).rows
    assert rows["DRAM", "O"] == Row(0, 4, 6, 2, 1)
    drained = 6 if conventions.drains_are_read else 0
    assert rows["Buf", "O"] == Row(4, 4 + drained, 6, 1, 1)
