"""ONNX operators that are products: MatMul, Gemm, Einsum, Attention."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from polymap.frontends.forms.attention import attention
from polymap.frontends.forms.form import NoEinsum, Unfit, Value
from polymap.frontends.forms.products import gemm, matmul
from polymap.frontends.forms.subscripts import contraction
from polymap.frontends.model import Operation
from polymap.frontends.onnx.node import Node


def matrices(node: Node, right_at: int = 1) -> Iterator[Operation]:
    """MatMul and its integer kin: batch dimensions broadcast as in numpy."""
    yield node.operation(matmul(node.input(0), node.input(right_at), node.output().bits))


def quantized_matrices(node: Node) -> Iterator[Operation]:
    return matrices(node, right_at=3)


def general(node: Node) -> Iterator[Operation]:
    """Gemm; `beta * C` is what the sum starts from."""
    flips = bool(node.integer("transA", 0)), bool(node.integer("transB", 0))
    yield node.operation(gemm(node.input(0), node.input(1), node.output().bits, *flips))


def subscripts(node: Node) -> Iterator[Operation]:
    """Einsum."""
    values = [node.input(at) for at in range(node.inputs)]
    yield node.operation(contraction(node.text("equation", ""), values, node.output().bits))


def attend(node: Node) -> Iterator[Operation]:
    """Attention: its two products, after the heads of 3-D inputs are told apart and past keys are put ahead."""
    query, key, value = (_heads(node, node.input(at), at) for at in range(3))
    if node.has(4) and node.has(5):
        key, value = _longer(key, node.input(4)), _longer(value, node.input(5))
    is_causal = bool(node.integer("is_causal", 0))
    if is_causal and query.shape[-2] != key.shape[-2]:
        raise NoEinsum("which scores are causal is not plain where there are more keys than queries")
    scores, weighed = attention(query, key, value, node.output().bits, is_causal)
    yield node.operation(scores, "scores")
    yield node.operation(weighed, "values")


def _heads(node: Node, value: Value, at: int) -> Value:
    """`[batch, heads, positions, width]` of a tensor that may be `[batch, positions, heads * width]`."""
    if len(value.shape) == 4:
        return value
    if len(value.shape) != 3:
        raise Unfit(f"input {at} has {len(value.shape)} dimensions, not 3 or 4")
    heads = node.integer("kv_num_heads" if at else "q_num_heads", 0)
    batch, positions, width = value.shape
    if heads < 1 or width % heads:
        raise Unfit(f"a width of {width} does not fall into {heads} heads")
    return replace(value, shape=(batch, heads, positions, width // heads))


def _longer(value: Value, past: Value) -> Value:
    if len(value.shape) != 4 or len(past.shape) != 4:
        raise Unfit("past keys and values have no shape [batch, heads, positions, width]")
    batch, heads, positions, width = value.shape
    return replace(value, shape=(batch, heads, positions + past.shape[2], width))
