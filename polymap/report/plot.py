"""Plots of results with matplotlib, an extra that is imported when the first plot is made.

    import polymap as pm
    figure = pm.plot.breakdown(pm.optimize("gemm_64", "eyeriss_65nm"), "energy.svg")

Each function returns a matplotlib `Figure` and, given a path, writes it there as PNG, SVG or PDF, by the name's ending.
They raise `PolymapError` where matplotlib is not installed, and `SpecError` for other endings and what cannot be drawn.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polymap.errors import NOWHERE, Mistake, Place, PolymapError, SpecError
from polymap.mapper.result import Front, Result, expect
from polymap.report.html import energy, time
from polymap.report.html.subject import Subject, subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure


ENDINGS = (".png", ".svg", ".pdf")
PJ = {"pJ": 1.0, "nJ": 1e3, "uJ": 1e6, "mJ": 1e9, "J": 1e12}


def breakdown(result: Result, path: str | os.PathLike[str] | None = None) -> Figure:
    """Energy of each level, stacked by tensor, compute and leakage."""
    found = _subject(result)
    figure, axes = _drawn(7, 0.45 * len(found.levels) + 1.6)
    unit, scale = _unit(result.energy_pj)
    _stack(axes, [found], [""], scale)
    axes.set_xlabel(f"energy [{unit}]")
    axes.set_title(f"{found.name} on {found.architecture.name}")
    return _saved(figure, path)


def _stack(axes: Any, subjects: list[Subject], prefixes: list[str], scale: float) -> None:
    """A bar for each level of each subject, the first one on top."""
    rows = [(prefix + part.level, part) for one, prefix in zip(subjects, prefixes) for part in energy.parts(one)]
    names = list(dict.fromkeys(name for name, _ in rows))
    shades = {kind: shade for one in reversed(subjects) for kind, shade in energy.shades(one).items()}
    lefts = dict.fromkeys(names, 0.0)
    for kind in dict.fromkeys(part.of for _, part in rows):
        here = [(name, part.energy_pj / scale) for name, part in rows if part.of == kind]
        places, widths = [names.index(name) for name, _ in here], [width for _, width in here]
        axes.barh(places, widths, left=[lefts[name] for name, _ in here], color=shades[kind], label=kind)
        for name, width in here:
            lefts[name] += width
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.legend()


def roofline(result: Result, path: str | os.PathLike[str] | None = None) -> Figure:
    """Computes per cycle over computes per bit, below the bandwidth of each memory that has a limit.

    Raises SpecError where no memory of the machine has one.
    """
    found = _subject(result)
    roofs = time.roofs(found)
    if not roofs:
        message = f"no memory of {found.architecture.name} has a limit of bandwidth, so there is no roof"
        raise SpecError(Mistake(NOWHERE, message, "give a memory a `bandwidth`"))
    figure, axes = _drawn(6, 4)
    peak, rate = result.cost.physical_compute_instances, result.cost.computes / result.cost.cycles
    for roof in roofs:
        (line,) = axes.loglog(*zip(*roof.corners(result.cost.computes, peak), strict=True), label=roof.level)
        axes.loglog([roof.intensity(result.cost.computes)], [rate], "o", color=line.get_color())
    axes.set_xlabel("computes per bit")
    axes.set_ylabel("computes per cycle")
    axes.set_title(f"{found.name} on {found.architecture.name}")
    axes.legend()
    return _saved(figure, path)


def pareto(front: Front, path: str | os.PathLike[str] | None = None) -> Figure:
    """The points of a front: energy over cycles, or over the bits of a memory."""
    expect(front, Front)
    if not front.points:
        raise SpecError(Mistake(NOWHERE, "the front has no points"))
    figure, axes = _drawn(6, 4)
    unit, scale = _unit(max(point.energy_pj for point in front.points))
    across = front.axes[1]
    xs = [_measure(point, across) for point in front.points]
    axes.step(
        xs, [point.energy_pj / scale for point in front.points], "o-", where="post" if xs == sorted(xs) else "pre"
    )
    axes.set_xlabel("cycles" if across == "latency" else f"{across} [b]")
    axes.set_ylabel(f"energy [{unit}]")
    axes.set_title(f"{front.einsum.name} on {front.architecture.name}")
    return _saved(figure, path)


def _measure(point: Result, across: str) -> float:
    if across == "latency":
        return float(point.cost.cycles)
    return point.cost.component(across.partition(":")[2]).occupied_bits


def occupancy(result: Result, path: str | os.PathLike[str] | None = None) -> Figure:
    """How full each memory with a capacity is, and which share of the time its ports are busy.

    Raises SpecError where no memory of the machine has a capacity.
    """
    expect(result, Result)
    rows = [row for row in result.cost.components if row.capacity_bits]
    if not rows:
        message = f"no memory of {result.architecture.name} has a capacity"
        raise SpecError(Mistake(NOWHERE, message, "give a memory a `capacity`"))
    figure, axes = _drawn(6, 0.5 * len(rows) + 1.4)
    places = range(len(rows))
    axes.barh(
        [at - 0.2 for at in places], [row.occupied_bits / (row.capacity_bits or 1) for row in rows], 0.38, label="full"
    )
    axes.barh([at + 0.2 for at in places], [row.cycles / result.cost.cycles for row in rows], 0.38, label="busy")
    axes.set_yticks(places, [row.level for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("share of the capacity, of the time")
    axes.set_title(f"{result.einsum.name} on {result.architecture.name}")
    axes.legend()
    return _saved(figure, path)


def compare(results: Mapping[str, Result], path: str | os.PathLike[str] | None = None) -> Figure:
    """Energy by level and tensor of several results, under the names they are given."""
    if not isinstance(results, Mapping) or not results:
        raise SpecError(Mistake(NOWHERE, "there is nothing to compare", "give results by name"))
    subjects = [_subject(result) for result in results.values()]
    figure, axes = _drawn(7, 0.4 * sum(len(one.levels) for one in subjects) + 1.6)
    unit, scale = _unit(max(result.energy_pj for result in results.values()))
    _stack(axes, subjects, [f"{name}: " for name in results], scale)
    axes.set_xlabel(f"energy [{unit}]")
    return _saved(figure, path)


def _subject(result: Result) -> Subject:
    expect(result, Result)
    return subject(json.loads(result.to_json(None)), result.einsum.name)


def _unit(energy_pj: float) -> tuple[str, float]:
    """The largest unit that leaves at least 1, and its pJ."""
    return max(
        ((unit, size) for unit, size in PJ.items() if energy_pj >= size or unit == "pJ"), key=lambda pair: pair[1]
    )


def _drawn(width: float, height: float) -> tuple[Figure, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        mend = "pip install 'polymap-engine[plot]'"
        raise PolymapError(Mistake(NOWHERE, "plots need matplotlib, which is not installed", mend)) from error
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def _saved(figure: Figure, path: str | os.PathLike[str] | None) -> Figure:
    if path is None:
        return figure
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise SpecError(
            Mistake(Place(str(path)), f"`{ending}` is no kind of picture", f"end it in {', '.join(ENDINGS)}")
        )
    try:
        figure.savefig(path)
    except OSError as error:
        raise SpecError(Mistake(Place(str(path)), f"cannot write here: {error.strerror}")) from error
    return figure
