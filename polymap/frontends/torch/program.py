"""A graph of ATen calls, from wherever it comes; an `ExportedProgram` in process is walked here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from polymap.errors import Mistake, Place, SpecError
from polymap.quantity import shown


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph: sizes are numbers or expressions of open sizes; `name` tells it from others."""

    name: str
    sizes: tuple[int | str, ...]
    bits: int


@dataclass(frozen=True)
class Call:
    """A call: `op` is e.g. `aten.conv2d.default`; arguments by name are tensors, numbers, text, lists of these or None;
    those that are left to their defaults may be missing."""

    op: str
    name: str
    arguments: Mapping[str, Any]
    outputs: tuple[Tensor, ...]
    place: Place


@dataclass(frozen=True)
class Program:
    """Calls in their order, and the tensors that the user gives to it."""

    calls: tuple[Call, ...]
    inputs: tuple[Tensor, ...] = field(default=())
    file: str = ""


def walked(source: Any) -> Program:
    """The program in process. Raises `SpecError` for another object of torch."""
    if not hasattr(source, "graph") or not hasattr(source, "graph_signature"):
        message = f"{shown(type(source).__name__)} is no exported program"
        raise SpecError(Mistake(Place(), message, "give torch.export.export(model, arguments)"))
    given = set(source.graph_signature.user_inputs)
    nodes = list(source.graph.nodes)
    inputs = (_tensor(node) for node in nodes if node.op == "placeholder" and node.name in given)
    return Program(tuple(_calls(nodes)), tuple(tensor for tensor in inputs if tensor))


def _calls(nodes: list[Any]) -> Iterator[Call]:
    for at, node in enumerate(nodes):
        if node.op == "call_function":
            yield Call(
                _op(node.target), node.name, dict(_arguments(node)), _outputs(node), Place(path=f"graph.nodes[{at}]")
            )


def _op(target: Any) -> str:
    """`aten.conv2d.default`; of what is no operator of torch, such as `getitem`, the name alone."""
    return str(target) if hasattr(target, "_schema") else str(getattr(target, "__name__", target))


def _arguments(node: Any) -> Iterator[tuple[str, Any]]:
    """Arguments under the names of the operator's schema; without one, under their numbers."""
    schema = getattr(node.target, "_schema", None)
    names = [argument.name for argument in schema.arguments] if schema else [str(at) for at in range(len(node.args))]
    yield from ((name, _value(value)) for name, value in zip(names, node.args))
    yield from ((name, _value(value)) for name, value in node.kwargs.items())


def _value(value: Any) -> Any:
    if hasattr(value, "meta") and hasattr(value, "op"):
        return _tensor(value)
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _outputs(node: Any) -> tuple[Tensor, ...]:
    value = node.meta.get("val")
    values = value if isinstance(value, list | tuple) else [value]
    found = (_of(f"{node.name}.{at}" if at else node.name, item) for at, item in enumerate(values))
    return tuple(tensor for tensor in found if tensor)


def _tensor(node: Any) -> Tensor | None:
    value = node.meta.get("val")
    return _of(node.name, value[0] if isinstance(value, list | tuple) and value else value)


def _of(name: str, value: Any) -> Tensor | None:
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        return None
    sizes = tuple(size if type(size) is int else str(size) for size in value.shape)
    return Tensor(name, sizes, 8 * value.dtype.itemsize)
