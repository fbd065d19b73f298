"""Which ONNX operator becomes which einsum, and why the others become none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from polymap.errors import Mistake
from polymap.frontends.model import Left, Operation
from polymap.frontends.onnx import elements, multiplying, recurrent, sliding
from polymap.frontends.onnx.kinds import POINTWISE, REASONS, REDUCTIONS
from polymap.frontends.onnx.node import Node, NoShape
from polymap.frontends.onnx.shapes import Graph
from polymap.frontends.understood import Understood, reason

Reader: TypeAlias = "Callable[[Node], Iterator[Operation]]"

PRODUCTS_AND_WINDOWS: Mapping[str, Reader] = {
    "Conv": sliding.conv,
    "ConvInteger": sliding.conv,
    "QLinearConv": sliding.quantized_conv,
    "ConvTranspose": sliding.conv_transpose,
    "MaxPool": sliding.max_pool,
    "AveragePool": sliding.average_pool,
    "GlobalMaxPool": sliding.global_max,
    "GlobalAveragePool": sliding.global_average,
    "MatMul": multiplying.matrices,
    "MatMulInteger": multiplying.matrices,
    "QLinearMatMul": multiplying.quantized_matrices,
    "Gemm": multiplying.general,
    "Einsum": multiplying.subscripts,
    "Attention": multiplying.attend,
}
READERS: Mapping[str, Reader] = {
    **PRODUCTS_AND_WINDOWS,
    **dict.fromkeys(POINTWISE, elements.elements),
    **dict.fromkeys(REDUCTIONS, elements.reduced),
    "BatchNormalization": elements.normalized,
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear"), elements.scaled),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), recurrent.recurrent),
}


def operations(graph: Graph) -> list[Operation | Left]:
    """What becomes of every node, in order. Raises `SpecError` with every node that cannot be understood."""
    taken = Understood()
    without: dict[str, Node] = {}
    for at, proto in enumerate(graph.nodes):
        node = Node(proto, at, graph)
        try:
            with taken.reading(node.op, node.place, f"{node.op} {node.name}", "check the model with onnx.checker"):
                taken.found += _read(node)
        except NoShape as error:
            without.setdefault(error.value, node)
    taken.mistakes += _without_shape(graph, without)
    return taken.whole()


def _read(node: Node) -> list[Operation | Left]:
    return list(READERS[node.op](node)) if node.op in READERS else [Left(node.op, reason(node.op, REASONS))]


def _without_shape(graph: Graph, without: Mapping[str, Node]) -> Iterator[Mistake]:
    """The values without a shape that others lack theirs for, each once, and a node that needs one."""
    makers = {output: Node(proto, at, graph) for at, proto in enumerate(graph.nodes) for output in proto.output}
    complaint = graph.complaint() if without else ""
    why = f" ({complaint})" if complaint else ""
    told: set[str] = set()
    for value, user in without.items():
        root = _root(value, makers, graph)
        if root not in told:
            told.add(root)
            yield _shapeless(root, makers.get(root), user, why)


def _root(value: str, makers: Mapping[str, Node], graph: Graph) -> str:
    """From a value without a shape back to one whose maker has all of its inputs."""
    seen: set[str] = set()
    while value not in seen and value in makers:
        seen.add(value)
        lacking = (name for name in makers[value].proto.input if name and name not in graph.values)
        value = next((name for name in lacking if name not in seen), value)
    return value


def _shapeless(value: str, maker: Node | None, user: Node, why: str) -> Mistake:
    made = f", which {maker.op} {maker.name} gives," if maker else ""
    needs = "" if maker and maker.at == user.at else f"; {user.op} {user.name} needs it"
    mend = "export the model with shapes: value_info for it, or the result of onnx.shape_inference"
    return Mistake((maker or user).place, f"the shape of value {value}{made} is not known{needs}{why}", mend)
