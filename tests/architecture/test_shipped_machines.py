"""The machines that ship: sizes and peaks of their sources, priced by components; each maps layers with proof."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import polymap as pm
from polymap import spec
from polymap.architecture.hierarchy import Architecture, Array
from polymap.mapping.nest import Spatial

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "stock.md"
ROW = re.compile(
    r"^\| `(?P<name>\w+)` \|[^|]+\| (?P<node>\d+ nm)? ?\| (?P<clock>[\d.]+ \w?Hz)"
    r" \| (?P<units>[\d,]+) \| (?P<room>[\d,]+) KiB \|$",
    re.MULTILINE,
)
MACHINES = spec.shipped("architectures")
# Energies that are ratios, and round numbers: no components.
STATED = {"eyeriss_like", "teaching"}
# Their memories that hold what is multiplied in place are counted with the array, or figures of the paper are.
IN_PLACE = {"albireo_like", "isaac_like", "sram_cim_like"}
MADE = [name for name in MACHINES if name not in STATED]

# Operations per second that are published, two for each multiply-accumulate.
PEAK = {
    "ascend_like": "8e12",  # 256 TFLOPS of 32 cores
    "edge_tpu_like": "4e12",
    "gpu_sm_like": "2.89e12",  # 312 TFLOPS of 108 multiprocessors
    "simba_16nm": "4.01e12",
    "tesla_npu_like": "3.686e13",
    "tpu_v1_like": "9.2e13",
    "tpu_v4i_like": "1.38e14",
}
# Capacity of one instance of each memory but the outermost and the registers at multipliers, in bytes.
SIZES = {
    "ascend_like": {"L1": 1048576, "UB": 262144, "L0A": 65536, "L0B": 65536, "L0C": 262144},
    "diannao_like": {"NBin": 2048, "NBout": 2048, "SB": 2048},
    "edge_tpu_like": {"SRAM": 8388608, "sums": 65536},
    "gemmini_16x16": {"scratchpad": 131072, "accumulator": 131072},
    "gpu_sm_like": {"L2": 388 * 1024, "shared": 196608, "registers": 65536},
    "nvdla_large": {"buffer": 16 * 512 * 64, "sums": 64 * 32 * 34 // 8},
    "nvdla_small": {"buffer": 32 * 512 * 8, "sums": 16 * 8 * 34 // 8},
    "shidiannao_like": {"NBin": 65536, "NBout": 65536, "SB": 131072},
    "simba_16nm": {"GLB": 65536, "weight_buffer": 32768, "input_buffer": 8192, "sums": 3072},
    "tesla_npu_like": {"SRAM": 33554432},
    "tpu_v1_like": {"unified_buffer": 25165824, "accumulators": 4096 * 256 * 4},
    "tpu_v4i_like": {"CMEM": 134217728, "VMEM": 4194304},
}
# Power and area of a whole layout, from the abstracts of the papers, and ours over them.
LAYOUTS = {"diannao_like": (0.485, 3.02, 1.8, 0.31), "shidiannao_like": (0.320, 4.86, 1.1, 0.60)}
# Layers that every machine maps: a product and a strided convolution of one pixel, each within a second or two.
LAYERS = ["gemm_64", "resnet18/layer4.0.downsample"]


def text_of(name: str) -> str:
    return (spec.specs_folder() / "architectures" / f"{name}.yaml").read_text(encoding="utf-8")


def area_mm2(arch: Architecture) -> float:
    return (
        sum(arch.instances(level.name) * level.area_um2 for level in arch.hierarchy if not isinstance(level, Array))
        / 1e6
    )


def room_kib(arch: Architecture) -> int:
    """All memories but the outermost one, rounded."""
    return round(sum(arch.instances(memory.name) * (memory.capacity_bits or 0) for memory in arch.memories[1:]) / 8192)


def test_there_are_at_least_fifteen_machines_besides_the_one_to_learn_on() -> None:
    assert len(set(MACHINES) - {"teaching"}) >= 15


@pytest.mark.parametrize("name", MADE)
def test_a_file_says_where_its_numbers_come_from_and_what_it_leaves_out(name: str) -> None:
    text = text_of(name)
    assert "# Where the numbers come from" in text
    assert any(words in text for words in ("Left out:", "Not described:", "are not described"))


@pytest.mark.parametrize("name", MADE)
def test_a_machine_has_energies_area_and_leakage_from_components(name: str) -> None:
    arch = pm.architecture(name)
    assert area_mm2(arch) > 0
    assert sum(level.leakage_w for level in arch.hierarchy if not isinstance(level, Array)) > 0
    assert arch.compute.component
    assert arch.compute.estimates


@pytest.mark.parametrize(
    ("name", "made", "percent"),
    [("eyeriss_65nm_mesh", {"hop", "reduce"}, 1.6), ("simba_16nm_mesh", {"hop", "router", "reduce"}, 0.5)],
)
def test_a_mesh_is_the_machine_without_it_and_a_network_of_components(
    name: str, made: set[str], percent: float
) -> None:
    mesh, plain = pm.architecture(name), pm.architecture(name.removesuffix("_mesh"))
    assert mesh.memories == plain.memories
    assert mesh.compute == plain.compute
    assert [array.fanout for array in mesh.arrays] == [array.fanout for array in plain.arrays]
    assert {what for array in mesh.arrays for what, _ in array.estimates} == made
    result, before = (pm.optimize(LAYERS[1], machine) for machine in (mesh, plain))
    assert result.value > before.value
    share = sum(row.energy or 0 for row in result.cost.networks) / result.cost.energy
    assert round(100 * float(share), 1) == percent
    assert f"`{name}` ({percent} %" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in MADE if name not in IN_PLACE | {"tpu_v4i_like"}])
def test_every_level_on_chip_is_made_of_a_component_with_area_and_leakage(name: str) -> None:
    arch = pm.architecture(name)
    for level in [*arch.memories[1:], arch.compute]:
        assert level.component, level.name
        assert level.area_um2 > 0, level.name
        assert level.leakage_w > 0, level.name


def test_only_the_large_memory_of_the_tpu_states_its_energies() -> None:
    """Published figures of it are at hand; leakage of it is not known."""
    arch = pm.architecture("tpu_v4i_like")
    assert [memory.name for memory in arch.memories if not memory.component] == ["CMEM"]


@pytest.mark.parametrize("name", PEAK)
def test_a_machine_has_the_peak_of_its_source(name: str) -> None:
    arch = pm.architecture(name)
    stated = PEAK[name]
    digits = len(stated.partition("e")[0].replace(".", "")) - 1
    peak = 2 * arch.instances(arch.compute.name) * float(arch.clock_hz)
    assert float(f"{peak:.{digits}e}") == float(stated)


@pytest.mark.parametrize("name", SIZES)
def test_memories_have_the_sizes_of_their_sources(name: str) -> None:
    arch = pm.architecture(name)
    assert {memory: (arch.memory(memory).capacity_bits or 0) // 8 for memory in SIZES[name]} == SIZES[name]


@pytest.mark.parametrize("name", LAYOUTS)
def test_power_and_area_stand_to_those_of_a_layout_as_the_page_says(name: str) -> None:
    power_w, layout_mm2, power_ratio, area_ratio = LAYOUTS[name]
    result = pm.optimize("vgg16/conv3_1", name)
    assert (result.status, result.cost.utilization) == ("optimal", 1)
    outside = result.architecture.memories[0].name
    on_chip_pj = result.cost.energy - sum(part.energy for part in result.cost.traffic if part.level == outside)
    ours_w = float(on_chip_pj) * 1e-12 / result.cost.latency_s
    assert round(ours_w / power_w, 1) == power_ratio
    assert round(area_mm2(result.architecture) / layout_mm2, 2) == area_ratio
    assert (
        f"| {power_ratio} |" in PAGE.read_text(encoding="utf-8").partition(f"\n| `{name}` | 0.")[2].partition("\n")[0]
    )


@pytest.mark.parametrize("name", ["nvdla_small", "nvdla_large", "tpu_v1_like", "gemmini_16x16", "edge_tpu_like"])
def test_an_array_that_holds_weights_loads_the_next_ones_beside_them(name: str) -> None:
    register = pm.architecture(name).memory("weight_register")
    assert (register.keeps, register.buffering, register.capacity_bits) == (("weight",), 2, 16)


@pytest.mark.parametrize("name", ["shidiannao_like", "tesla_npu_like"])
def test_in_an_array_that_holds_outputs_no_sum_travels(name: str) -> None:
    arch = pm.architecture(name)
    (array,) = arch.arrays
    assert array.reduction is False
    result = pm.optimize("gemm_64", arch)
    assert result.status == "optimal"
    assert {loop.rank for loop in result.mapping.loops if isinstance(loop, Spatial)} == {"m", "n"}


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_machine_maps_layers_with_proof(name: str, layer: str) -> None:
    result = pm.optimize(layer, name)
    assert result.status == "optimal"
    assert result.value == result.lower_bound


def test_the_page_of_the_stock_library_lists_every_machine_with_its_numbers() -> None:
    rows = {row["name"]: row.groupdict() for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))}
    assert set(rows) == set(MACHINES)
    for name, row in rows.items():
        arch = pm.architecture(name)
        assert int(row["units"].replace(",", "")) == arch.instances(arch.compute.name)
        assert int(row["room"].replace(",", "")) == room_kib(arch)
        assert row["node"] == dict(arch.technology).get("node")
        assert f"clock: {row['clock']}" in text_of(name)
