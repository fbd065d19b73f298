"""`polymap serve`: a server for compilers on standard input and output."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from polymap.cli.arguments import Parser, add_cache, add_verb, workers
from polymap.cli.output import Unwritable, check_open, standard
from polymap.errors import NOWHERE, Mistake, SpecError

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[Parser]

EPILOG = """\
examples:
  polymap serve --stdio --workers 4
  echo '{"jsonrpc": "2.0", "id": 1, "method": "optimize", "params": {"architecture": "eyeriss_like",
         "einsum": {"text": "C[m,n] += A[m,k] * B[k,n]", "ranks": {"m": 64, "n": 64, "k": 64}},
         "deadline_ms": 300, "answer": "plan"}}' | tr -d '\\n' | polymap serve --stdio

One JSON-RPC 2.0 request per line, one answer per line, in the order in which they are done: match them by `id`.
Methods: optimize, evaluate, verify, layers; see docs/guides/compilers.md. The server ends when its input does and all
requests are answered.
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "serve",
        "answer a compiler's requests, line by line",
        "Answer JSON-RPC 2.0 requests on standard input, one per line, on standard output.",
        EPILOG,
    )
    parser.add_argument("--stdio", action="store_true", required=True, help="standard input and output (required)")
    cpus = os.cpu_count() or 1
    parser.add_argument("--workers", type=workers, default=cpus, metavar="N", help="requests at a time (default: CPUs)")
    add_cache(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve; 0 when the input has ended."""
    from polymap.explore.cache import folder
    from polymap.serve.service import Service

    check_open()
    if sys.stdin is None:
        raise SpecError(Mistake(NOWHERE, "standard input is closed: there are no requests", "give it a pipe or a file"))
    cache = folder(options.cache)
    try:
        service = Service(sys.stdin.buffer, standard().buffer, options.workers, str(cache) if cache else None)
        service.run()
    except OSError as error:
        raise Unwritable(error.strerror) from error
    if service.gone.is_set():  # what was not read would be flushed once more, and fail with an exit code of its own
        os._exit(0)
    return 0
