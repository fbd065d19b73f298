"""An einsum as it was written: its accesses, before sizes are known, and how they print."""

from __future__ import annotations

from dataclasses import dataclass

from polymap.workload.einsum import Affine

LIMIT = 2**31  # sizes, coefficients and constants stay below, so that no count of ours can surprise a 64-bit solver


@dataclass(frozen=True)
class Access:
    """A tensor as written: its name, its coordinates, and where it starts in the text."""

    name: str
    coordinates: tuple[Affine, ...]
    start: int = 0

    def __str__(self) -> str:
        return f"{self.name}[{','.join(affine_text(coordinate) for coordinate in self.coordinates)}]"


@dataclass(frozen=True)
class Statement:
    """A parsed einsum. `ranks` are in order of first appearance; `constants` are the names of those that occur."""

    output: Access
    inputs: tuple[Access, ...]
    ranks: tuple[str, ...]
    constants: frozenset[str]

    @property
    def tensors(self) -> tuple[str, ...]:
        """Names of the inputs in textual order, then of the output."""
        return tuple(access.name for access in (*self.inputs, self.output))

    def __str__(self) -> str:
        """The einsum in one spelling: constants resolved, like terms collected. Parses to the same statement."""
        return f"{self.output} += {' * '.join(str(access) for access in self.inputs)}"


def affine_text(affine: Affine) -> str:
    """The coordinate in einsum text, e.g. `2*p+r-1`.

    >>> affine_text(Affine((("p", 2), ("r", -1)), -1))
    '2*p-r-1'
    """
    parts = [f"{_coefficient(c)}{rank}" for rank, c in affine.terms]
    if affine.constant or not parts:
        parts.append(f"{affine.constant:+d}")
    return "".join(parts).removeprefix("+")


def _coefficient(coefficient: int) -> str:
    if abs(coefficient) == 1:
        return "+" if coefficient > 0 else "-"
    return f"{coefficient:+d}*"


def ranks_of(accesses: tuple[Access, ...]) -> tuple[str, ...]:
    """The ranks of some accesses, in order of first appearance."""
    found = (rank for access in accesses for coordinate in access.coordinates for rank in coordinate.ranks)
    return tuple(dict.fromkeys(found))
