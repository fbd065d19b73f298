"""The report of a network: layers by what they cost, each with its own report behind it."""

from __future__ import annotations

from typing import Any

from polymap.markup import Markup, el, figure, joined, lazy
from polymap.report.html import result, sources
from polymap.report.html.form import NETWORK, require
from polymap.report.html.machine import meter
from polymap.report.html.subject import Subject, subject
from polymap.report.numbers import count, joules, objective, percent, scientific, share

ALL_PROVEN = "Every layer is proven optimal: no choice of mappings, one for each layer,"


def body(document: dict[str, Any], file: str) -> Markup:
    """Totals, layers by energy, and what all of them share. Raises `SpecError`."""
    require(document, NETWORK, file)
    layers = [subject(layer, file, f"layers.{at}.") for at, layer in enumerate(document["layers"])]
    badge = el("span", document["status"], class_=f"badge {document['status']}")
    title = (
        f"{document.get('name', 'network')} on {layers[0].architecture.name}"
        if layers
        else document.get("name", "network")
    )
    shared = [sources.section(layers[0]), sources.conventions(layers[0])] if layers else []
    return joined(
        [
            el("header", el("h1", title, " ", badge)),
            _cards(document),
            _said(document),
            _layers(document, layers),
            *shared,
        ]
    )


def _cards(document: dict[str, Any]) -> Markup:
    totals = document["totals"]
    facts = [
        ("energy", "energy_pj", joules(totals["energy_pj"])),
        ("time", "cycles", f"{count(totals['cycles'])} cycles"),
        ("sum of energy x delay", "edp_js", scientific(totals["edp_js"], "J*s")),
        ("utilization", "utilization", percent(totals["utilization"])),
    ]
    cards = [
        el("div", el("span", name), figure(f"totals.{key}", totals[key], shown, "b"), class_="card")
        for name, key, shown in facts
    ]
    return el("div", *cards, class_="cards")


def _said(document: dict[str, Any]) -> Markup:
    goal = document.get("objective")
    if document["status"] == "optimal" and goal:
        value = objective(goal["name"], goal["value"])
        return el("p", f"{ALL_PROVEN} sums to less {goal['name']} than {value}.")
    left = document.get("unfinished", [])
    rest = f" Without a mapping: {', '.join(left)}." if left else ""
    return el("p", f"Not every layer is proven optimal; each tells its gap.{rest}")


def _layers(document: dict[str, Any], layers: list[Subject]) -> Markup:
    total = document["totals"]["energy_pj"]
    costs = [(layer.document["repeat"] * layer.totals["energy_pj"], at) for at, layer in enumerate(layers)]
    drawn = [_layer(layers[at], energy, total) for energy, at in sorted(costs, key=lambda pair: (-pair[0], pair[1]))]
    note = "Sorted by energy, repeats included. Open a layer for its mapping and its own numbers."
    head = el(
        "div",
        *(el("span", name) for name in ("layer", "share of energy", "", "energy", "cycles", "utilization", "gap")),
        class_="row head",
    )
    return el(
        "section", el("h2", f"Layers ({len(layers)} distinct)"), el("p", note, class_="note"), head, *drawn, id="layers"
    )


def _layer(layer: Subject, energy_pj: float, total: float) -> Markup:
    part = share(energy_pj, total) or 0.0
    goal = layer.document.get("objective") or {}
    cells = [
        el("span", layer.name, el("small", f" x{layer.document['repeat']}")),
        el("span", meter(part, "full")),
        el("span", percent(part)),
        figure(layer.key("totals.energy_pj"), layer.totals["energy_pj"], joules(layer.totals["energy_pj"])),
        figure(layer.key("totals.cycles"), layer.totals["cycles"], count(layer.totals["cycles"])),
        figure(layer.key("totals.utilization"), layer.totals["utilization"], percent(layer.totals["utilization"])),
        el("span", percent(goal.get("gap"))),
    ]
    return lazy(el("summary", *cells, class_="row"), result.inner(layer))
