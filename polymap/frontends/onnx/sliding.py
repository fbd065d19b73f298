"""ONNX operators that slide windows: Conv, ConvTranspose, pools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from polymap.frontends.forms.form import Unfit
from polymap.frontends.forms.pointwise import reduction
from polymap.frontends.forms.windows import Window, convolution, pool, transposed
from polymap.frontends.model import Operation
from polymap.frontends.onnx.node import Node


def conv(node: Node, weights_at: int = 1) -> Iterator[Operation]:
    """Conv, and its integer kin, whose weights are another input. The bias is what the sum starts from."""
    image, weights, output = node.input(0), node.input(weights_at), node.output()
    windows = _windows(node, weights.shape[2:], image.shape[2:], output.shape[2:])
    yield node.operation(convolution(image, weights, output, windows, node.integer("group", 1)))


def quantized_conv(node: Node) -> Iterator[Operation]:
    return conv(node, weights_at=3)


def conv_transpose(node: Node) -> Iterator[Operation]:
    """ConvTranspose; what its pads crop is computed all the same, as the border of a Conv is."""
    image, weights, output = node.input(0), node.input(1), node.output()
    # It is the transpose of a convolution that reads its output and writes its input.
    windows = _windows(node, weights.shape[2:], output.shape[2:], image.shape[2:], is_transposed=True)
    yield node.operation(transposed(image, weights, output, windows, node.integer("group", 1)))


def max_pool(node: Node) -> Iterator[Operation]:
    yield from _pool(node, "max")


def average_pool(node: Node) -> Iterator[Operation]:
    """A sum; the division of each sum is no point of the einsum."""
    yield from _pool(node, "sum")


def _pool(node: Node, kind: str) -> Iterator[Operation]:
    image, output = node.input(0), node.output()
    kernel = node.integers("kernel_shape", [])
    windows = _windows(node, kernel, image.shape[2:], output.shape[2:])
    yield node.operation(pool(image, output, windows, kind))


def global_max(node: Node) -> Iterator[Operation]:
    yield from _global(node, "max")


def global_average(node: Node) -> Iterator[Operation]:
    yield from _global(node, "sum")


def _global(node: Node, kind: str) -> Iterator[Operation]:
    image = node.input(0)
    yield node.operation(reduction(image, node.output(), range(2, len(image.shape)), kind))


def _windows(
    node: Node, kernel: Sequence[int], read: Sequence[int], written: Sequence[int], is_transposed: bool = False
) -> list[Window]:
    """The window along each axis; `read` and `written` are the sizes that it moves over and stops at."""
    axes = len(kernel)
    if not axes or len(read) != axes or len(written) != axes:
        raise Unfit(f"a window of {axes} axes moves over {len(read)} and writes {len(written)}")
    if list(kernel) != node.integers("kernel_shape", list(kernel)):
        raise Unfit(f"kernel_shape {node.integers('kernel_shape', [])} is not that of the weights, {list(kernel)}")
    strides, dilations = _listed(node, "strides", [1] * axes), _listed(node, "dilations", [1] * axes)
    windows = [Window(*numbers) for numbers in zip(kernel, strides, dilations)]
    missing = [_missing(*numbers) for numbers in zip(windows, read, written)]
    before = _before(node, missing, is_transposed)
    return [replace(window, before=border) for window, border in zip(windows, before)]


def _missing(window: Window, read: int, written: int) -> int:
    """How far the windows reach beyond what is there, on both sides together."""
    return max((written - 1) * window.stride + (window.size - 1) * window.dilation + 1 - read, 0)


def _before(node: Node, missing: Sequence[int], is_transposed: bool) -> list[int]:
    """Elements of border ahead of each axis: `pads`, or what `auto_pad` and `output_shape` make of them."""
    automatic = node.text("auto_pad", "NOTSET")
    if automatic not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise Unfit(f"auto_pad {automatic!r} is unknown")
    if is_transposed and node.integers("output_shape", []):
        automatic = "SAME_UPPER" if automatic == "SAME_UPPER" else "SAME_LOWER"
    if automatic == "VALID":
        return [0] * len(missing)
    if automatic == "NOTSET":
        return _listed(node, "pads", [0] * 2 * len(missing))[: len(missing)]
    # The odd one goes to the end of a convolution that is SAME_UPPER, and of a transposed one that is not.
    is_less_ahead = (automatic == "SAME_UPPER") is not is_transposed
    return [border // 2 if is_less_ahead else border - border // 2 for border in missing]


def _listed(node: Node, name: str, otherwise: list[int]) -> list[int]:
    found = node.integers(name, otherwise)
    if len(found) != len(otherwise):
        raise Unfit(f"{name} has {len(found)} numbers, where {len(otherwise)} are needed")
    return found
