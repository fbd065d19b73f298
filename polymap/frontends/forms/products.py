"""Products of matrices, with batch dimensions that broadcast."""

from __future__ import annotations

from collections.abc import Sequence

from polymap.frontends.forms.form import Form, Shape, Unfit, Value, access, dims
from polymap.frontends.model import PRODUCT

BATCH = ("b", "h")


def matmul(left: Value, right: Value, bits: int) -> Form:
    """`C[b,m,n] += A[b,m,k] * B[b,k,n]` with numpy's rules: batch dimensions broadcast, vectors have no m or no n."""
    if not left.shape or not right.shape:
        raise Unfit("a scalar is no factor of a product of matrices")
    rows = ("m",) if len(left.shape) > 1 else ()
    columns = ("n",) if len(right.shape) > 1 else ()
    return _batched(left, right, bits, (*rows, "k"), ("k", *columns), (*rows, *columns))


def linear(left: Value, weights: Value, bits: int) -> Form:
    """`C[b,m,n] += A[b,m,k] * B[n,k]`: weights are kept with a row for every output."""
    if not left.shape or len(weights.shape) != 2:
        raise Unfit("the weights are no matrix")
    rows = ("m",) if len(left.shape) > 1 else ()
    return _batched(left, weights, bits, (*rows, "k"), ("n", "k"), (*rows, "n"))


def gemm(left: Value, right: Value, bits: int, flip_left: bool = False, flip_right: bool = False) -> Form:
    """`C[m,n] += A[m,k] * B[k,n]`, either factor possibly transposed."""
    if len(left.shape) != 2 or len(right.shape) != 2:
        raise Unfit("a factor is no matrix")
    first = ("k", "m") if flip_left else ("m", "k")
    second = ("n", "k") if flip_right else ("k", "n")
    return _batched(left, right, bits, first, second, ("m", "n"))


def _batched(
    left: Value, right: Value, bits: int, first: Sequence[str], second: Sequence[str], out: Sequence[str]
) -> Form:
    ahead = left.shape[: len(left.shape) - len(first)], right.shape[: len(right.shape) - len(second)]
    names = batch_names(max(map(len, ahead)))
    sizes, (a, b) = broadcast(names, ahead)
    sizes = dims(sizes, first, left.shape[len(ahead[0]) :], "the first factor")
    sizes = dims(sizes, second, right.shape[len(ahead[1]) :], "the second factor")
    return Form(
        access("C", *names, *out),
        (access("A", *a, *first), access("B", *b, *second)),
        sizes,
        {"A": left.bits, "B": right.bits, "C": bits},
        PRODUCT,
    )


def batch_names(count: int) -> tuple[str, ...]:
    """Names of batch ranks, outermost first.

    >>> batch_names(2), batch_names(3)
    (('b', 'h'), ('b0', 'b1', 'b2'))
    """
    return BATCH[:count] if count <= len(BATCH) else tuple(f"b{i}" for i in range(count))


def broadcast(names: Sequence[str], shapes: Sequence[Shape]) -> tuple[dict[str, int], list[tuple[str, ...]]]:
    """The size of every rank, and for each shape the ranks that it depends on, aligned at the right.

    A dimension of 1 is no coordinate where another shape has more. Raises `Unfit` where shapes do not go together.
    """
    sizes = dict.fromkeys(names, 1)
    for shape in shapes:
        for name, size in zip(names[len(names) - len(shape) :], shape):
            if size != 1 and sizes[name] not in (1, size):
                raise Unfit(f"sizes {sizes[name]} and {size} do not broadcast")
            sizes[name] = size if size != 1 else sizes[name]
    return sizes, [_depends(names, shape, sizes) for shape in shapes]


def _depends(names: Sequence[str], shape: Shape, sizes: dict[str, int]) -> tuple[str, ...]:
    aligned = zip(names[len(names) - len(shape) :], shape)
    return tuple(name for name, size in aligned if size == sizes[name])
