"""Networks as MLIR text in the linalg dialect."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.frontends import topologies

xdsl = pytest.importorskip("xdsl.parser") and pytest.importorskip("xdsl")

Shape = tuple[int, ...]


def tensor(shape: Sequence[int], element: str = "f32") -> str:
    return f"tensor<{''.join(f'{size}x' for size in shape)}{element}>"


PRODUCT = "%m = arith.mulf %a, %b : f32\n    %s = arith.addf %o, %m : f32\n    linalg.yield %s : f32"
SUM = "%s = arith.addf %o, %a : f32\n    linalg.yield %s : f32"
RELU = "%z = arith.constant 0.0 : f32\n    %s = arith.maximumf %a, %z : f32\n    linalg.yield %s : f32"


class Text:
    """A function while it is written down; values are their names, shapes are kept beside."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.arguments: list[str] = []
        self.shapes: dict[str, Shape] = {}

    def argument(self, *shape: int) -> str:
        name = f"%arg{len(self.arguments)}"
        self.arguments.append(f"{name}: {tensor(shape)}")
        self.shapes[name] = shape
        return name

    def result(self, text: str, shape: Shape) -> str:
        name = f"%v{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        self.shapes[name] = shape
        return name

    def type_of(self, name: str) -> str:
        return tensor(self.shapes[name])

    def empty(self, shape: Shape) -> str:
        return self.result(f"tensor.empty() : {tensor(shape)}", shape)

    def generic(self, maps: Sequence[str], kinds: str, inputs: Sequence[str], shape: Shape, body: str = PRODUCT) -> str:
        """`maps` of inputs and output over dimensions called by letters; `kinds` is p or r for each of them."""
        out = self.empty(shape)
        dims = ", ".join(sorted(set("".join(maps)) & set("abcdefghijk")))
        listed = ", ".join(f"affine_map<({dims}) -> ({', '.join(m)})>" for m in maps)
        words = {"p": '"parallel"', "r": '"reduction"'}
        iterators = ", ".join(words[kind] for kind in kinds)
        names = [*"ab"[: len(inputs)], "o"]
        head = f"indexing_maps = [{listed}], iterator_types = [{iterators}]"
        ins = f"ins({', '.join(inputs)} : {', '.join(map(self.type_of, inputs))})"
        block = ", ".join(f"%{name}: f32" for name in names)
        text = f"linalg.generic {{{head}}} {ins} outs({out} : {tensor(shape)}) {{\n  ^bb0({block}):\n    {body}\n  }}"
        return self.result(f"{text} -> {tensor(shape)}", shape)

    def pad(self, x: str, border: int) -> str:
        n, c, h, w = self.shapes[x]
        shape = (n, c, h + 2 * border, w + 2 * border)
        low = f"array<i64: 0, 0, {border}, {border}>"
        given = f"<{{static_low = {low}, static_high = {low}, operandSegmentSizes = array<i32: 1, 0, 0>}}>"
        index = ", ".join(f"%i{axis}: index" for axis in range(4))
        body = f'({{\n  ^bb0({index}):\n    %z = arith.constant 0.0 : f32\n    "tensor.yield"(%z) : (f32) -> ()\n  }})'
        return self.result(f'"tensor.pad"({x}) {given} {body} : ({self.type_of(x)}) -> {tensor(shape)}', shape)

    def conv(self, x: str, read: int, written: int, size: int, stride: int) -> str:
        x = self.pad(x, size // 2) if size > 1 else x
        weights = self.argument(written, read, size, size)
        n, _, h, w = self.shapes[x]
        shape = (n, written, (h - size) // stride + 1, (w - size) // stride + 1)
        out = self.empty(shape)
        given = f"{{dilations = dense<1> : tensor<2xi64>, strides = dense<{stride}> : tensor<2xi64>}}"
        ins = f"ins({x}, {weights} : {self.type_of(x)}, {self.type_of(weights)})"
        text = f"linalg.conv_2d_nchw_fchw {given} {ins} outs({out} : {tensor(shape)}) -> {tensor(shape)}"
        return self.result(text, shape)

    def relu(self, x: str) -> str:
        return self.generic(["abcd", "abcd"], "pppp", [x], self.shapes[x], RELU)

    def add(self, x: str, y: str) -> str:
        out, type_ = self.empty(self.shapes[x]), self.type_of(x)
        return self.result(
            f"linalg.add ins({x}, {y} : {type_}, {type_}) outs({out} : {type_}) -> {type_}", self.shapes[x]
        )

    def max_pool(self, x: str) -> str:
        x, window = self.pad(x, 1), self.empty((3, 3))
        n, c, h, w = self.shapes[x]
        shape = (n, c, (h - 3) // 2 + 1, (w - 3) // 2 + 1)
        out = self.empty(shape)
        given = "{dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}"
        ins = f"ins({x}, {window} : {self.type_of(x)}, {self.type_of(window)})"
        return self.result(
            f"linalg.pooling_nchw_max {given} {ins} outs({out} : {tensor(shape)}) -> {tensor(shape)}", shape
        )

    def classify(self, x: str, read: int, classes: int) -> str:
        x = self.generic(["abcd", "ab"], "pprr", [x], (self.shapes[x][0], read), SUM)
        return self.generic(["ac", "bc", "ab"], "ppr", [x, self.argument(classes, read)], (self.shapes[x][0], classes))

    def module(self) -> str:
        return "\n".join([f"func.func @net({', '.join(self.arguments)}) {{", *self.lines, "  func.return", "}", ""])


def resnet50(batch: int = 1) -> str:
    net = Text()
    topologies.resnet50(net, net.argument(batch, 3, 224, 224))
    return net.module()


def bert_layer(batch: int = 1, seq: int = 384, hidden: int = 768, heads: int = 12) -> str:
    """The products of one block of Devlin et al., NAACL 2019; what lies between is reshaped by the caller."""
    net = Text()
    x, wide = (net.argument(batch, seq, size) for size in (hidden, 4 * hidden))
    query, key, worth = (net.argument(batch, heads, seq, hidden // heads) for _ in range(3))
    dense = ["abd", "dc", "abc"]
    for _ in range(4):
        net.generic(dense, "pppr", [x, net.argument(hidden, hidden)], (batch, seq, hidden))
    scores = net.generic(["abce", "abde", "abcd"], "ppppr", [query, key], (batch, heads, seq, seq))
    net.generic(["abce", "abed", "abcd"], "ppppr", [scores, worth], (batch, heads, seq, hidden // heads))
    net.generic(dense, "pppr", [x, net.argument(hidden, 4 * hidden)], (batch, seq, 4 * hidden))
    net.generic(dense, "pppr", [wide, net.argument(4 * hidden, hidden)], (batch, seq, hidden))
    return net.module()
