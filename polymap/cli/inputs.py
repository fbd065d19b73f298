"""Reading a command's inputs: the mistakes of all of them are told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from polymap.errors import Mistake, SpecError

if TYPE_CHECKING:
    from polymap.architecture import Architecture
    from polymap.constraints.statements import Constraints
    from polymap.workload import Einsum, Network

First = TypeVar("First")
Second = TypeVar("Second")


def architecture_and_workload(architecture_source: str, workload_source: str) -> tuple[Architecture, Einsum | Network]:
    """Both inputs, or one `SpecError` with the mistakes of both."""
    from polymap.architecture import architecture
    from polymap.workload import workload

    return both(lambda: architecture(architecture_source), lambda: workload(workload_source))


def problem(
    architecture_source: str, workload_source: str, constraints_source: str | None
) -> tuple[Architecture, Einsum | Network, Constraints | None]:
    """The inputs of a search, or one `SpecError` with the mistakes of all of them."""
    (arch, work), rules = both(
        lambda: architecture_and_workload(architecture_source, workload_source), lambda: statements(constraints_source)
    )
    return arch, work, rules


def statements(source: str | None) -> Constraints | None:
    """The constraints that are asked for, if any. Raises `SpecError`."""
    from polymap.constraints import constraints

    return None if source is None else constraints(source)


def both(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """What the two readers return, or one `SpecError` with the mistakes of both."""
    try:
        value = first()
    except SpecError as error:
        raise SpecError((*error.mistakes, *mistakes(second))) from None
    return value, second()


def mistakes(read: Callable[[], object]) -> tuple[Mistake, ...]:
    """What is wrong with an input, if anything."""
    try:
        read()
    except SpecError as error:
        return error.mistakes
    return ()
