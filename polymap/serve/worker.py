"""A worker of the server: a process that answers one request after another, and is replaced if it dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from polymap.serve.protocol import INTERNAL_ERROR, WORKER_DIED, Request, answered, failed

TICK = 0.5  # seconds between two looks whether the server is still there


@dataclass(frozen=True)
class Told:
    """An answer as JSON text, and what of it is the `result`, if the same question always has it."""

    answer: str
    lasting: str = ""


class Worker:
    """A process at the other end of a pipe. `ask` is for one thread at a time."""

    def __init__(self, cache: str | None) -> None:
        self.cache = cache
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, self.cache), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, request: Request, waited: float) -> Told:
        """The answer to a request that has waited so many seconds; an error if the process dies on the way."""
        try:
            self.pipe.send((request, waited))
            told: Told = self.pipe.recv()
            return told
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode
            self._start()
            return Told(failed(request.id, WORKER_DIED, f"the process that worked on this died (exit code {code})"))

    def end(self) -> None:
        self.process.terminate()


def _work(pipe: Connection, cache: str | None) -> None:
    """The process: answers what comes until the server is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            request, waited = pipe.recv()
            pipe.send(_told(request, waited, cache))


def _watch() -> None:
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        time.sleep(TICK)
    os._exit(1)


def _told(request: Request, waited: float, cache: str | None) -> Told:
    from polymap.errors import PolymapError
    from polymap.serve.methods import METHODS, Call, text
    from polymap.serve.protocol import BadRequest, refused

    try:
        found = METHODS[request.method].call(Call(_params(request.params, waited), cache))
        result = text(found.data)
        return Told(answered(request.id, result), result if found.lasting else "")
    except BadRequest as wrong:
        wrong.id = request.id
        return Told(wrong.answer)
    except PolymapError as error:
        return Told(refused(request.id, error))
    except Exception as error:
        return Told(failed(request.id, INTERNAL_ERROR, f"{type(error).__name__}: {' '.join(str(error).split())}"))


def _params(params: Mapping[str, object], waited: float) -> Mapping[str, object]:
    """A deadline counts from when the request came."""
    left = params.get("deadline_ms")
    if isinstance(left, bool) or not isinstance(left, int | float):
        return params
    return {**params, "deadline_ms": max(1.0, left - 1000 * waited) if left > 0 else left}
