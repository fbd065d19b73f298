"""ONNX bytes -> a model that can be looked into, or what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from polymap.errors import Mistake, Place, SpecError
from polymap.frontends.extras import missing
from polymap.frontends.files import bytes_of
from polymap.frontends.forms.subscripts import is_equation
from polymap.quantity import shown

OLDEST = 7  # before, operators broadcast by attributes of their own
STANDARD = ("", "ai.onnx")
EQUATION = "write e.g. bhid,bhjd->bhij"


def package(file: str = "") -> Any:
    """The package onnx with the parts that are used. Raises `SpecError` where it is missing."""
    try:
        import onnx
        import onnx.inliner
        import onnx.shape_inference
    except ImportError as error:
        raise missing(error, "onnx", file) from None
    return onnx


def loaded(source: Any, file: str) -> Any:
    """The `ModelProto` of a file, or a copy of the one given, with local functions inlined. Raises `SpecError`."""
    onnx = package(file)
    if isinstance(source, str | os.PathLike):
        found = _parsed(onnx, bytes_of(source), file)
    else:
        found = onnx.ModelProto()
        found.CopyFrom(source)
    mistakes = list(_mistakes(onnx, found, file))
    if mistakes:
        raise SpecError(mistakes)
    found = _inlined(onnx, found, file) if found.functions else found
    mistakes = list(_equations(found.graph, file))
    if mistakes:
        raise SpecError(mistakes)
    return found


def _parsed(onnx: Any, data: bytes, file: str) -> Any:
    from google.protobuf.message import DecodeError

    try:
        return onnx.load_model_from_string(data)
    except DecodeError:
        message = f"these {len(data)} bytes are no ONNX model, or only a part of one"
        raise SpecError(Mistake(Place(file), message, "export or copy it again; text forms are not read")) from None


def _inlined(onnx: Any, found: Any, file: str) -> Any:
    try:
        return onnx.inliner.inline_local_functions(found)
    except (RuntimeError, ValueError) as error:
        text = f"its local functions cannot be inlined: {_line(error)}"
        raise SpecError(Mistake(Place(file, path="functions"), text)) from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _mistakes(onnx: Any, found: Any, file: str) -> Iterator[Mistake]:
    if not found.HasField("graph") or not found.ir_version:
        yield Mistake(Place(file), "this is no ONNX model: it has no graph", "give a file that an exporter wrote")
        return
    yield from _opset(onnx, found, file)
    yield from _external(found, file)


def _opset(onnx: Any, found: Any, file: str) -> Iterator[Mistake]:
    newest = onnx.defs.onnx_opset_version()
    given = [(i, entry.version) for i, entry in enumerate(found.opset_import) if entry.domain in STANDARD]
    known = f"opsets {OLDEST} to {newest} are known (onnx {onnx.__version__})"
    if not given:
        yield Mistake(Place(file, path="opset_import"), "the model does not say its opset", f"export it anew; {known}")
    for at, version in given:
        if not OLDEST <= version <= newest:
            mend = "convert it with onnx.version_converter" if version < OLDEST else "upgrade onnx, or export for less"
            where = Place(file, path=f"opset_import[{at}].version")
            yield Mistake(where, f"opset {version} is unknown here: {known}", mend)


def _external(found: Any, file: str) -> Iterator[Mistake]:
    """Data beside the file is never opened; a path out of its folder is hostile all the same."""
    for path, tensor in _tensors(found):
        for entry in tensor.external_data:
            if entry.key == "location" and _escapes(entry.value):
                where = Place(file, path=f"{path}.external_data")
                text = f"tensor {shown(tensor.name)} keeps its data in {shown(entry.value)}, outside the model's folder"
                yield Mistake(where, text, "keep external data beside the model, under a relative path")


def _tensors(found: Any) -> Iterator[tuple[str, Any]]:
    """Every tensor that a model carries, with its key path."""
    graph = found.graph
    yield from ((f"graph.initializer[{at}]", tensor) for at, tensor in enumerate(graph.initializer))
    for at, sparse in enumerate(graph.sparse_initializer):
        yield from ((f"graph.sparse_initializer[{at}]", tensor) for tensor in (sparse.values, sparse.indices))
    bodies = [("graph", graph), *((f"functions[{at}]", function) for at, function in enumerate(found.functions))]
    for body, inner in bodies:
        for path, _, attribute in _attributes(inner, body):
            held = (attribute.t, *attribute.tensors, *attribute.g.initializer)
            yield from ((path, tensor) for tensor in held)


def _attributes(graph: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Key path, node and attribute, of a graph or a function and of the graphs inside its nodes."""
    for at, node in enumerate(graph.node):
        for attribute in node.attribute:
            where = f"{path}.node[{at}].{attribute.name}"
            yield where, node, attribute
            for inner in (attribute.g, *attribute.graphs):
                if inner.node or inner.initializer:
                    yield from _attributes(inner, where)


def _equations(graph: Any, file: str) -> Iterator[Mistake]:
    """Shape inference does not end on what is no equation, so it is told before."""
    for path, node, attribute in _attributes(graph, "graph"):
        if node.op_type == "Einsum" and attribute.name == "equation":
            equation = attribute.s.decode("utf-8", "replace")
            if not is_equation(equation):
                yield Mistake(Place(file, path=path), f"{shown(equation)} is no equation of indices", EQUATION)


def _escapes(location: str) -> bool:
    """Whether a path leaves the folder it is relative to, on any system.

    >>> [_escapes(path) for path in ("w.bin", "a/../w", "../w", "/etc/w", "C:\\\\w", "a\\\\..\\\\..\\\\w")]
    [False, True, True, True, True, True]
    """
    paths = PurePosixPath(location), PureWindowsPath(location)
    return any(path.is_absolute() or path.drive or path.root or ".." in path.parts for path in paths)
