"""The machine as a hierarchy: how full each memory is, how busy its ports are, how many instances are used."""

from __future__ import annotations

from typing import Any

from polymap.architecture.hierarchy import Array, Bandwidth, Compute, Memory
from polymap.markup import Markup, el, figure, joined
from polymap.report.html.subject import Subject
from polymap.report.numbers import area, bits, count, percent, with_interval

NOTE = "Full: the largest tiles in the room of one instance. Busy: cycles at the bandwidth over all cycles of the run."


def section(subject: Subject) -> Markup:
    rows = [_row(subject, level) for level in subject.architecture.hierarchy]
    return el(
        "section",
        el("h2", "Machine"),
        el("p", NOTE, class_="note"),
        el("div", *rows, class_="machine"),
        id=f"{subject.path}machine",
    )


def _row(subject: Subject, level: Memory | Array | Compute) -> Markup:
    if isinstance(level, Array):
        shape = " x ".join(f"{name} {size}" for name, size in level.shape)
        return el("div", el("b", level.name), f" {shape}: {count(level.fanout)} copies of all below", class_="array")
    index = next(at for at, row in enumerate(subject.document["components"]) if row["level"] == level.name)
    found = subject.document["components"][index]
    facts = [*_use(subject, found, index)]
    if isinstance(level, Memory):
        facts += [_full(subject, found, index), _busy(subject, level, found, index)]
    if level.area_um2:
        sigma = dict(level.estimates)["area"].sigma if "area" in dict(level.estimates) else 0.0
        facts.append(el("span", f"area {with_interval(level.area_um2, sigma, area)} each"))
    return el("div", el("b", level.name), *facts, class_="level")


def _use(subject: Subject, found: dict[str, Any], index: int) -> list[Markup]:
    physical = subject.architecture.instances(found["level"])
    shown = f"{count(found['instances'])} of {count(physical)} used"
    return [figure(subject.key("components", index, "instances"), found["instances"], shown)]


def _full(subject: Subject, found: dict[str, Any], index: int) -> Markup:
    held, room = found["occupied_bits"], found.get("capacity_bits")
    key = subject.key("components", index, "occupied_bits")
    if room is None:
        return el("span", "holds ", figure(key, held, bits(held)))
    shown = joined([f"full {percent(held / room)}: ", figure(key, held, bits(held)), f" of {bits(room)}"])
    return joined([meter(held / room, "full"), el("span", shown)])


def _busy(subject: Subject, memory: Memory, found: dict[str, Any], index: int) -> Markup:
    if memory.bandwidth == Bandwidth():
        return el("span", "no limit of bandwidth")
    share = found["cycles"] / subject.totals["cycles"] if subject.totals["cycles"] else 0.0
    key = subject.key("components", index, "cycles")
    return joined(
        [
            meter(share, "busy"),
            el("span", f"busy {percent(share)}: ", figure(key, found["cycles"], count(found["cycles"])), " cycles"),
        ]
    )


def meter(share: float, class_: str) -> Markup:
    """A bar that is filled to a share."""
    width = min(100.0, max(0.0, 100 * share))
    return el("span", el("span", style=f"width:{width:.1f}%"), class_=f"meter {class_}", aria_hidden="true")
