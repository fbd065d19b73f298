"""ONNX operators compute what their einsums say: every einsum is run on numbers beside onnx's reference evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import polymap as pm
from polymap.frontends.model import Operation
from tests.frontends.meaning import computed
from tests.frontends.onnx_networks import FLOAT, integers, network, one, onnx, value

reference = pytest.importorskip("onnx.reference")
RNG = np.random.default_rng(0)


def arrays(shapes: Sequence[Sequence[int]]) -> list[Any]:
    return [RNG.integers(-4, 5, shape).astype(np.float32) for shape in shapes]


def expected(model: Any, given: Sequence[Any]) -> Any:
    return reference.ReferenceEvaluator(model).run(None, {f"x{i}": array for i, array in enumerate(given)})[0]


def only(model: Any) -> Operation:
    found = pm.layers(model)
    (operation,) = (*found.layers, *found.others)
    return operation


CONVOLUTIONS = [
    ([(1, 2, 5), (3, 2, 3)], {}),
    ([(2, 3, 6, 5), (4, 3, 3, 2)], {"pads": [1, 0, 1, 1], "strides": [2, 1]}),
    ([(1, 2, 4, 3, 4), (2, 2, 2, 2, 3)], {"pads": [0, 1, 1, 1, 0, 1]}),
    ([(1, 2, 7, 7), (3, 2, 3, 3)], {"dilations": [2, 3], "pads": [2, 2, 2, 2]}),
    ([(1, 4, 5, 5), (6, 2, 3, 3)], {"group": 2}),
    ([(1, 4, 5, 5), (2, 2, 3, 3)], {"group": 2}),
    ([(1, 3, 5, 5), (3, 1, 3, 3)], {"group": 3, "pads": [1] * 4}),
    ([(1, 3, 5, 5), (6, 1, 3, 3)], {"group": 3, "strides": [2, 2]}),
    ([(1, 2, 5, 6), (1, 2, 2, 2)], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ([(1, 2, 5, 6), (1, 2, 2, 4)], {"auto_pad": "SAME_LOWER", "strides": [1, 3]}),
    ([(1, 2, 5, 6), (1, 2, 2, 4)], {"auto_pad": "VALID"}),
]


@pytest.mark.parametrize(("shapes", "given"), CONVOLUTIONS)
def test_conv(shapes: list[tuple[int, ...]], given: dict[str, Any]) -> None:
    model, data = one("Conv", shapes, **given), arrays(shapes)
    want = expected(model, data)
    assert np.array_equal(computed(only(model).einsum, data, want.shape), want)


TRANSPOSED = [
    ([(1, 2, 4), (2, 3, 3)], {"strides": [2]}),
    ([(1, 2, 3, 4), (2, 3, 3, 2)], {"strides": [2, 3], "pads": [1, 0, 1, 1]}),
    ([(1, 2, 3, 3), (2, 1, 3, 3)], {"strides": [2, 2], "output_padding": [1, 1], "dilations": [2, 1]}),
    ([(1, 3, 3, 3), (3, 1, 3, 3)], {"group": 3, "strides": [2, 2]}),
]


@pytest.mark.parametrize(("shapes", "given"), TRANSPOSED)
def test_conv_transpose(shapes: list[tuple[int, ...]], given: dict[str, Any]) -> None:
    model, data = one("ConvTranspose", shapes, **given), arrays(shapes)
    want = expected(model, data)
    assert np.array_equal(computed(only(model).einsum, data, want.shape), want)


def test_conv_transpose_in_groups() -> None:
    """The reference evaluator fails on several channels of a group, so it is asked for one group after the other."""
    image, kernel = arrays([(1, 4, 3, 3), (4, 2, 3, 3)])
    parts = [
        expected(one("ConvTranspose", [(1, 2, 3, 3), (2, 2, 3, 3)]), [image[:, half], kernel[half]])
        for half in (slice(0, 2), slice(2, 4))
    ]
    want = np.concatenate(parts, axis=1)
    operation = only(one("ConvTranspose", [image.shape, kernel.shape], group=2))
    assert np.array_equal(computed(operation.einsum, [image, kernel], want.shape), want)


MATRICES = [
    [(3, 4), (4, 5)],
    [(2, 3, 4), (4, 5)],
    [(2, 3, 4), (2, 4, 5)],
    [(2, 1, 3, 4), (5, 4, 2)],
    [(1, 3, 4), (2, 4, 5)],
    [(4,), (4, 5)],
    [(2, 3, 4), (4,)],
    [(4,), (4,)],
    [(2, 3, 2, 2, 4), (3, 1, 4, 2)],
]


@pytest.mark.parametrize("shapes", MATRICES)
def test_matmul(shapes: list[tuple[int, ...]]) -> None:
    model, data = one("MatMul", shapes), arrays(shapes)
    want = expected(model, data)
    assert np.array_equal(computed(only(model).einsum, data, np.shape(want)), want)


@pytest.mark.parametrize("flip_left", [0, 1])
@pytest.mark.parametrize("flip_right", [0, 1])
def test_gemm(flip_left: int, flip_right: int) -> None:
    shapes = [(4, 3) if flip_left else (3, 4), (5, 4) if flip_right else (4, 5)]
    model, data = one("Gemm", shapes, transA=flip_left, transB=flip_right), arrays(shapes)
    want = expected(model, data)
    assert np.array_equal(computed(only(model).einsum, data, want.shape), want)


EQUATIONS = [
    ("bhid,bhjd->bhij", [(2, 2, 3, 4), (2, 2, 5, 4)]),
    ("ij,jk", [(2, 3), (3, 4)]),
    ("...ij,...jk->...ik", [(2, 1, 2, 3), (1, 4, 3, 2)]),
    ("ij,jl,lk->ik", [(2, 3), (3, 4), (4, 2)]),
    ("bij->bj", [(2, 3, 4)]),
    ("ii,i->i", [(3, 3), (3,)]),
    ("Xa,aX->X", [(2, 3), (3, 2)]),
]


@pytest.mark.parametrize(("equation", "shapes"), EQUATIONS)
def test_einsum(equation: str, shapes: list[tuple[int, ...]]) -> None:
    model, data = one("Einsum", shapes, equation=equation), arrays(shapes)
    assert np.array_equal(
        computed(only(model).einsum, data, np.einsum(equation, *data).shape), np.einsum(equation, *data)
    )


POOLS = [
    ((1, 2, 6, 6), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ((1, 2, 5, 7), {"kernel_shape": [3, 2], "pads": [1, 1, 1, 0]}),
    ((1, 2, 8), {"kernel_shape": [3], "strides": [2], "auto_pad": "SAME_UPPER"}),
]


@pytest.mark.parametrize(("shape", "given"), POOLS)
def test_max_pool(shape: tuple[int, ...], given: dict[str, Any]) -> None:
    model, data = one("MaxPool", [shape], **given), arrays([shape])
    want = expected(model, data)
    operation = only(model)
    assert operation.kind == "max"
    assert np.array_equal(computed(operation.einsum, data, want.shape, max, -np.inf), want)


@pytest.mark.parametrize(("shape", "given"), POOLS)
def test_average_pool_is_a_sum(shape: tuple[int, ...], given: dict[str, Any]) -> None:
    model, data = one("AveragePool", [shape], count_include_pad=1, **given), arrays([shape])
    want = expected(model, data)
    operation = only(model)
    assert operation.kind == "sum"
    points = operation.einsum.computes // int(np.prod(want.shape))
    assert np.allclose(computed(operation.einsum, data, want.shape) / points, want, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("op", "kind"), [("GlobalMaxPool", "max"), ("GlobalAveragePool", "sum")])
def test_global_pools(op: str, kind: str) -> None:
    model, data = one(op, [(2, 3, 4, 5)]), arrays([(2, 3, 4, 5)])
    operation = only(model)
    assert operation.kind == kind
    gather, start = (max, -np.inf) if kind == "max" else (lambda total, value: total + value / 20, 0.0)
    assert np.allclose(computed(operation.einsum, data, (2, 3, 1, 1), gather, start), expected(model, data), atol=1e-6)


@pytest.mark.parametrize(
    "shapes", [[(2, 3), (2, 3)], [(2, 3), (3,)], [(2, 1, 3), (4, 1)], [(2, 3), ()], [(1, 3), (2, 1)]]
)
def test_mul_broadcasts(shapes: list[tuple[int, ...]]) -> None:
    model, data = one("Mul", shapes), arrays(shapes)
    want = expected(model, data)
    operation = only(model)
    assert operation.kind == "pointwise"
    assert np.array_equal(computed(operation.einsum, data, want.shape), want)


@pytest.mark.parametrize("opset", [11, 13, 18])
@pytest.mark.parametrize(("op", "kind"), [("ReduceMax", "max"), ("ReduceMin", "min"), ("ReduceMean", "sum")])
def test_reductions(op: str, kind: str, opset: int) -> None:
    shape = (2, 3, 4)
    axes = {"constants": [integers("axes", [-1, 0])]} if opset == 18 else {"axes": [-1, 0]}
    model, data = one(op, [shape], opset=opset, keepdims=0, **axes), arrays([shape])
    operation = only(model)
    assert operation.kind == kind
    ways = {"max": (max, -np.inf), "min": (min, np.inf), "sum": (lambda total, value: total + value / 8, 0.0)}
    assert np.allclose(computed(operation.einsum, data, (3,), *ways[kind]), expected(model, data), atol=1e-6)


def test_sum_takes_its_axes_from_an_input_since_opset_13() -> None:
    model, data = one("ReduceSum", [(2, 3)], opset=13, constants=[integers("axes", [1])]), arrays([(2, 3)])
    assert np.array_equal(computed(only(model).einsum, data, (2, 1)), expected(model, data))


def scaled_and_masked(query: Any, key: Any, is_causal: bool) -> Any:
    scores = query @ np.swapaxes(key, -1, -2)
    return np.tril(scores) if is_causal else scores


@pytest.mark.parametrize("is_causal", [0, 1])
@pytest.mark.parametrize("shared", [1, 2, 4])
def test_attention_is_two_products(is_causal: int, shared: int) -> None:
    shapes = [(2, 4, 3, 2), (2, shared, 3, 2), (2, shared, 3, 5)]
    query, key, worth = arrays(shapes)
    scores, weighed = pm.layers(one("Attention", shapes, opset=23, is_causal=is_causal)).layers
    want = scaled_and_masked(query, np.repeat(key, 4 // shared, axis=1), bool(is_causal))
    assert (scores.nodes, weighed.nodes) == (("it.scores",), ("it.values",))
    assert np.array_equal(computed(scores.einsum, [query, key], want.shape), want)
    values = want @ np.repeat(worth, 4 // shared, axis=1)
    assert np.array_equal(computed(weighed.einsum, [want, worth], values.shape), values)


def test_attention_of_3_dimensions_and_past_keys() -> None:
    node = onnx.helper.make_node(
        "Attention", ["q", "k", "v", "", "pk", "pv"], ["y", "k2", "v2"], q_num_heads=4, kv_num_heads=2
    )
    inputs = [("q", (1, 3, 32)), ("k", (1, 3, 16)), ("v", (1, 3, 16)), ("pk", (1, 2, 4, 8)), ("pv", (1, 2, 4, 8))]
    model = network([node], [value(name, shape, FLOAT) for name, shape in inputs], opset=23)
    scores, weighed = pm.layers(model).layers
    assert scores.einsum.sizes == {"b": 1, "h": 2, "g": 2, "i": 3, "j": 7, "d": 8}
    assert weighed.einsum.sizes == {"b": 1, "h": 2, "g": 2, "i": 3, "e": 8, "j": 7}
