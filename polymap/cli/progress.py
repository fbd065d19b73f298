"""How far a search is, on standard error: one line that is written over on a terminal, else a line now and then."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from polymap.mapper.progress import OnProgress, Progress

SELDOM = 10.0  # seconds between two lines where nothing is written over
NARROW = 80  # columns of a terminal that does not tell


@contextmanager
def shown(stream: TextIO | None = None) -> Iterator[OnProgress | None]:
    """Whom a search tells how far it is; None if nobody can read it. Leaves no half line behind."""
    err = stream or sys.stderr
    if err is None:
        yield None
    elif err.isatty():
        line = Line(err)
        try:
            yield line.show
        finally:
            line.clear()
    else:
        yield Log(err).show


class Line:
    """One line of a terminal."""

    def __init__(self, err: TextIO) -> None:
        self.err, self.length = err, 0

    def show(self, at: Progress) -> None:
        self._write(text(at)[: _width(self.err) - 1])

    def clear(self) -> None:
        if self.length:
            self._write("")
            self.err.write("\r")
            self.err.flush()

    def _write(self, said: str) -> None:
        self.err.write(f"\r{said.ljust(self.length)}")
        self.err.flush()
        self.length = len(said)


class Log:
    """A file or a pipe: the first line comes late, so that short searches say nothing."""

    def __init__(self, err: TextIO) -> None:
        self.err, self.next = err, time.monotonic() + SELDOM

    def show(self, at: Progress) -> None:
        if time.monotonic() >= self.next:
            print(text(at), file=self.err, flush=True)
            self.next = time.monotonic() + SELDOM


def text(at: Progress) -> str:
    """The layer, the best mapping so far, the bound, the gap, the classes and the seconds."""
    from polymap.report.numbers import count, objective, percent

    bound = f"bound {objective(at.objective, at.lower_bound)}"
    if at.value is None:
        best = f"no mapping yet, {bound}"
    else:
        best = f"{at.objective} {objective(at.objective, at.value)}, {bound}, gap {percent(at.gap)}"
    place = f" ({at.finished} of {at.layers} layers done)" if at.layers > 1 else ""
    classes = f"{count(at.closed)} of {count(at.classes)} classes"
    return f"{' '.join(at.layer.split())}{place}: {best}, {classes}, {at.seconds:.0f} s"


def _width(err: TextIO) -> int:
    with suppress(OSError, ValueError):
        return os.get_terminal_size(err.fileno()).columns or NARROW
    return NARROW
