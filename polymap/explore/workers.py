"""Worker processes: layers searched side by side, with the same answers as one by one.

Workers are fresh interpreters (`spawn`). They do not hear Ctrl-C: the parent does, and tells them to end with their
best so far, or at once. A worker whose parent is gone ends, too.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import time
from _thread import interrupt_main
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from typing import Any

from polymap.architecture.hierarchy import Architecture
from polymap.errors import NOWHERE, Mistake, PolymapError
from polymap.explore.run import Run, attempt, shortened
from polymap.mapper.progress import Progress
from polymap.mapper.query import Query
from polymap.mapper.result import Result
from polymap.workload.einsum import Einsum

TICK = 0.1  # seconds between two looks at what the other side says
BROKEN = (
    "a worker process died",
    "if memory is short, use fewer workers; in a script, start the search below `if __name__ == '__main__':`",
)


@dataclass(frozen=True)
class Lines:
    """What parent and workers say to each other: end with the best so far, end at once, how far a search is."""

    stop: Any
    quit: Any
    progress: Any

    @classmethod
    def laid(cls, context: SpawnContext) -> Lines:
        return cls(context.Event(), context.Event(), context.Queue())


# The parent.


def at_work(einsums: Sequence[Einsum], run: Run) -> list[Result | None]:
    """The result of each einsum; None for those that time or an interrupt left without one.

    Raises what the search of the first einsum that fails raises, and `PolymapError` if a process dies.
    """
    context = multiprocessing.get_context("spawn")
    lines = Lines.laid(context)
    pool = ProcessPoolExecutor(run.workers, context, _begin, (lines, run.on_progress is not None))
    try:
        return Parent(einsums, run, pool, lines).results()
    except BrokenProcessPool:
        raise PolymapError(Mistake(NOWHERE, *BROKEN)) from None
    except BaseException as error:
        lines.quit.set()
        if isinstance(error, RuntimeError) and "bootstrapping" in str(error):
            raise SystemExit(1) from None  # a worker that runs an unguarded script once more: its parent tells
        raise
    finally:
        pool.shutdown(cancel_futures=True)


class Parent:
    """Hands out layers in order, one to each worker at a time, and collects what they find."""

    def __init__(self, einsums: Sequence[Einsum], run: Run, pool: ProcessPoolExecutor, lines: Lines) -> None:
        self.einsums, self.run, self.pool, self.lines = einsums, run, pool, lines
        self.futures: list[Future[Result | None]] = []
        self.kept = 0  # futures from the first one on whose answers have gone to the cache

    def results(self) -> list[Result | None]:
        try:
            self._hand_out()
        except KeyboardInterrupt:
            self.lines.stop.set()
            self._wait_for(0)  # a second interrupt ends this, too
        found = [_outcome(future) for future in self.futures]
        if self.lines.stop.is_set() and not any(found):
            raise KeyboardInterrupt
        return found + [None] * (len(self.einsums) - len(found))

    def _hand_out(self) -> None:
        for begun, einsum in enumerate(self.einsums):
            self._wait_for(self.run.workers - 1)
            if self._failed():
                return
            with _deaf():
                work = (einsum, self.run.architecture, self.run.share(begun), time.monotonic())
                self.futures.append(self.pool.submit(_search, *work))
        self._wait_for(0)

    def _wait_for(self, running: int) -> None:
        """Wait until no more than so many layers are being searched or one has failed; pass on what is heard."""
        while len(left := [future for future in self.futures if not future.done()]) > running and not self._failed():
            wait(left, TICK, FIRST_COMPLETED)
            self._tell(len(self.futures) - len(left))
            self._keep()

    def _keep(self) -> None:
        """Let the cache keep what is finished, in order."""
        while self.kept < len(self.futures) and self.futures[self.kept].done() and not self._failed():
            self.run.keep(self.futures[self.kept].result())
            self.kept += 1

    def _failed(self) -> bool:
        return any(future.done() and future.exception() for future in self.futures)

    def _tell(self, finished: int) -> None:
        if self.run.on_progress:
            for progress in _heard(self.lines.progress):
                self.run.on_progress(self.run.placed(progress, finished))


def _heard(line: Any) -> Iterator[Progress]:
    while True:
        try:
            yield line.get_nowait()
        except queue.Empty:
            return


def _outcome(future: Future[Result | None]) -> Result | None:
    try:
        return future.result()
    except KeyboardInterrupt:
        return None


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started meanwhile do not hear Ctrl-C; this one hears it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# A worker.


@dataclass
class Worker:
    """The state of this process, if it is a worker."""

    lines: Lines
    tells: bool
    searching: bool = False

    def heed(self) -> None:
        """Do what the parent says; runs in a thread of its own."""
        parent = multiprocessing.parent_process()
        told = False
        while not self.lines.quit.wait(TICK) and parent is not None and parent.is_alive():
            if not told and self.lines.stop.is_set():
                told = True
                interrupt_main()
        os._exit(1)

    def interrupted(self, _signal: int, _frame: Any) -> None:
        if self.searching and self.lines.stop.is_set():
            raise KeyboardInterrupt


_worker: Worker | None = None


def _begin(lines: Lines, tells: bool) -> None:
    global _worker
    _worker = Worker(lines, tells)
    signal.signal(signal.SIGINT, _worker.interrupted)
    threading.Thread(target=_worker.heed, daemon=True).start()


def _search(einsum: Einsum, architecture: Architecture, query: Query, asked: float) -> Result | None:
    """The search of one layer, which was asked for at `asked` on the monotonic clock that all processes share."""
    assert _worker is not None
    _worker.searching = True  # before the look at `stop`: from here on it is heard
    try:
        if _worker.lines.stop.is_set():
            return None
        tell = _worker.lines.progress.put if _worker.tells else None
        return attempt(einsum, architecture, shortened(query, time.monotonic() - asked), tell)
    finally:
        _worker.searching = False
