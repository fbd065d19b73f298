"""`polymap pareto`: what less energy costs in time, or in the size of a memory."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from polymap.cli.arguments import (
    Parser,
    add_constraints,
    add_conventions,
    add_json,
    add_limits,
    add_space,
    add_subject,
    add_verb,
    tolerance,
)
from polymap.cli.failure import STOPPED
from polymap.cli.output import check_open, say, warn

if TYPE_CHECKING:
    from polymap.mapper.result import Result

    Verbs = argparse._SubParsersAction[Parser]

EPILOG = """\
examples:
  polymap pareto teaching gemm_64
  polymap pareto teaching gemm_64 --axes energy,size:buffer --tolerance 0.1
  polymap pareto eyeriss_like resnet18/conv1 --subject-to 'latency <= 10 ms' --json
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "pareto",
        "all mappings that no other beats in both energy and latency, or energy and the size of a memory",
        "Find all mappings of an einsum that no other is as good as in both of two axes.",
        EPILOG,
    )
    add_subject(parser)
    add = parser.add_argument
    add(
        "--axes",
        default="energy,latency",
        metavar="A,B",
        help="energy,latency or energy,size:MEMORY: bits that tiles take in each instance (default: energy,latency)",
    )
    add(
        "--tolerance",
        type=tolerance,
        default=0.0,
        metavar="T",
        help="leave points out for which another has no more energy and at most 1 + T times the rest (default: 0)",
    )
    add_space(parser)
    add_constraints(parser)
    add_limits(parser)
    add_conventions(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Search and print; 0 if the front is complete."""
    from polymap import verbs
    from polymap.cli.inputs import problem
    from polymap.report.front import front_text

    check_open()
    arch, work, rules = problem(options)
    front = verbs.pareto(
        work,
        arch,
        axes=options.axes,
        tolerance=options.tolerance,
        conventions=options.conventions,
        mapspace=options.mapspace,
        factors=options.factors,
        subject_to=options.subject_to,
        constraints=rules,
        time_limit=options.time_limit,
        seed=options.seed,
        on_point=progress if sys.stderr and sys.stderr.isatty() else None,
    )
    say(front.to_json() if options.json else front_text(front))
    return 0 if front.complete else STOPPED


def progress(point: Result) -> None:
    """One line on the terminal for each point."""
    from polymap.model.cost import told

    warn(f"{point.cost.energy_pj:.6g} pJ in {told(point.cost.cycles)} cycles")
