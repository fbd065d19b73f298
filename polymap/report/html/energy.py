"""Where the energy goes: a bar and a table by level and tensor, and by component with the interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from polymap.components.estimate import Estimate
from polymap.markup import Markup, el, number_cell, table
from polymap.model import uncertainty
from polymap.model.cost import Traffic
from polymap.report.html.colours import COMPUTE, LEAKAGE, NETWORK, colours
from polymap.report.html.subject import Subject
from polymap.report.numbers import joules, percent, share, with_interval

WIDTH, BAR, GAP, NAME = 640, 22, 8, 130


@dataclass(frozen=True)
class Part:
    """A share of the energy: where, of what, the key of its number."""

    level: str
    of: str
    energy_pj: float
    key: str
    sigma: float = 0.0


def parts(subject: Subject) -> Iterator[Part]:
    """All parts of the energy that are not 0, in the order of the document."""
    document = subject.document
    for at, row in enumerate(document["levels"]):
        key, sigma = subject.key("levels", at, "energy_pj"), _traffic_sigma(subject, row)
        yield Part(row["level"], row["tensor"], row["energy_pj"], key, sigma)
    compute, said = document["compute"], {level.name: dict(level.estimates) for level in subject.levels}
    yield Part(compute["level"], "compute", compute["energy_pj"], subject.key("compute.energy_pj"),
               _sigma(said[compute["level"]].get("compute")))  # fmt: skip
    for at, row in enumerate(document["networks"]):
        if row["energy_pj"]:
            yield Part(row["array"], "network", row["energy_pj"], subject.key("networks", at, "energy_pj"))
    for at, row in enumerate(document["components"]):
        if row["leakage_pj"]:
            key, sigma = subject.key("components", at, "leakage_pj"), _sigma(said[row["level"]].get("leakage"))
            yield Part(row["level"], "leakage", row["leakage_pj"], key, sigma)


def _sigma(estimate: Estimate | None) -> float:
    return estimate.sigma if estimate else 0.0


def _traffic_sigma(subject: Subject, row: dict[str, Any]) -> float:
    """How far a row may be off, from its counts."""
    traffic = Traffic(
        level=row["level"],
        tensor=row["tensor"],
        tile_elements=row["tile_elements"],
        instances=row["instances"],
        reads=row["reads"],
        fills=row["fills"],
        updates=row["updates"],
        energy=Fraction(row["energy_pj"]),
    )
    return uncertainty.of_row(traffic, subject.einsum, subject.architecture).sigma


def section(subject: Subject) -> Markup:
    found = list(parts(subject))
    rows = [_row(part, subject.totals["energy_pj"]) for part in found]
    return el(
        "section",
        el("h2", "Energy"),
        el("div", chart(subject, found), class_="scroll"),
        table(("level", "tensor or kind", "energy", "share"), rows, "energy"),
        id=f"{subject.path}energy",
    )


def _row(part: Part, total: float) -> tuple[object, ...]:
    shown = number_cell(part.key, part.energy_pj, with_interval(part.energy_pj, part.sigma, joules))
    return part.level, part.of, shown, el("td", percent(share(part.energy_pj, total)), class_="number")


def shades(subject: Subject) -> dict[str, str]:
    return {**colours(subject.tensors), "compute": COMPUTE, "network": NETWORK, "leakage": LEAKAGE}


def chart(subject: Subject, found: list[Part]) -> Markup:
    """A stacked bar for each level."""
    levels = list(dict.fromkeys(part.level for part in found))
    most = max((sum(part.energy_pj for part in found if part.level == level) for level in levels), default=0.0) or 1.0
    height = (BAR + GAP) * len(levels) + 30
    rows = [_bar(subject, found, level, at, (WIDTH - NAME - 90) / most) for at, level in enumerate(levels)]
    return el(
        "svg",
        el("title", "Energy by level and tensor"),
        *rows,
        _legend(subject, found, height - 14),
        viewBox=f"0 0 {WIDTH} {height}",
        width=WIDTH,
        height=height,
        role="img",
    )


def _bar(subject: Subject, found: list[Part], level: str, at: int, scale: float) -> Markup:
    y, x = at * (BAR + GAP), float(NAME)
    drawn = [el("text", level, x=NAME - 6, y=y + 15, text_anchor="end")]
    here = [part for part in found if part.level == level]
    for part in here:
        width = part.energy_pj * scale
        title = el("title", f"{level}, {part.of}: {joules(part.energy_pj)}")
        drawn.append(
            el(
                "rect",
                title,
                x=f"{x:.2f}",
                y=y,
                width=f"{max(width, 0.3):.2f}",
                height=BAR,
                fill=shades(subject)[part.of],
            )
        )
        x += width
    drawn.append(el("text", joules(sum(part.energy_pj for part in here)), x=f"{x + 6:.1f}", y=y + 15))
    return el("g", *drawn)


def _legend(subject: Subject, found: list[Part], y: int) -> Markup:
    names = list(dict.fromkeys(part.of for part in found))
    drawn: list[Markup] = []
    x = NAME
    for name in names:
        drawn += [
            el("rect", x=x, y=y, width=10, height=10, fill=shades(subject)[name]),
            el("text", name, x=x + 14, y=y + 10),
        ]
        x += 24 + 8 * len(name)
    return el("g", *drawn)
