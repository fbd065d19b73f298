"""numpy's einsum notation: `bhid,bhjd->bhij`, with `...` for batch dimensions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from polymap.frontends.forms.form import Form, NoEinsum, Unfit, Value, access
from polymap.frontends.forms.products import batch_names, broadcast
from polymap.frontends.model import PRODUCT

TERM = re.compile(r"[A-Za-z]*(\.\.\.)?[A-Za-z]*")
ELLIPSIS = "..."


def contraction(equation: str, values: Sequence[Value], bits: int) -> Form:
    """The einsum of an equation; without `->` the output has, in order of the alphabet, the indices that occur once.

    Of one input it is a sum, of several a product. Raises `Unfit` for what is no equation or does not fit the shapes.
    """
    terms, output = _sides(equation.replace(" ", ""))
    if len(terms) != len(values):
        raise Unfit(f"the equation {equation!r} has {len(terms)} inputs, the operator {len(values)}")
    most = max(_ahead(term, value) for term, value in zip(terms, values))
    batch = tuple(f"b{i}" for i in range(most)) if set("bh") & set(equation) else batch_names(most)
    ranks = [_ranks(term, batch[most - _ahead(term, value) :]) for term, value in zip(terms, values)]
    sizes = _sizes(ranks, values)
    read = [_depends(names, value, sizes) for names, value in zip(ranks, values)]
    tensors = [f"T{i}" for i in range(1, len(values) + 1)]
    written = access("Out", *_ranks(output, batch))
    if len(values) == 1 and set(read[0]) == set(_ranks(output, batch)):
        raise NoEinsum("it moves data and computes nothing")
    inputs = tuple(access(tensor, *names) for tensor, names in zip(tensors, read))
    bits_of = {**{tensor: value.bits for tensor, value in zip(tensors, values)}, "Out": bits}
    return Form(written, inputs, sizes, bits_of, PRODUCT if len(values) > 1 else "sum")


def is_equation(text: str) -> bool:
    """Whether a text is an equation, whatever the shapes are.

    >>> [is_equation(text) for text in ("ij,jk->ik", "...i", "ij;jk", "ij->k")]
    [True, True, False, False]
    """
    try:
        _sides(text.replace(" ", ""))
    except Unfit:
        return False
    return True


def _sides(equation: str) -> tuple[list[str], str]:
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if not all(TERM.fullmatch(term) for term in (*terms, right)):
        raise Unfit(f"{equation!r} is no equation of indices, such as bhid,bhjd->bhij")
    if set(right) - set("".join(terms)):
        raise Unfit(f"the output of {equation!r} has an index that no input has")
    return terms, right if arrow else _implied(terms)


def _implied(terms: Sequence[str]) -> str:
    times = Counter("".join(terms).replace(".", ""))
    ahead = ELLIPSIS if any(ELLIPSIS in term for term in terms) else ""
    return ahead + "".join(sorted(index for index, count in times.items() if count == 1))


def _ahead(term: str, value: Value) -> int:
    """How many dimensions `...` stands for."""
    letters = len(term.replace(ELLIPSIS, ""))
    count = len(value.shape) - letters
    if count < 0 or (count and ELLIPSIS not in term):
        raise Unfit(f"{term!r} does not fit a tensor of {len(value.shape)} dimensions")
    return count


def _ranks(term: str, batch: Sequence[str]) -> tuple[str, ...]:
    """Ranks are called like the indices; capital letters, which `T1` and `Out` must not meet, get a `_`."""
    before, dots, after = term.partition(ELLIPSIS)
    return (*map(_named, before), *(batch if dots else ()), *map(_named, after))


def _named(index: str) -> str:
    return index if index.islower() else f"{index}_"


def _sizes(ranks: Sequence[Sequence[str]], values: Sequence[Value]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for names, value in zip(ranks, values):
        for rank, size in zip(names, value.shape):
            known, _ = broadcast((rank,), [(sizes.get(rank, 1),), (size,)])
            sizes[rank] = known[rank]
    return sizes


def _depends(names: Sequence[str], value: Value, sizes: dict[str, int]) -> tuple[str, ...]:
    return tuple(rank for rank, size in zip(names, value.shape) if size == sizes[rank])
