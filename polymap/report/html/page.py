"""The page: one file with its style and script inside, for a screen, a keyboard, and paper."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from polymap.errors import Mistake, Place, SpecError
from polymap.mapper.document import PARETO
from polymap.mapper.stated import made_of_inputs
from polymap.mapper.stated import result as stated_result
from polymap.markup import Markup, el, joined
from polymap.report.html import compare, front, network, result
from polymap.report.html.subject import subject
from polymap.version import __version__

FOLDER = Path(__file__).parent
# Bulky, and no figure of the page comes from them.
LEFT_OUT = ("inputs", "certificate", "sha256", "mapping", "versions", "estimates", "networks", "conventions")


def page(documents: Sequence[tuple[dict[str, Any], str]]) -> str:
    """The page of a document and its file, or of several side by side. Raises `SpecError` for what is none."""
    known = [(stated_result(document, file, (PARETO,)), file) for document, file in documents]
    with made_of_inputs(", ".join(file for _, file in known), "no page can be drawn of the inputs and the mapping"):
        if len(known) == 1:
            return _page(_body(*known[0]), _carried(known[0][0]))
        return _page(_compared(known), _carried([document for document, _ in known]))


def _body(document: dict[str, Any], file: str) -> Markup:
    if document["schema"] == PARETO:
        return front.body(document, file)
    if "layers" in document:
        return network.body(document, file)
    return result.body(subject(document, file))


def _compared(known: list[tuple[dict[str, Any], str]]) -> Markup:
    for document, file in known:
        if document["schema"] == PARETO or "layers" in document:
            message = "only results of single layers are put side by side"
            raise SpecError(Mistake(Place(file), message, "give one file alone, or results of single layers"))
    subjects = [replace(subject(document, file), path=f"{at}.") for at, (document, file) in enumerate(known)]
    return compare.body(subjects, _names([file for _, file in known]))


def _names(files: list[str]) -> list[str]:
    """Files by their names, or where these are equal by their paths."""
    short = [
        Path(file).parent.name if Path(file).name == "result.json" and Path(file).parent.name else Path(file).stem
        for file in files
    ]
    return short if len(set(short)) == len(short) else files


def _carried(document: object) -> object:
    """The numbers of a document, for programs that read the page."""
    if isinstance(document, dict):
        return {key: _carried(value) for key, value in document.items() if key not in LEFT_OUT}
    return [_carried(item) for item in document] if isinstance(document, list) else document


@lru_cache
def _asset(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _page(body: Markup, carried: object) -> str:
    # Inside a script only `<` could end it; JSON may write it otherwise.
    data = Markup(json.dumps(carried, separators=(",", ":")).replace("<", "\\u003c"))
    title = body.partition("<h1>")[2].partition("<")[0]
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        el("title", Markup(f"{title.strip()} - polymap")),
        el("style", Markup(_asset("style.css"))),
    )
    foot = el("footer", f"polymap {__version__}")
    script = joined(
        [el("script", data, type="application/json", id="polymap-data"), el("script", Markup(_asset("script.js")))]
    )
    return f"<!doctype html>\n{el('html', head, el('body', el('main', body, foot), script), lang='en')}\n"
