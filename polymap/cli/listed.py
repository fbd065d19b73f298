"""The text of `polymap layers`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from polymap.report.numbers import count
from polymap.report.table import Row, table

if TYPE_CHECKING:
    from polymap.frontends.model import Model, Operation

LAYERS = ("layer", "einsum", "ranks", "repeat", "MACs each", "elements")
OTHERS = ("operation", "einsum", "ranks", "repeat", "points each", "elements")
SKIPPED = ("skipped", "why", "count")


def text(found: Model) -> str:
    """Layers with their total, other operations, what is skipped."""
    return "\n".join(line for part in _parts(found) for line in [*part, ""]).rstrip()


def _parts(found: Model) -> Iterator[list[str]]:
    if found.layers:
        yield table(LAYERS, [_row(operation) for operation in found.layers], names=3)
    if found.others:
        yield table(
            OTHERS, [_row(operation, f"{operation.op}, {operation.kind}") for operation in found.others], names=3
        )
    if found.skipped:
        yield table(SKIPPED, [(item.op, item.reason, count(item.count)) for item in found.skipped], names=2)
    yield [_total(found)]


def _total(found: Model) -> str:
    runs = sum(operation.repeat for operation in found.layers)
    layers = f"{count(runs)} layer{'' if runs == 1 else 's'}, {count(len(found.layers))} distinct"
    return f"{found.name}: {layers}, {count(found.macs)} MACs"


def _row(operation: Operation, what: str = "") -> Row:
    from polymap.workload.elements import elements

    einsum = operation.einsum
    ranks = [f"{rank}={size}" for rank, size in einsum.ranks]
    sizes = [f"{tensor.name} {count(elements(einsum, tensor))}" for tensor in einsum.tensors]
    return (
        f"{operation.name} ({what})" if what else operation.name,
        _with_domain(einsum.text, einsum.domain_text),
        " ".join(ranks),
        f"x{operation.repeat}",
        count(einsum.computes),
        "  ".join(sizes),
    )


def _with_domain(einsum: str, domain: str) -> str:
    return f"{einsum} on {domain}" if domain else einsum
