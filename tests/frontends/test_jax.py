"""JAX programs as einsums, held against what jax computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polymap as pm
from polymap.frontends.alike import essence
from polymap.frontends.model import Model, Operation
from tests.frontends import onnx_networks, topologies
from tests.frontends.meaning import computed

jax = pytest.importorskip("jax")
lax, numpy = jax.lax, jax.numpy


class Builder:
    """What the topologies ask for."""

    def conv(self, x: Any, read: int, written: int, size: int, stride: int) -> Any:
        weights = numpy.zeros((written, read, size, size))
        return lax.conv_general_dilated(x, weights, (stride, stride), [(size // 2, size // 2)] * 2)

    def relu(self, x: Any) -> Any:
        return jax.nn.relu(x)

    def add(self, x: Any, y: Any) -> Any:
        return x + y

    def max_pool(self, x: Any) -> Any:
        return lax.reduce_window(x, -np.inf, lax.max, (1, 1, 3, 3), (1, 1, 2, 2), [(0, 0), (0, 0), (1, 1), (1, 1)])

    def classify(self, x: Any, read: int, classes: int) -> Any:
        return numpy.einsum("nk,ck->nc", x.mean((2, 3)), numpy.zeros((classes, read)))


def block(x: Any) -> Any:
    """The products of a block of Devlin et al., NAACL 2019."""
    query, key, value = (numpy.einsum("bmk,kn->bmn", x, numpy.zeros((768, 768))).reshape(1, 384, 12, 64) for _ in "qkv")
    scores = jax.nn.softmax(numpy.einsum("bihd,bjhd->bhij", query, key))
    y = numpy.einsum("bhij,bjhd->bihd", scores, value).reshape(1, 384, 768)
    y = x + y @ numpy.zeros((768, 768))
    return jax.nn.gelu(y @ numpy.zeros((768, 3072))) @ numpy.zeros((3072, 768))


def test_resnet_50_has_the_einsums_that_it_has_through_onnx() -> None:
    found = pm.layers(jax.make_jaxpr(lambda x: topologies.resnet50(Builder(), x))(numpy.zeros((1, 3, 224, 224))))
    theirs = pm.layers(onnx_networks.resnet50())
    assert {essence(o.einsum): o.repeat for o in found.layers} == {essence(o.einsum): o.repeat for o in theirs.layers}


def test_a_bert_layer_has_8_products() -> None:
    found = pm.layers(jax.make_jaxpr(block)(numpy.zeros((1, 384, 768))))
    assert sum(layer.repeat for layer in found.layers) == 8
    assert found.macs == 2_944_401_408


def run(function: Any, *shapes: tuple[int, ...]) -> tuple[Model, list[Any], Any]:
    draw = np.random.default_rng(0)
    data = [draw.integers(-4, 5, shape).astype(np.float32) for shape in shapes]
    return pm.layers(jax.make_jaxpr(function)(*data)), data, np.asarray(function(*data))


def only(model: Model) -> Operation:
    (operation,) = (*model.layers, *model.others)
    return operation


DOTS = [
    ((((1,), (0,)), ((), ())), [(3, 4), (4, 5)]),
    ((((2,), (1,)), ((0,), (0,))), [(2, 3, 4), (2, 4, 5)]),
    ((((0, 2), (1, 0)), ((), ())), [(3, 5, 4), (4, 3, 2)]),
    ((((), ()), ((1,), (0,))), [(2, 3), (3, 4)]),
    ((((3,), (1,)), ((0, 1), (2, 0))), [(2, 3, 5, 4), (3, 4, 2, 6, 2)]),
]


@pytest.mark.parametrize(("numbers", "shapes"), DOTS)
def test_dot_general(numbers: Any, shapes: list[tuple[int, ...]]) -> None:
    model, data, want = run(lambda a, b: lax.dot_general(a, b, numbers), *shapes)
    assert np.array_equal(computed(only(model).einsum, data, want.shape), want)


CONVOLUTIONS = [
    ([(1, 2, 6, 5), (3, 2, 3, 2)], {"window_strides": (2, 1), "padding": [(1, 0), (1, 1)]}),
    ([(1, 2, 7), (3, 2, 3)], {"window_strides": (1,), "padding": "SAME", "rhs_dilation": (2,)}),
    ([(1, 4, 5, 5), (6, 2, 3, 3)], {"window_strides": (1, 1), "padding": "VALID", "feature_group_count": 2}),
    ([(1, 3, 5, 5), (3, 1, 3, 3)], {"window_strides": (1, 1), "padding": "SAME", "feature_group_count": 3}),
    ([(1, 2, 4), (3, 2, 3)], {"window_strides": (1,), "padding": [(2, 1)], "lhs_dilation": (2,)}),
    ([(1, 2, 4, 4), (3, 2, 3, 3)], {"window_strides": (1, 2), "padding": [(1, 2), (1, 1)], "lhs_dilation": (3, 1)}),
]


@pytest.mark.parametrize(("shapes", "given"), CONVOLUTIONS)
def test_conv_general_dilated(shapes: list[tuple[int, ...]], given: dict[str, Any]) -> None:
    model, data, want = run(lambda x, w: lax.conv_general_dilated(x, w, **given), *shapes)
    assert np.array_equal(computed(only(model).einsum, data, want.shape), want)


def test_a_convolution_in_another_layout_is_the_same_layer() -> None:
    given = {"window_strides": (1, 1), "padding": "SAME"}
    ours, _, _ = run(lambda x, w: lax.conv_general_dilated(x, w, **given), (1, 2, 5, 5), (3, 2, 3, 3))
    layout = ("NHWC", "HWIO", "NHWC")
    theirs, _, _ = run(
        lambda x, w: lax.conv_general_dilated(x, w, dimension_numbers=layout, **given), (1, 5, 5, 2), (3, 3, 2, 3)
    )
    assert only(ours).einsum.text == only(theirs).einsum.text


OTHERS = [
    (lambda x: lax.reduce_window(x, -np.inf, lax.max, (1, 3), (1, 2), [(0, 0), (1, 1)]), [(2, 7)], "max", -np.inf),
    (lambda x: lax.reduce_window(x, 0.0, lax.add, (2, 2), (1, 2), "VALID"), [(3, 6)], "sum", 0.0),
    (lambda x: lax.reduce_sum_p.bind(x, axes=(1,), out_sharding=None), [(2, 3, 4)], "sum", 0.0),
    (lambda x: lax.reduce_max_p.bind(x, axes=(0, 2), out_sharding=None), [(2, 3, 4)], "max", -np.inf),
]


@pytest.mark.parametrize(("function", "shapes", "kind", "start"), OTHERS)
def test_windows_and_reductions(function: Any, shapes: Any, kind: str, start: float) -> None:
    model, data, want = run(function, *shapes)
    operation = only(model)
    assert operation.kind == kind
    gather = max if kind == "max" else lambda total, value: total + value
    assert np.array_equal(computed(operation.einsum, data, want.shape, gather, start), want)


def test_functions_are_looked_into_and_scans_repeat_their_body() -> None:
    def steps(x: Any, w: Any) -> Any:
        return lax.scan(lambda carry, _: (jax.jit(lambda y: jax.nn.relu(y @ w))(carry), None), x, length=5)[0]

    model, _, _ = run(steps, (2, 3), (3, 3))
    assert [(layer.name, layer.repeat, layer.einsum.computes) for layer in model.layers] == [("dot_general_0", 5, 18)]


def test_a_body_that_data_repeat_is_listed() -> None:
    model, _, _ = run(lambda x: lax.while_loop(lambda y: y.sum() < 9, lambda y: y @ y + 1, x), (2, 2))
    assert [(item.op, item.reason) for item in model.skipped] == [
        ("while", "how often its body runs is decided by the data")
    ]


def test_what_is_no_einsum_is_listed_with_its_reason() -> None:
    model, _, _ = run(lambda x: numpy.cumsum(x.T, 0) + lax.rng_uniform(0.0, 1.0, (4, 3)), (3, 4))
    assert {(item.op, item.reason) for item in model.skipped} >= {
        ("transpose", "it moves or makes data and computes nothing"),
        ("cumsum", "it takes several passes over its input"),
        ("rng_uniform", "no einsum is known for it"),
    }


def test_numbers_in_the_program_are_no_tensors_and_operands_are_read_once() -> None:
    assert only(run(lambda x: x * x, (3, 4))[0]).einsum.text == "O[i0,i1] += A[i0,i1]"
    assert only(run(lambda x: x * 2.0, (3, 4))[0]).einsum.text == "O[i0,i1] += A[i0,i1]"


def test_open_sizes_and_other_objects_are_told() -> None:
    closed = jax.make_jaxpr(lambda x: x @ x)(numpy.zeros((3, 3)))
    with pytest.raises(pm.SpecError, match="`batch` is no open size"):
        pm.layers(closed, {"batch": 8})
    with pytest.raises(pm.SpecError, match=r"is no jaxpr\n    mend: give jax.make_jaxpr\(function\)\(arguments\)"):
        pm.layers(jax.jit(lambda x: x).lower(1.0))
