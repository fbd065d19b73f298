"""Einsums from a loop nest and affine maps, as compilers have them: no names of coordinates, no text of an einsum."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from operator import index
from typing import SupportsIndex, TypeAlias

from polymap.errors import Mistake, SpecError
from polymap.quantity import shown
from polymap.workload.arguments import Bits, einsum
from polymap.workload.build import nowhere
from polymap.workload.einsum import Einsum

# Rows of coefficients, one per coordinate: of every loop in order and, optionally, a constant. Or the map as text.
AffineMap: TypeAlias = "Sequence[Sequence[SupportsIndex]] | str"

_MAP = re.compile(r"\s*(?:affine_map\s*<)?\s*\(([^()]*)\)\s*->\s*\((.*)\)\s*>?\s*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ROWS = "give one row of {} coefficients per coordinate, with a constant as one more if there is one"
_TEXT = "write it as `(i, j, k) -> (i, 2 * j + k)`"


def loop_nest(
    loops: Mapping[str, SupportsIndex],
    *,
    writes: Mapping[str, AffineMap],
    reads: Mapping[str, AffineMap],
    name: str = "nest",
    bits: Bits = 16,
    domain: str = "",
) -> Einsum:
    """`write += read * read * ...` in a nest of `loops` (trips by name, outermost first), each through an affine map.

    A map is a matrix with one row per coordinate of the tensor: a coefficient of every loop, and optionally a constant;
    or its text, as MLIR writes it: `(d0, d1, d2) -> (d0, d2)`, whose dimensions are the loops in order. There is one
    write; the other arguments are those of `einsum`. Raises `SpecError` with every mistake.

    >>> gemm = loop_nest({"i": 8, "j": 8, "k": 4}, writes={"C": [[1, 0, 0], [0, 1, 0]]},
    ...                  reads={"A": "(i, j, k) -> (i, k)", "B": "affine_map<(d0, d1, d2) -> (d2, d1)>"})
    >>> gemm.text
    'C[i,j] += A[i,k] * B[k,j]'
    """
    mistakes = [] if len(writes) == 1 else [_wrong("writes", f"the nest writes {len(writes)} tensors", "give one")]
    mistakes += [_wrong("reads", "the nest reads nothing", "give at least one tensor")] if not reads else []
    mistakes += _unnamed("loops", loops) + _unnamed("writes", writes) + _unnamed("reads", reads)
    accesses: dict[str, list[str]] = {}
    for side, maps in (("writes", writes), ("reads", reads)):
        accesses[side] = [
            _access(f"{side}.{tensor}", tensor, given, list(loops), mistakes) for tensor, given in maps.items()
        ]
    if mistakes:
        raise SpecError(mistakes)
    text = f"{accesses['writes'][0]} += {' * '.join(accesses['reads'])}"
    return einsum(text, name=name, bits=bits, domain=domain, ranks=loops)


def _wrong(path: str, message: str, mend: str) -> Mistake:
    return Mistake(nowhere(path), message, mend)


def _unnamed(path: str, listed: Mapping[str, object]) -> list[Mistake]:
    return [
        _wrong(path, f"{shown(name)} is not a name", "begin with a letter, go on with letters, digits or `_`")
        for name in listed
        if not _NAME.fullmatch(str(name))
    ]


def _access(path: str, tensor: str, given: AffineMap, loops: list[str], mistakes: list[Mistake]) -> str:
    try:
        coordinates = _of_text(given, loops) if isinstance(given, str) else _of_rows(given, loops)
        return f"{tensor}[{', '.join(coordinates)}]"
    except SpecError as error:
        mistakes += [_wrong(path, mistake.message, mistake.mend) for mistake in error.mistakes]
        return tensor


def _of_text(given: str, loops: list[str]) -> Iterator[str]:
    """The coordinates of a map as text, with its dimensions renamed to the loops."""
    found = _MAP.fullmatch(given)
    if not found:
        raise SpecError(Mistake(nowhere(""), f"{shown(given)} is not an affine map", _TEXT))
    dimensions = [name.strip() for name in found[1].split(",")] if found[1].strip() else []
    if len(dimensions) != len(loops) or len(set(dimensions)) != len(dimensions):
        message = f"{shown(given)} has {len(set(dimensions))} dimensions, and the nest {len(loops)} loops"
        raise SpecError(Mistake(nowhere(""), message, "list each loop once, in order"))
    names = dict(zip(dimensions, loops, strict=True))
    unknown = sorted(set(_NAME.findall(found[2])) - set(names))
    if unknown:
        raise SpecError(Mistake(nowhere(""), f"`{unknown[0]}` is no dimension of {shown(given)}", _TEXT))
    renamed = _NAME.sub(lambda name: names[name[0]], found[2])
    yield from (part.strip() for part in renamed.split(",")) if renamed.strip() else ()


def _of_rows(given: Sequence[Sequence[SupportsIndex]], loops: list[str]) -> Iterator[str]:
    for row in given:
        yield _sum(list(row), loops)


def _sum(row: list[SupportsIndex], loops: list[str]) -> str:
    """One coordinate as text; a row of zeros is the constant 0."""
    if not all(isinstance(number, SupportsIndex) and not isinstance(number, bool) for number in row):
        raise SpecError(
            Mistake(nowhere(""), f"the row {shown(row)} does not hold integers alone", _ROWS.format(len(loops)))
        )
    if len(row) not in (len(loops), len(loops) + 1):
        message = f"a row has {len(row)} numbers, and the nest {len(loops)} loops"
        raise SpecError(Mistake(nowhere(""), message, _ROWS.format(len(loops))))
    numbers = [index(number) for number in row]
    terms = [f"{number}*{loop}" for number, loop in zip(numbers, loops) if number]
    constant = numbers[len(loops)] if len(numbers) > len(loops) else 0
    return " + ".join([*terms, *([str(constant)] if constant or not terms else [])])
