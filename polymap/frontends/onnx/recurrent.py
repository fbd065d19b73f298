"""ONNX's recurrent operators: LSTM, GRU and RNN are two products for each direction; their gates are pointwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from polymap.frontends.forms.form import NoEinsum, Unfit, Value
from polymap.frontends.forms.products import linear
from polymap.frontends.model import Operation
from polymap.frontends.onnx.node import Node


def recurrent(node: Node) -> Iterator[Operation]:
    """The product of all steps' inputs, once, and that of the state, at each step; of every direction.

    Shapes: inputs `[steps, batch, read]` (with `layout` 1 the first two are swapped), weights `[directions, gates *
    hidden, read]`, recurrent weights `[directions, gates * hidden, hidden]`. What lies between is left out.
    """
    inputs, weights, recurrence = (node.input(at) for at in range(3))
    if any(len(value.shape) != 3 for value in (inputs, weights, recurrence)):
        raise Unfit("inputs or weights have no 3 dimensions")
    if node.has(4):
        raise NoEinsum("how many steps it takes is decided by the data")
    steps, batch, read = inputs.shape if not node.integer("layout", 0) else _swapped(inputs)
    directions = weights.shape[0]
    state = replace(inputs, shape=(batch, recurrence.shape[2]))
    given = replace(inputs, shape=(steps, batch, read))
    yield node.operation(linear(given, _matrix(weights), inputs.bits), "inputs", directions)
    yield node.operation(linear(state, _matrix(recurrence), inputs.bits), "state", directions * steps)


def _swapped(inputs: Value) -> tuple[int, int, int]:
    batch, steps, read = inputs.shape
    return steps, batch, read


def _matrix(weights: Value) -> Value:
    """The weights of one direction."""
    return replace(weights, shape=weights.shape[1:])
