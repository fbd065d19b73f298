"""What an einsum computes: its points one by one, on numbers; borders read as nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from polymap.workload.einsum import Affine, Einsum, Tensor

Array = Any


def computed(
    einsum: Einsum,
    inputs: Sequence[Array],
    output_shape: Sequence[int],
    gather: Callable[[float, float], float] = lambda total, value: total + value,
    start: float = 0.0,
) -> Array:
    """The output of `output_shape` of an einsum, from arrays of the shapes that the network has."""
    arrays = [np.asarray(array).reshape(shape_of(t, einsum, array.shape)) for t, array in zip(einsum.inputs, inputs)]
    out = np.full(shape_of(einsum.output, einsum, output_shape), start)
    for values in points(einsum):
        point = dict(zip(einsum.sizes, values))
        read = [at(tensor, point, array.shape) for tensor, array in zip(einsum.inputs, arrays)]
        written = at(einsum.output, point, out.shape)
        if written is not None and None not in read:
            term = np.prod([array[index] for array, index in zip(arrays, read)])
            out[written] = gather(out[written], term)
    return out.reshape(output_shape)


def points(einsum: Einsum) -> Any:
    if einsum.is_box:
        return product(*map(range, einsum.sizes.values()))
    listed: list[tuple[int, ...]] = []
    count = range(len(einsum.sizes))
    from islpy import dim_type

    einsum.domain().foreach_point(
        lambda point: listed.append(tuple(point.get_coordinate_val(dim_type.set, i).to_python() for i in count))
    )
    return listed


def at(tensor: Tensor, point: dict[str, int], shape: Sequence[int]) -> tuple[int, ...] | None:
    index = tuple(affine.at(point) for affine in tensor.coordinates)
    return index if all(0 <= i < size for i, size in zip(index, shape)) else None


def shape_of(tensor: Tensor, einsum: Einsum, given: Sequence[int]) -> tuple[int, ...]:
    """An axis per coordinate, if they fit; else coordinates of one rank have its size, the others the last axes."""
    ranks = [einsum.sizes[affine.ranks[0]] if is_rank(affine) else 0 for affine in tensor.coordinates]
    if len(given) == len(ranks) and all(size in (0, axis) for size, axis in zip(ranks, given)):
        return tuple(given)
    sliding = [not is_rank(affine) for affine in tensor.coordinates]
    last = iter(given[len(given) - sum(sliding) :])
    pairs = zip(tensor.coordinates, sliding)
    return tuple(next(last) if slides else einsum.sizes[affine.ranks[0]] for affine, slides in pairs)


def is_rank(affine: Affine) -> bool:
    return len(affine.terms) == 1 and affine.terms[0][1] == 1 and not affine.constant
