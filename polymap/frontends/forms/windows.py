"""Operators that slide a window: convolution, its transpose, pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polymap.frontends.forms.form import Form, NoEinsum, Shape, Unfit, Value, access
from polymap.frontends.model import PRODUCT
from polymap.workload.einsum import Affine

OUTPUT_AXES = ("o", "p", "q")
WINDOW_AXES = ("t", "r", "s")
MOST_AXES = len(OUTPUT_AXES)


@dataclass(frozen=True)
class Window:
    """What slides along one axis: its size, step and dilation, and how many elements of border come `before`."""

    size: int
    stride: int = 1
    dilation: int = 1
    before: int = 0

    def index(self, output: str, window: str) -> Affine:
        """`stride * output + dilation * window - before`; the border counts as stored."""
        return Affine(((output, self.stride), (window, self.dilation)), -self.before)


def axes(windows: Sequence[Window]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the ranks along the output and along the window, for each spatial axis. Raises `Unfit` beyond three."""
    count = len(windows)
    if not 0 < count <= MOST_AXES:
        raise NoEinsum(f"it slides along {count} axes; windows of 1 to {MOST_AXES} axes are known")
    if any(window.stride < 1 or window.dilation < 1 for window in windows):
        raise Unfit("a stride or a dilation is less than 1")
    start = 1 if count < MOST_AXES else 0
    return OUTPUT_AXES[start : start + count], WINDOW_AXES[start : start + count]


def convolution(image: Value, weights: Value, output: Value, windows: Sequence[Window], groups: int = 1) -> Form:
    """`O[n,k,p,q] += I[n,c,p+r,q+s] * W[k,c,r,s]`, with a rank `g` for groups of channels.

    Shapes are `[n, channels, spatial...]` of image and output, `[channels out, channels in of a group, window...]` of
    the weights. A depthwise one is `O[n,c,p,q] += I[n,c,p+r,q+s] * W[c,r,s]`.
    """
    outer, inner = axes(windows)
    _check_axes(windows, image, weights, output)
    channels = _channels(image.shape[1], weights.shape[1], output.shape[1], groups)
    sizes = {"n": output.shape[0], **channels.sizes, **dict(zip(outer, output.shape[2:]))}
    sizes |= {rank: window.size for rank, window in zip(inner, windows)}
    read = [window.index(p, r) for window, p, r in zip(windows, outer, inner)]
    return Form(
        access("O", "n", *channels.out, *outer),
        (access("I", "n", *channels.read, *read), access("W", *channels.weights, *inner)),
        sizes,
        {"I": image.bits, "W": weights.bits, "O": output.bits},
        PRODUCT,
    )


def transposed(image: Value, weights: Value, output: Value, windows: Sequence[Window], groups: int = 1) -> Form:
    """`O[n,k,2*p+r,2*q+s] += I[n,c,p,q] * W[c,k,r,s]`: every input element is spread over a window of the output.

    Shapes of the weights are `[channels in, channels out of a group, window...]`.
    """
    outer, inner = axes(windows)
    _check_axes(windows, image, weights, output)
    channels = _channels(image.shape[1], weights.shape[0] // max(groups, 1), output.shape[1], groups)
    if weights.shape[1] * groups != output.shape[1]:
        raise Unfit(f"weights of {weights.shape[1]} channels out for an output of {output.shape[1]}")
    sizes = {"n": image.shape[0], **channels.sizes, **dict(zip(outer, image.shape[2:]))}
    sizes |= {rank: window.size for rank, window in zip(inner, windows)}
    spread = [window.index(p, r) for window, p, r in zip(windows, outer, inner)]
    swapped = (*channels.group, *channels.inside, *channels.outside)
    return Form(
        access("O", "n", *channels.out, *spread),
        (access("I", "n", *channels.read, *outer), access("W", *swapped, *inner)),
        sizes,
        {"I": image.bits, "W": weights.bits, "O": output.bits},
        PRODUCT,
    )


def pool(image: Value, output: Value, windows: Sequence[Window], kind: str) -> Form:
    """`O[n,c,p,q] += I[n,c,2*p+r,2*q+s]`, where `kind` says what gathers the window: `max` or `sum`."""
    outer, inner = axes(windows)
    _check_axes(windows, image, output)
    sizes = {"n": output.shape[0], "c": output.shape[1], **dict(zip(outer, output.shape[2:]))}
    sizes |= {rank: window.size for rank, window in zip(inner, windows)}
    read = [window.index(p, r) for window, p, r in zip(windows, outer, inner)]
    bits = {"I": image.bits, "O": output.bits}
    return Form(access("O", "n", "c", *outer), (access("I", "n", "c", *read),), sizes, bits, kind)


def _check_axes(windows: Sequence[Window], *values: Value) -> None:
    for value in values:
        if len(value.shape) != len(windows) + 2:
            raise Unfit(f"a tensor of shape {_text(value.shape)} where windows slide along {len(windows)} axes")


@dataclass(frozen=True)
class _Channels:
    """Names of the channel ranks; a rank that only one of 1 channel would have is left out."""

    group: tuple[str, ...]
    outside: tuple[str, ...]
    inside: tuple[str, ...]
    sizes: dict[str, int]

    @property
    def out(self) -> tuple[str, ...]:
        return (*self.group, *self.outside)

    @property
    def read(self) -> tuple[str, ...]:
        return (*self.group, *self.inside)

    @property
    def weights(self) -> tuple[str, ...]:
        return (*self.group, *self.outside, *self.inside)


def _channels(read: int, inside: int, out: int, groups: int) -> _Channels:
    """Channels split into groups: `read` and `out` of all groups, `inside` of what one group reads."""
    if groups < 1 or read != inside * groups or out % groups:
        raise Unfit(f"{read} channels read and {out} written do not fall into {groups} groups of {inside} channels")
    if groups == 1:
        return _Channels((), ("k",), ("c",), {"k": out, "c": read})
    outside = out // groups
    if inside == outside == 1:
        return _Channels(("c",), (), (), {"c": groups})
    kept = {"g": groups, **({"k": outside} if outside > 1 else {}), **({"c": inside} if inside > 1 else {})}
    return _Channels(("g",), ("k",) if outside > 1 else (), ("c",) if inside > 1 else (), kept)


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "()"
