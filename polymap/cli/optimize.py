"""`polymap optimize`: the best mapping, and the proof that it is."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from polymap.cli.arguments import (
    Parser,
    add_cache,
    add_constraints,
    add_conventions,
    add_json,
    add_limits,
    add_objective,
    add_space,
    add_subject,
    add_verb,
    gap,
    workers,
)
from polymap.cli.failure import STOPPED
from polymap.cli.output import check_open, say, standard, warn
from polymap.cli.progress import shown

if TYPE_CHECKING:
    from polymap.explore.cache import Cache
    from polymap.mapper.result import NetworkResult, Result

    Verbs = argparse._SubParsersAction[Parser]

EPILOG = """\
examples:
  polymap optimize eyeriss_like resnet18/conv1
  polymap optimize eyeriss_like resnet18 --objective edp -o best
  polymap optimize my_arch.yaml my_layer.yaml --gap 0.01 --time-limit 60 --json
  polymap optimize eyeriss_like resnet18/layer1.x.conv --constraints row_stationary

With -o, DIR receives one mapping per layer and result.json; `polymap evaluate ARCH WORKLOAD/LAYER DIR/LAYER.map`
prices a mapping again, to the same numbers.
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "optimize",
        "the best mapping of a workload on an architecture",
        "Find the best mapping of an einsum, or of every layer of a network, with a proof.",
        EPILOG,
    )
    add_subject(parser)
    _add_objective(parser)
    add_space(parser)
    add_constraints(parser)
    add_limits(parser)
    add_conventions(parser)
    add_json(parser)
    parser.add_argument("-o", "--output", metavar="DIR", help="a folder for the mappings and result.json")
    parser.set_defaults(run=run)


def _add_objective(parser: argparse.ArgumentParser) -> None:
    add_objective(parser)
    add = parser.add_argument
    add(
        "--workers", type=workers, default=1, metavar="N", help="processes that search layers of a network (default: 1)"
    )
    add_cache(parser)
    add("--gap", type=gap, default=0.0, metavar="G", help="relative gap at which the search may stop (default: 0)")


def run(options: argparse.Namespace) -> int:
    """Search, write the files, print; 0 if the gap asked for was proven."""
    from polymap.cli.folder import Folder
    from polymap.report import text
    from polymap.report.paint import wanted

    check_open()
    folder = Folder.checked(options.output) if options.output is not None else None
    result = search(options)
    if folder:
        folder.write(result, options.architecture, options.workload)
    say(result.to_json() if options.json else text(result, wanted(standard())))
    return 0 if proven(result, options.gap) else STOPPED


def search(options: argparse.Namespace) -> Result | NetworkResult:
    """The best mapping or mappings. Raises `SpecError`, `Infeasible` or `Unsolved`."""
    from polymap import verbs
    from polymap.cli.inputs import problem

    arch, work, rules = problem(options)
    with shown() as on_progress:
        return verbs.optimize(
            work,
            arch,
            objective=options.objective,
            conventions=options.conventions,
            mapspace=options.mapspace,
            factors=options.factors,
            subject_to=options.subject_to,
            constraints=rules,
            gap=options.gap,
            time_limit=options.time_limit,
            seed=options.seed,
            workers=options.workers,
            cache=cache(options.cache),
            on_progress=on_progress,
        )


def cache(choice: str | None) -> Cache | None:
    """The cache that is meant; its trouble is told on standard error."""
    from polymap.explore.cache import Cache, folder

    place = folder(choice)
    return Cache(place, warn) if place else None


def proven(result: Result | NetworkResult, gap: float) -> bool:
    """Whether every layer is proven to within the relative gap that was asked for."""
    from polymap.mapper.result import NetworkResult

    if isinstance(result, NetworkResult) and result.unfinished:
        return False
    results = [layer for _, layer in result.layers] if isinstance(result, NetworkResult) else [result]
    return all(layer.status == "optimal" or (layer.gap is not None and layer.gap <= gap) for layer in results)
