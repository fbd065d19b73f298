"""How many elements of a tensor an einsum spans."""

from __future__ import annotations

from math import prod

from polymap.workload.einsum import Einsum, Tensor


def elements(einsum: Einsum, tensor: Tensor) -> int:
    """Elements of the smallest box of a tensor that holds all accesses, on the domain of the einsum.

    Raises `TooLarge` for a domain too complex to tell.

    >>> from polymap.workload import einsum
    >>> conv = einsum("O[p] += I[2*p+r] * W[r]", p=4, r=3)
    >>> [elements(conv, tensor) for tensor in conv.tensors]
    [9, 3, 4]
    """
    return prod(high - low + 1 for low, high in _ends(einsum, tensor))


def _ends(einsum: Einsum, tensor: Tensor) -> list[tuple[int, int]]:
    if einsum.is_box:
        return [affine.extent(einsum.sizes) for affine in tensor.coordinates]
    from polymap.workload.extent import extents

    found = extents(tensor.coordinates, einsum.sizes, einsum.domain_text)
    return [(affine.at(low), affine.at(high)) for affine, (low, high) in zip(tensor.coordinates, found)]
