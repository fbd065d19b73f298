"""The shipped architectures are what their sources say."""

from __future__ import annotations

from fractions import Fraction

import pytest

from polymap import spec
from polymap.architecture import architecture


@pytest.mark.parametrize("name", spec.shipped("architectures"))
def test_every_shipped_architecture_is_read_and_says_where_it_comes_from(name: str) -> None:
    arch = architecture(name)
    assert arch.name == name
    assert arch.source


def test_eyeriss_like_has_the_sizes_of_the_chip() -> None:
    arch = architecture("eyeriss_like")
    words = {memory.name: (memory.capacity_bits or 0) // 16 for memory in arch.memories}
    assert words == {"DRAM": 0, "GLB": 110592 // 2, "weights_spad": 224, "ifmap_spad": 12, "psum_spad": 24}
    assert arch.instances("MAC") == 168
    assert arch.clock_hz == 200_000_000


def test_eyeriss_like_has_the_published_energy_ratios_per_16_bit_word() -> None:
    arch = architecture("eyeriss_like")
    mac_pj = arch.compute.energy_pj
    ratios = {memory.name: memory.read_pj / (memory.width_bits // 16) / mac_pj for memory in arch.memories}
    assert ratios == {"DRAM": 200, "GLB": 6, "weights_spad": 1, "ifmap_spad": 1, "psum_spad": 1}
    assert mac_pj == Fraction("1.7")


def test_weights_bypass_the_global_buffer_of_eyeriss_like() -> None:
    arch = architecture("eyeriss_like")
    assert {memory.name: memory.keeps for memory in arch.memories} == {
        "DRAM": None,
        "GLB": ("input", "output"),
        "weights_spad": ("weight",),
        "ifmap_spad": ("input",),
        "psum_spad": ("output",),
    }


def test_on_the_teaching_machine_the_bypass_of_weights_is_a_choice() -> None:
    assert architecture("teaching").memory("buffer").may_keep == ("weight",)
