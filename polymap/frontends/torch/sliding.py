"""ATen operators that slide windows."""

from __future__ import annotations

from collections.abc import Iterator

from polymap.frontends.forms.form import NoEinsum, Unfit, Value
from polymap.frontends.forms.pointwise import reduction
from polymap.frontends.forms.windows import Window, convolution, pool, transposed
from polymap.frontends.model import Operation
from polymap.frontends.torch.arguments import Arguments, batched


def conv(call: Arguments) -> Iterator[Operation]:
    """conv1d, conv2d, conv3d, their transposes, and `convolution`, which may be either."""
    weights = call.tensor("weight")
    axes = len(weights.shape) - 2
    image, output = (batched(value, axes + 2) for value in (call.tensor("input", "self"), call.output()))
    windows = _windows(call, list(weights.shape[2:]), image)
    is_transposed = call.op.startswith("conv_transpose") or call.flag("transposed")
    form = transposed if is_transposed else convolution
    yield call.operation(form(image, weights, output, windows, call.integer("groups", 1)))


def _windows(call: Arguments, kernel: list[int], image: Value) -> list[Window]:
    axes = len(kernel)
    strides, dilations = call.integers("stride", axes, 1), call.integers("dilation", axes, 1)
    automatic = call.text("padding")
    if automatic not in ("", "same", "valid"):
        raise Unfit(f"padding {automatic!r} is unknown")
    if automatic == "same":
        padding = [(size - 1) * dilation // 2 for size, dilation in zip(kernel, dilations)]
    else:
        padding = [0] * axes if automatic else call.integers("padding", axes, 0)
    return [Window(*numbers) for numbers in zip(kernel, strides, dilations, padding)]


def max_pool(call: Arguments) -> Iterator[Operation]:
    yield from _pool(call, "max")


def average_pool(call: Arguments) -> Iterator[Operation]:
    yield from _pool(call, "sum")


def _pool(call: Arguments, kind: str) -> Iterator[Operation]:
    axes = next(int(letter) for letter in call.op if letter.isdigit())
    image, output = (batched(value, axes + 2) for value in (call.tensor("self"), call.output()))
    kernel = call.integers("kernel_size", axes, 1)
    strides = call.integers("stride", axes, 1) if call.call.arguments.get("stride") else kernel
    numbers = zip(kernel, strides, call.integers("dilation", axes, 1), call.integers("padding", axes, 0))
    yield call.operation(pool(image, output, [Window(*each) for each in numbers], kind))


def adaptive_max(call: Arguments) -> Iterator[Operation]:
    yield from _adaptive(call, "max")


def adaptive_average(call: Arguments) -> Iterator[Operation]:
    yield from _adaptive(call, "sum")


def _adaptive(call: Arguments, kind: str) -> Iterator[Operation]:
    """Windows that tile the image evenly; one window is a reduction."""
    axes = next(int(letter) for letter in call.op if letter.isdigit())
    image, output = (batched(value, axes + 2) for value in (call.tensor("self"), call.output()))
    sizes = list(zip(image.shape[2:], output.shape[2:]))
    if any(written < 1 or read % written for read, written in sizes):
        raise NoEinsum("its windows differ in size")
    if all(written == 1 for _, written in sizes):
        yield call.operation(reduction(image, output, range(2, axes + 2), kind))
    else:
        windows = [Window(read // written, read // written) for read, written in sizes]
        yield call.operation(pool(image, output, windows, kind))
