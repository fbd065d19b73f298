"""ONNX files and `onnx.ModelProto` objects as einsums (extra `onnx`): nothing is run, no other file is opened."""

from __future__ import annotations

import os
from typing import Any

from polymap.frontends.model import Model, gathered
from polymap.frontends.sizes import Sizes


def model(source: Any, sizes: Sizes) -> Model:
    """The network of an ONNX file or `ModelProto`. Raises `SpecError` with every mistake and the node that it is in."""
    from polymap.frontends.onnx.load import loaded
    from polymap.frontends.onnx.operators import operations
    from polymap.frontends.onnx.shapes import shaped

    file = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
    graph = shaped(loaded(source, file), sizes, file)
    name = os.path.splitext(os.path.basename(file))[0] or graph.name or "network"
    return gathered(name, operations(graph), file)
