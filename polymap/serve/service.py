"""The loop of the server: lines come in, answers go out, as many at work as there are workers."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from polymap.serve.memory import Memory
from polymap.serve.protocol import INVALID_REQUEST, BadRequest, Request, answered, request
from polymap.serve.worker import Told, Worker

LONGEST_LINE = 16 * 2**20


@dataclass(frozen=True)
class Job:
    """A request and when it came, on the monotonic clock."""

    request: Request
    came: float


class Service:
    """One client: its requests are answered in the order in which they are done; `id` tells which is which."""

    def __init__(self, lines: BinaryIO, out: BinaryIO, workers: int, cache: str | None = None) -> None:
        self.lines, self.out, self.cache = lines, out, cache
        self.jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self.memory, self.lock, self.gone = Memory(), threading.Lock(), threading.Event()
        self.lost: OSError | None = None
        self.threads = [threading.Thread(target=self._attend, daemon=True) for _ in range(workers)]

    def run(self) -> None:
        """Serve until the client ends its lines, and then until all requests are answered; or until it is gone.

        A client that no longer reads ends the service: nobody is left to tell. Raises `KeyboardInterrupt` on Ctrl-C,
        `OSError` if answers cannot be written, e.g. to a full disk; the processes of workers end with this one.
        """
        self._serve()
        if self.lost:
            raise self.lost

    def _serve(self) -> None:
        for thread in self.threads:
            thread.start()
        for line in bounded(self.lines):
            if self.gone.is_set():
                return
            self._take(line)
        for _ in self.threads:
            self.jobs.put(None)
        for thread in self.threads:
            thread.join()

    def _take(self, line: bytes) -> None:
        from polymap.serve.methods import check

        try:
            if len(line) > LONGEST_LINE:
                message = f"the line is longer than {LONGEST_LINE // 2**20} MiB"
                raise BadRequest(INVALID_REQUEST, message, "give large inputs as files, by their paths")
            if not line.strip():
                return
            asked = request(line)
            check(asked)
        except BadRequest as wrong:
            self._say(wrong.answer)
            return
        with self.lock:
            known = self.memory.find(asked)
        if known is None:
            self.jobs.put(Job(asked, time.monotonic()))
        else:
            self._say(answered(asked.id, known))

    def _attend(self) -> None:
        """What a thread does: hand requests to its worker."""
        worker = Worker(self.cache)
        while (job := self.jobs.get()) is not None and not self.gone.is_set():
            told = worker.ask(job.request, time.monotonic() - job.came)
            self._remember(job.request, told)
            self._say(told.answer)
        worker.end()

    def _remember(self, asked: Request, told: Told) -> None:
        if told.lasting:
            with self.lock:
                self.memory.keep(asked, told.lasting)

    def _say(self, answer: str) -> None:
        with self.lock:
            try:
                self.out.write(answer.encode() + b"\n")
                self.out.flush()
            except (BrokenPipeError, ValueError):  # it is closed
                self.gone.set()
            except OSError as error:
                self.lost = error
                self.gone.set()


def bounded(lines: BinaryIO) -> Iterator[bytes]:
    """Lines of a stream; of one longer than `LONGEST_LINE` its beginning, one byte too long."""
    while line := lines.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            _skip_line(lines)
        yield line


def _skip_line(lines: BinaryIO) -> None:
    while (rest := lines.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass
