"""The report of a Pareto front: a scatter whose points lead to the mappings behind them."""

from __future__ import annotations

from typing import Any

from polymap.errors import Mistake, Place, SpecError
from polymap.markup import Markup, el, figure, joined, lazy
from polymap.report.html import result, sources
from polymap.report.html.form import FRONT, MEND, require
from polymap.report.html.subject import Subject, subject
from polymap.report.numbers import bits, count, joules

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 360, 90, 44


def body(document: dict[str, Any], file: str) -> Markup:
    """The scatter, what is proven of it, and the points. Raises `SpecError`."""
    require(document, FRONT, file)
    points = [subject(point, file, f"points.{at}.") for at, point in enumerate(document["points"])]
    if not points:
        return joined([el("header", el("h1", "Pareto front")), el("p", "The front has no points.")])
    across = _across(document["axes"], points[0], file)
    title = f"{points[0].name} on {points[0].architecture.name}: energy and {across}"
    return joined(
        [
            el("header", el("h1", title)),
            el("p", _said(document, len(points))),
            el("div", _scatter(points, across), class_="scroll"),
            el(
                "section",
                el("h2", "Points"),
                *(_point(point, at, across) for at, point in enumerate(points)),
                id="points",
            ),
            sources.section(points[0]),
            sources.conventions(points[0]),
        ]
    )


def _across(axes: list[str], point: Subject, file: str) -> str:
    """The second axis. Raises `SpecError` if it is none."""
    known = ("latency", *(f"size:{memory.name}" for memory in point.architecture.memories))
    if len(axes) == 2 and axes[1] in known:
        return axes[1]
    message = f"energy and one of {', '.join(known)} belong here"
    raise SpecError(Mistake(Place(file, path="axes"), message, MEND))


def _said(document: dict[str, Any], points: int) -> str:
    several = "1 point" if points == 1 else f"{points} points"
    if not document["complete"]:
        return f"{several}; the search ended early, and others may be missing."
    tolerance = document["tolerance"]
    exact = (
        "no other mapping is as good as in both"
        if not tolerance
        else f"every mapping has a point within {tolerance:g} of it"
    )
    return f"{several}, and that is proven to be all: {exact}."


def measure(point: Subject, across: str) -> tuple[str, float, str]:
    """Key, value and text of the second axis."""
    if across == "latency":
        return "totals.cycles", point.totals["cycles"], f"{count(point.totals['cycles'])} cycles"
    level = across.partition(":")[2]
    at = next(at for at, row in enumerate(point.document["components"]) if row["level"] == level)
    held = point.document["components"][at]["occupied_bits"]
    return f"components.{at}.occupied_bits", held, bits(held)


def _scatter(points: list[Subject], across: str) -> Markup:
    xs = [measure(point, across)[1] for point in points]
    ys = [point.totals["energy_pj"] for point in points]
    dots = [
        _dot(point, at, across, _place(x, xs, LEFT, WIDTH - 20), _place(y, ys, HEIGHT - BOTTOM, 20))
        for at, (point, x, y) in enumerate(zip(points, xs, ys, strict=True))
    ]
    axes = [
        el("line", x1=LEFT - 10, y1=HEIGHT - BOTTOM + 10, x2=WIDTH - 10, y2=HEIGHT - BOTTOM + 10, class_="axis"),
        el("line", x1=LEFT - 10, y1=10, x2=LEFT - 10, y2=HEIGHT - BOTTOM + 10, class_="axis"),
        el(
            "text",
            f"{across}: {measure(points[-1] if xs[-1] < xs[0] else points[0], across)[2]} ... "
            f"{measure(points[0] if xs[-1] < xs[0] else points[-1], across)[2]}",
            x=WIDTH / 2,
            y=HEIGHT - 6,
            text_anchor="middle",
        ),
        el("text", joules(max(ys)), x=LEFT - 16, y=24, text_anchor="end"),
        el("text", joules(min(ys)), x=LEFT - 16, y=HEIGHT - BOTTOM + 4, text_anchor="end"),
    ]
    return el(
        "svg",
        el("title", f"Energy over {across}"),
        *axes,
        *dots,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        height=HEIGHT,
    )


def _place(value: float, values: list[float], start: float, end: float) -> float:
    span = max(values) - min(values)
    return start + (end - start) * ((value - min(values)) / span if span else 0.5)


def _dot(point: Subject, at: int, across: str, x: float, y: float) -> Markup:
    said = f"{joules(point.totals['energy_pj'])}, {measure(point, across)[2]}"
    circle = el("circle", el("title", said), cx=f"{x:.1f}", cy=f"{y:.1f}", r=6, class_="dot")
    return el("a", circle, href=f"#point-{at}", class_="point", aria_label=said)


def _point(point: Subject, at: int, across: str) -> Markup:
    key, value, shown = measure(point, across)
    energy = figure(point.key("totals.energy_pj"), point.totals["energy_pj"], joules(point.totals["energy_pj"]))
    summary = el("summary", f"{at + 1}: ", energy, ", ", figure(point.key(key), value, shown))
    return lazy(summary, result.inner(point), id=f"point-{at}")
