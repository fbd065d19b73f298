"""Which ATen operator becomes which einsum, and why the others become none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from polymap.errors import Mistake, Place, SpecError
from polymap.frontends.forms.attention import attention
from polymap.frontends.forms.form import NoEinsum
from polymap.frontends.forms.pointwise import axes, normalized, pointwise, reduction
from polymap.frontends.forms.products import linear, matmul
from polymap.frontends.forms.subscripts import contraction
from polymap.frontends.model import Left, Operation
from polymap.frontends.sizes import Sizes, misset, unset
from polymap.frontends.torch import sliding
from polymap.frontends.torch.arguments import Arguments
from polymap.frontends.torch.kinds import POINTWISE, REASONS, REDUCTIONS
from polymap.frontends.torch.program import Program
from polymap.frontends.torch.sizing import symbols
from polymap.frontends.understood import IN_TRAINING, Understood, reason

Reader: TypeAlias = "Callable[[Arguments], Iterator[Operation]]"
SECOND_FACTOR = ("mat2", "other", "batch2", "vec", "tensor")


def _product(call: Arguments) -> Iterator[Operation]:
    """mm, bmm, matmul, addmm, baddbmm, mv, dot; what is added is what the sum starts from."""
    arguments = call.call.arguments
    first = next((name for name in ("mat1", "batch1") if name in arguments), "self")
    yield call.operation(matmul(call.tensor(first), call.tensor(*SECOND_FACTOR), call.output().bits))


def _linear(call: Arguments) -> Iterator[Operation]:
    yield call.operation(linear(call.tensor("input"), call.tensor("weight"), call.output().bits))


def _subscripts(call: Arguments) -> Iterator[Operation]:
    yield call.operation(contraction(call.text("equation"), call.tensors("tensors"), call.output().bits))


def _attention(call: Arguments) -> Iterator[Operation]:
    query, key, value = (call.tensor(name) for name in ("query", "key", "value"))
    scores, weighed = attention(query, key, value, call.output().bits, call.flag("is_causal"))
    yield call.operation(scores, "scores")
    yield call.operation(weighed, "values")


def _elements(call: Arguments) -> Iterator[Operation]:
    yield call.operation(pointwise(call.output(), call.tensors()))


def _normalized(call: Arguments) -> Iterator[Operation]:
    if call.flag("training"):
        raise NoEinsum(IN_TRAINING)
    yield call.operation(normalized(call.output(), call.tensor("input"), call.tensors()[1:]))


def _reduced(call: Arguments) -> Iterator[Operation]:
    value = call.tensor("self")
    listed = call.call.arguments.get("dim")
    dims = listed if isinstance(listed, list) else [] if listed is None else [listed]
    over = axes(dims, len(value.shape), "dim")
    yield call.operation(reduction(value, call.output(), over, REDUCTIONS[call.op]))


READERS: Mapping[str, Reader] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution"), sliding.conv),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), sliding.conv),
    **dict.fromkeys((f"max_pool{axes}d" for axes in (1, 2, 3)), sliding.max_pool),
    **dict.fromkeys((f"max_pool{axes}d_with_indices" for axes in (2, 3)), sliding.max_pool),
    **dict.fromkeys((f"avg_pool{axes}d" for axes in (1, 2, 3)), sliding.average_pool),
    **dict.fromkeys((f"adaptive_avg_pool{axes}d" for axes in (1, 2, 3)), sliding.adaptive_average),
    **dict.fromkeys((f"_adaptive_avg_pool{axes}d" for axes in (2, 3)), sliding.adaptive_average),
    **dict.fromkeys((f"adaptive_max_pool{axes}d" for axes in (1, 2, 3)), sliding.adaptive_max),
    **dict.fromkeys(("mm", "bmm", "matmul", "addmm", "baddbmm", "mv", "dot"), _product),
    "linear": _linear,
    "einsum": _subscripts,
    "scaled_dot_product_attention": _attention,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    **dict.fromkeys(POINTWISE, _elements),
    **dict.fromkeys(REDUCTIONS, _reduced),
    **dict.fromkeys(("batch_norm", "_native_batch_norm_legit_no_training"), _normalized),
}


def operations(program: Program, sizes: Sizes) -> list[Operation | Left]:
    """What becomes of every call, in order. Raises `SpecError` with every call that cannot be understood."""
    known = _known(program, sizes)
    taken = Understood()
    for call in program.calls:
        with taken.reading(call.op, call.place, f"{call.op} {call.name}"):
            taken.found += _read(Arguments(call, known))
    return taken.whole()


def _read(call: Arguments) -> list[Operation | Left]:
    if call.call.op.startswith("aten.") and call.op in READERS:
        return list(READERS[call.op](call))
    return [Left(call.call.op, reason(call.op, REASONS))]


def _known(program: Program, sizes: Sizes) -> dict[str, int]:
    """The numbers of the symbols. Raises `SpecError` for one that stays open, or is set to two numbers."""
    names = symbols(program)
    known: dict[str, int] = {}
    mistakes = list(misset(sizes, names, Place(program.file)))
    for name, size in sizes.items():
        symbol = names.get(name, name)
        if known.setdefault(symbol, size) != size:
            message = f"{name} is set to {size}, and another name for the same size to {known[symbol]}"
            mistakes.append(Mistake(Place(program.file), message, "keep one"))
    first = {symbol: name for name, symbol in reversed(names.items()) if name != symbol}
    mistakes += [unset(name, Place(program.file)) for symbol, name in first.items() if symbol not in known]
    if mistakes:
        raise SpecError(mistakes)
    return known
