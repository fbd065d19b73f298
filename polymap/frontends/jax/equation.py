"""One equation of a jaxpr: shapes and bits of its operands, and its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from polymap.errors import Place
from polymap.frontends.forms.form import Form, NoEinsum, Unfit, Value
from polymap.frontends.model import Operation


@dataclass(frozen=True)
class Equation:
    """An equation, the name that it is given, where it stands, and how often it runs."""

    eqn: Any
    name: str
    path: str
    repeat: int = 1

    @property
    def op(self) -> str:
        return str(self.eqn.primitive.name)

    @property
    def place(self) -> Place:
        return Place(path=self.path)

    def parameter(self, name: str) -> Any:
        """A parameter. Raises `NoEinsum` where this version of jax has none of that name."""
        if name not in self.eqn.params:
            raise NoEinsum(f"it has no parameter {name} in this version of jax")
        return self.eqn.params[name]

    def operand(self, at: int) -> Value:
        return value_of(self.eqn.invars[at].aval)

    def result(self) -> Value:
        return value_of(self.eqn.outvars[0].aval)

    def variables(self) -> list[Value]:
        """The operands that are no numbers written into the program, each once."""
        given = dict.fromkeys(variable for variable in self.eqn.invars if not hasattr(variable, "val"))
        return [value_of(variable.aval) for variable in given]

    def operation(self, form: Form) -> Operation:
        return form.operation(self.name, self.op, self.place, repeat=self.repeat)


def value_of(aval: Any) -> Value:
    """Shape and bits of an abstract value. Raises `Unfit` for sizes that are no numbers, `NoEinsum` for no array."""
    if not hasattr(aval, "shape") or not hasattr(aval, "dtype"):
        raise NoEinsum(f"an operand is no array but {aval}")
    if not all(type(size) is int for size in aval.shape):
        raise Unfit(f"the shape {aval.shape} is open: make the jaxpr with sizes that are numbers")
    return Value(tuple(aval.shape), 8 * aval.dtype.itemsize)
