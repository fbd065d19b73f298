"""`polymap explain`: where a number of a result comes from."""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING, Any

from polymap.cli.arguments import Parser, add_json
from polymap.cli.output import say
from polymap.errors import Mistake, Place, PolymapError, SpecError

if TYPE_CHECKING:
    from polymap.report.explain import Price, Subject

    Verbs = argparse._SubParsersAction[Parser]

EPILOG = """\
examples:
  polymap explain best/result.json
  polymap explain best --layer conv1 --number GLB.weights.reads
  polymap explain result.json --number energy_pj --json

Without --number: every number there is. With it: its formula, the values in it, the conventions that decide it, and
what it is under other presets.
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "explain",
        help="where a number of a result comes from",
        description="The formula of a number, the values in it, and the conventions that decide it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("result", metavar="RESULT", help="a result document, or the folder of `polymap optimize -o`")
    parser.add_argument("--number", metavar="NAME", help="e.g. GLB.W.reads, RF.leakage_pj, cycles")
    parser.add_argument("--layer", metavar="LAYER", help="which layer of a network")
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain and print."""
    file = os.path.join(options.result, "result.json") if os.path.isdir(options.result) else options.result
    subject = read(file, options.layer)
    price = _price(subject)
    _check(subject, price, file)
    say(_one(subject, price, options) if options.number else _all(subject, price, options.json))
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
    from polymap.cli.verify import document

    found = document(file)
    if not isinstance(found, dict) or found.get("schema") != "polymap.result/1":
        raise _wrong(file, "schema", "this is no polymap.result/1 document", "give what `polymap optimize` wrote")
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
        what = f"no layer is called '{name}'" if name else "the document is of several layers"
        raise _wrong(file, "layers", what, f"give --layer with one of {', '.join(str(x.get('name')) for x in listed)}")
    return chosen[0]


def _subject(found: dict[str, Any], file: str) -> Subject:
    from polymap.architecture import Architecture
    from polymap.mapper.restore import restored
    from polymap.mapping import mapping
    from polymap.model import Conventions
    from polymap.report.explain import Subject
    from polymap.workload import Einsum

    try:
        inputs = found["inputs"]
        return Subject(
            restored(inputs["workload"]["value"], Einsum),
            restored(inputs["architecture"]["value"], Architecture),
            mapping(found["mapping"]),
            restored({"type": "Conventions", **found["conventions"]}, Conventions),
        )
    except (KeyError, TypeError, ValueError) as error:
        message = f"the inputs, the mapping or the conventions cannot be read: {error}"
        raise _wrong(file, "", message, "write the document again with this version") from None


def _wrong(file: str, path: str, message: str, mend: str) -> SpecError:
    return SpecError(Mistake(Place(file, path=path), message, mend))
