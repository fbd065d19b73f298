"""`polymap components`: energy, delay, area and leakage of what a machine is made of, and who says so."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from polymap.cli.arguments import Parser, add_folder, add_json, add_verb
from polymap.cli.output import check_open, say
from polymap.errors import NOWHERE, Mistake, SpecError

if TYPE_CHECKING:
    from polymap.architecture import Architecture
    from polymap.components.listening import Asked, Listening
    from polymap.components.registry import Registry

    Verbs = argparse._SubParsersAction[Parser]

EPILOG = """\
examples:
  polymap components eyeriss_like
  polymap components my_arch.yaml --explain GLB.read
  polymap components my_arch.yaml --candidates --folder my_parts
  polymap components --list
  polymap components --list sram

A folder holds compounds (*.yaml), tables (*.csv) and Python with models (*.py), which is executed.
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "components",
        "energy, delay, area and leakage of every component, with sources",
        "Print what every action of every component costs, within which interval, and who says so.",
        EPILOG,
    )
    text = "an architecture file, or the name of a shipped one"
    parser.add_argument("architecture", metavar="ARCH", nargs="?", help=text)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--explain", metavar="LEVEL.ACTION", help="the tree of one number; also LEVEL.area, LEVEL.leakage"
    )
    what.add_argument("--candidates", action="store_true", help="every model that could answer, or why it does not")
    what.add_argument(
        "--list", nargs="?", const="", metavar="CLASS", help="all classes of components, or one: models and attributes"
    )
    add_folder(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what is asked for."""
    from polymap.components.plugins import registry

    check_open()
    if (options.list is None) == (options.architecture is None):
        raise SpecError(Mistake(NOWHERE, "either ARCH or --list is needed", "polymap components --help says more"))
    known = registry(*options.folder)
    say(_priced(options, known) if options.list is None else _listed(known, options.list, options.json))
    return 0


def _listed(known: Registry, prices: str, as_json: bool) -> str:
    from polymap.report.candidates import classes_data, classes_text

    classes = [prices] if prices else known.classes
    if prices:
        known.known(prices)
    return json.dumps(classes_data(known, classes), indent=2) if as_json else classes_text(known, classes)


def _priced(options: argparse.Namespace, known: Registry) -> str:
    from polymap.architecture import architecture
    from polymap.components.listening import Listening

    listening = Listening(known)
    try:
        machine = architecture(options.architecture, listening)
    except SpecError:
        if options.candidates and not options.json:
            _say_candidates(listening)  # what could answer is most wanted where nothing does
        raise
    return _told(options, machine, listening.asked())


def _say_candidates(listening: Listening) -> None:
    from polymap.report.candidates import candidates_text

    if asked := listening.asked():
        say(candidates_text(asked))


def _told(options: argparse.Namespace, machine: Architecture, asked: tuple[Asked, ...]) -> str:
    from polymap.report.components import amounts, components_text, explained

    levels = amounts(machine, asked)
    if options.explain and not options.json:
        return explained(levels, options.explain)
    if options.json:
        from polymap.report.components_data import components_data

        return json.dumps(components_data(machine, levels), indent=2)
    if options.candidates:
        from polymap.report.candidates import candidates_text

        return candidates_text(asked)
    return components_text(machine, levels)
