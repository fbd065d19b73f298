"""`polymap evaluate`: what a given mapping costs."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from polymap.cli.arguments import Parser, add_conventions, add_json, add_subject
from polymap.cli.output import say
from polymap.errors import IllegalMapping, Mistake

if TYPE_CHECKING:
    from polymap.mapper.result import Result

    Verbs = argparse._SubParsersAction[Parser]

EPILOG = """\
examples:
  polymap evaluate eyeriss_like resnet18/conv1 best/conv1.map
  polymap evaluate my_arch.yaml my_layer.yaml my_mapping.yaml --conventions timeloop --json

A mapping is illegal if it breaks a rule of the machine or the workload; every broken rule is told (exit code 1).
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "evaluate",
        help="what a given mapping costs",
        description="Check a mapping of one einsum against the rules and price it: counts, energy, cycles.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_subject(parser)
    parser.add_argument("mapping", metavar="MAPPING", help="a mapping file, as text or YAML")
    add_conventions(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the priced mapping; 0 if it is legal."""
    from polymap.report import text

    result = priced(options.architecture, options.workload, options.mapping, options.conventions)
    say(result.to_json() if options.json else text(result))
    return 0


def priced(architecture_source: str, workload_source: str, mapping_source: str, preset: str) -> Result:
    """The mapping with its cost. Raises `SpecError` with the mistakes of all inputs, or `IllegalMapping`."""
    from polymap.architecture import architecture
    from polymap.cli.inputs import both
    from polymap.mapper.result import Result
    from polymap.mapping import mapping
    from polymap.mapping.kept import check_kept
    from polymap.model.conventions import conventions
    from polymap.model.evaluate import evaluate
    from polymap.verbs import integer_sets, single

    (arch, work), nest = both(
        lambda: both(lambda: architecture(architecture_source), lambda: single(workload_source)),
        lambda: mapping(mapping_source),
    )
    check_kept(arch, [work])
    chosen = conventions(preset)
    try:
        cost = evaluate(work, arch, nest, chosen, sets=integer_sets)
    except IllegalMapping as error:
        raise IllegalMapping(_in_file(mistake, mapping_source) for mistake in error.mistakes) from None
    return Result("evaluated", None, None, None, nest, cost, work, arch, chosen)


def _in_file(mistake: Mistake, file: str) -> Mistake:
    """The rules know the mapping's nodes but not its file."""
    return replace(mistake, place=replace(mistake.place, file=mistake.place.file or file))
