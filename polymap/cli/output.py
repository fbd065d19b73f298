"""Standard output: what is said there arrives, or the command says that it did not."""

from __future__ import annotations

import os
import sys


class Unwritable(Exception):
    """Standard output cannot be written to, e.g. because the disk is full."""


def say(text: str) -> None:
    """Print `text`; raises `BrokenPipeError` if the reader has gone, `Unwritable` if it cannot be written."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unwritable(error.strerror) from error


def survive_narrow_encodings() -> None:
    """Names may hold any character; a terminal that cannot show one gets an escape, not a failure."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


def silence() -> None:
    """Send what is left to nowhere; the interpreter flushes standard output once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
