"""Standard output: what is said there arrives, or the command says that it did not."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from typing import TextIO

_reserved: ContextVar[TextIO | None] = ContextVar("reserved", default=None)


class Unwritable(Exception):
    """Standard output cannot be written to, e.g. because the disk is full."""


class HalfSaid(Exception):
    """Ctrl-C came while standard output was written to: a part of what was to be said is there."""


@contextmanager
def reserved() -> Iterator[None]:
    """Keep standard output for what is said: whatever else is printed meanwhile, by a plug-in, say, goes to standard
    error."""
    token = _reserved.set(sys.stdout)
    try:
        with redirect_stdout(sys.stderr if sys.stdout else None):  # a closed one stays closed
            yield
    finally:
        _reserved.reset(token)


def standard() -> TextIO:
    """Standard output, reserved or not. Raises `Unwritable` if there is none."""
    found = _reserved.get() or sys.stdout
    if found is None:
        raise Unwritable("it is closed")
    return found


def check_open() -> None:
    """Raises `Unwritable` if there is no standard output: what a search finds could not be told."""
    standard()


def say(text: str) -> None:
    """Print `text`; raises `BrokenPipeError` if the reader has gone, `Unwritable` if it cannot be written, `HalfSaid`
    if an interrupt comes while it is."""
    out = standard()
    try:
        print(text, file=out, flush=True)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        raise HalfSaid from None
    except OSError as error:
        raise Unwritable(error.strerror) from error


def warn(text: str) -> None:
    """Print on standard error, if there is one: `print` would take standard output instead."""
    if sys.stderr is not None:
        print(text, file=sys.stderr, flush=True)


def survive_narrow_encodings() -> None:
    """Names may hold any character; a terminal that cannot show one gets an escape, not a failure."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


def silence() -> None:
    """Send what is left to nowhere; the interpreter flushes standard output once more when it ends."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
