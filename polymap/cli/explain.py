"""`polymap explain`: where a number of a result comes from."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from polymap.cli.arguments import Parser, add_json, add_verb
from polymap.cli.output import say
from polymap.cli.stored import add_result, document, file_of
from polymap.errors import Mistake, Place, PolymapError, SpecError

if TYPE_CHECKING:
    from polymap.report.explain import Price
    from polymap.report.subject import Subject

    Verbs = argparse._SubParsersAction[Parser]

REWRITE = "write the document again with this version"
EPILOG = """\
examples:
  polymap explain best/result.json
  polymap explain best --layer conv1 --number GLB.weights.reads
  polymap explain result.json --number energy_pj --json

Without --number: every number there is. With it: the arithmetic that gives it, from what was counted, the conventions
that decide it, and what it is under other presets.
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "explain",
        "where a number of a result comes from",
        "The arithmetic of a number, the values in it, and the conventions that decide it.",
        EPILOG,
    )
    add_result(parser)
    parser.add_argument("--number", metavar="NAME", help="e.g. GLB.W.reads, RF.leakage_pj, cycles")
    parser.add_argument("--layer", metavar="LAYER", help="which layer of a network")
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain and print."""
    file = file_of(options.result)
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
    from polymap.model import Conventions, Cost, evaluate
    from polymap.verbs import integer_sets

    def price(conventions: Conventions) -> Cost:
        return evaluate(subject.einsum, subject.architecture, subject.mapping, conventions, sets=integer_sets)

    return price


def _check(subject: Subject, price: Price, file: str) -> None:
    """Raises `SpecError` for a document that was changed so that nothing can be computed from it."""
    try:
        price(subject.conventions)
    except (PolymapError, MemoryError):
        raise
    except Exception as error:
        message = f"nothing can be computed from the inputs and the mapping: {type(error).__name__} {error}"
        raise _wrong(file, "inputs", message.strip(), "see what `polymap verify` says of it") from error


def read(file: str, layer: str | None = None) -> Subject:
    """What the result document in a file is about. Raises `SpecError` with its place."""
    from polymap.mapper.stated import result

    found = result(document(file), file)
    if "layers" in found:
        return _subject(_layer(found["layers"], file, layer), file)
    if layer is not None:
        raise _wrong(file, "", "the document is of one layer", "leave --layer out")
    return _subject(found, file)


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
    from polymap.architecture import Architecture
    from polymap.mapper.stated import carried_input, section, stated_conventions, stated_mapping
    from polymap.report.subject import Subject
    from polymap.workload import Einsum

    inputs = section(found.get("inputs"), file, "inputs")
    work, machine = (section(inputs.get(key), file, f"inputs.{key}") for key in ("workload", "architecture"))
    return Subject(
        carried_input(work, Einsum, file, "workload", REWRITE),
        carried_input(machine, Architecture, file, "architecture", REWRITE),
        stated_mapping(found, file),
        stated_conventions(found, file),
    )


def _wrong(file: str, path: str, message: str, mend: str) -> SpecError:
    return SpecError(Mistake(Place(file, path=path), message, mend))
