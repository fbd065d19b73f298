"""Reading a command's inputs: the mistakes of all of them are told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from polymap.errors import Mistake, SpecError

if TYPE_CHECKING:
    from polymap.architecture import Architecture
    from polymap.workload import Einsum, Network

First = TypeVar("First")
Second = TypeVar("Second")


def architecture_and_workload(architecture_source: str, workload_source: str) -> tuple[Architecture, Einsum | Network]:
    """Both inputs, or one `SpecError` with the mistakes of both."""
    from polymap.architecture import architecture
    from polymap.workload import workload

    return both(lambda: architecture(architecture_source), lambda: workload(workload_source))


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
