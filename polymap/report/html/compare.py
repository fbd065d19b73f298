"""Results side by side: machines, mappings or conventions; what differs is marked and listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from polymap.architecture.hierarchy import Array, Chosen, Compute, Memory
from polymap.markup import Markup, el, joined, number_cell, table
from polymap.quantity import engineering
from polymap.report.html import energy, result
from polymap.report.html.subject import Subject
from polymap.report.numbers import area, bits, count, joules, percent, scientific

FACTS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("energy", "energy_pj", joules),
    ("cycles", "cycles", count),
    ("energy x delay", "edp_js", lambda value: scientific(value, "J*s")),
    ("utilization", "utilization", percent),
    ("area", "area_um2", area),
)


def body(subjects: Sequence[Subject], names: Sequence[str]) -> Markup:
    """Totals, parts of the energy, machines, conventions and nests side by side."""
    return joined(
        [
            el("header", el("h1", "Side by side")),
            el(
                "p",
                "The best of a row is bold: the least, of utilization the most; where all are equal nothing is marked. "
                "Ratios are to the first.",
                class_="note",
            ),
            _section("Totals", table(("", *names), [_fact(subjects, *fact) for fact in FACTS])),
            _section("Energy", table(("part", *names), _parts(subjects))),
            _section("What differs between the machines", _differences([_machine(one) for one in subjects], names)),
            _section(
                "What differs between the conventions", _differences([one.conventions for one in subjects], names)
            ),
            _section("What differs between the workloads", _differences([_work(one) for one in subjects], names)),
            *(_whole(one, name) for one, name in zip(subjects, names, strict=True)),
        ]
    )


def _section(title: str, *inner: object) -> Markup:
    return el("section", el("h2", title), *inner)


def _fact(subjects: Sequence[Subject], name: str, key: str, shown: Callable[[Any], str]) -> list[object]:
    values = [_stated(one, key) for one in subjects]
    known = [value for value in values if value is not None]
    best = max if key == "utilization" else min
    cells = [
        "-" if value is None else _compared(one.key("totals", key), value, known, shown, best)
        for one, value in zip(subjects, values, strict=True)
    ]
    return [name, *cells]


def _stated(subject: Subject, key: str) -> float | None:
    """A total; None of an area that no file states, for 0 is what is known of it, not what it is."""
    value: float | None = subject.totals.get(key)
    return None if key == "area_um2" and not value else value


def _compared(
    key: str,
    value: float,
    values: Sequence[float],
    shown: Callable[[Any], str],
    best: Callable[[Sequence[float]], float] = min,
) -> Markup:
    """A number, its ratio to the first, and whether it is the best of those that differ."""
    ratio = f" ({value / values[0]:.3g}x)" if values[0] and value != values[0] else ""
    text = f"{shown(value)}{ratio}"
    is_best = len(set(values)) > 1 and value == best(values)
    return number_cell(key, value, el("b", text) if is_best else text)


def _parts(subjects: Sequence[Subject]) -> list[list[object]]:
    found = [{(part.level, part.of): part for part in energy.parts(one)} for one in subjects]
    names = list(dict.fromkeys(name for parts in found for name in parts))
    rows: list[list[object]] = []
    for name in names:
        values = [parts[name].energy_pj if name in parts else 0.0 for parts in found]
        cells = [
            _compared(parts[name].key, parts[name].energy_pj, values, joules) if name in parts else "-"
            for parts in found
        ]
        rows.append([" ".join(name), *cells])
    return rows


def _differences(facts: Sequence[Mapping[str, object]], names: Sequence[str]) -> Markup:
    keys = list(dict.fromkeys(key for one in facts for key in one))
    rows = [
        [key, *(one.get(key, "-") for one in facts)]
        for key in keys
        if len({str(one.get(key, "-")) for one in facts}) > 1
    ]
    return table(("", *names), rows) if rows else el("p", "nothing")


def _machine(subject: Subject) -> dict[str, object]:
    """What can differ between machines, by level."""
    machine = subject.architecture
    found: dict[str, object] = {"name": machine.name, "clock": engineering(float(machine.clock_hz), "Hz")}
    found |= {f"technology: {key}": value for key, value in machine.technology}
    for level in machine.hierarchy:
        found |= {f"{level.name}: {key}": value for key, value in _level(level)}
    return found


def _level(level: Memory | Array | Compute) -> Iterator[tuple[str, str]]:
    if isinstance(level, Array):
        yield "shape", " x ".join(f"{name} {size}" for name, size in level.shape)
        yield from ((key, _chosen(getattr(level, key))) for key in ("multicast", "reduction", "links", "share_halo"))
        return
    if level.component:
        yield "component", level.component
    if isinstance(level, Compute):
        yield "energy", f"{float(level.energy_pj):.4g} pJ"
    else:
        yield from _memory(level)
    yield "leakage", engineering(float(level.leakage_w), "W")
    yield "area", area(level.area_um2)


def _memory(memory: Memory) -> Iterator[tuple[str, str]]:
    yield "capacity", bits(memory.capacity_bits) if memory.capacity_bits else "unlimited"
    yield "width", f"{memory.width_bits} b"
    for action in ("read", "write", "update"):
        yield action, f"{float(getattr(memory, f'{action}_pj')):.4g} pJ"
    for port in ("read", "write", "shared"):
        rate = getattr(memory.bandwidth, port)
        if rate:
            yield f"{port} bandwidth", f"{float(rate.per_cycle):g} {'words' if rate.in_words else 'b'}/cycle"
    yield "keeps", "everything" if memory.keeps is None else ", ".join(memory.keeps)
    if memory.may_keep:
        yield "may keep", ", ".join(memory.may_keep)


def _chosen(chosen: Chosen) -> str:
    return str(chosen).lower() if isinstance(chosen, bool) else ", ".join(chosen)


def _work(subject: Subject) -> dict[str, object]:
    return {"einsum": subject.einsum.text, **{f"rank {rank}": size for rank, size in subject.einsum.ranks}}


def _whole(subject: Subject, name: str) -> Markup:
    return el("section", el("h2", name), result.inner(subject))
