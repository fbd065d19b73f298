"""Einsums and networks: what is to be computed."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, TypeAlias

from polymap.workload.arguments import einsum
from polymap.workload.einsum import Affine, Einsum, Layer, Network, Tensor

__all__ = ["Affine", "Einsum", "Layer", "Network", "Source", "Tensor", "einsum", "workload"]

Source: TypeAlias = "str | PathLike[str] | Mapping[str, Any] | Einsum | Network"


def workload(source: Source) -> Einsum | Network:
    """A workload from a shipped name (`resnet18`, `resnet18/layer1.x.conv`), a path, or a mapping of the file's form.

    A layer of a network, or the only einsum of a file, is an `Einsum`; a file with `layers` is a `Network`.
    Einsums and networks are passed through. Raises `SpecError` with every mistake and its place.
    """
    from polymap.workload.read import read

    return source if isinstance(source, Einsum | Network) else read(source)
