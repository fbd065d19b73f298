"""Where every number comes from, what conventions were chosen, and what went in."""

from __future__ import annotations

from collections.abc import Iterator

from polymap.architecture.hierarchy import Array, Compute, Memory
from polymap.components.estimate import Estimate
from polymap.components.provenance import lines
from polymap.markup import Markup, el, table
from polymap.report.html.subject import Subject


def section(subject: Subject) -> Markup:
    machine, work = subject.architecture, subject.einsum
    said = [
        el("p", f"{what}: {source}")
        for what, source in (("Machine", machine.source), ("Workload", work.source))
        if source
    ]
    levels = [_level(level) for level in subject.priced]
    return el("section", el("h2", "Where the numbers come from"), *said, *levels, id=f"{subject.path}sources")


def _level(level: Memory | Array | Compute) -> Markup:
    source, component = ("", "") if isinstance(level, Array) else (level.source, level.component)
    stated = el("p", source) if source else ""
    inner = [_tree(level.name, what, found) for what, found in level.estimates]
    direct = "" if level.estimates else el("p", "Its numbers are what the file of the machine says.", class_="note")
    of = f": {component}" if component else ""
    return el("details", el("summary", el("b", level.name), of), stated, direct, *inner)


def _tree(level: str, what: str, found: Estimate) -> Markup:
    return el("pre", "\n".join(lines(f"{level}.{what}", found)))


def conventions(subject: Subject) -> Markup:
    chosen = subject.conventions
    return el(
        "section",
        el("h2", "Conventions"),
        el("details", el("summary", chosen["name"]), table(("choice", "value"), sorted(chosen.items()))),
        id=f"{subject.path}conventions",
    )


def inputs(subject: Subject) -> Markup:
    return el(
        "section",
        el("h2", "Inputs and versions"),
        el("details", el("summary", "hashes and versions"), table(("what", "value"), _facts(subject))),
    )


def _facts(subject: Subject) -> Iterator[tuple[str, object]]:
    for name in ("architecture", "workload"):
        found = subject.document["inputs"][name]
        yield f"{name} {found['name']}, sha256", found.get("sha256", "")
    yield from subject.document["versions"].items()
