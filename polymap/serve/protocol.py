"""Lines of JSON-RPC 2.0: what a request is, and what its answer looks like. See https://www.jsonrpc.org/specification."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isinf
from typing import NoReturn, TypeAlias

from polymap.errors import PolymapError
from polymap.quantity import shown

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603
# Errors of polymap: its exit code for bad input, infeasible, stopped without a mapping (see the command line).
REFUSED = {1: -32001, 3: -32003, 5: -32005}
WORKER_DIED = -32010
KEYS = ("jsonrpc", "id", "method", "params")
MOST_DEEP = 128  # levels of params: twice what the readers of inputs take, and far from where Python's recursion ends

Id: TypeAlias = "str | int | float | None"


@dataclass(frozen=True)
class Request:
    """One call: `id` comes back in the answer."""

    id: Id
    method: str
    params: Mapping[str, object]


class BadRequest(Exception):
    """A line that is no request, or asks for what there is not; `id` is None if it could not be read."""

    def __init__(self, code: int, message: str, mend: str = "", id: Id = None) -> None:
        super().__init__(message)
        self.code, self.message, self.mend, self.id = code, message, mend, id

    @property
    def answer(self) -> str:
        data = {"errors": [{"message": self.message, "mend": self.mend}]} if self.mend else None
        return failed(self.id, self.code, self.message, data)


def request(line: bytes) -> Request:
    """The request of a line. Raises BadRequest."""
    try:
        found = json.loads(line, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError, too
        raise BadRequest(PARSE_ERROR, f"this line is no JSON: {error}", "send one JSON object per line") from None
    if not isinstance(found, dict):
        message = "a request is an object, and batches are not taken" if isinstance(found, list) else "no object"
        raise BadRequest(INVALID_REQUEST, message, 'send {"jsonrpc": "2.0", "id": 1, "method": ..., "params": {...}}')
    return _request(found)


def _no_constant(name: str) -> NoReturn:
    """`NaN` and `Infinity`: Python reads them, JSON does not have them."""
    raise ValueError(f"{name} is no number")


def _finite(digits: str) -> float:
    """A number that could be written again."""
    found = float(digits)
    if isinf(found):
        raise ValueError(f"{shown(digits)} is more than a number can hold")
    return found


def _is_deeper(value: object, most: int) -> bool:
    """Whether objects and lists nest deeper; without recursion."""
    level = [value]
    for _ in range(most + 1):
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inside(one)]
    return bool(level)


def _inside(value: dict[str, object] | list[object]) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value


def _request(found: dict[str, object]) -> Request:
    id, method, params = found.get("id"), found.get("method"), found.get("params", {})
    if isinstance(id, bool) or not isinstance(id, str | int | float):
        raise BadRequest(
            INVALID_REQUEST, "`id` is missing, or neither text nor a number", "every request gets an answer"
        )
    if found.get("jsonrpc") != "2.0":
        raise BadRequest(INVALID_REQUEST, "`jsonrpc` is not `2.0`", 'add "jsonrpc": "2.0"', id)
    if unknown := [key for key in found if key not in KEYS]:
        raise BadRequest(INVALID_REQUEST, f"{shown(unknown[0])} is no key of a request", f"use {', '.join(KEYS)}", id)
    if not isinstance(method, str):
        raise BadRequest(INVALID_REQUEST, "`method` is missing, or no text", "name a method", id)
    if not isinstance(params, dict):
        raise BadRequest(INVALID_PARAMS, "`params` is no object", "give parameters by name", id)
    if _is_deeper(params, MOST_DEEP):
        raise BadRequest(INVALID_PARAMS, f"`params` is nested more than {MOST_DEEP} deep", "give flatter data", id)
    return Request(id, method, params)


def answered(id: Id, result: str) -> str:
    """The answer to a request, on one line; `result` is JSON text."""
    return f'{{"jsonrpc": "2.0", "id": {json.dumps(id)}, "result": {result}}}'


def failed(id: Id, code: int, message: str, data: object = None) -> str:
    """The answer to a request that failed, on one line."""
    error = {"code": code, "message": message, **({"data": data} if data else {})}
    return json.dumps({"jsonrpc": "2.0", "id": id, "error": error})


def refused(id: Id, error: PolymapError) -> str:
    """The answer where polymap refuses: all mistakes, each with its place and how to mend it."""
    errors = [
        {"path": mistake.place.path, "line": mistake.place.line, "message": mistake.message, "mend": mistake.mend}
        for mistake in error.mistakes
    ]
    message = error.mistakes[0].message if error.mistakes else str(error)
    return failed(id, REFUSED.get(error.exit_code, INTERNAL_ERROR), message, {"errors": errors})
