"""Networks built with onnx's own API; weights are declared and have no values, where values do not matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.frontends import topologies

onnx = pytest.importorskip("onnx")

FLOAT, INT8, UINT8, INT32, INT64 = 1, 3, 2, 6, 7
Dim = int | str


def weights(name: str, shape: Sequence[int], data_type: int = FLOAT) -> Any:
    """A tensor without its values."""
    found = onnx.TensorProto()
    found.name, found.data_type = name, data_type
    found.dims.extend(shape)
    return found


def integers(name: str, values: Sequence[int]) -> Any:
    return onnx.helper.make_tensor(name, INT64, [len(values)], values)


def value(name: str, shape: Sequence[Dim] | None, data_type: int = FLOAT) -> Any:
    return onnx.helper.make_tensor_value_info(name, data_type, shape)


def network(
    nodes: Sequence[Any], inputs: Sequence[Any], constants: Sequence[Any] = (), output: str = "y", opset: int = 21
) -> Any:
    graph = onnx.helper.make_graph(nodes, "net", inputs, [onnx.helper.make_empty_tensor_value_info(output)], constants)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])


def one(op: str, shapes: Sequence[Sequence[Dim]], opset: int = 21, constants: Sequence[Any] = (), **given: Any) -> Any:
    """A network of one operator on inputs of these shapes."""
    names = [f"x{i}" for i in range(len(shapes))]
    node = onnx.helper.make_node(op, [*names, *(c.name for c in constants)], ["y"], name="it", **given)
    return network([node], [value(*pair) for pair in zip(names, shapes)], constants, opset=opset)


class Built:
    """Nodes and weights of a network while it is written down."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, op: str, *inputs: str, **given: Any) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(op, inputs, [name], name=name, **given))
        return name

    def weight(self, *shape: int) -> str:
        self.constants.append(weights(f"w{len(self.constants)}", shape))
        return str(self.constants[-1].name)

    def shape(self, *values: int) -> str:
        self.constants.append(integers(f"w{len(self.constants)}", values))
        return str(self.constants[-1].name)

    def conv(self, x: str, read: int, written: int, size: int, stride: int = 1) -> str:
        pads = [size // 2] * 4
        return self.node("Conv", x, self.weight(written, read, size, size), pads=pads, strides=[stride] * 2)

    def relu(self, x: str) -> str:
        return self.node("Relu", x)

    def add(self, x: str, y: str) -> str:
        return self.node("Add", x, y)

    def max_pool(self, x: str) -> str:
        return self.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)

    def classify(self, x: str, read: int, classes: int) -> str:
        x = self.node("Flatten", self.node("GlobalAveragePool", x))
        return self.node("Gemm", x, self.weight(classes, read), self.weight(classes), transB=1)


def resnet50(batch: Dim = 1) -> Any:
    net = Built()
    x = topologies.resnet50(net, "image")
    return network(net.nodes, [value("image", [batch, 3, 224, 224])], net.constants, x)


def bert_layer(batch: Dim = 1, seq: Dim = 384, hidden: int = 768, heads: int = 12) -> Any:
    """One block of Devlin et al., NAACL 2019."""
    net = Built()
    split = net.shape(0, 0, heads, hidden // heads)
    query, key, worth = (net.node("MatMul", "x", net.weight(hidden, hidden)) for _ in range(3))
    query = net.node("Transpose", net.node("Reshape", query, split), perm=[0, 2, 1, 3])
    key = net.node("Transpose", net.node("Reshape", key, split), perm=[0, 2, 3, 1])
    worth = net.node("Transpose", net.node("Reshape", worth, split), perm=[0, 2, 1, 3])
    scores = net.node("Softmax", net.node("MatMul", query, key), axis=-1)
    y = net.node("Transpose", net.node("MatMul", scores, worth), perm=[0, 2, 1, 3])
    y = net.node("Reshape", y, net.shape(0, 0, hidden))
    y = net.node("Add", net.node("MatMul", y, net.weight(hidden, hidden)), "x")
    y = net.node("LayerNormalization", y, net.weight(hidden), net.weight(hidden))
    z = net.node("Gelu", net.node("MatMul", y, net.weight(hidden, 4 * hidden)))
    z = net.node("Add", net.node("MatMul", z, net.weight(4 * hidden, hidden)), y)
    z = net.node("LayerNormalization", z, net.weight(hidden), net.weight(hidden))
    return network(net.nodes, [value("x", [batch, seq, hidden])], net.constants, z)
