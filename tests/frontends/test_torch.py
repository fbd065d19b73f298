"""Exported programs of PyTorch as einsums, in process and from files, held against what torch computes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polymap as pm
from polymap.frontends.alike import essence
from polymap.frontends.model import Model, Operation
from tests.frontends import onnx_networks, torch_networks
from tests.frontends.meaning import computed
from tests.frontends.torch_networks import torch

functional = torch.nn.functional


def saved(program: Any, folder: Path) -> Path:
    path = folder / "net.pt2"
    torch.export.save(program, path)
    return path


@pytest.mark.parametrize("network", ["resnet50", "bert_layer"])
def test_a_network_has_the_same_einsums_as_through_onnx_in_process_and_from_a_file(
    network: str, tmp_path: Path
) -> None:
    program = getattr(torch_networks, network)()
    theirs = {essence(o.einsum): o.repeat for o in pm.layers(getattr(onnx_networks, network)()).layers}
    for source in (program, saved(program, tmp_path)):
        assert {essence(o.einsum): o.repeat for o in pm.layers(source).layers} == theirs


@pytest.mark.parametrize("network", ["resnet50", "bert_layer"])
def test_a_program_that_was_taken_apart_has_the_same_einsums(network: str) -> None:
    program = getattr(torch_networks, network)()
    whole = pm.layers(program)
    parts = pm.layers(program.run_decompositions())
    assert {essence(o.einsum): o.repeat for o in parts.layers} == {essence(o.einsum): o.repeat for o in whole.layers}
    assert not any(item.reason == "no einsum is known for it" for item in parts.skipped)


def test_counts_of_resnet_50() -> None:
    found = pm.layers(torch_networks.resnet50())
    assert (sum(layer.repeat for layer in found.layers), len(found.layers)) == (54, 24)
    assert found.macs == 4_089_184_256
    assert {other.kind for other in found.others} == {"pointwise", "max", "sum"}


def test_an_open_batch_is_set_by_its_place_or_by_the_name_that_torch_gave_it(tmp_path: Path) -> None:
    program = torch_networks.resnet50(dynamic_shapes=({0: torch.export.Dim("batch", max=64)},))
    for source in (program, saved(program, tmp_path)):
        assert pm.layers(source, {"x[0]": 8}).macs == 8 * 4_089_184_256
        with pytest.raises(pm.SpecError, match=r"the size x\[0\] is open"):
            pm.layers(source)
        with pytest.raises(pm.SpecError, match=r"`batch` is no open size\n    mend: .*open sizes: s[0-9]+, x\[0\]"):
            pm.layers(source, {"batch": 8})


class Function(torch.nn.Module):  # type: ignore[misc]
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, *arguments: Any) -> Any:
        return self.function(*arguments)


def run(function: Any, *shapes: tuple[int, ...]) -> tuple[Model, list[Any], Any]:
    """The model of a function of tensors, some tensors of small integers, and what torch makes of them."""
    draw = np.random.default_rng(0)
    data = [draw.integers(-4, 5, shape).astype(np.float32) for shape in shapes]
    given = tuple(map(torch.from_numpy, data))
    return pm.layers(torch.export.export(Function(function), given)), data, function(*given).numpy()


def only(model: Model) -> Operation:
    (operation,) = (*model.layers, *model.others)
    return operation


PRODUCTS = [
    (lambda x, w: functional.conv1d(x, w, stride=2, padding=1), [(1, 2, 6), (3, 2, 3)]),
    (lambda x, w: functional.conv1d(x, w), [(2, 6), (3, 2, 3)]),
    (lambda x, w: functional.conv2d(x, w, dilation=(1, 2), padding="same"), [(1, 2, 5, 6), (3, 2, 3, 2)]),
    (lambda x, w: functional.conv2d(x, w, groups=2), [(1, 4, 5, 5), (6, 2, 3, 3)]),
    (lambda x, w: functional.conv2d(x, w, groups=4, padding=1), [(1, 4, 5, 5), (4, 1, 3, 3)]),
    (lambda x, w: functional.conv3d(x, w, stride=(1, 2, 1)), [(1, 2, 3, 4, 3), (2, 2, 2, 2, 2)]),
    (lambda x, w: functional.conv_transpose1d(x, w, stride=2, padding=1), [(1, 2, 4), (2, 3, 3)]),
    (lambda x, w: functional.conv_transpose2d(x, w, stride=2, groups=2), [(1, 4, 3, 3), (4, 2, 2, 3)]),
    (lambda a, b: a @ b, [(2, 1, 3, 4), (5, 4, 2)]),
    (lambda a, b: a @ b, [(3, 4), (4,)]),
    (torch.mm, [(3, 4), (4, 5)]),
    (torch.bmm, [(2, 3, 4), (2, 4, 5)]),
    (torch.dot, [(4,), (4,)]),
    (functional.linear, [(2, 3, 4), (5, 4)]),
    (lambda a, b: torch.einsum("...ij,jk->...ik", a, b), [(2, 2, 3, 4), (4, 5)]),
    (lambda a, b: torch.einsum("bhi,bhj->bij", a, b), [(2, 3, 4), (2, 3, 5)]),
]


@pytest.mark.parametrize(("function", "shapes"), PRODUCTS)
def test_products(function: Any, shapes: list[tuple[int, ...]]) -> None:
    model, data, want = run(function, *shapes)
    operation = only(model)
    assert operation.kind == "product"
    assert np.array_equal(computed(operation.einsum, data, want.shape), want)


def test_what_is_added_to_a_product_is_no_part_of_it() -> None:
    model, (c, a, b), want = run(torch.addmm, (3, 5), (3, 4), (4, 5))
    assert np.array_equal(computed(only(model).einsum, [a, b], want.shape), want - c)


OTHERS = [
    (lambda x: functional.max_pool2d(x, 2), [(1, 2, 4, 6)], "max", -np.inf, 1),
    (lambda x: functional.max_pool1d(x, 3, stride=1, padding=1), [(2, 2, 6)], "max", -np.inf, 1),
    (lambda x: functional.avg_pool2d(x, (2, 3), stride=1), [(1, 2, 4, 6)], "sum", 0.0, 6),
    (lambda x: functional.adaptive_avg_pool2d(x, (2, 2)), [(1, 2, 4, 6)], "sum", 0.0, 6),
    (lambda x: functional.adaptive_avg_pool2d(x, 1), [(1, 2, 4, 6)], "sum", 0.0, 24),
    (lambda x: x.sum((0, 2)), [(2, 3, 4)], "sum", 0.0, 1),
    (lambda x: x.mean(), [(2, 3, 4)], "sum", 0.0, 24),
    (lambda x: x.amax(-1, keepdim=True), [(2, 3, 4)], "max", -np.inf, 1),
]


@pytest.mark.parametrize(("function", "shapes", "kind", "start", "parts"), OTHERS)
def test_pools_and_reductions(function: Any, shapes: Any, kind: str, start: float, parts: int) -> None:
    model, data, want = run(function, *shapes)
    operation = only(model)
    assert operation.kind == kind
    gather = max if kind == "max" else lambda total, value: total + value
    assert np.allclose(computed(operation.einsum, data, want.shape, gather, start) / parts, want, atol=1e-6)


@pytest.mark.parametrize("shapes", [[(2, 3), (2, 3)], [(2, 3), (3,)], [(2, 1, 3), (4, 1)]])
def test_pointwise_operators_broadcast(shapes: list[tuple[int, ...]]) -> None:
    model, data, want = run(torch.mul, *shapes)
    assert only(model).kind == "pointwise"
    assert np.array_equal(computed(only(model).einsum, data, want.shape), want)


@pytest.mark.parametrize("is_causal", [False, True])
def test_attention_is_two_products(is_causal: bool) -> None:
    def attend(query: Any, key: Any, value: Any) -> Any:
        return functional.scaled_dot_product_attention(query, key, value, is_causal=is_causal)

    model, (query, key, _), _ = run(attend, (2, 2, 3, 4), (2, 2, 3, 4), (2, 2, 3, 5))
    scores, weighed = model.layers
    want = query @ np.swapaxes(key, -1, -2)
    assert np.array_equal(computed(scores.einsum, [query, key], want.shape), np.tril(want) if is_causal else want)
    assert weighed.einsum.computes == 2 * 2 * 5 * (6 if is_causal else 9)


def test_what_is_no_einsum_is_listed_with_its_reason() -> None:
    model, _, _ = run(lambda x: functional.softmax(x.reshape(4, 3), -1), (3, 4))
    assert [(item.op, item.reason) for item in model.skipped] == [
        ("aten.reshape.default", "it moves or makes data and computes nothing"),
        ("aten.softmax.int", "it takes several passes over its input"),
    ]


def test_an_operator_that_is_unknown_is_listed() -> None:
    model, _, _ = run(lambda x: torch.linalg.inv(x), (3, 3))
    assert ("aten.linalg_inv.default", "no einsum is known for it") in [(s.op, s.reason) for s in model.skipped]


def test_another_object_of_torch_is_told() -> None:
    with pytest.raises(pm.SpecError, match=r"`Linear` is no exported program\n    mend: give torch.export.export"):
        pm.layers(torch.nn.Linear(2, 3))


def test_a_file_is_read_without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(torch_networks.bert_layer(), tmp_path)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert pm.layers(path).macs == 2_944_401_408
