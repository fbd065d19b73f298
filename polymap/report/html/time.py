"""Where the time goes: cycles that each level needs, and the roofline with what binds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import log10

from polymap.architecture.hierarchy import Memory
from polymap.markup import Markup, el, figure, joined, number_cell, table
from polymap.quantity import engineering
from polymap.report.html.machine import meter
from polymap.report.html.subject import Subject
from polymap.report.numbers import count, percent

WIDTH, HEIGHT, LEFT, BOTTOM = 520, 280, 60, 40


def section(subject: Subject) -> Markup:
    return el(
        "section",
        el("h2", "Time"),
        el("p", *_binds(subject)),
        table(("level", "cycles it needs", "", "of all"), _rows(subject)),
        *_roofline(subject),
        id=f"{subject.path}time",
    )


def _binds(subject: Subject) -> list[object]:
    """What binds, in words."""
    cycles = subject.totals["cycles"]
    shown = figure(subject.key("totals.cycles"), cycles, f"{count(cycles)} cycles")
    used, level = subject.document["compute"]["instances"], subject.document["compute"]["level"]
    needed = {row["level"]: row["cycles"] for row in subject.document["components"]}
    binding = [name for name, busy in needed.items() if name != level and busy >= cycles]
    if binding and needed.get(level, 0) < cycles:
        return [f"The bandwidth of {' and '.join(binding)} binds: the run takes ", shown, "."]
    return [f"The computes bind: {count(used)} {level} work in all of the ", shown, "; no memory needs longer."]


def _rows(subject: Subject) -> Iterator[tuple[object, ...]]:
    total = subject.totals["cycles"] or 1
    for at, row in enumerate(subject.document["components"]):
        cell = number_cell(subject.key("components", at, "cycles"), row["cycles"], count(row["cycles"]))
        yield (
            row["level"],
            cell,
            meter(row["cycles"] / total, "busy"),
            el("td", percent(row["cycles"] / total), class_="number"),
        )


@dataclass(frozen=True)
class Roof:
    """A memory with a bandwidth: bits per cycle of all its instances, bits that it moves, computes per bit."""

    level: str
    per_cycle: float
    moved: float

    def intensity(self, computes: int) -> float:
        return computes / self.moved

    def corners(self, computes: int, peak: int) -> list[tuple[float, float]]:
        """Computes per bit and per cycle where its line begins, meets that of `peak` computes per cycle, and ends: the
        mapping and the bend are at least a power of ten inside."""
        at, ridge = self.intensity(computes), peak / self.per_cycle
        low, high = min(at, ridge) / 10, max(at, ridge) * 10
        return [(low, self.per_cycle * low), (ridge, peak), (high, peak)]


def roofs(subject: Subject) -> list[Roof]:
    found = (_roof(subject, memory) for memory in subject.architecture.memories)
    return [roof for roof in found if roof]


def _roof(subject: Subject, memory: Memory) -> Roof | None:
    rates = [rate for rate in (memory.bandwidth.read, memory.bandwidth.write, memory.bandwidth.shared) if rate]
    rows = [row for row in subject.document["levels"] if row["level"] == memory.name]
    bits = {tensor.name: memory.element_bits(tensor) for tensor in subject.einsum.tensors}
    moved = sum(bits[row["tensor"]] * (row["reads"] + row["fills"] + row["updates"]) for row in rows)
    if not rates or not moved:
        return None
    word = max(bits[row["tensor"]] for row in rows)
    per_cycle = sum((rate.per_cycle * (word if rate.in_words else 1) for rate in rates), Fraction(0))
    return Roof(memory.name, float(per_cycle) * subject.architecture.instances(memory.name), moved)


def _roofline(subject: Subject) -> list[Markup]:
    found = roofs(subject)
    note = (
        "Computes per cycle over computes per bit that a memory moves. The slanted roof is its bandwidth, the flat one "
        "all compute units; the dot is this mapping."
    )
    if not found:
        return [
            el(
                "p",
                "No memory of this machine has a limit of bandwidth: there is no roofline but the computes.",
                class_="note",
            )
        ]
    return [
        el("h3", "Roofline"),
        el("p", note, class_="note"),
        el("div", *(_chart(subject, roof) for roof in found), class_="charts"),
    ]


def _chart(subject: Subject, roof: Roof) -> Markup:
    computes, cycles = subject.totals["computes"], subject.totals["cycles"]
    peak = subject.architecture.instances(subject.architecture.compute.name)
    x, y = roof.intensity(computes), computes / cycles
    corners = roof.corners(computes, peak)
    (low, lowest), _, (high, _) = corners
    floor = min(y, lowest) / 2
    top = peak * 2

    def at(a: float, b: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - 10) * (log10(a) - log10(low)) / (log10(high) - log10(low))
        return across, 10 + (HEIGHT - BOTTOM - 10) * (log10(top) - log10(b)) / (log10(top) - log10(floor))

    points = [at(*corner) for corner in corners]
    drawn = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    here = at(x, y)
    axis = joined(
        [
            el("line", x1=LEFT, y1=HEIGHT - BOTTOM, x2=WIDTH - 10, y2=HEIGHT - BOTTOM, class_="axis"),
            el("line", x1=LEFT, y1=10, x2=LEFT, y2=HEIGHT - BOTTOM, class_="axis"),
            el("text", "computes per bit", x=(LEFT + WIDTH) / 2, y=HEIGHT - 8, text_anchor="middle"),
            el("text", f"{x:.3g} /b", x=f"{here[0]:.1f}", y=HEIGHT - BOTTOM + 16, text_anchor="middle"),
            el("text", f"{y:.3g} /cycle", x=f"{here[0] + 8:.1f}", y=f"{here[1] - 8:.1f}"),
            el("text", f"{count(peak)}", x=LEFT - 6, y=f"{points[2][1] + 4:.1f}", text_anchor="end"),
        ]
    )
    clock = float(subject.architecture.clock_hz)
    title = f"{roof.level}: {engineering(roof.per_cycle * clock, 'b/s')}"
    return el(
        "figure",
        el(
            "svg",
            el("title", f"Roofline of {roof.level}"),
            axis,
            el("polyline", points=drawn, class_="roof"),
            el("circle", cx=f"{here[0]:.1f}", cy=f"{here[1]:.1f}", r=5, class_="dot"),
            viewBox=f"0 0 {WIDTH} {HEIGHT}",
            width=WIDTH,
            height=HEIGHT,
            role="img",
        ),
        el("figcaption", title),
    )
