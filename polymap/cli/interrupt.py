"""Ctrl-C: for a while raised as an interrupt that a program can end on, or not heard at all."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias

Handler: TypeAlias = "Callable[[int, Any], NoReturn] | signal.Handlers"


class Interrupt(KeyboardInterrupt):
    """Ctrl-C.

    Where a plain `KeyboardInterrupt` leaves `exec`, which makes the dataclasses while modules load, the interpreter
    ends the process by signal in the end, though the interrupt was caught and told. It knows no class but that one.
    """


@contextmanager
def at_interrupt(handler: Handler) -> Iterator[None]:
    """Handle Ctrl-C otherwise than Python does; where it is handled otherwise already, or cannot be, leave it so."""
    plain = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        if plain:
            signal.signal(signal.SIGINT, handler)
    except ValueError:  # only the main thread sets handlers
        plain = False
    try:
        yield
    finally:
        if plain:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def stop(_signal: int, _frame: Any) -> NoReturn:
    """Raise `Interrupt`."""
    raise Interrupt


ignore: Handler = signal.SIG_IGN
