"""`polymap explain`: where a number of a result comes from, what limits an optimum, how far a mapping is from it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from polymap.cli.arguments import (
    Parser,
    add_constraints,
    add_conventions,
    add_folder,
    add_json,
    add_limits,
    add_objective,
    add_set,
    add_space,
    add_verb,
)
from polymap.cli.output import say
from polymap.cli.stored import document, file_of
from polymap.errors import NOWHERE, Mistake, Place, SpecError

if TYPE_CHECKING:
    from polymap.mapper.query import Query
    from polymap.report.explain import Price
    from polymap.report.subject import Subject

    Verbs = argparse._SubParsersAction[Parser]

REWRITE = "write the document again with this version"
EPILOG = """\
examples:
  polymap explain best --layer conv1 --number GLB.weights.reads
  polymap explain best/result.json --layer conv1 --limits
  polymap explain eyeriss_like resnet18/conv1 --objective edp
  polymap explain eyeriss_like resnet18/conv1 --mapping mine.map --constraints rules.yaml

RESULT: every number there is. With --number: the arithmetic that gives it, from what was counted, the conventions that
decide it, and what it is under other presets. With --limits: which limits bind its optimum.
ARCH WORKLOAD: which limits bind the optimum, and what more of each would save: every figure is a search of its own.
With --mapping: how far that mapping is from the optimum, and the single change that helps most.
"""
OF_A_RESULT = ("number", "layer")
OF_A_SEARCH = ("time_limit", "seed")
OF_A_QUERY = (
    "mapping",
    "objective",
    "conventions",
    "mapspace",
    "subject_to",
    "factors",
    "sizes",
    "constraints",
    "folder",
)


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "explain",
        "where a number comes from, which limits bind, how far a mapping is from the optimum",
        "Explain a number of a result, what limits an optimum, or a mapping's distance from it.",
        EPILOG,
    )
    add = parser.add_argument
    add(
        "subject",
        nargs="+",
        metavar="RESULT | ARCH WORKLOAD",
        help="a result document or the folder of `polymap optimize -o`; or a machine and one einsum",
    )
    add("--number", metavar="NAME", help="of a RESULT, e.g. GLB.W.reads, RF.leakage_pj, cycles")
    add("--layer", metavar="LAYER", help="which layer of a RESULT of a network")
    add("--limits", action="store_true", help="which limits bind the optimum of a RESULT")
    add("--mapping", metavar="MINE", help="how far this mapping of WORKLOAD on ARCH is from the optimum")
    add_folder(parser)
    add_set(parser)
    add_objective(parser)
    add_space(parser)
    add_constraints(parser)
    add_limits(parser)
    add_conventions(parser)
    add_json(parser)
    # An option that is not given is told from its default: the forms take different ones.
    parser.set_defaults(run=run, **dict.fromkeys((*OF_A_SEARCH, *OF_A_QUERY)))


def run(options: argparse.Namespace) -> int:
    """Explain and print."""
    from polymap.cli import why

    wrong = list(_misplaced(options))
    if wrong:
        raise SpecError(wrong)
    if len(options.subject) == 1 and not options.limits:
        return _figures(options)
    if options.mapping is not None:
        return why.tell_distance(options, _query(options))
    if len(options.subject) == 1:
        file = file_of(options.subject[0])
        subject = read(file, options.layer)
        return why.tell_limits(subject.einsum, subject.architecture, _asked_in(file, options, subject), options.json)
    einsum, architecture, rules = why.problem(options)
    return why.tell_limits(einsum, architecture, replace(_query(options), constraints=rules), options.json)


def _misplaced(options: argparse.Namespace) -> Iterator[Mistake]:
    """Options of another form than the one that is meant."""
    given = {name for name, value in vars(options).items() if value is not None and value is not False}
    if len(options.subject) > 2:
        mend = "give RESULT, or ARCH WORKLOAD"
        yield Mistake(NOWHERE, f"explain takes one or two names, not {len(options.subject)}", mend)
    elif len(options.subject) == 2:
        for name in OF_A_RESULT:
            if name in given:
                yield _stray(name, "it is of a result document: write explain RESULT")
        if options.limits and options.mapping is not None:
            yield _stray("limits", "limits are of the optimum: leave --limits or --mapping out")
    else:
        for name in (*OF_A_QUERY, *(() if options.limits else OF_A_SEARCH)):
            if name in given:
                yield _stray(name, "a result document says what was asked for: write explain ARCH WORKLOAD to ask anew")
        if options.limits and "number" in given:
            yield _stray("number", "leave --limits or --number out")


def _stray(name: str, mend: str) -> Mistake:
    option = "set" if name == "sizes" else name.replace("_", "-")
    return Mistake(NOWHERE, f"--{option} does not go with this form of explain", mend)


def _query(options: argparse.Namespace) -> Query:
    from polymap.mapper.query import Query

    names = ("objective", "conventions", "mapspace", "factors", "time_limit", "seed")
    asked = ((name, getattr(options, name)) for name in names)
    given = {name: value for name, value in asked if value is not None}
    return Query(**given, subject_to=tuple(options.subject_to or ()))


def _asked_in(file: str, options: argparse.Namespace, subject: Subject) -> Query:
    """The query behind a result document. Raises `SpecError` where it is of a mapping that was only priced, and where
    not all that was asked for is in it."""
    from polymap.mapper.query import PERFECT, Query
    from polymap.mapper.stated import claims, section, stated_constraints

    found = _stated(file, options.layer)
    name = claims(found, file)["objective"]
    if name is None:
        raise _wrong(file, "objective", "the mapping was priced, not searched for", "write explain ARCH WORKLOAD")
    searched = section(found.get("search"), file, "search")
    rules = stated_constraints(found, file)
    if searched.get("constraints") and rules is None:
        message = "the document does not carry the statements under which it was searched"
        raise _wrong(file, "inputs.constraints", message, "write explain ARCH WORKLOAD --constraints FILE")
    space, conditions = searched.get("mapspace"), tuple(searched.get("subject_to") or ())
    limit, seed, factors = options.time_limit, options.seed or 0, searched.get("factors", PERFECT)
    return Query(name, subject.conventions, space, conditions, 0.0, limit, seed, rules, factors)


def _figures(options: argparse.Namespace) -> int:
    """Numbers of a result document."""
    file = file_of(options.subject[0])
    subject = read(file, options.layer)
    price = _price(subject)
    _check(subject, price, file)
    say(_all(subject, price, options.json) if options.number is None else _one(subject, price, options))
    return 0


def _one(subject: Subject, price: Price, options: argparse.Namespace) -> str:
    from polymap.report.explain import explain, explanation_text

    found = explain(subject, price, options.number)
    return json.dumps(found.to_dict(), indent=2) if options.json else explanation_text(found)


def _all(subject: Subject, price: Price, as_json: bool) -> str:
    """Every number by name."""
    from polymap.report.explain import numbers, plain, shown

    found = numbers(price(subject.conventions)).items()
    if as_json:
        return json.dumps({name: plain(value) for name, value in found}, indent=2)
    return "\n".join(f"{name} = {shown(value)}" for name, value in found)


def _price(subject: Subject) -> Price:
    """Evaluates the subject's mapping under given conventions; it was legal when the document was written."""
    from polymap.mapper.sets import integer_sets
    from polymap.model import Conventions, Cost, evaluate

    def price(conventions: Conventions) -> Cost:
        return evaluate(subject.einsum, subject.architecture, subject.mapping, conventions, sets=integer_sets)

    return price


def _check(subject: Subject, price: Price, file: str) -> None:
    """Raises `SpecError` for a document that was changed so that nothing can be computed from it."""
    from polymap.mapper.stated import made_of_inputs

    with made_of_inputs(file, "nothing can be computed from the inputs and the mapping"):
        price(subject.conventions)


def read(file: str, layer: str | None = None) -> Subject:
    """What the result document in a file is about. Raises `SpecError` with its place."""
    return _subject(_stated(file, layer), file)


def _stated(file: str, layer: str | None) -> dict[str, Any]:
    """The document of one layer."""
    from polymap.mapper.stated import result

    found = result(document(file), file)
    if "layers" in found:
        return _layer(found["layers"], file, layer)
    if layer is not None:
        raise _wrong(file, "", "the document is of one layer", "leave --layer out")
    return found


def _layer(layers: Any, file: str, name: str | None) -> dict[str, Any]:
    listed = [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []
    chosen = [layer for layer in listed if layer.get("name") == name]
    if not chosen and name is None and len(listed) == 1:
        return listed[0]
    if not chosen:
        what = "the document is of several layers" if name is None else f"no layer is called '{name}'"
        raise _wrong(file, "layers", what, f"give --layer with one of {', '.join(str(x.get('name')) for x in listed)}")
    return chosen[0]


def _subject(found: dict[str, Any], file: str) -> Subject:
    from polymap.mapper.stated import carried, stated_conventions
    from polymap.report.subject import Subject

    return Subject(*carried(found, file, REWRITE), stated_conventions(found, file))


def _wrong(file: str, path: str, message: str, mend: str) -> SpecError:
    return SpecError(Mistake(Place(file, path=path), message, mend))
