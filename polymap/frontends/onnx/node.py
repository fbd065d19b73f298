"""One node of an ONNX graph: its values and attributes, asked for by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from polymap.errors import Place
from polymap.frontends.forms.form import Form, NoEinsum, Unfit, Value
from polymap.frontends.model import Operation
from polymap.frontends.onnx.load import package
from polymap.frontends.onnx.shapes import Graph

Kind = Literal["INT", "INTS", "STRING"]


class NoShape(Exception):
    """The shape of a value that is asked for is not known."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


@dataclass(frozen=True)
class Node:
    """A node and where it stands; the order of inputs and outputs is ONNX's."""

    proto: Any
    at: int
    graph: Graph

    @property
    def op(self) -> str:
        """The operator, with its domain unless that is the standard one."""
        domain = self.proto.domain
        return self.proto.op_type if domain in ("", "ai.onnx") else f"{domain}.{self.proto.op_type}"

    @property
    def name(self) -> str:
        """Its name, or that of its first output: nodes need not have one."""
        return self.proto.name or next(iter(self.proto.output), "") or f"{self.op}_{self.at}"

    @property
    def place(self) -> Place:
        return Place(self.graph.file, path=f"graph.node[{self.at}]")

    @property
    def inputs(self) -> int:
        return len(self.proto.input)

    def has(self, at: int) -> bool:
        """Whether an optional input is given."""
        return at < len(self.proto.input) and bool(self.proto.input[at])

    def input(self, at: int) -> Value:
        """Shape and bits of an input. Raises `Unfit` if it is not given, `NoShape` if they are not known."""
        if not self.has(at):
            raise Unfit(f"input {at} is missing")
        return self._value(self.proto.input[at])

    def output(self, at: int = 0) -> Value:
        """Shape and bits of an output. Raises as `input` does."""
        if at >= len(self.proto.output):
            raise Unfit(f"output {at} is missing")
        return self._value(self.proto.output[at])

    def _value(self, name: str) -> Value:
        if name not in self.graph.values:
            raise NoShape(name)
        return self.graph.values[name]

    def integers(self, name: str, otherwise: list[int]) -> list[int]:
        """An attribute that is a list of integers."""
        found = self._attribute(name, "INTS")
        return otherwise if found is None else list(found.ints)

    def integer(self, name: str, otherwise: int) -> int:
        found = self._attribute(name, "INT")
        return otherwise if found is None else int(found.i)

    def text(self, name: str, otherwise: str) -> str:
        found = self._attribute(name, "STRING")
        return otherwise if found is None else found.s.decode("utf-8", "replace")

    def _attribute(self, name: str, kind: Kind) -> Any:
        found = next((attribute for attribute in self.proto.attribute if attribute.name == name), None)
        if found is not None and found.type != getattr(package().AttributeProto, kind):
            raise Unfit(f"attribute {name} is no {kind}")
        return found

    def constant(self, at: int) -> list[int]:
        """The integers of a constant input. Raises `NoEinsum` where the graph computes them."""
        tensor = self.graph.constants.get(self.proto.input[at])
        if tensor is None:
            raise NoEinsum("what it does is computed by the graph itself")
        try:
            return [int(value) for value in package().numpy_helper.to_array(tensor).reshape(-1)]
        except (ValueError, TypeError):
            raise Unfit(f"input {at} is no list of integers") from None

    def operation(self, form: Form, part: str = "", repeat: int = 1) -> Operation:
        """The operation of a form; `part` tells several of one node apart."""
        name = f"{self.name}.{part}" if part else self.name
        return form.operation(name, self.op, self.place, f"{self.op} of {self.graph.name or 'the graph'}", repeat)
