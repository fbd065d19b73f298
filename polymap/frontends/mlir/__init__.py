"""MLIR text and xdsl modules as einsums (extra `mlir`: package xdsl): `linalg.generic` and the named ops xdsl knows."""

from __future__ import annotations

import os
from typing import Any

from polymap.frontends.model import Model, gathered
from polymap.frontends.sizes import Sizes


def model(source: Any, sizes: Sizes) -> Model:
    """The network of an MLIR file or an xdsl `ModuleOp`. Raises `SpecError` with every mistake and its operation."""
    from polymap.frontends.mlir.load import loaded
    from polymap.frontends.mlir.operations import operations

    module = loaded(source)
    name = os.path.splitext(os.path.basename(module.file))[0] or "module"
    return gathered(name, operations(module, sizes), module.file)
