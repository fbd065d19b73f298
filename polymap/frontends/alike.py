"""Equal einsums: what is left of one without its names."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping

from polymap.workload.einsum import Affine, Einsum, Tensor


def essence(einsum: Einsum) -> Hashable:
    """A value that two einsums share if they differ in nothing but names.

    Names are those of the einsum, its ranks and its tensors, and what no count sees either: where a coordinate begins
    (padding shifts an index by a constant), in which order a tensor lists its coordinates, ranks of size 1, and shapes,
    which only check. Ranks and tensors keep their order.
    """
    numbers = {rank: str(i) for i, rank in enumerate(rank for rank, size in einsum.ranks if size > 1)}
    sizes = tuple(size for _, size in einsum.ranks if size > 1)
    return sizes, _renamed(einsum.domain_text, einsum, numbers), tuple(_bare(t, numbers) for t in einsum.tensors)


def _bare(tensor: Tensor, numbers: Mapping[str, str]) -> Hashable:
    terms = (_terms(affine, numbers) for affine in tensor.coordinates)
    return tensor.role, tensor.bits, tensor.is_output, tuple(sorted(found for found in terms if found))


def _terms(affine: Affine, numbers: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((numbers[rank], coefficient) for rank, coefficient in affine.terms if rank in numbers))


def _renamed(domain: str, einsum: Einsum, numbers: Mapping[str, str]) -> str:
    ranks = {rank: f"r{numbers[rank]}" if rank in numbers else f"one{i}" for i, (rank, _) in enumerate(einsum.ranks)}
    return re.sub(r"[A-Za-z_]\w*", lambda word: ranks.get(word[0], word[0]), domain)
