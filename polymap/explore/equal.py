"""Equal layers: einsums that differ in nothing but names are one question, and its answer holds for all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from polymap.errors import PolymapError
from polymap.mapper.digest import canonical, digest
from polymap.mapper.result import Result
from polymap.mapper.sets import integer_sets
from polymap.mapping.nest import Mapping as Nest
from polymap.mapping.nest import Node, Storage
from polymap.model.evaluate import evaluate
from polymap.workload.einsum import Affine, Einsum, Tensor

Names = Mapping[str, str]


def content(einsum: Einsum, spoken: Collection[str]) -> str:
    """A digest of what a search sees of an einsum: equal for einsums that differ only in names nobody speaks of.

    `spoken` are words of the machine and the question (see `words`); ranks and tensors with such a name keep it. The
    others become numbers: their place among the ranks or tensors, and their place in the order of the alphabet, by
    which ties between mappings are broken. The name, the source and the text of the einsum do not count.
    """
    kept = {*spoken, *words(einsum.domain_text)}
    ranks = _numbers([rank for rank, _ in einsum.ranks], kept)
    tensors = _numbers([tensor.name for tensor in einsum.tensors], kept)
    return digest(
        replace(
            einsum,
            name="",
            text="",
            source="",
            ranks=tuple((ranks[rank], size) for rank, size in einsum.ranks),
            tensors=tuple(_called(tensor, tensors[tensor.name], ranks) for tensor in einsum.tensors),
        )
    )


def words(*values: object) -> frozenset[str]:
    """Everything in frozen values that could be meant as the name of a rank or a tensor."""
    return frozenset(word for value in values for word in _words(canonical(value)))


def _words(plain: object) -> list[str]:
    return re.findall(r"\w+", json.dumps(plain, ensure_ascii=False))


def _numbers(names: Sequence[str], kept: Collection[str]) -> Names:
    order = sorted(names)
    return {name: name if name in kept else f"{i} {order.index(name)}" for i, name in enumerate(names)}


def _called(tensor: Tensor, name: str, ranks: Names) -> Tensor:
    coordinates = (
        Affine(tuple((ranks[rank], coefficient) for rank, coefficient in affine.terms), affine.constant)
        for affine in tensor.coordinates
    )
    return replace(tensor, name=name, coordinates=tuple(coordinates))


def answer_of(einsum: Einsum, other: Result, note: str) -> Result | None:
    """The answer to an einsum, from that to one of equal content; None if the model prices its mapping otherwise."""
    nest = renamed(other.mapping, other.einsum, einsum)
    try:
        cost = evaluate(einsum, other.architecture, nest, other.conventions, sets=integer_sets)
    except PolymapError:
        return None
    if (cost.energy, cost.cycles) != (other.cost.energy, other.cost.cycles) or other.search is None:
        return None
    return replace(other, mapping=nest, cost=cost, einsum=einsum, search=replace(other.search, cpu_s=0.0, note=note))


def renamed(nest: Nest, old: Einsum, new: Einsum) -> Nest:
    """A mapping of `old` with the names of `new`, whose ranks and tensors correspond one by one."""
    ranks = dict(zip((rank for rank, _ in old.ranks), (rank for rank, _ in new.ranks)))
    tensors = dict(zip((tensor.name for tensor in old.tensors), (tensor.name for tensor in new.tensors)))
    return Nest(tuple(_renamed(node, ranks, tensors) for node in nest.nodes))


def _renamed(node: Node, ranks: Names, tensors: Names) -> Node:
    if isinstance(node, Storage):
        return replace(node, tensors=tuple(tensors[name] for name in node.tensors))
    return replace(node, rank=ranks[node.rank])
