"""The report of one result: all sections, or their short form inside the report of a network or a front."""

from __future__ import annotations

from polymap.markup import Markup, el, joined
from polymap.report.html import energy, machine, nest, proof, sources, time
from polymap.report.html.subject import Subject

PARTS = (
    ("proof", "proof"),
    ("nest", "loop nest"),
    ("machine", "machine"),
    ("energy", "energy"),
    ("time", "time"),
    ("sources", "sources"),
)


def body(subject: Subject) -> Markup:
    """Everything there is to say."""
    links = [el("a", name, href=f"#{subject.path}{part}") for part, name in PARTS]
    title = f"{subject.name} on {subject.architecture.name}"
    badge = el("span", subject.document["status"], class_=f"badge {subject.document['status']}")
    text = el("p", subject.einsum.text, class_="einsum")
    ends = (sources.section(subject), sources.conventions(subject), sources.inputs(subject))
    return joined([el("header", el("h1", title, " ", badge), text, el("nav", *links)), inner(subject), *ends])


def inner(subject: Subject) -> Markup:
    """The result without what is common to many: sources, conventions, inputs."""
    sections = (proof.section, nest.section, machine.section, energy.section, time.section)
    return joined([proof.headline(subject), *(part(subject) for part in sections)])
