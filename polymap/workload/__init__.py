"""Einsums and networks: what is to be computed."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, SupportsIndex, TypeAlias

from polymap.workload.arguments import Bits, from_arguments
from polymap.workload.einsum import Affine, Einsum, Layer, Network, Tensor

__all__ = ["Affine", "Einsum", "Layer", "Network", "Source", "Tensor", "einsum", "workload"]

Source: TypeAlias = "str | PathLike[str] | Mapping[str, Any] | Einsum | Network"


def einsum(
    text: str,
    *,
    name: str = "einsum",
    bits: Bits = 16,
    roles: Mapping[str, str] | None = None,
    constants: Mapping[str, SupportsIndex] | None = None,
    ranks: Mapping[str, SupportsIndex] | None = None,
    source: str = "",
    domain: str = "",
    **sizes: SupportsIndex,
) -> Einsum:
    """An einsum from its text and the size of every rank (points, 1 .. 2^31-1; at most 2^62 points in all).

    `bits` are per element: one number for all tensors, or a mapping from tensor to bits in which unlisted tensors
    have 16. `roles` maps role to tensor; by default the output is `output` and the inputs are `input`, `weight`,
    `input3`, ... in order. `constants` gives named integers of the text. `domain` is ISL set text over some ranks, such
    as `{ [i,j] : j <= i }`: of the box of the sizes only these points are computed. Ranks called like a parameter, e.g.
    `name`, go into `ranks`. Raises `SpecError` with every mistake.

    >>> gemm = einsum("C[m,n] += A[m,k] * B[k,n]", m=64, n=64, k=64)
    >>> gemm.ranks, gemm.computes
    ((('m', 64), ('n', 64), ('k', 64)), 262144)
    """
    listed = {**(ranks or {}), **sizes}
    return from_arguments(
        text, name=name, ranks=listed, bits=bits, roles=roles, constants=constants, source=source, domain=domain
    )


def workload(source: Source) -> Einsum | Network:
    """A workload from a shipped name (`resnet18`, `resnet18/layer1.x.conv`), a path, or a mapping of the file's form.

    A layer of a network, or the only einsum of a file, is an `Einsum`; a file with `layers` is a `Network`.
    Einsums and networks are passed through. Raises `SpecError` with every mistake and its place.
    """
    from polymap.workload.read import read

    return source if isinstance(source, Einsum | Network) else read(source)
