"""ONNX operators on single elements, and reductions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from polymap.frontends.forms import pointwise as forms
from polymap.frontends.forms.form import NoEinsum, Unfit
from polymap.frontends.model import Operation
from polymap.frontends.onnx.kinds import REDUCTIONS
from polymap.frontends.onnx.node import Node
from polymap.frontends.understood import IN_TRAINING, MOVES_DATA

# From these opsets on, axes are an input; before, an attribute.
AXES_AS_INPUT = {"ReduceSum": 13}
AXES_AS_INPUT_OF_OTHERS = 18
VECTORS = 5  # inputs of a batch normalization: the image and four numbers for each channel


def elements(node: Node) -> Iterator[Operation]:
    """One element from one of every input; an input that the node takes twice is read once."""
    given = {node.proto.input[at]: at for at in range(node.inputs) if node.has(at)}
    yield node.operation(forms.pointwise(node.output(), [node.input(at) for at in given.values()]))


def normalized(node: Node) -> Iterator[Operation]:
    """BatchNormalization."""
    if node.integer("training_mode", 0):
        raise NoEinsum(IN_TRAINING)
    image, *vectors = (node.input(at) for at in range(VECTORS))
    yield node.operation(forms.normalized(node.output(), image, vectors))


def scaled(node: Node) -> Iterator[Operation]:
    """QuantizeLinear and DequantizeLinear: scale and zero are numbers, or vectors along an axis."""
    if node.integer("block_size", 0):
        raise NoEinsum("its scales are of blocks")
    image, numbers = node.input(0), [node.input(1), *([node.input(2)] if node.has(2) else [])]
    count, axis = len(image.shape), node.integer("axis", 1)
    if any(len(number.shape) > 1 for number in numbers) or (numbers[0].shape and not -count <= axis < count):
        raise Unfit("its scale is no vector along an axis")
    behind = (1,) * (count - 1 - axis % max(count, 1))
    along = [replace(number, shape=(*number.shape, *behind)) if number.shape else number for number in numbers]
    yield node.operation(forms.pointwise(node.output(), [image, *along]))


def reduced(node: Node) -> Iterator[Operation]:
    """The Reduce operators that take one pass; a root or a division of each result is no point of the einsum."""
    value = node.input(0)
    is_input = node.graph.opset >= AXES_AS_INPUT.get(node.op, AXES_AS_INPUT_OF_OTHERS)
    listed = (node.constant(1) if node.has(1) else []) if is_input else node.integers("axes", [])
    if not listed and node.integer("noop_with_empty_axes", 0):
        raise NoEinsum(MOVES_DATA)
    over = forms.axes(listed, len(value.shape), "axes")
    yield node.operation(forms.reduction(value, node.output(), over, REDUCTIONS[node.op]))
