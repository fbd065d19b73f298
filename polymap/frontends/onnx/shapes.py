"""Open sizes set, shapes inferred: an ONNX graph in which every value that is known has a shape and bits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from polymap.errors import Mistake, Place, SpecError
from polymap.frontends.forms.form import Value
from polymap.frontends.onnx.load import package
from polymap.frontends.sizes import Sizes, misset, unset

FEW = 1024  # elements of constants that shape inference may look at; larger ones are weights
BITS = {"FLOAT": 32, "DOUBLE": 64, "BFLOAT16": 16, "BOOL": 8}
DATA = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data", "raw_data")


@dataclass(frozen=True)
class Graph:
    """Nodes in their order, and the shape and bits of every value that is known; `constants` are small ones."""

    name: str
    nodes: tuple[Any, ...]
    values: Mapping[str, Value]
    constants: Mapping[str, Any]
    opset: int
    file: str
    model: Any

    def complaint(self) -> str:
        """What inference has to say of shapes that it did not find; empty if nothing."""
        inference = package(self.file).shape_inference
        try:
            inference.infer_shapes(self.model, strict_mode=True, data_prop=True)
        except (RuntimeError, ValueError, inference.InferenceError) as error:
            return " ".join(str(error).split())
        return ""


def shaped(found: Any, sizes: Sizes, file: str) -> Graph:
    """The graph of a model whose open sizes are set to `sizes`. Raises `SpecError`, e.g. for one that stays open."""
    onnx = package(file)
    _check(found.graph, sizes, file)
    _set(found.graph, sizes)
    for tensor in found.graph.initializer:
        _lighten(tensor)
    inferred = _inferred(onnx, found, file)
    graph = inferred.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    constants |= {node.output[0]: a.t for node in graph.node if node.op_type == "Constant" and node.output
                  for a in node.attribute if a.name == "value"}  # fmt: skip
    opset = next(entry.version for entry in inferred.opset_import if entry.domain in ("", "ai.onnx"))
    return Graph(graph.name, tuple(graph.node), dict(_values(onnx, graph)), constants, opset, file, found)


def _open(graph: Any) -> Iterator[tuple[str, Place]]:
    """Open sizes of the inputs, with their places; without a name they are written as `input[axis]`."""
    known = {tensor.name for tensor in graph.initializer}
    for at, value in enumerate(graph.input):
        if value.name not in known and value.type.HasField("tensor_type"):
            for axis, dim in enumerate(value.type.tensor_type.shape.dim):
                if not dim.HasField("dim_value"):
                    yield dim.dim_param or f"{value.name}[{axis}]", Place(path=f"graph.input[{at}].shape[{axis}]")


def _check(graph: Any, sizes: Sizes, file: str) -> None:
    symbols: dict[str, Place] = {}
    for symbol, place in _open(graph):
        symbols.setdefault(symbol, Place(file, path=place.path))
    mistakes = list(misset(sizes, symbols, Place(file)))
    mistakes += [unset(symbol, place) for symbol, place in symbols.items() if symbol not in sizes]
    if mistakes:
        raise SpecError(mistakes)


def _set(graph: Any, sizes: Sizes) -> None:
    """Give the inputs their sizes; what exporters wrote about other values is inferred anew where it was open."""
    for value in graph.input:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if not dim.HasField("dim_value"):
                size = sizes.get(dim.dim_param or f"{value.name}[{axis}]")
                if size is not None:
                    dim.dim_value = size
    for value in (*graph.value_info, *graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if not dim.HasField("dim_value"):
                dim.Clear()


def _lighten(tensor: Any) -> None:
    """Drop the data of weights: only their shapes matter, and inference copies the model."""
    count = 1
    for size in tensor.dims:
        count *= max(size, 0)
    if count > FEW or tensor.external_data:
        for field in DATA:
            tensor.ClearField(field)
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")


def _inferred(onnx: Any, found: Any, file: str) -> Any:
    try:
        return onnx.shape_inference.infer_shapes(found, check_type=False, strict_mode=False, data_prop=True)
    except (RuntimeError, ValueError, onnx.shape_inference.InferenceError) as error:
        text = f"shapes cannot be inferred: {' '.join(str(error).split())}"
        raise SpecError(Mistake(Place(file, path="graph"), text, "check the model with onnx.checker")) from None


def _values(onnx: Any, graph: Any) -> Iterator[tuple[str, Value]]:
    for value in (*graph.input, *graph.value_info, *graph.output):
        tensor = value.type.tensor_type
        if value.type.HasField("tensor_type") and tensor.HasField("shape"):
            dims = tensor.shape.dim
            bits = bits_of(onnx, tensor.elem_type)
            if bits and all(dim.HasField("dim_value") for dim in dims):
                yield value.name, Value(tuple(dim.dim_value for dim in dims), bits)
    for tensor in graph.initializer:
        bits = bits_of(onnx, tensor.data_type)
        if bits:
            yield tensor.name, Value(tuple(tensor.dims), bits)


@lru_cache(maxsize=64)
def bits_of(onnx: Any, data_type: int) -> int:
    """Bits of an element of a type; 0 where that is no number, such as text."""
    types = onnx.TensorProto.DataType
    name = types.Name(data_type) if data_type in types.values() else ""
    digits = re.search(r"\d+", name)
    return BITS.get(name) or (int(digits[0]) if digits else 0)
