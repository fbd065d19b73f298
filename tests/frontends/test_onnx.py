"""ONNX networks as einsums: counts, open sizes, what is skipped, and what is told of bad input."""

from __future__ import annotations

import json
import random
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import polymap as pm
from polymap.cli import main
from tests.frontends.onnx_networks import (
    FLOAT,
    INT8,
    INT32,
    UINT8,
    bert_layer,
    integers,
    network,
    one,
    onnx,
    resnet50,
    value,
    weights,
)


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("onnx") / "resnet50.onnx"
    onnx.save(resnet50("batch"), path)
    return str(path)


def node(op: str, inputs: list[str], outputs: list[str], **given: Any) -> Any:
    return onnx.helper.make_node(op, inputs, outputs, **given)


def refused(model: Any, sizes: dict[str, int] | None = None) -> str:
    with pytest.raises(pm.SpecError) as caught:
        pm.layers(model, sizes)
    return str(caught.value)


def test_resnet_50_has_54_products_24_of_them_distinct() -> None:
    found = pm.layers(resnet50())
    assert sum(layer.repeat for layer in found.layers) == 54
    assert len(found.layers) == 24
    assert found.macs == 4_089_184_256


def test_resnet_50_of_the_stock_library_has_the_layers_that_onnx_gives() -> None:
    theirs, ours = pm.layers(resnet50()).network, pm.workload("resnet50")
    assert isinstance(ours, pm.Network)
    shapes = [
        sorted((layer.einsum.text, sorted(layer.einsum.sizes.items()), layer.repeat) for layer in net.layers[:-1])
        for net in (theirs, ours)
    ]
    assert shapes[0] == shapes[1]


def test_a_bert_layer_has_8_products_5_of_them_distinct() -> None:
    found = pm.layers(bert_layer("batch", "seq"), {"batch": 1, "seq": 384})
    assert [layer.repeat for layer in found.layers] == [4, 1, 1, 1, 1]
    assert found.macs == 2_944_401_408
    assert {(item.op, item.count) for item in found.skipped} == {
        ("Reshape", 4),
        ("Transpose", 4),
        ("Softmax", 1),
        ("LayerNormalization", 2),
    }


def test_other_operations_are_einsums_of_their_own_kind() -> None:
    kinds = {(other.op, other.kind) for other in pm.layers(resnet50()).others}
    assert kinds == {("Relu", "pointwise"), ("Add", "pointwise"), ("MaxPool", "max"), ("GlobalAveragePool", "sum")}
    assert sum(other.repeat for other in pm.layers(resnet50()).others) == 49 + 16 + 2


def test_a_batch_multiplies_everything_but_the_weights(resnet: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers", resnet, "--set", "batch=8", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["name"] == "resnet50"
    assert document["totals"] == {"operations": 54, "distinct": 24, "macs": 8 * 4_089_184_256}
    first = document["layers"][0]
    assert first["einsum"] == "O[n,k,p,q] += I[n,c,2*p+r-3,2*q+s-3] * W[k,c,r,s]"
    assert first["tensors"]["W"] == {
        "role": "weight",
        "bits": 32,
        "elements": 9408,
        "coordinates": ["k", "c", "r", "s"],
    }
    assert document["skipped"] == [
        {"op": "Flatten", "count": 1, "reason": "it moves or makes data and computes nothing"}
    ]


def test_one_operation_is_mapped_by_the_name_of_its_node(resnet: str, capsys: pytest.CaptureFixture[str]) -> None:
    question = ["teaching", f"{resnet}/gemm121", "--set", "batch=1", "--json"]
    assert main(["optimize", *question]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["totals"]["computes"] == 2_048_000
    assert main(["optimize", "teaching", f"{resnet}/gemm12", "--set", "batch=1"]) == 1
    assert "has no operation gemm12\n    mend: did you mean gemm121? it has conv0" in capsys.readouterr().err


def test_names_with_slashes_choose_a_node_and_the_result_is_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = [node("MatMul", ["x", "w"], ["h"], name="/block.0/fc/MatMul"), node("MatMul", ["h", "v"], ["y"])]
    path, out = str(tmp_path / "net.onnx"), str(tmp_path / "best")
    onnx.save(network(nodes, [value("x", [4, 8])], [weights("w", (8, 6)), weights("v", (6, 2))]), path)
    assert main(["optimize", "teaching", path, "-o", out]) == 0
    capsys.readouterr()
    chosen = [f"{path}//block.0/fc/MatMul", f"{out}/_block.0_fc_MatMul.map"]
    assert main(["evaluate", "teaching", *chosen, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["computes"] == 4 * 8 * 6
    assert main(["verify", out]) == 0
    assert main(["pareto", "teaching", f"{path}/y", "--json"]) == 0


def test_an_operation_of_another_kind_is_mapped_and_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = network([node("Relu", ["x"], ["y"], name="act")], [value("x", [8, 4])])
    path = str(tmp_path / "relu.onnx")
    onnx.save(model, path)
    assert main(["optimize", "teaching", f"{path}/act", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["totals"]["computes"] == 32
    assert said.err == "act: Relu is no product; each of its points is priced as one compute of the machine\n"
    assert main(["optimize", "teaching", path]) == 1
    assert "has no product that could be mapped\n    mend: name one of its operations: act" in capsys.readouterr().err


def test_a_whole_network_is_optimized_and_what_is_not_mapped_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = [
        node("MatMul", ["x", "w"], ["h"]),
        node("Relu", ["h"], ["a"]),
        node("MatMul", ["a", "w"], ["b"]),
        node("Softmax", ["b"], ["y"]),
    ]
    path = str(tmp_path / "small.onnx")
    onnx.save(network(nodes, [value("x", [4, 8])], [weights("w", (8, 8))]), path)
    assert main(["optimize", "teaching", path, "--json"]) == 0
    said = capsys.readouterr()
    assert [layer["repeat"] for layer in json.loads(said.out)["layers"]] == [2]
    assert said.err.startswith("small: not mapped: of kinds that are no products 1, operations that are no einsums 1 (")
    assert pm.optimize(path, "teaching").layers[0][0] == 2


@pytest.mark.parametrize(
    ("op", "shapes", "types", "bits"),
    [
        ("MatMulInteger", [(2, 3), (3, 4)], [UINT8, INT8], [8, 8, 32]),
        ("ConvInteger", [(1, 2, 5, 5), (3, 2, 3, 3)], [UINT8, UINT8], [8, 8, 32]),
        ("MatMul", [(2, 3), (3, 4)], [10, 10], [16, 16, 16]),
        ("MatMul", [(2, 3), (3, 4)], [INT32, INT32], [32, 32, 32]),
    ],
)
def test_bits_are_those_of_the_element_types(op: str, shapes: Any, types: list[int], bits: list[int]) -> None:
    model = network([node(op, ["a", "b"], ["y"])], [value(*entry) for entry in zip("ab", shapes, types)])
    (layer,) = pm.layers(model).layers
    assert [tensor.bits for tensor in layer.einsum.tensors] == bits


def test_quantized_operators_read_their_weights_from_input_3() -> None:
    scalars = [("s", FLOAT), ("z", UINT8)]
    inputs = [value("a", (2, 3), UINT8), value("b", (3, 4), UINT8), *(value(n, (), t) for n, t in scalars)]
    model = network([node("QLinearMatMul", ["a", "s", "z", "b", "s", "z", "s", "z"], ["y"])], inputs)
    (layer,) = pm.layers(model).layers
    assert layer.einsum.sizes == {"m": 2, "n": 4, "k": 3}


def test_batch_normalization_is_a_function_of_single_elements() -> None:
    found = pm.layers(one("BatchNormalization", [(2, 3, 4, 5), (3,), (3,), (3,), (3,)])).others[0]
    assert found.einsum.text == "O[i0,i1,i2,i3] += A[i0,i1,i2,i3] * B[i1] * C[i1] * D[i1] * E[i1]"


@pytest.mark.parametrize("layout", [0, 1])
@pytest.mark.parametrize(("op", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_recurrent_operators_are_two_products_for_each_direction(op: str, gates: int, layout: int) -> None:
    shapes = [(2, 7, 5) if layout else (7, 2, 5), (2, gates * 6, 5), (2, gates * 6, 6)]
    given, state = pm.layers(one(op, shapes, hidden_size=6, direction="bidirectional", layout=layout)).layers
    assert (given.name, given.repeat, state.name, state.repeat) == ("it.inputs", 2, "it.state", 14)
    assert given.einsum.sizes == {"b": 7, "m": 2, "n": gates * 6, "k": 5}
    assert state.einsum.sizes == {"m": 2, "n": gates * 6, "k": 6}


def test_a_recurrence_whose_steps_the_data_count_is_skipped() -> None:
    nodes = [node("RNN", ["x", "w", "r", "", "lengths"], ["y"], hidden_size=6)]
    inputs = [value("x", (7, 2, 5)), value("w", (1, 6, 5)), value("r", (1, 6, 6)), value("lengths", (2,), INT32)]
    (skipped,) = pm.layers(network(nodes, inputs)).skipped
    assert skipped.reason == "how many steps it takes is decided by the data"


@pytest.mark.parametrize(
    ("scale", "axis", "text"),
    [
        ((), 1, "O[i0,i1,i2] += A[i0,i1,i2] * B[] * C[]"),
        ((3,), 1, "O[i0,i1,i2] += A[i0,i1,i2] * B[i1] * C[i1]"),
        ((4,), -1, "O[i0,i1,i2] += A[i0,i1,i2] * B[i2] * C[i2]"),
    ],
)
def test_quantization_is_pointwise_with_scales_along_an_axis(scale: tuple[int, ...], axis: int, text: str) -> None:
    inputs = [value("x", (2, 3, 4)), value("s", scale), value("z", scale, UINT8)]
    (found,) = pm.layers(network([node("QuantizeLinear", ["x", "s", "z"], ["y"], axis=axis)], inputs)).others
    assert (found.kind, found.einsum.text) == ("pointwise", text)
    assert found.einsum.output.bits == 8


def test_a_value_taken_twice_is_read_once() -> None:
    model = network([node("Mul", ["x", "x"], ["y"])], [value("x", [3, 4])])
    assert pm.layers(model).others[0].einsum.text == "O[i0,i1] += A[i0,i1]"


def test_local_functions_are_looked_into() -> None:
    product = onnx.helper.make_function(
        "mine", "Twice", ["a", "b"], ["c"], [node("MatMul", ["a", "b"], ["t"]), node("MatMul", ["t", "b"], ["c"])],
        [onnx.helper.make_opsetid("", 21)],
    )  # fmt: skip
    graph = onnx.helper.make_graph(
        [node("Twice", ["x", "w"], ["y"], domain="mine")], "net", [value("x", [2, 3]), value("w", [3, 3])],
        [value("y", None)],
    )  # fmt: skip
    opsets = [onnx.helper.make_opsetid("", 21), onnx.helper.make_opsetid("mine", 1)]
    found = pm.layers(onnx.helper.make_model(graph, functions=[product], opset_imports=opsets))
    assert [layer.repeat for layer in found.layers] == [2]


def test_operators_that_are_no_einsum_are_listed_with_counts_and_reasons() -> None:
    body = onnx.helper.make_graph([node("Identity", ["x"], ["t"])], "body", [], [value("t", [4, 4])])
    nodes = [
        node("Softmax", ["x"], ["a"]),
        node("Softmax", ["a"], ["b"]),
        node("Transpose", ["b"], ["c"]),
        node("Fancy", ["c"], ["d"], domain="com.example"),
        node("If", ["cond"], ["y"], then_branch=body, else_branch=body),
    ]
    model = network(nodes, [value("x", [4, 4]), value("cond", [], 9)])
    model.opset_import.add(domain="com.example", version=1)
    assert [(item.op, item.count, item.reason) for item in pm.layers(model).skipped] == [
        ("Softmax", 2, "it takes several passes over its input"),
        ("Transpose", 1, "it moves or makes data and computes nothing"),
        ("com.example.Fancy", 1, "no einsum is known for it"),
        ("If", 1, "how often its body runs is decided by the data"),
    ]


def test_every_open_size_is_told_with_its_place(resnet: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers", resnet]) == 1
    told = f"error: {resnet} (graph.input[0].shape[0]): the size batch is open\n    mend: set it, e.g. --set batch=1\n"
    assert capsys.readouterr().err == told
    told = refused(bert_layer("batch", "seq"), {"bach": 3})
    assert "`bach` is no open size\n    mend: did you mean batch? open sizes: batch, seq" in told
    assert "graph.input[0].shape[1]: the size seq is open" in told


def test_an_open_size_without_a_name_is_set_by_its_place() -> None:
    model = one("MatMul", [(4, 8), (8, 2)])
    model.graph.input[0].type.tensor_type.shape.dim[0].Clear()
    assert "the size x0[0] is open" in refused(model)
    assert pm.layers(model, {"x0[0]": 5}).layers[0].einsum.sizes["m"] == 5


def test_stale_sizes_of_inner_values_are_inferred_anew() -> None:
    model = network(
        [node("MatMul", ["x", "w"], ["h"]), node("MatMul", ["h", "w"], ["y"])],
        [value("x", ["batch", 8])],
        [weights("w", (8, 8))],
    )
    model.graph.value_info.append(value("h", ["batch*1", 8]))
    assert pm.layers(model, {"batch": 3}).layers[0].repeat == 2


def test_shapes_that_the_graph_computes_from_open_sizes_are_followed() -> None:
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["batch"]),
        node("Concat", ["batch", "rest"], ["split"], axis=0),
        node("Reshape", ["x", "split"], ["h"]),
        node("MatMul", ["h", "w"], ["y"]),
    ]
    constants = [integers("zero", [0]), integers("rest", [-1, 4]), weights("w", (4, 5))]
    found = pm.layers(network(nodes, [value("x", ["batch", 12])], constants), {"batch": 7})
    assert found.layers[0].einsum.sizes == {"b": 7, "m": 3, "n": 5, "k": 4}


def test_a_shape_that_is_not_known_is_told_where_it_is_lost() -> None:
    nodes = [
        node("Fancy", ["x"], ["h"], domain="com.example"),
        node("Relu", ["h"], ["r"]),
        node("MatMul", ["r", "w"], ["y"], name="product"),
    ]
    model = network(nodes, [value("x", [2, 8])], [weights("w", (8, 8))])
    model.opset_import.add(domain="com.example", version=1)
    told = refused(model)
    assert told.startswith("graph.node[0]: the shape of value h, which com.example.Fancy h gives, is not known; Relu r")
    assert told.count("is not known") == 1
    model.graph.value_info.append(value("h", [2, 8]))
    assert pm.layers(model).macs == 2 * 8 * 8


def test_an_input_without_a_shape_is_told() -> None:
    model = network([node("Relu", ["x"], ["y"])], [value("x", None)])
    assert "the shape of value x is not known; Relu y needs it" in refused(model)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (one("Conv", [(1, 2, 5, 5), (3, 4, 3, 3)]), "graph.node[0]: Conv it: 2 channels read and 3 written do not"),
        (one("Conv", [(1, 2, 5, 5), (3, 2, 3, 3)], strides=[1]), "graph.node[0]: the shape of value y, which Conv it"),
        (one("MatMul", [(2, 3), (4, 5)]), "Incompatible dimensions for matrix multiplication"),
        (
            one("Einsum", [(2, 3), (3, 4)], equation="ij,jk;->"),
            "graph.node[0].equation: `ij,jk;->` is no equation of indices",
        ),
        (one("Attention", [(1, 2, 3, 4), (8,), (8,)], opset=23, is_causal=1), "graph.node[0]: "),
        (one("QuantizeLinear", [(2, 3)]), "graph.node[0]: QuantizeLinear it: input 1 is missing"),
        (one("MatMul", [(0, 3), (3, 5)]), "graph.node[0]: MatMul it: rank m has size 0"),
    ],
)
def test_shapes_that_do_not_go_together_are_told_with_their_node(model: Any, told: str) -> None:
    assert told in refused(model)


@pytest.mark.parametrize(
    ("version", "mend"), [(6, "convert it with onnx.version_converter"), (99, "upgrade onnx, or export for less")]
)
def test_an_unknown_opset_is_told(version: int, mend: str) -> None:
    model = one("MatMul", [(2, 3), (3, 5)])
    model.opset_import[0].version = version
    told = refused(model)
    assert told.startswith(f"opset_import[0].version: opset {version} is unknown here: opsets 7 to ")
    assert told.endswith(mend)


def test_a_model_without_an_opset_or_a_graph_is_told() -> None:
    model = one("MatMul", [(2, 3), (3, 5)])
    del model.opset_import[:]
    assert "the model does not say its opset" in refused(model)
    assert "this is no ONNX model: it has no graph" in refused(onnx.ModelProto())


def test_every_truncation_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    model = one("Conv", [(1, 2, 5, 5)], constants=[weights("w", (3, 2, 3, 3))])
    whole, path = model.SerializeToString(), tmp_path / "net.onnx"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(pm.SpecError) as caught:
            pm.layers(path)
        assert all(mistake.place.file == str(path) for mistake in caught.value.mistakes)
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.onnx"]


def test_damaged_bytes_are_read_or_told() -> None:
    whole = resnet_bytes()
    draw = random.Random(0)
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        model = onnx.ModelProto()
        try:
            model.ParseFromString(bytes(damaged))
        except Exception:  # a file like this is told by the test above
            continue
        with suppress(pm.SpecError):
            pm.layers(model)


def resnet_bytes() -> bytes:
    nodes = [
        node("Conv", ["x", "w"], ["a"], pads=[1] * 4, strides=[2, 2], name="conv"),
        node("MaxPool", ["a"], ["b"], kernel_shape=[2, 2], auto_pad="SAME_UPPER"),
        node("ReduceMean", ["b", "axes"], ["c"], keepdims=0),
        node("Gemm", ["c", "g"], ["y"], transB=1),
    ]
    constants = [weights("w", (4, 3, 3, 3)), integers("axes", [2, 3]), weights("g", (5, 4))]
    return bytes(network(nodes, [value("x", [1, 3, 8, 8])], constants).SerializeToString())


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "a/../../b", "C:\\x", "..\\x"])
def test_data_outside_the_folder_of_the_model_is_refused(location: str, tmp_path: Path) -> None:
    tensor = weights("w", (3, 5))
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    model = network([node("MatMul", ["x", "w"], ["y"])], [value("x", [2, 3])], [tensor])
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    told = refused(path)
    assert told.startswith(f"{path} (graph.initializer[0].external_data): tensor `w` keeps its data in ")
    assert "outside the model's folder" in told


def outside(name: str = "w") -> Any:
    tensor = weights(name, (3, 5))
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def test_no_tensor_anywhere_in_a_model_may_lie_outside() -> None:
    constant = node("Constant", [], ["c"], value=outside())
    body = onnx.helper.make_graph([constant], "body", [], [value("c", [3, 5])], [outside("inner")])
    choice = node("If", ["cond"], ["d"], then_branch=body, else_branch=body)
    model = network([constant, choice, node("MatMul", ["x", "c"], ["y"])], [value("x", [2, 3]), value("cond", [], 9)])
    model.functions.append(onnx.helper.make_function("mine", "F", [], ["c"], [constant], model.opset_import))
    told = refused(model)
    for path in ("graph.node[0].value", "graph.node[1].then_branch", "graph.node[1].else_branch.node[0].value"):
        assert f"{path}.external_data: tensor " in told
    assert "functions[0].node[0].value.external_data: tensor `w` keeps its data in `/etc/passwd`" in told


def test_data_beside_the_model_is_not_opened(tmp_path: Path) -> None:
    tensor = weights("w", (3, 5))
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="there_is_no_such_file.bin")
    model = network([node("MatMul", ["x", "w"], ["y"])], [value("x", [2, 3])], [tensor])
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    assert pm.layers(path).macs == 30


def test_the_model_that_is_given_stays_as_it_is() -> None:
    model = bert_layer("batch", "seq")
    before = model.SerializeToString()
    pm.layers(model, {"batch": 1, "seq": 8})
    assert model.SerializeToString() == before


@pytest.mark.parametrize(
    ("name", "told"), [("none.onnx", "there is no such file"), ("folder.onnx", "this is a folder")]
)
def test_a_file_that_cannot_be_read_is_told(name: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "folder.onnx").mkdir()
    assert refused(tmp_path / name).startswith(f"{tmp_path / name}: {told}")


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    told = refused(tmp_path / "net.onnx")
    assert "this takes the package onnx" in told
    assert told.endswith("mend: pip install 'polymap-engine[onnx]'")
