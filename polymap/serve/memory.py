"""Answers that a server remembers: those that the same question always has, where nothing but the question counts."""

from __future__ import annotations

import json
from collections import OrderedDict

from polymap.serve.protocol import Request

MOST_BYTES = 64 * 2**20
LIMITS = ("time_limit", "deadline_ms")  # an answer that no limit cut short is the answer under any limit
MACHINES = "architectures"
FILES = {"architecture": MACHINES, "workload": "workloads", "constraints": "constraints", "mapping": "mappings"}


class Memory:
    """The latest answers by question, up to `MOST_BYTES` of them. One thread at a time."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0

    def find(self, request: Request) -> str | None:
        """The result of an equal question, as JSON text."""
        key = question(request)
        if key is None or key not in self._answers:
            return None
        self._answers.move_to_end(key)
        return self._answers[key]

    def keep(self, request: Request, result: str) -> None:
        """Remember a result under its question."""
        key = question(request)
        if key is None or len(result) > MOST_BYTES // 8:
            return
        self._bytes += len(result) - len(self._answers.pop(key, ""))
        self._answers[key] = result
        while self._bytes > MOST_BYTES:
            self._bytes -= len(self._answers.popitem(last=False)[1])


def question(request: Request) -> str | None:
    """What an answer depends on; None if that is more than the request, because it names files that may change."""
    if not all(_says_all(kind, request.params.get(name)) for name, kind in FILES.items()):
        return None
    asked = {name: value for name, value in request.params.items() if name not in LIMITS}
    return json.dumps([request.method, asked], sort_keys=True)


def _says_all(kind: str, value: object) -> bool:
    """Whether a parameter is its own content, or the name of what ships; a machine may name a folder of components."""
    if isinstance(value, list):
        return all(_says_all(kind, one) for one in value)
    if not isinstance(value, str) or "\n" in value:
        return not (kind == MACHINES and isinstance(value, str | dict) and "components" in value)
    from polymap.spec import shipped

    return value.split("/")[0] in shipped(kind)
