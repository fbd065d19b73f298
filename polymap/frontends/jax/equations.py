"""Which primitive of JAX becomes which einsum, and why the others become none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from polymap.errors import Mistake, Place, SpecError
from polymap.frontends.forms.form import Form, NoEinsum, access
from polymap.frontends.forms.pointwise import pointwise, reduction
from polymap.frontends.forms.windows import Window
from polymap.frontends.jax.equation import Equation
from polymap.frontends.jax.kinds import CALLS, POINTWISE, REASONS, REDUCTIONS, WINDOWS
from polymap.frontends.jax.products import conv_general_dilated, dot_general
from polymap.frontends.model import Left, Operation
from polymap.frontends.sizes import Sizes, misset
from polymap.frontends.understood import Understood, reason
from polymap.quantity import shown

Reader: TypeAlias = "Callable[[Equation], Iterator[Operation]]"


def _elements(equation: Equation) -> Iterator[Operation]:
    yield equation.operation(pointwise(equation.result(), equation.variables()))


def _reduced(equation: Equation) -> Iterator[Operation]:
    over = set(equation.parameter("axes"))
    yield equation.operation(reduction(equation.operand(0), equation.result(), over, REDUCTIONS[equation.op]))


def _windowed(equation: Equation) -> Iterator[Operation]:
    """reduce_window: `O[i0,i1] += I[2*i0+w0,i1]`; a window of one element has no rank."""
    if set(equation.parameter("base_dilation")) != {1}:
        raise NoEinsum("its input is dilated")
    value, result = equation.operand(0), equation.result()
    given = (equation.parameter(name) for name in ("window_dimensions", "window_strides", "window_dilation", "padding"))
    windows = [Window(size, stride, dilation, before) for size, stride, dilation, (before, _) in zip(*given)]
    out = [f"i{axis}" for axis in range(len(windows))]
    read = [window.index(rank, f"w{axis}") for axis, (window, rank) in enumerate(zip(windows, out))]
    sizes = {**dict(zip(out, result.shape)), **{f"w{axis}": window.size for axis, window in enumerate(windows)}}
    bits = {"I": value.bits, "O": result.bits}
    yield equation.operation(Form(access("O", *out), (access("I", *read),), sizes, bits, WINDOWS[equation.op]))


READERS: Mapping[str, Reader] = {
    "dot_general": dot_general,
    "conv_general_dilated": conv_general_dilated,
    **dict.fromkeys(POINTWISE, _elements),
    **dict.fromkeys(REDUCTIONS, _reduced),
    **dict.fromkeys(WINDOWS, _windowed),
}


def operations(source: Any, sizes: Sizes) -> list[Operation | Left]:
    """What becomes of every equation, also of functions that are called and of loops that run a known number of times.

    Raises `SpecError` with every equation that cannot be understood.
    """
    jaxpr = _jaxpr(source)
    if jaxpr is None:
        message = f"{shown(type(source).__name__)} is no jaxpr"
        raise SpecError(Mistake(Place(), message, "give jax.make_jaxpr(function)(arguments)"))
    taken = Understood()
    taken.mistakes += misset(sizes, (), Place())
    for equation in _equations(jaxpr, "", 1, Counter()):
        with taken.reading(equation.op, equation.place, equation.op):
            taken.found += READERS[equation.op](equation) if equation.op in READERS else [_left(equation)]
    return taken.whole()


def _left(equation: Equation) -> Left:
    return Left(equation.op, reason(equation.op, REASONS))


def _jaxpr(value: Any) -> Any:
    """The jaxpr of a value that is one, closed or not."""
    inner = getattr(value, "jaxpr", value)
    return inner if hasattr(inner, "eqns") else None


def _equations(jaxpr: Any, path: str, repeat: int, seen: Counter[str]) -> Iterator[Equation]:
    """All equations, those of functions where they are called; a scan repeats its body."""
    for at, eqn in enumerate(jaxpr.eqns):
        op, where = str(eqn.primitive.name), f"{path}eqns[{at}]"
        inner = _jaxpr(eqn.params.get("jaxpr", eqn.params.get("call_jaxpr"))) if op in CALLS or op == "scan" else None
        if inner is not None:
            times = repeat * int(eqn.params["length"]) if op == "scan" else repeat
            yield from _equations(inner, f"{where}.jaxpr.", times, seen)
        else:
            yield Equation(eqn, f"{op}_{seen[op]}", where, repeat)
            seen[op] += 1
