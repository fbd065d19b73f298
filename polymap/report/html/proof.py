"""What was proven, in plain words, and the headline of a result."""

from __future__ import annotations

from typing import Any

from polymap.mapper.certificate import ATTAINED, BOUNDED, EMPTY, OPEN, SOLVED
from polymap.markup import Markup, el, figure, joined
from polymap.quantity import engineering
from polymap.report.html.subject import Subject
from polymap.report.numbers import area, count, joules, objective, percent, scientific

WORDS = {
    BOUNDED: "cannot be better than the answer: a lower bound for all of their mappings says so",
    ATTAINED: "hold a mapping that reaches their lower bound, the answer among them",
    SOLVED: "were searched nest by nest, or by the solver, and hold nothing below the answer",
    EMPTY: "hold no legal mapping",
    OPEN: "were left open when the search ended",
}


def headline(subject: Subject) -> Markup:
    totals = subject.totals
    facts = [
        ("energy", "energy_pj", joules(totals["energy_pj"]), _between(totals.get("energy_interval_pj"), joules)),
        ("time", "cycles", f"{count(totals['cycles'])} cycles", engineering(totals["latency_s"], "s")),
        ("energy x delay", "edp_js", scientific(totals["edp_js"], "J*s"), ""),
        ("utilization", "utilization", percent(totals["utilization"]), f"{count(totals['computes'])} computes"),
    ]
    if totals.get("area_um2"):
        facts.append(("area", "area_um2", area(totals["area_um2"]), _between(totals.get("area_interval_um2"), area)))
    return el("div", *(_card(subject, *fact) for fact in facts), class_="cards")


def _between(interval: list[float] | None, shown: Any) -> str:
    if not interval or interval[0] == interval[1]:
        return ""
    return f"{shown(interval[0])} to {shown(interval[1])}"


def _card(subject: Subject, name: str, key: str, shown: str, below: str) -> Markup:
    value = figure(subject.key("totals", key), subject.totals[key], shown, "b")
    return el("div", el("span", name), value, el("small", below), class_="card")


def section(subject: Subject) -> Markup:
    said = [el("p", line) for line in _said(subject.document)]
    return el("section", el("h2", "What is proven"), *said, *_classes(subject), id=f"{subject.path}proof")


def _said(document: dict[str, Any]) -> list[str]:
    goal, search = document.get("objective"), document.get("search")
    if not goal:
        return ["A given mapping was checked against the rules and priced. Nothing is claimed about other mappings."]
    value, bound = (objective(goal["name"], goal[key]) for key in ("value", "lower_bound"))
    space = _space(search)
    less = f"No mapping {space} has a smaller {goal['name']} than"
    if document["status"] == "optimal":
        return [f"{less} {value}: that is proven, and the lower bound is {bound}."]
    gain = f"so at most {percent(goal['gap'])} can be gained"
    return [f"The search ended early: {value} is the best found so far. {less} {bound}, {gain}."]


def _space(search: dict[str, Any] | None) -> str:
    if not search:
        return "of the space that was searched"
    space = f"of the {search['mapspace']} mapspace with {search.get('factors', 'perfect')} factors"
    conditions = [*search.get("subject_to", ()), *search.get("constraints", ())]
    return f"{space}, under {', '.join(conditions)}," if conditions else space


def _classes(subject: Subject) -> list[Markup]:
    """What became of the classes of mappings, if the document has a certificate."""
    search = subject.document.get("search") or {}
    certificate = search.get("certificate")
    if not certificate:
        return []
    outcomes = "".join(group["outcomes"] for group in certificate["groups"])
    total = figure(subject.key("search.certificate.classes"), certificate["classes"], count(certificate["classes"]))
    listed = [
        el("li", joined([f"{count(outcomes.count(kind))} {words}"]))
        for kind, words in WORDS.items()
        if kind in outcomes
    ]
    told = "Mappings are sorted into classes by what each memory keeps and how each array is unrolled. Of "
    check = [el("code", "polymap verify"), " looks for a counterexample in all of them, by another route."]
    return [el("p", told, total, " classes"), el("ul", *listed), el("p", *check, class_="note")]
