"""A Pareto front as text: one row per point."""

from __future__ import annotations

from polymap.mapper.result import Front, Result
from polymap.quantity import capacity_text, engineering
from polymap.report.numbers import count, joules, percent, scientific
from polymap.report.table import Row, table

COLUMNS = ("point", "energy", "cycles", "latency", "utilization", "EDP")


def front_text(front: Front) -> str:
    """The points from least energy to fewest cycles (bits), and whether there are others."""
    level = front.axes[-1].partition(":")[2]
    rows = [_row(number, result, level) for number, result in enumerate(front.points, 1)]
    points = "1 point" if len(rows) == 1 else f"{len(rows)} points"
    status = f"{front.einsum.name} on {front.architecture.name}: {points}; {_said(front, level)}"
    return "\n".join([*table((*COLUMNS, *([level] if level else [])), rows), "", status])


def _said(front: Front, level: str) -> str:
    if not front.complete:
        return f"stopped: there may be others with {f'less {level} space' if level else 'fewer cycles'}"
    if not front.tolerance:
        return "no mapping is better in both"
    rest = f"{level} space" if level else "cycles"
    times = f"{1 + float(front.tolerance):g}"
    return f"for each mapping there is a point of no more energy and at most {times} times the {rest}"


def _row(number: int, result: Result, level: str) -> Row:
    cost, seconds = result.cost, float(result.cost.latency)
    return (
        str(number),
        joules(cost.energy_pj),
        count(cost.cycles),
        engineering(seconds, "s"),
        percent(cost.utilization),
        scientific(cost.edp_js, "J*s"),
        *([capacity_text(cost.component(level).occupied_bits)] if level else []),
    )
