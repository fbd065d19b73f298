"""What a structured operation does at each point, from its body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from polymap.frontends.forms.form import NoEinsum
from polymap.frontends.model import PRODUCT
from polymap.frontends.understood import MOVES_DATA

ADD = {"arith.addf", "arith.addi", "complex.add"}
MULTIPLY = {"arith.mulf", "arith.muli", "complex.mul"}
MOST = {"arith.maximumf", "arith.maxnumf", "arith.maxsi", "arith.maxui"}
LEAST = {"arith.minimumf", "arith.minnumf", "arith.minsi", "arith.minui"}
GATHERS = {**dict.fromkeys(ADD, "sum"), **dict.fromkeys(MOST, "max"), **dict.fromkeys(LEAST, "min")}
CASTS = {
    "arith.extf", "arith.extsi", "arith.extui", "arith.truncf", "arith.trunci", "arith.sitofp", "arith.uitofp",
    "arith.fptosi", "arith.fptoui", "arith.index_cast",
}  # fmt: skip
# In a quantized product, the zero of each factor is taken off first.
OFFSETS = {"arith.subi", "arith.subf"}


@dataclass(frozen=True)
class Body:
    """What is done at a point, and which of the operation's inputs are read for it."""

    kind: str
    reads: tuple[int, ...]


def body_of(block: Any, inputs: int, is_reduction: bool) -> Body:
    """The body of a structured operation with `inputs` inputs and one output.

    Raises `NoEinsum` where it is more than a sum of products, a sum, a maximum or a minimum, or moves data alone.
    """
    result = block.last_op.operands[0]
    reads = tuple(at for at in range(inputs) if any(block.args[at].uses))
    accumulator = block.args[inputs]
    if not any(accumulator.uses):
        if is_reduction:
            raise NoEinsum("its loops that reduce leave the last value alone")
        if _source(result) in block.args or not reads:
            raise NoEinsum(MOVES_DATA)
        return Body("pointwise", reads)
    return Body(_gathering(result, accumulator, [block.args[at] for at in reads]), reads)


def _gathering(result: Any, accumulator: Any, reads: Sequence[Any]) -> str:
    last = result.owner
    kind = GATHERS.get(getattr(last, "name", ""))
    terms = [operand for operand in last.operands if operand is not accumulator] if kind else []
    if kind is None or len(terms) != 1 or len(list(accumulator.uses)) != 1:
        raise NoEinsum("its body is no sum of products, sum, maximum or minimum")
    if _source(terms[0]) in reads and len(reads) == 1:
        return kind
    factors = list(_factors(terms[0]))
    if kind == "sum" and len(factors) > 1 and all(_is_factor(factor, reads) for factor in factors):
        return PRODUCT
    raise NoEinsum("its body is no sum of products, sum, maximum or minimum")


def _source(value: Any) -> Any:
    """The value before it was cast."""
    while getattr(value.owner, "name", "") in CASTS:
        value = value.owner.operands[0]
    return value


def _factors(value: Any) -> Iterator[Any]:
    source = _source(value)
    if getattr(source.owner, "name", "") in MULTIPLY:
        for operand in source.owner.operands:
            yield from _factors(operand)
    else:
        yield source


def _is_factor(value: Any, reads: Sequence[Any]) -> bool:
    """An input, or one without its zero."""
    if getattr(value.owner, "name", "") in OFFSETS:
        return all(_source(operand) in reads for operand in value.owner.operands)
    return value in reads
