"""The arguments of one ATen call, asked for by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from polymap.frontends.forms.form import Form, NoEinsum, Unfit, Value
from polymap.frontends.model import Operation
from polymap.frontends.torch.program import Call, Tensor
from polymap.frontends.torch.sizing import valued


@dataclass(frozen=True)
class Arguments:
    """A call and the sizes that are known."""

    call: Call
    known: Mapping[str, int]

    @property
    def op(self) -> str:
        """The operator without its library and overload; one that writes in place is the same."""
        parts = self.call.op.split(".")
        return (parts[1] if len(parts) > 1 else parts[0]).rstrip("_") or self.call.op

    def tensor(self, *names: str) -> Value:
        """The tensor under one of these names. Raises `Unfit` if there is none."""
        found = next((self.call.arguments[name] for name in names if name in self.call.arguments), None)
        if not isinstance(found, Tensor):
            raise Unfit(f"argument {names[0]} is no tensor")
        return valued(found, self.known)

    def tensors(self, name: str = "") -> list[Value]:
        """The tensors of a list, or all of the arguments; each once."""
        given = self.call.arguments.get(name) if name else [*self.call.arguments.values()]
        listed = given if isinstance(given, list) else []
        flat = [item for entry in listed for item in (entry if isinstance(entry, list) else [entry])]
        found = [item for item in flat if isinstance(item, Tensor)]
        return [valued(item, self.known) for item in (found if name else dict.fromkeys(found))]

    def output(self) -> Value:
        if not self.call.outputs:
            raise Unfit("it gives no tensor")
        return valued(self.call.outputs[0], self.known)

    def integers(self, name: str, count: int, otherwise: int) -> list[int]:
        """A list of as many integers; one stands for all. Raises `NoEinsum` for sizes that are computed."""
        found = self.call.arguments.get(name)
        listed = found if isinstance(found, list) else [otherwise if found is None else found]
        if not all(type(item) is int for item in listed):
            raise NoEinsum(f"its {name} is computed by the program itself")
        listed = listed or [otherwise]
        if len(listed) not in (1, count):
            raise Unfit(f"{name} has {len(listed)} numbers, where {count} are needed")
        return listed * count if len(listed) == 1 else listed

    def integer(self, name: str, otherwise: int) -> int:
        return self.integers(name, 1, otherwise)[0]

    def flag(self, name: str) -> bool:
        return self.call.arguments.get(name) is True

    def text(self, name: str) -> str:
        found: Any = self.call.arguments.get(name)
        return found if isinstance(found, str) else ""

    def operation(self, form: Form, part: str = "") -> Operation:
        name = f"{self.call.name}.{part}" if part else self.call.name
        return form.operation(name, self.call.op, self.call.place)


def batched(value: Value, dimensions: int) -> Value:
    """The value with a batch of one ahead, if it has one dimension less."""
    return replace(value, shape=(1, *value.shape)) if len(value.shape) == dimensions - 1 else value
