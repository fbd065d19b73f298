"""Einsums from Python arguments: their types are checked here, their meaning in `build`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import index
from typing import SupportsIndex, TypeAlias

from polymap.errors import Mistake, SpecError
from polymap.quantity import shown
from polymap.spec import LONGEST_TEXT
from polymap.workload.build import MOST_BITS, Given, build, nowhere
from polymap.workload.einsum import Einsum
from polymap.workload.parse import parse

Bits: TypeAlias = "SupportsIndex | Mapping[str, SupportsIndex]"
Shapes: TypeAlias = "Mapping[str, Sequence[SupportsIndex]]"


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
    shapes: Shapes | None = None,
    **sizes: SupportsIndex,
) -> Einsum:
    """An einsum from its text and the size of every rank (points, 1 .. 2^31-1; at most 2^62 points in all).

    `bits` are per element: one number for all tensors, or a mapping from tensor to bits in which unlisted tensors
    have 16. `roles` maps role to tensor; by default the output is `output` and the inputs are `input`, `weight`,
    `input3`, ... in order. `constants` gives named integers of the text. `domain` is ISL set text over some ranks, such
    as `{ [i,j] : j <= i }`: of the box of the sizes only these points are computed. `shapes` maps tensor to the size of
    every coordinate, in elements; then its accesses must lie inside at every point of the domain. No count depends on
    shapes. Ranks called like a parameter, e.g. `name`, go into `ranks`. Raises `SpecError` with every mistake.

    >>> gemm = einsum("C[m,n] += A[m,k] * B[k,n]", m=64, n=64, k=64)
    >>> gemm.ranks, gemm.computes
    ((('m', 64), ('n', 64), ('k', 64)), 262144)
    """
    listed_bits = bits if isinstance(bits, Mapping) else {"": bits}
    numbers = {"ranks": {**(ranks or {}), **sizes}, "constants": constants or {}, "bits": listed_bits}
    texts = {"text": text, "name": name, "source": source, "domain": domain, **_paths("roles", roles or {})}
    mistakes = [mistake for path, listed in numbers.items() for mistake in _not_integers(path, listed)]
    mistakes += [*_not_text(texts), *_not_shapes(shapes or {})]
    if mistakes:
        raise SpecError(mistakes)
    known = {path: {key: index(value) for key, value in listed.items()} for path, listed in numbers.items()}
    given = Given(
        name=name,
        ranks=known["ranks"],
        bits=known["bits"] if isinstance(bits, Mapping) else index(bits),
        roles=dict(roles or {}),
        constants=known["constants"],
        source=source,
        domain=domain,
        shapes={tensor: tuple(map(index, shape)) for tensor, shape in (shapes or {}).items()},
    )
    return build(parse(text, given.constants), given)


def _paths(path: str, listed: Mapping[str, object]) -> dict[str, object]:
    return {f"{path}.{key}": value for key, value in listed.items()}


def _not_integers(path: str, listed: Mapping[str, object]) -> Iterator[Mistake]:
    for key, value in listed.items():
        place = nowhere(path + key if key[:1] == "[" else f"{path}.{key}" if key else path)
        if isinstance(value, bool) or not isinstance(value, SupportsIndex):
            yield Mistake(place, f"expected an integer but got {value!r}")
        elif index(value).bit_length() > MOST_BITS:  # what is wrong with shorter ones `build` says better
            yield Mistake(place, f"the number has {index(value).bit_length()} bits", "no number here is beyond 2^62")


def _not_text(listed: Mapping[str, object]) -> Iterator[Mistake]:
    for key, value in listed.items():
        if not isinstance(value, str):
            yield Mistake(nowhere(key), f"expected text but got {value!r}")
        elif len(value) > LONGEST_TEXT:
            yield Mistake(nowhere(key), f"{shown(value)} has {len(value)} characters", f"write at most {LONGEST_TEXT}")


def _not_shapes(shapes: Mapping[str, object]) -> Iterator[Mistake]:
    for tensor, shape in shapes.items():
        path = f"shapes.{tensor}"
        if isinstance(shape, Sequence) and not isinstance(shape, str | bytes):
            yield from _not_integers(path, {f"[{axis}]": size for axis, size in enumerate(shape)})
        else:
            yield Mistake(
                nowhere(path), f"expected a list of integers but got {shape!r}", "list one integer per coordinate"
            )
