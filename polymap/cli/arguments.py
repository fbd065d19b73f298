"""How the command line's arguments are read: mistakes in them are bad input, like mistakes in files."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from typing import NoReturn

from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.quantity import choose, shown

CONVENTIONS = ("polymap", "timeloop", "accelforge")
MAPSPACES = ("uneven", "even")
FACTORS = ("perfect", "imperfect")

# How argparse words its errors, in every Python.
INVALID_CHOICE = re.compile(r"invalid choice: '([^']*)' \(choose from (.*)\)")
OF_A_VALUE = re.compile(r"argument \S+: (?!expected)")
WORD = re.compile(r"[\w-]+")
OPTION = re.compile(r"-[\w-]+")


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are `SpecError`s, so that they leave with the exit code of bad input."""

    def error(self, message: str) -> NoReturn:
        mend = self.help
        if wrong := INVALID_CHOICE.search(message):
            mend = choose(wrong[1], WORD.findall(wrong[2]), mend)
        elif not OF_A_VALUE.match(message):
            mend = f"{self.format_usage().strip()}\n    {mend}"
        raise SpecError(Mistake(NOWHERE, message, mend))

    @property
    def help(self) -> str:
        """Where all arguments are told."""
        return f"{self.prog} --help says more"

    def unknown(self, words: Sequence[str]) -> NoReturn:
        """The error for words that are left over: options that there are not, or more arguments than are taken."""
        known = OPTION.findall(self.format_usage())
        wrong = [word.partition("=")[0] for word in words if word.startswith("-")]
        found = [
            Mistake(NOWHERE, f"there is no option {shown(word)}", choose(word, known, self.help)) for word in wrong
        ]
        raise SpecError(found or Mistake(NOWHERE, f"too many arguments: {' '.join(map(shown, words))}", self.help))


def add_verb(verbs: argparse._SubParsersAction[Parser], name: str, help: str, description: str, epilog: str) -> Parser:
    """A verb's parser; its epilog is printed as it is written."""
    parser = verbs.add_parser(
        name,
        help=help,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(parser=parser)
    return parser


def add_subject(parser: argparse.ArgumentParser) -> None:
    """What every verb works on."""
    parser.add_argument("architecture", metavar="ARCH", help="an architecture file, or the name of a shipped one")
    parser.add_argument(
        "workload",
        metavar="WORKLOAD",
        help="a workload or network file (.onnx, .mlir, .pt2), a shipped name, or einsum text; NAME/LAYER is one layer",
    )
    add_folder(parser)
    add_set(parser)


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Components of one's own, beside those that ship and those that the architecture names."""
    parser.add_argument(
        "--folder",
        metavar="DIR",
        action="append",
        default=[],
        help="a folder with components of one's own: compounds, tables, Python (which is executed); may be repeated",
    )


def add_set(parser: argparse.ArgumentParser) -> None:
    """Sizes that a network leaves open."""
    parser.add_argument(
        "--set",
        dest="sizes",
        type=size,
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=SIZE",
        help="sizes that the network leaves open, e.g. batch=8, and those of the ranks of einsum text",
    )


def add_objective(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--objective",
        type=objective,
        default="energy",
        metavar="O",
        help="what is made least: energy, latency, edp, ed2p, a product such as energy^2*latency, or (alone)"
        " traffic:MEMORY, the bits that a memory reads, is filled with and updates (default: energy)",
    )


def add_conventions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--conventions",
        metavar="NAME[,FIELD=VALUE...]",
        default="polymap",
        help=f"how counts turn into actions: {', '.join(CONVENTIONS)}, and fields that differ (default: polymap)",
    )


def add_space(parser: argparse.ArgumentParser) -> None:
    """Which mappings are searched."""
    parser.add_argument(
        "--subject-to",
        nargs="+",
        default=[],
        metavar="'X <= Y'",
        help="what a mapping must keep to: 'latency <= 2 ms', 'energy <= 3 uJ', 'cycles <= 1e6', 'utilization >= 0.8',"
        " 'size:MEMORY <= 64 KiB', 'traffic:MEMORY <= 2 MiB'",
    )
    parser.add_argument(
        "--mapspace",
        choices=MAPSPACES,
        help="uneven: storage nodes stand anywhere; even: one node per memory, in hierarchy order, spatial loops"
        " innermost in a gap (default: uneven, under timeloop even)",
    )
    parser.add_argument(
        "--factors",
        choices=FACTORS,
        default=FACTORS[0],
        help="perfect: trips divide their rank; imperfect: they cover it, the last iteration being short"
        " (default: perfect)",
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """How long is searched, and with which seed."""
    add = parser.add_argument
    add("--time-limit", type=seconds, metavar="S", help="seconds after which the best mapping so far is given")
    add("--seed", type=seed, default=0, metavar="N", help="seed of the solver (default: 0)")


def add_constraints(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--constraints",
        metavar="FILE",
        action="append",
        help="statements that a mapping must meet: a constraint file, or the name of a shipped one; may be repeated",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="write one JSON document on standard output, nothing else")


def objective(text: str) -> str:
    """The name of an objective, or a product of powers."""
    from polymap.mapper.objective import objective as known

    try:
        return known(text).name
    except SpecError as error:
        raise argparse.ArgumentTypeError(f"{error.mistakes[0].message}; {error.mistakes[0].mend}") from None


def gap(text: str) -> float:
    """A relative gap, at least 0 and below 1."""
    number = _number(text)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a gap: it is at least 0 and below 1, e.g. 0.01 for 1 %")
    return number


def tolerance(text: str) -> float:
    """A relative tolerance: finite and at least 0."""
    number = _number(text)
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a tolerance: it is at least 0, e.g. 0.1 for 10 %")
    return number


def seconds(text: str) -> float:
    """A time limit: finite and above 0."""
    number = _number(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a time limit: it is a number of seconds above 0")
    return number


def seed(text: str) -> int:
    """A seed of the solver, which takes 31 bits."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) < 2**31):
        raise argparse.ArgumentTypeError(f"'{text}' is not a seed: it is an integer, at least 0 and below 2^31")
    return int(text)


def size(text: str) -> tuple[str, int]:
    """A name and the size that it is set to."""
    name, _, number = text.rpartition("=")
    if not (name.strip() and number.isascii() and number.isdecimal() and len(number) <= 10):
        raise argparse.ArgumentTypeError(f"'{text}' sets no size: write NAME=SIZE, e.g. batch=8")
    return name.strip(), int(number)


def workers(text: str) -> int:
    """A number of processes."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and int(text) > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of workers: it is an integer from 1 to 9999")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None


def add_cache(parser: argparse.ArgumentParser) -> None:
    """--cache: where answers are kept."""
    text = "where answers are kept (default: POLYMAP_CACHE, or the platform's folder)"
    parser.add_argument("--cache", metavar="DIR|off", help=text)
