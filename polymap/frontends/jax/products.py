"""`dot_general` and `conv_general_dilated`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from polymap.frontends.forms.form import Form, NoEinsum, Value, access, dims
from polymap.frontends.forms.products import batch_names
from polymap.frontends.forms.windows import Window, convolution
from polymap.frontends.jax.equation import Equation
from polymap.frontends.model import PRODUCT, Operation
from polymap.workload.einsum import Affine
from polymap.workload.statement import Access


def dot_general(equation: Equation) -> Iterator[Operation]:
    """`C[b,m,n] += A[b,m,k] * B[b,k,n]`, with as many ranks of each sort as there are dimensions."""
    (left_over, right_over), (left_batch, right_batch) = equation.parameter("dimension_numbers")
    left, right = equation.operand(0), equation.operand(1)
    batch, over = batch_names(len(left_batch)), _ranks("k", len(left_over))
    rows = _ranks("m", len(left.shape) - len(left_batch) - len(left_over))
    columns = _ranks("n", len(right.shape) - len(right_batch) - len(right_over))
    first = _placed(len(left.shape), (left_batch, batch), (left_over, over), rows)
    second = _placed(len(right.shape), (right_batch, batch), (right_over, over), columns)
    sizes = dims(dims({}, first, left.shape, "the first factor"), second, right.shape, "the second factor")
    bits = {"A": left.bits, "B": right.bits, "C": equation.result().bits}
    factors = (access("A", *first), access("B", *second))
    yield equation.operation(Form(access("C", *batch, *rows, *columns), factors, sizes, bits, PRODUCT))


def _ranks(letter: str, count: int) -> tuple[str, ...]:
    return (letter,) if count == 1 else tuple(f"{letter}{at}" for at in range(count))


def _placed(
    count: int,
    batch: tuple[Sequence[int], Sequence[str]],
    over: tuple[Sequence[int], Sequence[str]],
    free: Sequence[str],
) -> tuple[str, ...]:
    """The rank of every dimension of a factor: those that are named, and the free ones in order."""
    known = {axis: rank for axes, ranks in (batch, over) for axis, rank in zip(axes, ranks)}
    rest = iter(free)
    return tuple(known[axis] if axis in known else next(rest) for axis in range(count))


def conv_general_dilated(equation: Equation) -> Iterator[Operation]:
    """A convolution; an image that is dilated is spread over the output, as in a transposed one."""
    if equation.parameter("batch_group_count") != 1:
        raise NoEinsum("it groups its batch, as the gradient of a grouped convolution does")
    numbers = equation.parameter("dimension_numbers")
    image, weights = _ordered(equation.operand(0), numbers.lhs_spec), _ordered(equation.operand(1), numbers.rhs_spec)
    output = _ordered(equation.result(), numbers.out_spec)
    given = (equation.parameter(name) for name in ("window_strides", "rhs_dilation", "padding"))
    windows = [
        Window(size, stride, dilation, before) for size, stride, dilation, (before, _) in zip(weights.shape[2:], *given)
    ]
    form = convolution(image, weights, output, windows, equation.parameter("feature_group_count"))
    holes = equation.parameter("lhs_dilation")
    for axis, (window, hole) in enumerate(zip(windows, holes)):
        if hole > 1:
            form = _spread(form, image, axis, len(windows), window, hole)
    yield equation.operation(form)


def _ordered(value: Value, spec: Sequence[int]) -> Value:
    """The value with its dimensions in the order `[n, channels, spatial...]`, or `[out, in, window...]`."""
    return replace(value, shape=tuple(value.shape[axis] for axis in spec))


def _spread(form: Form, image: Value, axis: int, axes: int, window: Window, hole: int) -> Form:
    """Along one axis, from `I[p + r - before]` with holes in I to `O[hole*p - r + before] += I[p]`, without any."""
    if window.stride > 1:
        raise NoEinsum("its image is dilated where its windows have strides")
    picture = form.inputs[0]
    here = len(picture.coordinates) - axes + axis
    (output, _), (inner, dilation) = picture.coordinates[here].terms
    written = len(form.output.coordinates) - axes + axis
    spread = Affine(((output, hole), (inner, -dilation)), window.before)
    return replace(
        form,
        output=_replaced(form.output, written, spread),
        inputs=(_replaced(picture, here, Affine(((output, 1),))), *form.inputs[1:]),
        sizes={**form.sizes, output: image.shape[2 + axis]},
    )


def _replaced(given: Access, at: int, coordinate: Affine) -> Access:
    coordinates = (*given.coordinates[:at], coordinate, *given.coordinates[at + 1 :])
    return replace(given, coordinates=coordinates)
