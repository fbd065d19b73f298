"""A model as plain data: what `polymap layers --json` prints."""

from __future__ import annotations

from typing import Any

from polymap.frontends.model import Model, Operation
from polymap.workload.einsum import Einsum
from polymap.workload.elements import elements
from polymap.workload.statement import affine_text

SCHEMA = "polymap.layers/1"


def data(found: Model) -> dict[str, Any]:
    """The document; `computes` are those of one run, `elements` span a tensor from its first to its last access."""
    return {
        "schema": SCHEMA,
        "name": found.name,
        "source": found.source,
        "layers": [_operation(operation) for operation in found.layers],
        "others": [_operation(operation) for operation in found.others],
        "skipped": [{"op": item.op, "count": item.count, "reason": item.reason} for item in found.skipped],
        "totals": {
            "operations": sum(operation.repeat for operation in found.layers),
            "distinct": len(found.layers),
            "macs": found.macs,
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    einsum = operation.einsum
    return {
        "name": einsum.name,
        "repeat": operation.repeat,
        "computes": einsum.computes,
        "einsum": einsum.text,
        "ranks": einsum.sizes,
        **({"domain": einsum.domain_text} if einsum.domain_text else {}),
        "tensors": _tensors(einsum),
        "kind": operation.kind,
        "op": operation.op,
        "nodes": list(operation.nodes),
    }


def _tensors(einsum: Einsum) -> dict[str, Any]:
    return {
        tensor.name: {
            "role": tensor.role,
            "bits": tensor.bits,
            "elements": elements(einsum, tensor),
            "coordinates": [affine_text(coordinate) for coordinate in tensor.coordinates],
        }
        for tensor in einsum.tensors
    }
