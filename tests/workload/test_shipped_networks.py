"""The networks that ship have the layers and the multiply-accumulates of what they are named after."""

from __future__ import annotations

import re
from math import prod
from pathlib import Path

import pytest

import polymap as pm
from polymap import spec
from polymap.workload import Einsum, Network, workload

# name: distinct layers, layers, multiply-accumulates
NETWORKS = {
    "alexnet": (8, 8, 714_188_480),
    "alexnet_2012": (8, 8, 724_406_816),
    "bert_large": (5, 192, 167_503_724_544),
    "dlrm_mlp": (8, 9, 5_034_999_808),
    "efficientnet_b0": (47, 82, 385_814_752),
    "gpt2": (6, 97, 145_824_153_600),
    "gpt3_175b_decode": (6, 769, 179_395_571_712),
    "gpt3_175b_decode_b64": (6, 769, 11_481_316_589_568),
    "gpt3_175b_prefill": (6, 769, 366_137_989_607_424),
    "llama3_8b_decode": (7, 289, 9_652_142_080),
    "llama3_8b_decode_b64": (7, 289, 617_737_093_120),
    "llama3_8b_prefill": (7, 289, 74_767_316_025_344),
    "mixtral_8x7b": (8, 321, 26_940_313_436_160),
    "mobilenetv2": (31, 53, 300_774_272),
    "resnet18": (12, 21, 1_814_073_344),
    "resnet50": (24, 54, 4_089_184_256),
    "tensor_kernels": (5, 5, 2_217_813_737_472),
    "vgg16": (12, 16, 15_470_264_320),
    "vit_b16": (7, 98, 17_563_828_224),
}
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "stock.md"
ROW = re.compile(r"^\| `(\w+)` \|[^|]+\| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", re.MULTILINE)
# Billions of multiply-accumulates per image as torchvision states them: `_ops` of the weights in torchvision.models.
TORCHVISION = {
    "alexnet": "0.714",
    "efficientnet_b0": "0.386",
    "mobilenetv2": "0.301",
    "resnet18": "1.814",
    "resnet50": "4.089",
    "vgg16": "15.47",
    "vit_b16": "17.564",
}
# One layer of each network that is mapped: a machine and a layer that it proves in a second or two.
MAPPED = {
    "alexnet": ("eyeriss_like", "fc6"),
    "alexnet_2012": ("simba_16nm", "conv4"),
    "bert_large": ("teaching", "scores"),
    "dlrm_mlp": ("teaching", "bottom.2"),
    "efficientnet_b0": ("simba_16nm", "features.3.1.dw"),
    "gpt2": ("simba_16nm", "head"),
    "gpt3_175b_decode": ("simba_16nm", "scores"),
    "gpt3_175b_decode_b64": ("simba_16nm", "down"),
    "gpt3_175b_prefill": ("simba_16nm", "up"),
    "llama3_8b_decode": ("simba_16nm", "context"),
    "llama3_8b_decode_b64": ("simba_16nm", "scores"),
    "llama3_8b_prefill": ("simba_16nm", "scores"),
    "mixtral_8x7b": ("simba_16nm", "experts.gate"),
    "mobilenetv2": ("simba_16nm", "features.3.dw"),
    "resnet18": ("simba_16nm", "layer4.0.downsample"),
    "resnet50": ("simba_16nm", "layer4.x.conv2"),
    "tensor_kernels": ("simba_16nm", "ttm_chain"),
    "vgg16": ("simba_16nm", "conv5_1"),
    "vit_b16": ("simba_16nm", "scores"),
}


def network(name: str) -> Network:
    found = workload(name)
    assert isinstance(found, Network)
    return found


def macs(net: Network) -> int:
    return sum(layer.repeat * layer.einsum.computes for layer in net.layers)


def elements(einsum: Einsum, role: str) -> int:
    """Elements of the tensor in a role, where each of its coordinates is one rank."""
    tensor = next(tensor for tensor in einsum.tensors if tensor.role == role)
    return prod(einsum.sizes[rank] for rank in tensor.ranks)


def weights(net: Network, activations: tuple[str, ...] = ("scores", "context")) -> int:
    """Elements of all weights; the second operand of attention is no weight."""
    layers = [layer for layer in net.layers if layer.einsum.name not in activations]
    return sum(layer.repeat * elements(layer.einsum, "weight") for layer in layers)


def test_every_network_that_ships_is_in_the_tables_of_this_file() -> None:
    shipped = {name for name in spec.shipped("workloads") if isinstance(workload(name), Network)}
    assert shipped == set(NETWORKS) == set(MAPPED)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_has_its_layers_and_multiply_accumulates(name: str) -> None:
    net = network(name)
    assert (len(net.layers), sum(layer.repeat for layer in net.layers), macs(net)) == NETWORKS[name]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_file_of_a_network_states_its_multiply_accumulates(name: str) -> None:
    text = (spec.specs_folder() / "workloads" / f"{name}.yaml").read_text(encoding="utf-8")
    assert f"{NETWORKS[name][2]:,} MACs" in text


def test_the_page_of_the_stock_library_lists_every_network_with_its_numbers() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert {name: tuple(int(number.replace(",", "")) for number in numbers) for name, *numbers in rows} == NETWORKS


@pytest.mark.parametrize("name", NETWORKS)
def test_no_layer_of_a_network_is_listed_twice(name: str) -> None:
    shapes = [(layer.einsum.text, tuple(layer.einsum.sizes.items())) for layer in network(name).layers]
    assert len(set(shapes)) == len(shapes)


@pytest.mark.parametrize("name", TORCHVISION)
def test_the_multiply_accumulates_of_an_image_are_those_that_torchvision_states(name: str) -> None:
    stated = TORCHVISION[name]
    digits = len(stated.partition(".")[2])
    assert f"{macs(network(name)) / 1e9:.{digits}f}" == stated


def test_the_convolutions_of_alexnet_take_666_million() -> None:
    """Sze, Chen, Yang, Emer, Proc. IEEE 105(12), 2017, Table II."""
    convolutions = [layer for layer in network("alexnet_2012").layers if layer.einsum.name.startswith("conv")]
    assert round(sum(layer.repeat * layer.einsum.computes for layer in convolutions) / 1e6) == 666


def test_gpt_2_has_the_124_million_parameters_of_the_smallest_model() -> None:
    """The head is the table of tokens; 1024 positions are no product."""
    assert round((weights(network("gpt2")) + 1024 * 768) / 1e6) == 124


@pytest.mark.parametrize("name", ["gpt3_175b_prefill", "gpt3_175b_decode", "gpt3_175b_decode_b64"])
def test_gpt_3_has_the_175_billion_parameters_of_the_paper(name: str) -> None:
    assert round(weights(network(name)) / 1e9) == 175


@pytest.mark.parametrize("name", ["llama3_8b_prefill", "llama3_8b_decode", "llama3_8b_decode_b64"])
def test_llama_3_has_8_03_billion_parameters(name: str) -> None:
    """The table of tokens is a matrix of its own, as large as the head."""
    assert round((weights(network(name)) + 128256 * 4096) / 1e9, 2) == 8.03


def test_mixtral_has_46_7_billion_parameters_and_uses_12_9_billion_for_a_token() -> None:
    """Jiang et al., arXiv:2401.04088, state 47 and 13 billion; 46.7 and 12.9 by the announcement."""
    net, table = network("mixtral_8x7b"), 32000 * 4096
    assert round((weights(net) + table) / 1e9, 1) == 46.7
    per_token = sum(
        layer.repeat * layer.einsum.computes // 2048
        for layer in net.layers
        if layer.einsum.name not in ("scores", "context", "head")
    )
    assert round((per_token + 2 * table) / 1e9, 1) == 12.9


def test_the_top_of_dlrm_takes_all_pairs_of_27_vectors_and_the_dense_one() -> None:
    sizes = {layer.einsum.name: layer.einsum.sizes for layer in network("dlrm_mlp").layers}
    vectors = sizes["interaction"]["i"]
    assert sizes["top.0"]["k"] == vectors * (vectors - 1) // 2 + sizes["bottom.2"]["n"]


@pytest.mark.parametrize("name", ["gpt3_175b_decode", "llama3_8b_decode"])
def test_64_sequences_take_64_times_the_work_and_the_same_weights(name: str) -> None:
    one, many = network(name), network(f"{name}_b64")
    assert macs(many) == 64 * macs(one)
    assert weights(many) == weights(one)


@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_four_heads_of_queries_share_keys_and_values_in_llama_3(phase: str) -> None:
    scores = workload(f"llama3_8b_{phase}/scores")
    assert isinstance(scores, Einsum)
    assert elements(scores, "weight") * 32 * 128 == scores.sizes["j"] * 128 * 8 * 4096
    assert {"g"} == set(scores.tensor("Q").ranks) - set(scores.tensor("K").ranks) - {"i"}


@pytest.mark.parametrize("name", MAPPED)
def test_a_layer_of_a_network_is_mapped_with_proof(name: str) -> None:
    machine, layer = MAPPED[name]
    result = pm.optimize(f"{name}/{layer}", machine)
    assert result.status == "optimal"
    assert result.value == result.lower_bound


def test_a_token_of_llama_3_takes_the_tpu_the_time_that_its_memory_needs_for_weights_and_cache() -> None:
    """One byte for an element there, 614 GB/s; the cache holds keys and values of 8192 tokens."""
    found = pm.optimize("llama3_8b_decode", "tpu_v4i_like")
    assert isinstance(found, pm.NetworkResult)
    seconds = sum(repeat * result.cost.cycles for repeat, result in found.layers) / 1.05e9
    stored = weights(network("llama3_8b_decode")) + 2 * 32 * 8192 * 8 * 128
    assert stored / 614e9 < seconds < 1.01 * stored / 614e9
