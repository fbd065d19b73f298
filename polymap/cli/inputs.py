"""Reading a command's inputs: the mistakes of all of them are told at once."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from polymap.errors import NOWHERE, Mistake, SpecError

if TYPE_CHECKING:
    from polymap.architecture import Architecture
    from polymap.constraints.statements import Constraints
    from polymap.workload import Einsum, Network

First = TypeVar("First")
Second = TypeVar("Second")


def architecture_and_workload(options: argparse.Namespace) -> tuple[Architecture, Einsum | Network]:
    """Both inputs, or one `SpecError` with the mistakes of both."""
    return both(
        lambda: machine(options.architecture, options.folder), lambda: workload(options.workload, options.sizes)
    )


def machine(name: str, folders: Sequence[str]) -> Architecture:
    """What ARCH means, with the components of --folder."""
    from polymap.architecture import architecture

    if not folders:
        return architecture(name)
    from polymap.components.plugins import registry

    return architecture(name, registry(*folders))


def workload(name: str, listed: Iterable[tuple[str, int]]) -> Einsum | Network:
    """What WORKLOAD and --set mean; operations of a network that are no products are named on standard error."""
    from polymap.cli.output import warn
    from polymap.frontends.reading import read

    read_as = read(name, sizes(listed))
    if read_as.note:
        warn(read_as.note)
    return read_as.work


def sizes(listed: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The sizes that are set. Raises `SpecError` where one is set twice."""
    return settings(listed, "sizes")


def settings(listed: Iterable[tuple[str, First]], what: str) -> dict[str, First]:
    """What --set gives to each name. Raises `SpecError` where it gives one two values; 1 and `true` are two."""
    found: dict[str, First] = {}
    for name, value in listed:
        first = found.setdefault(name, value)
        if repr(first) != repr(value):
            raise SpecError(Mistake(NOWHERE, f"--set gives {name} two {what}, {first} and {value}", "keep one"))
    return found


def problem(options: argparse.Namespace) -> tuple[Architecture, Einsum | Network, Constraints | None]:
    """The inputs of a search, or one `SpecError` with the mistakes of all of them."""
    (arch, work), rules = both(lambda: architecture_and_workload(options), lambda: statements(options.constraints))
    return arch, work, rules


def statements(sources: Sequence[str] | None) -> Constraints | None:
    """The constraints that are asked for, if any: the statements of all files. Raises `SpecError`."""
    from polymap.constraints import constraints

    return None if sources is None else constraints(sources)


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
