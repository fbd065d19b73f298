"""`polymap evaluate`: what a given mapping costs."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from polymap.cli.arguments import Parser, add_constraints, add_conventions, add_json, add_subject, add_verb
from polymap.cli.output import say, standard
from polymap.errors import IllegalMapping, Mistake

if TYPE_CHECKING:
    from polymap.mapper.result import Result

    Verbs = argparse._SubParsersAction[Parser]

EPILOG = """\
examples:
  polymap evaluate eyeriss_like resnet18/conv1 best/conv1.map
  polymap evaluate my_arch.yaml my_layer.yaml my_mapping.yaml --conventions timeloop --json
  polymap evaluate my_arch.yaml my_layer.yaml my_mapping.yaml --constraints my_rules.yaml

A mapping is illegal if it breaks a rule of the machine or the workload, or a statement of --constraints; every broken
rule and statement is told (exit code 1).
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "evaluate",
        "what a given mapping costs",
        "Check a mapping of one einsum against the rules and price it: counts, energy, cycles.",
        EPILOG,
    )
    add_subject(parser)
    parser.add_argument("mapping", metavar="MAPPING", help="a mapping file, as text or YAML")
    add_constraints(parser)
    add_conventions(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the priced mapping; 0 if it is legal."""
    from polymap.report import text
    from polymap.report.paint import wanted

    result = priced(options)
    say(result.to_json() if options.json else text(result, wanted(standard())))
    return 0


def priced(options: argparse.Namespace) -> Result:
    """The mapping with its cost. Raises `SpecError` with the mistakes of all inputs, or `IllegalMapping`."""
    from polymap.cli.inputs import both, machine, statements, workload
    from polymap.mapper.result import Result
    from polymap.mapping import mapping
    from polymap.mapping.kept import check_kept
    from polymap.model.conventions import conventions
    from polymap.verbs import legal_cost, single, statements_broken

    (arch, work), (nest, rules) = both(
        lambda: both(
            lambda: machine(options.architecture, options.folder),
            lambda: single(workload(options.workload, options.sizes)),
        ),
        lambda: both(lambda: mapping(options.mapping), lambda: statements(options.constraints)),
    )
    check_kept(arch, [work])
    broken = statements_broken(rules, work, arch, nest, options.mapping) if rules else []
    chosen = conventions(options.conventions)
    try:
        cost = legal_cost(work, arch, nest, chosen, broken)
    except IllegalMapping as error:
        raise IllegalMapping(_in_file(mistake, options.mapping) for mistake in error.mistakes) from None
    return Result("evaluated", None, None, None, nest, cost, work, arch, chosen)


def _in_file(mistake: Mistake, file: str) -> Mistake:
    """The rules know the mapping's nodes but not its file."""
    return replace(mistake, place=replace(mistake.place, file=mistake.place.file or file))
