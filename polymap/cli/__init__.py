"""The command line: one module per verb."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn


class Interrupt(KeyboardInterrupt):
    """Ctrl-C.

    Where a plain `KeyboardInterrupt` leaves `exec`, which makes the dataclasses while modules load, the interpreter
    ends the process by signal in the end, though the interrupt was caught and told. It knows no class but that one.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run `polymap` with `argv` (default: the process's arguments) and return its exit code.

    Loading the program takes a while, so an interrupt in that time is told like any other.
    """
    try:
        with _at_interrupt(_interrupt):
            from polymap.cli.program import run

            return run(argv)
    except KeyboardInterrupt:
        return _interrupted(argv)


def _interrupted(argv: Sequence[str] | None) -> int:
    """Tell that nothing was done, even if whoever is impatient presses Ctrl-C once more."""
    with _at_interrupt(signal.SIG_IGN):
        from polymap.cli.program import tell_interruption

        return tell_interruption(argv)


@contextmanager
def _at_interrupt(handler: Callable[[int, Any], NoReturn] | signal.Handlers) -> Iterator[None]:
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


def _interrupt(_signal: int, _frame: Any) -> NoReturn:
    raise Interrupt
