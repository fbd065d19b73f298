"""Einsums and networks as tables, for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polymap.markup import Markup, el, joined, table

if TYPE_CHECKING:
    from polymap.workload.einsum import Einsum, Network


def einsum_html(einsum: Einsum) -> Markup:
    """Text, sizes, and one row per tensor."""
    sizes = ", ".join(f"{rank} {size:,}" for rank, size in einsum.ranks)
    rows = [(tensor.name, tensor.role, f"{tensor.bits} b") for tensor in einsum.tensors]
    about = [el("b", einsum.name), " ", el("code", einsum.text), el("br"), f"{sizes}; {einsum.computes:,} computes"]
    domain = [el("br"), el("code", einsum.domain_text)] if einsum.domain_text else []
    return joined([*about, *domain, table(("tensor", "role", "bits"), rows)])


def network_html(network: Network) -> Markup:
    """One row per distinct layer."""
    rows = [
        (layer.einsum.name, f"x{layer.repeat}", el("code", layer.einsum.text), f"{layer.einsum.computes:,}")
        for layer in network.layers
    ]
    return joined([el("b", network.name), table(("layer", "repeat", "einsum", "computes"), rows)])
