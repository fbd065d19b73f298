"""`polymap codegen`: the mapping of a result as code that runs it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from polymap.cli.arguments import Parser, add_verb
from polymap.cli.output import check_open, say
from polymap.cli.stored import add_result, file_of
from polymap.errors import IllegalMapping, Mistake, Place, SpecError

if TYPE_CHECKING:
    from polymap.report.subject import Subject

    Verbs = argparse._SubParsersAction[Parser]

EPILOG = """\
examples:
  polymap codegen best --layer conv1 --language c -o conv1.c
  polymap codegen best/result.json --language python
  polymap codegen best --language c --count | cc -std=c99 -Wall -Werror -x c -c - -o gemm.o

c, python: a function with a buffer for each tensor that a memory holds, filled and drained as the model counts it; it
writes the einsum's output. mlir: a transform script that tiles the einsum, without buffers.
With --count the code counts what it moves: the numbers of `polymap evaluate` under the conventions `polymap`.
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "codegen",
        "the mapping of a result as code",
        "Write the loop nest of a result, with its buffers and all that moves between them, as code that runs.",
        EPILOG,
    )
    add_result(parser)
    add = parser.add_argument
    add("--language", type=language, default="c", metavar="L", help="c, python or mlir (default: c)")
    add("--layer", metavar="LAYER", help="which layer of a RESULT of a network")
    add("--count", action="store_true", help="count reads, fills and updates of every tensor at every memory")
    add("-o", "--output", metavar="FILE", help="the file to write; without it, standard output")
    parser.set_defaults(run=run)


def language(text: str) -> str:
    """A language in which code is generated."""
    from polymap.report.code import known

    try:
        return known(text)
    except SpecError as error:
        raise argparse.ArgumentTypeError(f"{error.mistakes[0].message}; {error.mistakes[0].mend}") from None


def run(options: argparse.Namespace) -> int:
    """Generate, then write all of the file or nothing."""
    from polymap.cli.folder import checked_file, write_file

    check_open()
    file = None if options.output is None else checked_file(options.output)
    text = _text(options)
    if file is None:
        say(text.removesuffix("\n"))
    else:
        write_file(file, text)
    return 0


def _text(options: argparse.Namespace) -> str:
    from polymap.cli.explain import read

    file = file_of(options.result)
    return _code(read(file, options.layer), options, file)


def _code(subject: Subject, options: argparse.Namespace, file: str) -> str:
    """The code. Raises `PolymapError`; inputs that were changed by hand may be nonsense."""
    from polymap.mapper.stated import made_of_inputs
    from polymap.report.code import code

    try:
        with made_of_inputs(file, "no code can be made of the inputs and the mapping"):
            return code(subject.einsum, subject.architecture, subject.mapping, options.language, options.count)
    except IllegalMapping as error:
        raise IllegalMapping(_placed(mistake, file) for mistake in error.mistakes) from None


def _placed(mistake: Mistake, file: str) -> Mistake:
    return Mistake(Place(file, path=mistake.place.path), mistake.message, mistake.mend)
