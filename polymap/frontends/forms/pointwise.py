"""Operators on single elements, and those that gather some dimensions into one element."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from polymap.frontends.forms.form import Form, NoEinsum, Unfit, Value, access
from polymap.frontends.forms.products import broadcast

TENSORS = tuple("ABCDEFGHIJKLMN")


def pointwise(output: Value, values: Sequence[Value]) -> Form:
    """`O[i,j] += A[i,j] * B[j]`: each element of the output from one element of every input; shapes broadcast.

    The text has no other sign than `*`; what is done with the elements is the operator's business.
    """
    if not 0 < len(values) <= len(TENSORS):
        raise NoEinsum(f"it has {len(values)} inputs; 1 to {len(TENSORS)} are known")
    names = axis_names(len(output.shape))
    if any(len(value.shape) > len(output.shape) for value in values):
        raise Unfit("an input has more dimensions than the output")
    sizes, (out, *read) = broadcast(names, [output.shape, *(value.shape for value in values)])
    if tuple(sizes.values()) != output.shape:
        raise Unfit("the shapes of the inputs do not broadcast to that of the output")
    inputs = tuple(access(tensor, *ranks) for tensor, ranks in zip(TENSORS, read))
    bits = {**{tensor: value.bits for tensor, value in zip(TENSORS, values)}, "O": output.bits}
    return Form(access("O", *out), inputs, sizes, bits, "pointwise")


def reduction(value: Value, output: Value, over: Collection[int], kind: str) -> Form:
    """`O[i] += A[i,j]`: dimensions `over` are gathered by `kind`, `max`, `min` or `sum`; they may stay with size 1."""
    names = axis_names(len(value.shape))
    kept = tuple(name for axis, name in enumerate(names) if axis not in over)
    if len(kept) == len(names):
        raise NoEinsum("it moves data and computes nothing")
    sizes = dict(zip(names, value.shape))
    return Form(access("O", *kept), (access("A", *names),), sizes, {"A": value.bits, "O": output.bits}, kind)


def normalized(output: Value, image: Value, vectors: Sequence[Value]) -> Form:
    """A batch normalization in use: a function of an element and some numbers of its channel."""
    behind = (1,) * max(len(image.shape) - 2, 0)
    return pointwise(output, [image, *(replace(vector, shape=(*vector.shape, *behind)) for vector in vectors)])


def axes(listed: Sequence[object], count: int, what: str) -> set[int]:
    """Dimensions counted from the first one, all where none is listed. Raises `Unfit` for one that is not there."""
    numbers = [axis for axis in listed if type(axis) is int and -count <= axis < count]
    if len(numbers) < len(listed):
        raise Unfit(f"{what} {listed} of a tensor of {count} dimensions")
    return {axis % count for axis in numbers} or set(range(count))


def axis_names(count: int) -> tuple[str, ...]:
    """Names of the dimensions of a tensor that have no meaning known here.

    >>> axis_names(3)
    ('i0', 'i1', 'i2')
    """
    return tuple(f"i{axis}" for axis in range(count))
