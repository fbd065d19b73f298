"""`polymap explain ARCH WORKLOAD`: what limits an optimum, and how far a given mapping is from it."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from polymap.cli.failure import STOPPED
from polymap.cli.inputs import both, machine, statements, workload
from polymap.cli.output import say, warn
from polymap.errors import IllegalMapping

if TYPE_CHECKING:
    from polymap.architecture import Architecture
    from polymap.constraints.statements import Constraints
    from polymap.mapper.query import Query
    from polymap.workload import Einsum


def tell_limits(einsum: Einsum, architecture: Architecture, query: Query, as_json: bool) -> int:
    """Print which limits bind the optimum; 0 if every search was finished."""
    from polymap.mapper.limits import limits
    from polymap.mapping.kept import check_kept
    from polymap.report.limits import limits_data, limits_text

    check_kept(architecture, [einsum])
    found = limits(einsum, architecture, query, warn if sys.stderr and sys.stderr.isatty() else _unheard)
    say(json.dumps(limits_data(found), indent=2) if as_json else limits_text(found))
    return 0 if all(result.status == "optimal" for result in found.searched) else STOPPED


def _unheard(_: str) -> None:
    """Nobody watches."""


def problem(options: argparse.Namespace) -> tuple[Einsum, Architecture, Constraints | None]:
    """What ARCH WORKLOAD and --constraints mean. Raises `SpecError` with the mistakes of all."""
    from polymap.constraints.check import check_names
    from polymap.verbs import single

    (arch, einsum), rules = both(
        lambda: both(
            lambda: machine(options.subject[0], options.folder or ()),
            lambda: single(workload(options.subject[1], options.sizes or ())),
        ),
        lambda: statements(options.constraints),
    )
    if rules:
        check_names(rules, [einsum], arch)
    return einsum, arch, rules


def tell_distance(options: argparse.Namespace, query: Query) -> int:
    """Print how far a mapping is from the optimum; 0 if that is proven."""
    from polymap.mapper.distance import distance
    from polymap.mapping import mapping
    from polymap.mapping.kept import check_kept
    from polymap.report.distance import distance_data, distance_text
    from polymap.verbs import legal_cost, statements_broken

    (einsum, arch, rules), nest = both(lambda: problem(options), lambda: mapping(options.mapping))
    check_kept(arch, [einsum])
    broken = statements_broken(rules, einsum, arch, nest, options.mapping) if rules else []
    asked = replace(query, constraints=rules)
    try:
        legal_cost(einsum, arch, nest, query.rules, broken)
        found = distance(einsum, arch, nest, asked, lambda each: legal_cost(einsum, arch, each, query.rules, []))
    except IllegalMapping as error:
        places = (replace(mistake.place, file=mistake.place.file or options.mapping) for mistake in error.mistakes)
        raise IllegalMapping(replace(m, place=place) for m, place in zip(error.mistakes, places)) from None
    say(json.dumps(distance_data(found), indent=2) if options.json else distance_text(found))
    return 0 if found.best.status == "optimal" else STOPPED
