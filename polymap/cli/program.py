"""The program: reads the arguments, runs a verb, and turns whatever happens into an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from polymap.cli import codegen, components, convert, evaluate, explain, layers, optimize, pareto, report, serve, verify
from polymap.cli.arguments import Parser
from polymap.cli.failure import BAD_INPUT, INTERNAL, PIPE_CLOSED, UNSOLVED, Failure, defect, interruption, refusal
from polymap.cli.output import HalfSaid, Unwritable, reserved, silence, survive_narrow_encodings, warn
from polymap.errors import PolymapError
from polymap.version import __version__

DESCRIPTION = "Provably optimal mappings of tensor computations on accelerators, and what they cost."
CUT_SHORT = "interrupted while the answer was written: standard output holds a part of it\n    mend: run again"
REOPEN = "give it a file or a terminal that can be written to"
EPILOG = """\
examples:
  polymap optimize eyeriss_like resnet18/conv1 --objective edp
  polymap optimize eyeriss_like resnet18 --objective edp -o best
  polymap evaluate my_arch.yaml my_layer.yaml my_mapping.txt --json

exit codes:
  0  done: what was asked for is proven        4  stopped (limit, Ctrl-C), with a mapping
  1  bad input                                 5  stopped, without one
  2  internal error
  3  no legal mapping exists
"""


def parser() -> Parser:
    """The whole command line; only verbs that work are in it."""
    program = Parser(
        prog="polymap",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    program.add_argument("--version", action="version", version=f"polymap {__version__}")
    verbs = program.add_subparsers(metavar="VERB", dest="verb", required=True)
    optimize.add_to(verbs)
    pareto.add_to(verbs)
    evaluate.add_to(verbs)
    layers.add_to(verbs)
    components.add_to(verbs)
    convert.add_to(verbs)
    verify.add_to(verbs)
    explain.add_to(verbs)
    report.add_to(verbs)
    serve.add_to(verbs)
    codegen.add_to(verbs)
    return program


def run(argv: Sequence[str] | None) -> int:
    """Run one command. Failures are told on standard error and, with `--json`, as a document on standard output."""
    arguments = _arguments(argv)
    return _told(lambda: _attempt(arguments))


def tell_interruption(argv: Sequence[str] | None) -> int:
    """What `run` does with an interrupt, for one that came before `run` was there."""
    arguments = _arguments(argv)
    return _told(lambda: _ended(interruption(), arguments))


def _arguments(argv: Sequence[str] | None) -> list[str]:
    return list(sys.argv[1:] if argv is None else argv)


def _told(command: Callable[[], int]) -> int:
    """The exit code of a command, or of its failure to say something."""
    survive_narrow_encodings()
    try:
        return command()
    except BrokenPipeError:  # the reader has gone, e.g. `head`; nobody is left to tell
        silence()
        return PIPE_CLOSED
    except Unwritable as error:
        warn(f"error: cannot write to standard output: {error}\n    mend: {REOPEN}")
        silence()
        return INTERNAL
    except HalfSaid:
        warn(f"stopped: {CUT_SHORT}")
        silence()
        return UNSOLVED
    except KeyboardInterrupt:
        return UNSOLVED


def _attempt(arguments: list[str]) -> int:
    return _ended(_outcome(arguments), arguments)


def _ended(outcome: int | Failure, arguments: list[str]) -> int:
    if isinstance(outcome, Failure):
        outcome.tell(as_json="--json" in arguments)
        return outcome.exit_code
    return outcome


def _outcome(arguments: list[str]) -> int | Failure:
    try:
        options, left = parser().parse_known_args(arguments)
        if left:
            options.parser.unknown(left)
        with reserved():
            code: int = options.run(options)
        return code
    except SystemExit as stop:  # --help and --version have printed what was asked for
        return BAD_INPUT if stop.code else 0
    except (BrokenPipeError, HalfSaid, Unwritable):
        raise
    except PolymapError as error:
        return refusal(error)
    except KeyboardInterrupt:
        return interruption()
    except Exception as error:
        return interruption() if _of_interrupt(error) else defect(error)


def _of_interrupt(error: BaseException | None) -> bool:
    """Whether an interrupt lies behind an error: libraries make it an error of their own while they are loaded."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None
