"""MLIR's operations compute what their einsums say: every einsum is run on numbers beside xdsl's interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import polymap as pm
from tests.frontends.meaning import computed
from tests.frontends.mlir_networks import SUM, Text, tensor, xdsl

interpreters = pytest.importorskip("xdsl.interpreters")
from xdsl.interpreter import Interpreter  # noqa: E402
from xdsl.interpreters.shaped_array import ShapedArray  # noqa: E402
from xdsl.interpreters.utils.ptr import TypedPtr  # noqa: E402

Shape = tuple[int, ...]
MAX = SUM.replace("addf", "maximumf")
MATMUL = "linalg.matmul"
CONV = "linalg.conv_2d_nchw_fchw {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}"
CONVOLVED = [(1, 2, 7, 5), (3, 2, 3, 3), (1, 3, 3, 2)]


def named(operation: str, shapes: Sequence[Shape]) -> str:
    """A function of one named operation, whose last tensor is the output."""
    *ins, out = [f"%t{at}" for at in range(len(shapes))]
    types = [tensor(shape) for shape in shapes]
    given = ", ".join(f"{name}: {type_}" for name, type_ in zip([*ins, out], types))
    body = f"{operation} ins({', '.join(ins)} : {', '.join(types[:-1])}) outs({out} : {types[-1]}) -> {types[-1]}"
    return f"func.func @net({given}) -> {types[-1]} {{\n  %r = {body}\n  func.return %r : {types[-1]}\n}}\n"


def generic(maps: Sequence[str], kinds: str, shapes: Sequence[Shape], body: str | None = None) -> str:
    """A function of one `linalg.generic` on an empty output."""
    net = Text()
    given = [net.argument(*shape) for shape in shapes[:-1]]
    out = net.argument(*shapes[-1])
    result = net.generic(maps, kinds, given, shapes[-1], *([body] if body else []))
    type_ = tensor(shapes[-1])
    made = f"  %v0 = tensor.empty() : {type_}\n"
    text = net.module().replace(made, "").replace("outs(%v0 ", f"outs({out} ")
    return text.replace("func.return", f"func.return {result} : {type_}").replace(
        ") {\n  %v1", f") -> {type_} {{\n  %v1"
    )


def interpreted(module: Any, context: Any, arrays: Sequence[Any]) -> Any:
    interpreter = Interpreter(module)
    interpreters.register_implementations(interpreter, context)
    given = (ShapedArray(TypedPtr.new_float32(a.reshape(-1).tolist()), list(a.shape)) for a in arrays)
    (found,) = interpreter.call_op("net", tuple(given))
    return np.array(list(found.data)).reshape(arrays[-1].shape)


CASES = [
    (named(MATMUL, [(2, 3), (3, 4), (2, 4)]), [(2, 3), (3, 4), (2, 4)]),
    (generic(["acd", "cdb", "ab"], "pprr", [(2, 3, 4), (3, 4, 5), (2, 5)]), [(2, 3, 4), (3, 4, 5), (2, 5)]),
    (generic(["abd", "dca", "abc"], "pppr", [(2, 3, 4), (4, 5, 2), (2, 3, 5)]), [(2, 3, 4), (4, 5, 2), (2, 3, 5)]),
    (generic(["abc", "b"], "rpr", [(2, 3, 4), (3,)], SUM), [(2, 3, 4), (3,)]),
    (generic(["abc", "ca"], "prp", [(2, 3, 4), (4, 2)], MAX), [(2, 3, 4), (4, 2)]),
]


def parsed(text: str) -> tuple[Any, Any]:
    context = xdsl.context.Context()
    for name, dialect in xdsl.dialects.get_all_dialects().items():
        context.register_dialect(name, dialect)
    return xdsl.parser.Parser(context, text).parse_module(), context


def drawn(shapes: Sequence[Shape]) -> list[Any]:
    draw = np.random.default_rng(0)
    return [draw.integers(-4, 5, shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize(("text", "shapes"), CASES)
def test_an_operation_computes_what_its_einsum_says(text: str, shapes: list[Shape]) -> None:
    (module, context), data = parsed(text), drawn(shapes[:-1])
    found = pm.layers(module)
    (operation,) = (*found.layers, *found.others)
    gather = max if operation.kind == "max" else lambda total, value: total + value
    want = interpreted(module, context, [*data, np.zeros(shapes[-1], np.float32)])
    assert np.array_equal(computed(operation.einsum, data, shapes[-1], gather), want)


def test_a_named_convolution() -> None:
    """The interpreter looks at one channel only, so numpy is asked."""
    image, kernel = drawn(CONVOLVED[:-1])
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3), (2, 3))[:, :, ::2, ::2]
    (layer,) = pm.layers(parsed(named(CONV, CONVOLVED))[0]).layers
    want = np.einsum("ncpqrs,kcrs->nkpq", windows, kernel)
    assert np.array_equal(computed(layer.einsum, [image, kernel], want.shape), want)
