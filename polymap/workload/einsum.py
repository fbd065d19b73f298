"""The computation: one einsum over a box of ranks, its tensors and their affine accesses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING

from polymap.errors import NOWHERE, Place

if TYPE_CHECKING:
    import islpy


@dataclass(frozen=True)
class Affine:
    """One data coordinate: `sum(coefficient * rank) + constant`.

    Terms are in textual order, their ranks distinct, their coefficients not 0.
    """

    terms: tuple[tuple[str, int], ...]
    constant: int = 0

    @property
    def ranks(self) -> tuple[str, ...]:
        return tuple(rank for rank, _ in self.terms)

    def at(self, point: Mapping[str, int]) -> int:
        """The coordinate at a point, given by the values of its ranks."""
        return self.constant + sum(coefficient * point[rank] for rank, coefficient in self.terms)

    def extent(self, sizes: Mapping[str, int]) -> tuple[int, int]:
        """Least and greatest coordinate over the box of `sizes`.

        >>> Affine((("p", 2), ("r", -1)), 1).extent({"p": 4, "r": 3})
        (-1, 7)
        """
        reaches = [coefficient * (sizes[rank] - 1) for rank, coefficient in self.terms]
        below = sum(reach for reach in reaches if reach < 0)
        return self.constant + below, self.constant + sum(reaches) - below


@dataclass(frozen=True)
class Tensor:
    """A tensor as the einsum accesses it: one affine expression per data coordinate.

    `bits` are per element; `role` is e.g. input, weight, output. `shape` is the declared size of every coordinate,
    within which all accesses lie, None if none was declared; no count depends on it.
    """

    name: str
    coordinates: tuple[Affine, ...]
    bits: int
    role: str
    is_output: bool = False
    shape: tuple[int, ...] | None = None

    @property
    def ranks(self) -> frozenset[str]:
        """The ranks this tensor depends on; all others are irrelevant to it."""
        return frozenset(rank for coordinate in self.coordinates for rank in coordinate.ranks)


@dataclass(frozen=True)
class Einsum:
    """`output += product of inputs` over all points of the domain: the box `ranks` (name, size), or a part of it.

    `domain_text` is ISL set text over the ranks that are constrained beyond the box, empty for a box; `points` is then
    the number of points of the domain, 0 for a box.
    """

    name: str
    ranks: tuple[tuple[str, int], ...]
    tensors: tuple[Tensor, ...]
    text: str = ""
    source: str = ""
    place: Place = field(default=NOWHERE, compare=False, repr=False)
    domain_text: str = ""
    points: int = 0

    def _repr_html_(self) -> str:
        from polymap.workload.shown import einsum_html

        return einsum_html(self)

    @property
    def is_box(self) -> bool:
        """Whether every point of the box of the ranks is computed."""
        return not self.domain_text

    @property
    def sizes(self) -> dict[str, int]:
        return dict(self.ranks)

    @property
    def output(self) -> Tensor:
        return next(tensor for tensor in self.tensors if tensor.is_output)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        return tuple(tensor for tensor in self.tensors if not tensor.is_output)

    @property
    def computes(self) -> int:
        """Points of the iteration domain, i.e. multiply-accumulates."""
        return self.points if self.domain_text else prod(size for _, size in self.ranks)

    def tensor(self, name: str) -> Tensor:
        return next(tensor for tensor in self.tensors if tensor.name == name)

    def kept_by(self, names: tuple[str, ...] | None) -> tuple[str, ...]:
        """Tensors meant by a list of tensor names or roles; `None` means all. In the einsum's order."""
        return tuple(t.name for t in self.tensors if names is None or t.name in names or t.role in names)

    def domain(self) -> islpy.Set:
        """The iteration domain as an ISL set, `{ name[r0, r1, ...] : 0 <= r0 < N0 and ... }`, in the box of the
        ranks."""
        from polymap.workload.sets import domain

        return domain(self)

    def access(self, tensor: str) -> islpy.Map:
        """The access of a tensor as an ISL map from iteration points to data coordinates; off a box, of the
        domain's."""
        from polymap.workload.sets import access

        return access(self, tensor)


@dataclass(frozen=True)
class Layer:
    """An einsum and how often a network runs it."""

    einsum: Einsum
    repeat: int = 1


@dataclass(frozen=True)
class Network:
    """The distinct layers of a network, in order."""

    name: str
    layers: tuple[Layer, ...]
    source: str = ""

    def _repr_html_(self) -> str:
        from polymap.workload.shown import network_html

        return network_html(self)
