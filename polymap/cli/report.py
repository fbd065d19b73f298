"""`polymap report`: a result as one HTML file; several side by side."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from polymap.cli.arguments import Parser, add_verb
from polymap.cli.output import say
from polymap.cli.stored import document, file_of
from polymap.errors import NOWHERE, Mistake, SpecError

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[Parser]

EPILOG = """\
examples:
  polymap report best -o report.html
  polymap report front.json -o front.html
  polymap report mine.json best/result.json -o compared.html
  polymap report best --trace -o trace.json

RESULT is what `polymap optimize -o DIR`, `polymap evaluate --json` or `polymap pareto --json` wrote. The file needs no
network, works with a keyboard and on paper. Several results of single layers are put side by side,
their differences marked.
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "report", "a result as one HTML file", "Write a report that opens in any browser.", EPILOG)
    parser.add_argument("results", metavar="RESULT", nargs="+", help="a result document, or a folder of `optimize -o`")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the file to write")
    parser.add_argument("--trace", action="store_true", help="the schedule as a trace for Perfetto, in place of HTML")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the file; 0 if it is written."""
    from polymap.cli.folder import checked_file, write_file

    target = checked_file(options.output)
    files = [file_of(result) for result in options.results]
    documents = [(document(file), file) for file in files]
    write_file(target, _trace(documents) if options.trace else _page(documents))
    say(options.output)
    return 0


def _page(documents: list[tuple[Any, str]]) -> str:
    from polymap.report.html.page import page

    return page(documents)


def _trace(documents: list[tuple[Any, str]]) -> str:
    from polymap.report.trace import trace

    if len(documents) > 1:
        raise SpecError(Mistake(NOWHERE, f"a trace is of one result, and {len(documents)} are given", "give one"))
    return json.dumps(trace(*documents[0]))
